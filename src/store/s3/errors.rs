//! From what the SDK says to what a caller acts on: kind, reason, whether another attempt is worth it.

use super::hints;
use super::redact::Redactor;
use super::retry::{Again, Failure};
use crate::config;
use crate::store::{StoreError, StoreErrorKind};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

/// What the mapping knows besides the error.
pub(super) struct Context<'a> {
    pub(super) config: &'a config::S3,
    pub(super) redactor: &'a Redactor,
    /// The operation as S3 names it.
    pub(super) operation: &'static str,
    pub(super) key: &'a str,
}

impl Context<'_> {
    /// An error of our own making about this request.
    pub(super) fn failure(&self, kind: StoreErrorKind, again: Again, reason: &str) -> Failure {
        let subject = match self.key {
            "" => self.config.bucket.clone(),
            key => format!("{}/{key}", self.config.bucket),
        };
        Failure {
            error: StoreError {
                kind,
                operation: self.operation,
                subject,
                reason: self.redactor.clean(reason),
                hint: None,
                // The SDK's errors hold the raw answer, secrets and all: the cleaned text stands for them.
                source: None,
            },
            again,
            status: None,
            gone: false,
        }
    }

    /// An error of the SDK.
    pub(super) fn sdk<E>(&self, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = match error {
            SdkError::ServiceError(service) => service.raw(),
            SdkError::ResponseError(response) => response.raw(),
            _ => return self.unanswered(error),
        };
        let status = answer.status().as_u16();
        let code = error.code().filter(|code| !code.is_empty());
        // S3 names its errors in the body; only a HEAD has none. A gateway's 403 or 503 means what it says all the same.
        let strange = matches!(status, 200..=299 | 404) && self.operation != "HeadObject";
        if code.is_none() && (strange || matches!(error, SdkError::ResponseError(_))) {
            let reason = format!("an answer that is not S3's ({status}): {}", chain(error));
            let mut failure = self.failure(StoreErrorKind::Other, Again::Few, &reason);
            failure.error.hint = Some(hints::not_s3(self.config));
            failure.status = Some(status);
            return failure;
        }
        let (kind, again) = meaning(status, code);
        let mut reason = match (code, error.message().filter(|text| !text.is_empty())) {
            (Some(code), Some(text)) => format!("{code}: {text} ({status})"),
            (Some(code), None) => format!("{code} ({status})"),
            (None, Some(text)) => format!("{text} ({status})"),
            (None, None) => bare_status(status),
        };
        if let Some(id) = answer.headers().get("x-amz-request-id") {
            reason = format!("{reason}, request {id}");
        }
        let mut failure = self.failure(kind, again, &reason);
        let refusal = hints::Refusal {
            operation: self.operation,
            status,
            code: code.unwrap_or_default(),
            message: error.message().unwrap_or_default(),
            bucket_region: answer.headers().get("x-amz-bucket-region"),
        };
        failure.error.hint = hints::refused(self.config, &refusal);
        failure.gone = matches!(
            code,
            Some("NoSuchKey" | "NoSuchUpload" | "NoSuchVersion" | "NotFound")
        );
        failure.status = Some(status);
        failure
    }

    /// A request that never got an answer.
    fn unanswered<E>(&self, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: Error + 'static,
    {
        let text = chain(error);
        let lower = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let connecting = matches!(error, SdkError::DispatchFailure(failure) if failure.is_timeout());
        let (kind, again) = if has(&["credential", "identity"]) {
            (StoreErrorKind::Denied, Again::Few)
        } else if has(&["certificate", "corrupt message", "unknownissuer", "alert"]) {
            (StoreErrorKind::Unreachable, Again::Never)
        } else if matches!(error, SdkError::TimeoutError(_)) {
            (StoreErrorKind::TimedOut, Again::Patiently)
        } else if connecting
            || has(&[
                "dns error",
                "refused",
                "reset",
                "connect",
                "closed",
                "broken pipe",
                "unreachable",
            ])
        {
            (StoreErrorKind::Unreachable, Again::Patiently)
        } else {
            match error {
                SdkError::DispatchFailure(_) => (StoreErrorKind::Unreachable, Again::Patiently),
                _ => (StoreErrorKind::Other, Again::Never),
            }
        };
        let reason = match kind {
            StoreErrorKind::TimedOut => format!("no answer in time: {text}"),
            _ => text,
        };
        let mut failure = self.failure(kind, again, &reason);
        failure.error.hint = hints::unreached(self.config, &lower);
        failure
    }
}

