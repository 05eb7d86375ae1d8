//! Uploads that are not finished: not an object, given up without a trace, and found by whoever sweeps.

use crate::bodies::{PART, bytes};
use crate::outcome::Outcome;
use crate::subject::Subject;
use lifeboat::store::{Store, StoreError, StoreErrorKind};

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let (store, key, folder) = (
        &subject.store,
        subject.key("f/aborted.sql.bz2"),
        subject.key("f/"),
    );
    let id = store.create_upload(&key).await.unwrap();
    store.upload_part(&key, &id, 1, bytes(PART)).await.unwrap();
    assert_eq!(
        store.list(&folder).await.unwrap(),
        [],
        "an upload that is not complete is not an object"
    );
    let ours = async |prefix: &str| -> Result<bool, StoreError> {
        let open = store.list_uploads(prefix).await?;
        assert!(open.iter().all(|upload| upload.key == key));
        Ok(open.iter().any(|upload| upload.id == id))
    };
    let of_key = Outcome::of(ours(&key).await.map(Outcome::honoured));
    let of_prefix = Outcome::of(ours(&folder).await.map(Outcome::honoured));

    store.abort_upload(&key, &id).await.unwrap();
    if of_key == Outcome::Works {
        assert!(!ours(&key).await.unwrap());
    }
    let gone = store.upload_part(&key, &id, 1, bytes(10)).await.unwrap_err();
    assert!(
        matches!(gone.kind, StoreErrorKind::NotFound | StoreErrorKind::Denied),
        "{gone}"
    );
    assert_eq!(store.head(&key).await.unwrap_err().kind, StoreErrorKind::NotFound);
    let again = store.abort_upload(&key, &id).await;
    subject.must("an upload given up leaves nothing");
    subject.may(
        "giving up what is gone",
        Outcome::of(again.map(|()| Outcome::Works)),
    );
    subject.may("listing the open uploads of a key", of_key);
    subject.may("listing the open uploads of a folder", of_prefix);
}
