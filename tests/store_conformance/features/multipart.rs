//! Multipart uploads of sizes around a part's edge, and completions that must not succeed.

use crate::bodies::{PART, bytes, upload};
use crate::outcome::Outcome;
use crate::subject::Subject;
use lifeboat::store::{Store, StoreErrorKind};

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let store = &subject.store;
    for len in [
        1,
        PART - 1,
        PART,
        PART + 1,
        2 * PART - 1,
        2 * PART,
        2 * PART + 1,
        3 * PART + 7,
    ] {
        let (key, body) = (subject.key(&format!("b/multi-{len}")), bytes(len));
        let head = upload(store, &key, &body, PART).await.unwrap();
        assert_eq!(head.bytes, len as u64);
        assert_eq!(store.head(&key).await.unwrap().etag, head.etag);
        let back = store.get(&key, len as u64).await.unwrap();
        assert!(back == body, "{key} came back changed");
        store.delete(&key).await.unwrap();
    }
    subject.must("multipart, sizes around a part's edge");

    let (store, key) = (&subject.store, subject.key("b/none"));
    let none = store
        .complete_upload(&key, "no-such-upload", &[], 1)
        .await
        .unwrap_err();
    assert!(
        matches!(none.kind, StoreErrorKind::NotFound | StoreErrorKind::Other),
        "{none}"
    );

    let key = subject.key("b/wrong");
    let id = store.create_upload(&key).await.unwrap();
    let mut taken = store.upload_part(&key, &id, 1, bytes(100)).await.unwrap();
    "\"00000000000000000000000000000000\"".clone_into(&mut taken.etag);
    let checked = match store.complete_upload(&key, &id, &[taken], 100).await {
        Ok(_) => {
            store.delete(&key).await.unwrap();
            false
        }
        Err(refused) => {
            assert_eq!(refused.kind, StoreErrorKind::Other, "{refused}");
            let absent = store.head(&key).await.unwrap_err();
            assert_eq!(absent.kind, StoreErrorKind::NotFound, "{absent}");
            store.abort_upload(&key, &id).await.unwrap();
            true
        }
    };
    subject.may("a completion with a wrong part fails", Outcome::honoured(checked));
}
