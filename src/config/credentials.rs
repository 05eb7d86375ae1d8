//! Keys and passwords: taken out of sight as soon as they are read.

use super::env::Given;
use super::problems::Report;
use crate::secret::Secret;
use serde::Deserialize;

/// Keys of an account at the store.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: Secret,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<Secret>,
}

#[derive(Deserialize, Default)]
#[expect(clippy::struct_field_names, reason = "they are the variables' names")]
struct Raw {
    aws_access_key_id: Option<String>,
    aws_secret_access_key: Option<String>,
    aws_session_token: Option<String>,
}

/// The keys of the account; `None`: the AWS credential chain.
pub(super) fn read(given: &Given, report: &mut Report) -> Option<Credentials> {
    const BOTH: &str = "set both, or neither for the AWS credential chain";
    let raw: Raw = given.part(report);
    let id = secret("AWS_ACCESS_KEY_ID", raw.aws_access_key_id, report);
    let key = secret("AWS_SECRET_ACCESS_KEY", raw.aws_secret_access_key, report);
    let session_token = secret("AWS_SESSION_TOKEN", raw.aws_session_token, report);
    // What was given and found wrong is not missing.
    let [id_given, key_given, token_given] =
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(|name| given.was_set(name));
    match (id_given, key_given) {
        (true, false) => report.problem(
            "AWS_SECRET_ACCESS_KEY",
            "is missing: AWS_ACCESS_KEY_ID is set",
            BOTH,
        ),
        (false, true) => report.problem(
            "AWS_ACCESS_KEY_ID",
            "is missing: AWS_SECRET_ACCESS_KEY is set",
            BOTH,
        ),
        (false, false) if token_given => report.problem(
            "AWS_SESSION_TOKEN",
            "is set without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            "it belongs to a pair of temporary keys: set all three, or none",
        ),
        _ => {}
    }
    Some(Credentials {
        access_key_id: id?,
        secret_access_key: key?,
        session_token,
    })
}

/// A password or key; a line break in it would end the line that carries it to the tool or the store.
pub(super) fn secret(name: &str, text: Option<String>, report: &mut Report) -> Option<Secret> {
    let text = text?;
    if text.chars().any(char::is_control) {
        report.problem(
            name,
            "has a line break or another control character",
            "store the value alone, with at most one newline after it",
        );
        return None;
    }
    let quotes = ['"', '\'']
        .iter()
        .any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote));
    if quotes || text.trim() != text {
        report.warn(format!(
            "{name} begins or ends with {}: it is taken as part of the value",
            if quotes { "a quote" } else { "a space" }
        ));
    }
    Some(Secret::new(text))
}
