//! `S3_ENDPOINT`: a URL or a host, and the usual mistakes in it.

use super::problems::Report;
use super::show::quoted_url;

/// Where the store listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `http://` or `https://`, host and port; nothing after them.
    pub(super) url: String,
    /// The scheme was not written: it is https.
    pub(super) scheme_guessed: bool,
}

impl Endpoint {
    /// The host without the port.
    pub(super) fn host(&self) -> &str {
        let authority = self.url.split_once("://").map_or("", |(_, rest)| rest);
        match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }
}

const HINT: &str = "write https://HOST or https://HOST:PORT";

pub(super) fn read(text: Option<&str>, report: &mut Report) -> Option<Endpoint> {
    let text = text?;
    match parse(text) {
        Ok(endpoint) => Some(endpoint),
        Err((what, hint)) => {
            report.problem("S3_ENDPOINT", what, hint);
            None
        }
    }
}

fn parse(text: &str) -> Result<Endpoint, (String, &'static str)> {
    let shown = quoted_url(text);
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "" | "http" | "https") {
        let hint = "write the store's https:// address here; the bucket goes into S3_BUCKET";
        return Err((format!("{shown} is no http address"), hint));
    }
    // First: whatever else is wrong with it, user info is a secret and must go.
    if rest.contains('@') {
        let hint = "keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or their _FILEs";
        return Err((format!("{shown} has a user name or a password"), hint));
    }
    if rest.contains(['?', '#']) {
        return Err((format!("{shown} has a query or a fragment"), HINT));
    }
    let authority = rest.trim_end_matches('/');
    if authority.contains('/') {
        let hint = "the bucket goes into S3_BUCKET, a folder in it into S3_PREFIX: write the address alone";
        return Err((format!("{shown} has a path"), hint));
    }
    if !is_authority(authority) {
        return Err((format!("{shown} is not a host"), HINT));
    }
    let scheme_guessed = scheme.is_empty();
    let scheme = if scheme_guessed { "https" } else { &scheme };
    Ok(Endpoint {
        url: format!("{scheme}://{authority}"),
        scheme_guessed,
    })
}

/// `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT`.
fn is_authority(text: &str) -> bool {
    let (host_is_good, port) = if let Some(v6) = text.strip_prefix('[') {
        let Some((address, after)) = v6.split_once(']') else {
            return false;
        };
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return false,
        };
        (address.parse::<std::net::Ipv6Addr>().is_ok(), port)
    } else {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        (!host.is_empty() && host.chars().all(letters), port)
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0);
    host_is_good && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn url(text: &str) -> (String, bool) {
        let endpoint = parse(text).unwrap();
        (endpoint.url, endpoint.scheme_guessed)
    }

    fn wrong(text: &str) -> String {
        let (what, hint) = parse(text).unwrap_err();
        format!("{what}; {hint}")
    }

    #[test]
    fn urls_and_hosts() {
        assert_eq!(url("http://minio:9000"), ("http://minio:9000".to_owned(), false));
        assert_eq!(
            url("HTTPS://s3.example.com/"),
            ("https://s3.example.com".to_owned(), false)
        );
        assert_eq!(url("s3.example.com"), ("https://s3.example.com".to_owned(), true));
        assert_eq!(url("my_host:9000"), ("https://my_host:9000".to_owned(), true));
        assert_eq!(url("http://[::1]:9000"), ("http://[::1]:9000".to_owned(), false));
        assert_eq!(parse("http://[::1]:9000").unwrap().host(), "::1");
        assert_eq!(parse("minio:9000").unwrap().host(), "minio");
    }

    #[test]
    fn mistakes() {
        assert_eq!(
            wrong("https://s3.example.com/backups"),
            "\"https://s3.example.com/backups\" has a path; the bucket goes into S3_BUCKET, a folder in it into \
             S3_PREFIX: write the address alone"
        );
        assert_eq!(
            wrong("https://key:hun/ter@2@host/x?y"),
            "\"https://****@host/x?****\" has a user name or a password; keys go into AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, or their _FILEs"
        );
        assert_eq!(
            wrong("s3://bucket"),
            "\"s3://bucket\" is no http address; write the store's https:// address here; the bucket goes into \
             S3_BUCKET"
        );
        assert_eq!(
            wrong("https://host?x=hunter2"),
            "\"https://host?****\" has a query or a fragment; write https://HOST or https://HOST:PORT"
        );
        for text in [
            "https://",
            "http://host:port",
            "host:0",
            "a b",
            "[::1",
            "[x]",
            "[::1]9",
            "http://:9",
        ] {
            assert_eq!(
                wrong(text),
                format!("{text:?} is not a host; write https://HOST or https://HOST:PORT")
            );
        }
    }
}
