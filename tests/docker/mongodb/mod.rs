//! MongoDB, from a real server and back.

mod failures;
mod killed;
mod restore;
mod round_trip;
mod secrets;

use crate::support::mongodb::IMAGE;
use crate::support::{Store, start};
use serde_json::Value;

/// A store, when there is also an engine with MongoDB's image; else the test is skipped, which has been said.
fn ready() -> Option<Store> {
    start(&[IMAGE])
}

/// Says what differs, rather than showing all of both.
fn assert_same(before: &Value, after: &Value) {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        panic!("{before} {after}");
    };
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    for (name, told) in before {
        assert_eq!(told, &after[name], "{name}");
    }
}
