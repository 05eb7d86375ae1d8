//! `If-None-Match: *`: what stands is not overwritten.

use crate::bodies::bytes;
use crate::outcome::Outcome;
use crate::subject::Subject;
use bytes::Bytes;
use lifeboat::store::{Kind, Store, StoreErrorKind};

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let (store, key) = (&subject.store, subject.key("e/once"));
    let body = Bytes::from_static(b"{\"format\": 1}");
    store.put(&key, Kind::Manifest, body.clone()).await.unwrap();
    // The same again is what a retry after a lost reply looks like; something else is a conflict.
    store.put(&key, Kind::Manifest, body.clone()).await.unwrap();
    assert_eq!(store.get(&key, 1000).await.unwrap(), body);
    let other = bytes(100);
    let kept = match store.put(&key, Kind::Manifest, other.clone()).await {
        Ok(_) => {
            assert_eq!(store.get(&key, 1000).await.unwrap(), other);
            false
        }
        Err(conflict) => {
            assert_eq!(conflict.kind, StoreErrorKind::Precondition, "{conflict}");
            assert_eq!(store.get(&key, 1000).await.unwrap(), body);
            true
        }
    };
    subject.may("`If-None-Match` on PUT", Outcome::honoured(kept));
}
