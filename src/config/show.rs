//! How a value may be shown: in a problem, in a warning, by `lifeboat config`.
//!
//! Promise: no secret passes, also where it stands in a place that was not made for one (a URL's user info).

/// The longest value that is echoed, in characters.
const LONGEST: usize = 80;

/// What of a variable's value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// The value.
    Plain,
    /// Nothing of it.
    Secret,
    /// Its length: an operator's command may hold a secret.
    Command,
    /// The value without user info, query and fragment.
    Url,
}

impl Show {
    /// `value` as `lifeboat config` prints it.
    pub fn setting(self, value: &str) -> String {
        match self {
            Self::Plain => bounded(&without_passwords(value)),
            Self::Secret => "****".to_owned(),
            Self::Command => format!("(a command, {} bytes)", value.len()),
            Self::Url => bounded(&without_user_info(value)),
        }
    }
}

/// `value` in quotes, for a text about a variable that may be shown.
pub(super) fn quoted(value: &str) -> String {
    format!("{:?}", bounded(&without_passwords(value)))
}

/// A URL in quotes, without its user info, query and fragment.
pub(super) fn quoted_url(value: &str) -> String {
    format!("{:?}", bounded(&without_user_info(value)))
}

fn bounded(value: &str) -> String {
    let clean: String = value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match clean.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// Masks through the *last* `@`: a password may hold `/`, `?`, `#` and `@` itself.
fn without_user_info(value: &str) -> String {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), value),
    };
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("****@{host}"),
        None => rest.to_owned(),
    };
    match rest.split_once(['?', '#']) {
        Some((before, _)) => format!("{scheme}{before}?****"),
        None => scheme + &rest,
    }
}

/// Words of a text that is not made for secrets, each without what looks like one.
fn without_passwords(value: &str) -> String {
    value
        .split(' ')
        .map(|word| {
            if word.contains("://") && word.contains('@') {
                return without_user_info(word);
            }
            match word.split_once('=') {
                Some((name, _)) if is_a_secrets_name(name) => format!("{name}=****"),
                _ => word.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_a_secrets_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "secret", "token"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_shows_what_it_may() {
        assert_eq!(Show::Plain.setting("eu-central-1"), "eu-central-1");
        assert_eq!(Show::Secret.setting("hunter2"), "****");
        assert_eq!(
            Show::Command.setting("mysqldump -phunter2"),
            "(a command, 19 bytes)"
        );
        assert_eq!(
            Show::Url.setting("https://u:hu/nt@er2@host:1/x?y=hunter2"),
            "https://****@host:1/x?****"
        );
        assert_eq!(Show::Url.setting("u:hunter2@host"), "****@host");
        assert_eq!(
            Show::Plain.setting("-v --password=hunter2 --dbname=postgres://u:hunter2@h/d"),
            "-v --password=**** --dbname=postgres://****@h/d"
        );
    }

    #[test]
    fn an_echo_is_bounded_and_one_line() {
        assert_eq!(quoted("a\nb\u{7}"), "\"a b \"");
        let long = "é".repeat(500);
        assert_eq!(quoted(&long), format!("\"{}…\"", "é".repeat(80)));
    }
}
