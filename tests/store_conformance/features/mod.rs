//! What a store must do, and what it may offer: a file for each.
//!
//! What lifeboat cannot do without ends in `Works` or fails the test; what it can do without ends in an [`Outcome`].

mod attributes;
mod checksums;
mod conditions;
mod keys;
mod multipart;
mod objects;
mod ranges;
mod uploads;
mod versions;

use crate::subject::Subject;
use lifeboat::store::Store;

/// Tries everything, in the order of the table.
pub async fn try_all<S: Store>(subject: &mut Subject<S>) {
    objects::try_out(subject).await;
    multipart::try_out(subject).await;
    ranges::try_out(subject).await;
    keys::try_out(subject).await;
    conditions::try_out(subject).await;
    uploads::try_out(subject).await;
    checksums::try_out(subject).await;
    versions::try_out(subject).await;
    attributes::try_out(subject).await;
    let ahead = subject.store.clock_ahead().unwrap();
    assert!(ahead.abs().as_secs() < 60, "{ahead:?}");
}
