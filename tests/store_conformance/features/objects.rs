//! Objects of one request, from no byte on.

use crate::bodies::{MIB, bytes};
use crate::subject::Subject;
use bytes::Bytes;
use lifeboat::store::{Kind, Store, StoreErrorKind};

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let store = &subject.store;
    for len in [0, 1, 2, 4096, MIB + 1] {
        let (key, body) = (subject.key(&format!("a/of-{len}")), bytes(len));
        let put = store.put(&key, Kind::Dump, body.clone()).await.unwrap();
        let head = store.head(&key).await.unwrap();
        assert_eq!((head.bytes, &put.etag), (len as u64, &head.etag), "{key}");
        assert!(store.get(&key, len as u64).await.unwrap() == body, "{key}");
    }
    subject.must("objects, of no byte and of one");

    let store = &subject.store;
    let key = subject.key("a/of-4096");
    let too_large = store.get(&key, 4095).await.unwrap_err();
    assert_eq!(too_large.kind, StoreErrorKind::Other, "{too_large}");
    // Twice, the second time it is gone already.
    for key in [&key, &key, &subject.key("a/never-was")] {
        store.delete(key).await.unwrap();
        let gone = store.head(key).await.unwrap_err();
        assert_eq!(gone.kind, StoreErrorKind::NotFound, "{gone}");
        let gone = store.get(key, 1).await.unwrap_err();
        assert_eq!(gone.kind, StoreErrorKind::NotFound, "{gone}");
    }
    // What was deleted is no conflict for what comes after it.
    store
        .put(&key, Kind::Manifest, Bytes::from_static(b"again"))
        .await
        .unwrap();
    assert_eq!(store.get(&key, 5).await.unwrap(), "again");
    subject.must("deleting, also what is not there");
}
