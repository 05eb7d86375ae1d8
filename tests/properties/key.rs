//! A key is ours exactly when the grammar says so, and then it is written again as it was read.

use jiff::Timestamp;
use lifeboat::catalog::Database;
use lifeboat::catalog::key::{Key, Parsed, database_prefix, target_prefix};

const PREFIXES: [&str; 4] = ["", "p", "a/b", ".."];

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "\0db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2",
        "\0db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2.json",
        "\u{1}p/my%20db/_globals/2024-02-29T23-59-59Z-0000.sql.zst.age",
        "\u{2}a/b/%2E%2E/%5Fall/0000-01-01T00-00-00Z-ffff.archive.age.json",
        "\u{3}../.x/_replaced.%2Ea%2F..%2Fb/9999-12-31T23-59-59Z-0a0a.x_-9.gz",
        "\0db/_all/2026-02-28T00-00-00Z-0001.JSON.xz",
        "\0db/%C3%A4%25/1900-02-28T00-00-00Z-0001.bz2x",
        "\0db/%2E/2026-13-31T24-60-60Z-000g.json",
        "\0a;touch x/$(id)/%00/\u{1b}[2J",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// The first byte chooses `S3_PREFIX`; the rest is a key, and also the parts of one.
pub fn holds(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    let prefix = PREFIXES[usize::from(*choice) % PREFIXES.len()];
    let text = String::from_utf8_lossy(rest);
    let parsed = Key::parse(prefix, &text);
    assert_eq!(parsed.is_some(), is_ours(prefix, &text), "{text:?}");
    if let Some(parsed) = parsed {
        let key = parsed.key();
        let again = match &parsed {
            Parsed::Dump(key) => key.object(prefix),
            Parsed::Manifest(key) => key.manifest(prefix),
        };
        assert_eq!(again, text);
        assert_eq!(Key::from_text(&key.text()).as_ref(), Some(key));
        assert!(text.starts_with(&target_prefix(prefix, key.target())));
        assert!(text.starts_with(&database_prefix(prefix, key.target(), key.database())));
        assert_eq!(&Database::from_shown(&key.database().to_string()), key.database());
    }
    made(prefix, rest, &text);
}

/// Whatever a target and a database are called, their key is ours, under their own folder, and read as theirs.
fn made(prefix: &str, rest: &[u8], text: &str) {
    let number = rest
        .iter()
        .fold(0_u64, |number, byte| number.rotate_left(7) ^ u64::from(*byte));
    let (target, database) = text.split_at(text.floor_char_boundary(rest.len() / 3));
    let database = match number % 4 {
        0 => Database::Replaced(database.to_owned()),
        _ => Database::Named(database.to_owned()),
    };
    let seconds = i64::try_from(number % 315_537_000_000).unwrap() - 62_167_219_200;
    let started = Timestamp::from_second(seconds).unwrap();
    let id = u16::try_from(number >> 48).unwrap();
    let Ok(key) = Key::new(target, database, started, id, "sql", Some("bz2")) else {
        assert!(target.is_empty() || text.len() == target.len());
        return;
    };
    for name in [key.object(prefix), key.manifest(prefix)] {
        assert!(is_ours(prefix, &name), "{name:?}");
        assert_eq!(Key::parse(prefix, &name).as_ref().map(Parsed::key), Some(&key));
    }
}

/// The grammar of the README, written down a second time.
fn is_ours(prefix: &str, text: &str) -> bool {
    let below = match prefix {
        "" => Some(text),
        _ => text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
    };
    let Some(below) = below else {
        return false;
    };
    let below = below.strip_suffix(".json").unwrap_or(below);
    let segments: Vec<_> = below.split('/').collect();
    let [target, database, name] = segments[..] else {
        return false;
    };
    is_target(target) && is_database(database) && is_name(name)
}

fn is_target(segment: &str) -> bool {
    match segment {
        "%2E" | "%2E%2E" => true,
        "." | ".." => false,
        _ => is_encoded(segment),
    }
}

fn is_database(segment: &str) -> bool {
    let real = |name: &str| {
        let rest = name.strip_prefix("%5F").or_else(|| name.strip_prefix("%2E"));
        match rest {
            Some(rest) => rest.is_empty() || is_encoded(rest),
            None => !name.starts_with(['_', '.']) && is_encoded(name),
        }
    };
    match segment.strip_prefix("_replaced.") {
        Some(name) => real(name),
        None => segment == "_globals" || segment == "_all" || real(segment),
    }
}

/// Not empty; what is encoded had to be, in capitals, and is UTF-8.
fn is_encoded(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let mut decoded = Vec::new();
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if plain(byte) {
            decoded.push(byte);
            continue;
        }
        let digit = |digit: Option<u8>| match digit {
            Some(digit @ b'0'..=b'9') => Some(digit - b'0'),
            Some(digit @ b'A'..=b'F') => Some(digit - b'A' + 10),
            _ => None,
        };
        let (b'%', Some(high), Some(low)) = (byte, digit(bytes.next()), digit(bytes.next())) else {
            return false;
        };
        if plain(high * 16 + low) {
            return false;
        }
        decoded.push(high * 16 + low);
    }
    !decoded.is_empty() && std::str::from_utf8(&decoded).is_ok()
}

fn is_name(name: &str) -> bool {
    let Some((stamp, endings)) = name.split_at_checked(25) else {
        return false;
    };
    let shape = stamp
        .bytes()
        .zip(*b"0000-00-00T00-00-00Z-hhhh")
        .all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            b'h' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            like => byte == like,
        });
    if !shape {
        return false;
    }
    let field = |from: usize, to: usize| stamp[from..to].parse::<u32>().unwrap();
    let (year, month, day) = (field(0, 4), field(5, 7), field(8, 10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    // Later moments have no timestamp: somewhere on Earth it is then the year 10000.
    let exists = &stamp[..19] <= "9999-12-30T22-00-00"
        && (1..=days).contains(&day)
        && field(11, 13) < 24
        && field(14, 16) < 60
        && field(17, 19) < 60;
    let Some(endings) = endings.strip_prefix('.') else {
        return false;
    };
    let endings = endings.strip_suffix(".age").unwrap_or(endings);
    let compression = |text: &str| ["bz2", "zst", "gz", "xz"].contains(&text);
    let extension = match endings.rsplit_once('.') {
        Some((extension, ending)) if compression(ending) => extension,
        Some(_) => return false,
        None => endings,
    };
    let known = (1..=16).contains(&extension.len())
        && extension
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    exists && known && !compression(extension) && extension != "json" && extension != "age"
}
