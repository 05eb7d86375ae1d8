//! Reading a piece of an object, and of that object alone.

use crate::bodies::{MIB, bytes};
use crate::outcome::Outcome;
use crate::subject::Subject;
use lifeboat::store::{Kind, Store, StoreErrorKind};

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let (store, key, body) = (&subject.store, subject.key("c/ranges"), bytes(3 * MIB));
    let etag = store.put(&key, Kind::Dump, body.clone()).await.unwrap().etag;
    for (start, len) in [
        (0, 1),
        (0, 3 * MIB),
        (1, 100),
        (3 * MIB - 1, 1),
        (MIB, MIB),
        (7, 0),
    ] {
        let range = store
            .get_range(&key, etag.as_deref(), start as u64, len as u64)
            .await
            .unwrap();
        assert!(range == body.slice(start..start + len), "{start} {len}");
    }
    let beyond = store
        .get_range(&key, None, 3 * MIB as u64 - 1, 2)
        .await
        .unwrap_err();
    assert_eq!(beyond.kind, StoreErrorKind::Other, "{beyond}");
    let missing = store
        .get_range(&subject.key("c/never-was"), None, 0, 10)
        .await
        .unwrap_err();
    assert_eq!(missing.kind, StoreErrorKind::NotFound, "{missing}");
    subject.must("GET of a range");

    let other = Some("\"00000000000000000000000000000000\"");
    let pinned = match subject.store.get_range(&key, other, 0, 10).await {
        Ok(range) => {
            assert!(range == body.slice(..10));
            false
        }
        Err(changed) => {
            assert_eq!(changed.kind, StoreErrorKind::Precondition, "{changed}");
            true
        }
    };
    subject.may("`If-Match` on GET", Outcome::honoured(pinned));
}