/// What a status and S3's error code mean. The code decides where there is one: a HEAD has none.
fn meaning(status: u16, code: Option<&str>) -> (StoreErrorKind, Again) {
    use Again::{Few, Never, Patiently};
    use StoreErrorKind::{Denied, NotFound, Other, Precondition, TimedOut, Unreachable, Unsupported};
    match code.unwrap_or_default() {
        "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" | "NotFound" => (NotFound, Never),
        "AccessDenied"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "AllAccessDisabled"
        | "AccountProblem"
        | "InvalidSecurity"
        // versitygw, with 404.
        | "XAdminUserNotFound" => (Denied, Never),
        "PreconditionFailed" => (Precondition, Never),
        "NotImplemented" | "MethodNotAllowed" => (Unsupported, Never),
        "RequestTimeout" => (TimedOut, Patiently),
        "SlowDown" | "InternalError" | "OperationAborted" | "ConditionalRequestConflict" => {
            (Other, Patiently)
        }
        // The bytes that arrived are not those that were sent: the line, or a store that counts in another way.
        "BadDigest" | "IncompleteBody" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => {
            (Other, Few)
        }
        _ => match status {
            404 => (NotFound, Never),
            401 | 403 => (Denied, Never),
            408 => (TimedOut, Patiently),
            412 => (Precondition, Never),
            405 | 501 => (Unsupported, Never),
            429 | 500 => (Other, Patiently),
            502..=504 => (Unreachable, Patiently),
            _ => (Other, Never),
        },
    }
}

/// The words for an answer without a body, as to a HEAD.
fn bare_status(status: u16) -> String {
    let words = match status {
        301 | 307 => "the bucket is somewhere else",
        400 => "bad request",
        403 => "forbidden",
        404 => "not found",
        412 => "precondition failed",
        503 => "slow down",
        _ => return format!("status {status}"),
    };
    format!("{words} ({status})")
}

/// The causes below the SDK's own wrappers, joined; a text that repeats the one before it is left out.
pub(super) fn chain(error: &dyn Error) -> String {
    const WRAPPERS: [&str; 10] = [
        "client error (Connect)",
        "dispatch failure",
        "io error",
        "other",
        "timeout",
        "request has timed out",
        "service error",
        "response error",
        "unhandled error",
        "failed to construct request",
    ];
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !texts.iter().any(|earlier| earlier.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    let telling: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|text| !WRAPPERS.contains(text))
        .collect();
    if telling.is_empty() {
        texts.join(": ")
    } else {
        telling.join(": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StoreErrorKind::{Denied, NotFound, Other, Precondition, TimedOut, Unreachable, Unsupported};

    #[test]
    fn the_code_decides_then_the_status() {
        for (status, code, expected) in [
            (404, Some("NoSuchBucket"), (NotFound, Again::Never)),
            (404, None, (NotFound, Again::Never)),
            (403, Some("RequestTimeTooSkewed"), (Denied, Again::Never)),
            (400, Some("ExpiredToken"), (Denied, Again::Never)),
            (400, Some("InvalidRequest"), (Other, Again::Never)),
            (400, Some("RequestTimeout"), (TimedOut, Again::Patiently)),
            (400, Some("BadDigest"), (Other, Again::Few)),
            (409, Some("ConditionalRequestConflict"), (Other, Again::Patiently)),
            (412, None, (Precondition, Again::Never)),
            (200, Some("InternalError"), (Other, Again::Patiently)),
            (500, None, (Other, Again::Patiently)),
            (501, Some("XNotImplemented"), (Unsupported, Again::Never)),
            (503, Some("SlowDown"), (Other, Again::Patiently)),
            (503, None, (Unreachable, Again::Patiently)),
        ] {
            assert_eq!(meaning(status, code), expected, "{status} {code:?}");
        }
    }

    #[test]
    fn joins_causes_without_wrappers_and_echoes() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Wrapper(&'static str, #[source] Option<Box<Wrapper>>);
        let error = Wrapper(
            "dispatch failure",
            Some(Box::new(Wrapper(
                "connect to 10.0.0.1: refused",
                Some(Box::new(Wrapper("refused", None))),
            ))),
        );
        assert_eq!(chain(&error), "connect to 10.0.0.1: refused");
        assert_eq!(chain(&Wrapper("io error", None)), "io error");
    }
}
