//! Error texts without secrets: some stores echo key ids and signatures, proxies their own address.

/// Takes what must not be shown out of a text.
#[derive(Clone)]
pub(super) struct Redactor(Vec<String>);

/// Parameters whose values go, wherever a store or a URL echoes them.
const PARAMETERS: [&str; 8] = [
    "AWSAccessKeyId",
    "AccessKeyId",
    "Access Key Id",
    "access key",
    "Credential",
    "Signature",
    "SignatureProvided",
    "Security-Token",
];

impl Redactor {
    /// Hides these literal values as well; shorter than 4 characters they would blot out ordinary words.
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| secret.len() >= 4).collect();
        // The longest first, lest one that contains another is only half hidden.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// The text on one line, without secrets, cut to a length a log line can carry.
    pub(super) fn clean(&self, text: &str) -> String {
        const LONGEST: usize = 400;
        let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &self.0 {
            text = text.replace(secret.as_str(), "****");
        }
        for parameter in PARAMETERS {
            text = without_value(&text, parameter);
        }
        text = without_userinfo(&without_key_ids(&text));
        if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(cut);
            text.push('…');
        }
        text
    }
}

/// `name=value`, `name: value` and `<name>value<` lose the value.
fn without_value(text: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at + name.len());
        out.push_str(before);
        let marks = found.len() - found.trim_start_matches([':', '=', '>', ' ', '"', '\'']).len();
        let (mark, value) = found.split_at(marks);
        out.push_str(mark);
        rest = value;
        if mark.contains([':', '=', '>']) {
            let end = value
                .find(|c: char| c.is_whitespace() || matches!(c, '&' | '<' | ',' | '"' | '\''))
                .unwrap_or(value.len());
            if end > 0 {
                out.push_str("****");
            }
            rest = &value[end..];
        }
    }
    out + rest
}

/// AWS's own key ids: AKIA or ASIA and 16 letters and digits.
fn without_key_ids(text: &str) -> String {
    let is_key_id = |word: &str| {
        word.len() >= 16
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_key_id(word) {
            out.push_str("****");
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}

/// `http://user:password@proxy` becomes `http://****@proxy`.
fn without_userinfo(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let authority = after
            .find(|c: char| c == '/' || c.is_whitespace())
            .unwrap_or(after.len());
        rest = match after[..authority].rfind('@') {
            Some(user) => {
                out.push_str("****");
                &after[user..]
            }
            None => after,
        };
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_what_stores_and_proxies_echo() {
        let redactor = Redactor::new(["minioadmin".to_owned(), "s3cr3t/+key".to_owned(), "a".to_owned()]);
        for (text, clean) in [
            ("The key minioadmin does not exist", "The key **** does not exist"),
            ("signed with s3cr3t/+key\n  twice", "signed with **** twice"),
            ("no AKIAIOSFODNN7EXAMPLE, sorry", "no ****, sorry"),
            (
                "?AWSAccessKeyId=abc&Signature=x%2Fy&e=1",
                "?AWSAccessKeyId=****&Signature=****&e=1",
            ),
            (
                "<AWSAccessKeyId>abc</AWSAccessKeyId>",
                "<AWSAccessKeyId>****</AWSAccessKeyId>",
            ),
            (
                "Credential=k/2026/us-east-1, SignedHeaders=a",
                "Credential=****, SignedHeaders=a",
            ),
            (
                "via http://me:pw@proxy:3128/ to https://s3",
                "via http://****@proxy:3128/ to https://s3",
            ),
            ("Signature does not match", "Signature does not match"),
        ] {
            assert_eq!(redactor.clean(text), clean);
        }
        assert_eq!(redactor.clean(&"ä".repeat(500)).chars().count(), 401);
    }
}
