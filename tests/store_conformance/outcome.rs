//! What a store makes of a feature. A wrong result is none of these: it fails the test.

use lifeboat::store::{StoreError, StoreErrorKind};
use std::fmt;

/// One cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As S3 documents it.
    Works,
    /// The store said no, and why.
    Refused,
    /// The store does not know it: it says so, or passes over what was asked.
    NotOffered,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "works",
            Self::Refused => "refused by store",
            Self::NotOffered => "not offered",
        })
    }
}

impl Outcome {
    /// Of a request for something that a store need not offer.
    pub fn of(answer: Result<Self, StoreError>) -> Self {
        match answer {
            Ok(outcome) => outcome,
            Err(error) => match error.kind {
                StoreErrorKind::Unsupported => Self::NotOffered,
                StoreErrorKind::Denied | StoreErrorKind::Precondition | StoreErrorKind::NotFound => {
                    Self::Refused
                }
                // A store that breaks over it has refused nothing.
                StoreErrorKind::Other if !error.reason.contains("(500)") => Self::Refused,
                _ => panic!("neither done nor refused: {error}"),
            },
        }
    }

    /// `Works` when the store did what was asked, `NotOffered` when it passed over it.
    pub fn honoured(was: bool) -> Self {
        if was { Self::Works } else { Self::NotOffered }
    }
}

#[test]
fn a_breakdown_is_no_refusal() {
    let error = |kind, reason: &str| StoreError {
        kind,
        operation: "PutObject",
        subject: "b/k".to_owned(),
        reason: reason.to_owned(),
        hint: None,
        source: None,
    };
    for (kind, reason, outcome) in [
        (
            StoreErrorKind::Unsupported,
            "NotImplemented (501)",
            Outcome::NotOffered,
        ),
        (StoreErrorKind::Other, "InvalidRequest (400)", Outcome::Refused),
        (StoreErrorKind::Denied, "AccessDenied (403)", Outcome::Refused),
    ] {
        assert_eq!(Outcome::of(Err(error(kind, reason))), outcome);
    }
    for (kind, reason) in [
        (StoreErrorKind::Other, "InternalError (500)"),
        (StoreErrorKind::Unreachable, "refused"),
        (StoreErrorKind::TimedOut, "no answer"),
    ] {
        let broke = std::panic::catch_unwind(|| Outcome::of(Err(error(kind, reason))));
        assert!(broke.is_err(), "{reason}");
    }
}
