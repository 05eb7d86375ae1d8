//! As much of BSON as an archive's own headers need: the top level of a document.

/// A value of one of the kinds that headers have; the rest is passed over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a [u8]),
    Bool(bool),
    Long(i64),
    Other,
}

/// Headers have less than ten. Of the shortest there is room for millions in a document, and each takes twenty times as much
/// memory when it is taken apart.
const MOST_FIELDS: usize = 1_000;

/// The fields of a document; `None` where it is none, or has more than any header.
pub(super) fn fields(document: &[u8]) -> Option<Vec<(&[u8], Value<'_>)>> {
    let (length, mut rest) = int(document)?;
    if usize::try_from(length).ok()? != document.len() {
        return None;
    }
    let mut fields = Vec::new();
    loop {
        let (&kind, tail) = rest.split_first()?;
        if kind == 0 {
            return tail.is_empty().then_some(fields);
        }
        let (name, tail) = zero_ended(tail)?;
        let (value, tail) = value(kind, tail)?;
        fields.push((name, value));
        if fields.len() > MOST_FIELDS {
            return None;
        }
        rest = tail;
    }
}

fn value(kind: u8, rest: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let pass = |bytes: usize| Some((Value::Other, rest.split_at_checked(bytes)?.1));
    match kind {
        // Text: its length counts the NUL behind it.
        0x02 => {
            let (length, rest) = int(rest)?;
            let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            let (0, text) = text.split_last()? else {
                return None;
            };
            Some((Value::Text(text), rest))
        }
        0x08 => match rest.split_first()? {
            (0, rest) => Some((Value::Bool(false), rest)),
            (1, rest) => Some((Value::Bool(true), rest)),
            _ => None,
        },
        0x12 => {
            let (bytes, rest) = rest.split_first_chunk()?;
            Some((Value::Long(i64::from_le_bytes(*bytes)), rest))
        }
        // A document or an array: its length counts itself.
        0x03 | 0x04 => pass(usize::try_from(int(rest)?.0).ok()?.max(5)),
        // Bytes: a length, a kind, the bytes.
        0x05 => pass(usize::try_from(int(rest)?.0).ok()?.checked_add(5)?),
        0x06 | 0x0A => pass(0),
        0x01 | 0x09 | 0x11 => pass(8),
        0x07 => pass(12),
        0x10 => pass(4),
        0x13 => pass(16),
        _ => None,
    }
}

fn int(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (bytes, rest) = bytes.split_first_chunk()?;
    Some((i32::from_le_bytes(*bytes), rest))
}

fn zero_ended(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_kind_are_passed() {
        let mut document = vec![0; 4];
        for (kind, bytes) in [
            (0x01, &[0; 8][..]),
            (0x03, &[5, 0, 0, 0, 0]),
            (0x05, &[2, 0, 0, 0, 0, 7, 7]),
            (0x0A, &[]),
            (0x10, &[1, 0, 0, 0]),
            (0x12, &[1, 0, 0, 0, 0, 0, 0, 0]),
            (0x08, &[1]),
            (0x02, &[2, 0, 0, 0, b'x', 0]),
        ] {
            document.extend([kind, b'f', 0]);
            document.extend(bytes);
        }
        document.push(0);
        document[0] = u8::try_from(document.len()).unwrap_or_default();
        let found: Vec<_> = fields(&document)
            .unwrap_or_default()
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(found[5..], [Value::Long(1), Value::Bool(true), Value::Text(b"x")]);
        // Whatever is changed or missing, it is refused or read, and nothing panics.
        for cut in 0..document.len() {
            assert_eq!(fields(&document[..cut]), None);
            for byte in 0..=255 {
                let mut other = document.clone();
                other[cut] = byte;
                let _ = fields(&other);
            }
        }
    }

    #[test]
    fn more_fields_than_any_header_has_are_refused() {
        let of = |count: usize| {
            let fields = [0x0A, 0].repeat(count);
            let length = u32::try_from(fields.len() + 5).unwrap_or_default().to_le_bytes();
            [&length[..], &fields, &[0]].concat()
        };
        assert_eq!(
            fields(&of(MOST_FIELDS)).map(|fields| fields.len()),
            Some(MOST_FIELDS)
        );
        assert_eq!(fields(&of(MOST_FIELDS + 1)), None);
    }

    #[test]
    fn hostile_lengths_are_refused() {
        for document in [
            &[0xff, 0xff, 0xff, 0x7f, 0][..],
            &[14, 0, 0, 0, 2, b'a', 0, 0xff, 0xff, 0xff, 0x7f, b'x', 0, 0],
            &[14, 0, 0, 0, 2, b'a', 0, 0, 0, 0, 0, b'x', 0, 0],
            &[12, 0, 0, 0, 3, b'a', 0, 0xff, 0xff, 0xff, 0xff, 0],
            &[12, 0, 0, 0, 0x0f, b'a', 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(fields(document), None, "{document:?}");
        }
    }
}
