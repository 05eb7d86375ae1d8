//! Entity tags as far as S3 defines them: the MD5 of what was stored, in hexadecimal.

use bytes::Bytes;
use md5::{Digest, Md5};

/// The MD5 of a body.
pub(super) type Md5Sum = [u8; 16];

pub(super) fn md5(bytes: &[u8]) -> Md5Sum {
    Md5::digest(bytes).into()
}

/// On a thread that may be busy: a large part takes a tenth of a second, and the dump must go on being read.
pub(super) async fn md5_of(body: &Bytes) -> Md5Sum {
    let moved = body.clone();
    match tokio::task::spawn_blocking(move || md5(&moved)).await {
        Ok(sum) => sum,
        // The runtime is shutting down.
        Err(_) => md5(body),
    }
}

/// Without the quotes that surround it on the wire, in lower case.
fn bare(etag: &str) -> String {
    etag.trim().trim_matches('"').to_ascii_lowercase()
}

/// An entity tag that is an MD5 as far as its form tells: 32 hexadecimal digits.
pub(super) fn as_md5(etag: &str) -> Option<Md5Sum> {
    let digits = bare(etag);
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut sum = [0; 16];
    for (byte, at) in sum.iter_mut().zip((0..32).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(sum)
}

pub(super) fn hex(sum: &[u8]) -> String {
    use std::fmt::Write as _;
    sum.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether `whole` is what S3 makes of these parts: the MD5 of their MD5s and their number.
pub(super) fn is_of_parts<'a>(whole: &str, parts: impl Iterator<Item = &'a str>) -> bool {
    let (mut sums, mut count) = (Vec::new(), 0_usize);
    for part in parts {
        let Some(sum) = as_md5(part) else { return false };
        sums.extend_from_slice(&sum);
        count += 1;
    }
    bare(whole) == format!("{}-{count}", hex(&md5(&sums)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_an_md5_from_other_tags() {
        let empty = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(as_md5(&format!("\"{empty}\"")), Some(md5(b"")));
        assert_eq!(as_md5(&empty.to_uppercase()), Some(md5(b"")));
        assert_eq!(hex(&md5(b"")), empty);
        for other in [
            "",
            "\"\"",
            "d41d8cd98f00b204e9800998ecf8427e-1",
            "d41d8cd98f00b204e9800998ecf8427g",
        ] {
            assert_eq!(as_md5(other), None, "{other}");
        }
    }

    #[test]
    fn computes_the_tag_of_a_multipart_object() {
        // `printf a | md5sum`, `printf b | md5sum`, and the MD5 of both sums' bytes.
        let (a, b) = (hex(&md5(b"a")), hex(&md5(b"b")));
        let whole = format!("\"{}-2\"", hex(&md5(&[md5(b"a"), md5(b"b")].concat())));
        assert!(is_of_parts(&whole, [a.as_str(), b.as_str()].into_iter()));
        assert!(
            !is_of_parts(&whole, [b.as_str(), a.as_str()].into_iter()),
            "order counts"
        );
        assert!(!is_of_parts(&whole, [a.as_str()].into_iter()));
        assert!(!is_of_parts(&whole, ["opaque", b.as_str()].into_iter()));
    }
}
