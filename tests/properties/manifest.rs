//! A manifest that is accepted is that of its key, and means the same when it is written again.

use lifeboat::catalog::{Key, Manifest};
use serde_json::Value;

const KEY: &str = "db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2";

const SAMPLE: &str = r#"{"format":1,"lifeboat":"0.1.0","key":"db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2","target":"db",
"container":{"name":"c","id":"0f3c","image":null},"origin":{"engine_id":"E","system_identifier":"7"},"engine":"postgres",
"server_version":"18.1","tool_version":null,"database":"app","started":"2026-11-20T03:00:00Z",
"finished":"2026-11-20T03:00:09.5Z","run":"5e1f","dump":{"command":"pg_dump","command_sha256":null,"bytes":10,
"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"object":{"bytes":7,
"sha256":"0000000000000000000000000000000000000000000000000000000000000000","etag":"\"x\"","version_id":null,"parts":1,
"part_bytes":8388608},"compression":{"name":"bzip2","level":9,"members":1},"encryption":null,"options":["--no-owner"],
"properties":{"owner":"app","settings":[{"role":null,"config":["a.b=c"]}],"bytes":1e3}}"#;

/// What a field may be replaced by.
const VALUES: [&str; 24] = [
    "0",
    "-1",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "1.0",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"../../etc/passwd\"",
    "\"db/app/2026-11-20T03-00-00Z-9f3b.pgdump.bz2\"",
    "\"app\\u0000\"",
    "\"$(touch x)\"",
    "\"2026-11-20T03:00:00+00:00\"",
    "\"2026-11-20T04:00:00+01:00\"",
    "\"-009999-01-01T00:00:00Z\"",
    "\"\\ud800\"",
    "\"none\"",
    "\"bzip2\"",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    "{\"name\":\"age\"}",
    "\"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\"",
];

pub fn seeds() -> Vec<Vec<u8>> {
    let whole = [&[u8::MAX], SAMPLE.as_bytes()].concat();
    let replaced = (0..48).map(|field| vec![field, field, field]);
    replaced.chain([whole]).collect()
}

/// A first byte of `FF`: the rest is a manifest. Else each two bytes choose a field of the sample and its new value, and a
/// last byte which field is said twice.
pub fn holds(data: &[u8]) {
    if let [u8::MAX, manifest @ ..] = data {
        return accepted_means_ours(manifest);
    }
    let mut manifest: Value = serde_json::from_str(SAMPLE).unwrap();
    let (pairs, last) = data.as_chunks::<2>();
    for [field, value] in pairs.iter().take(4) {
        // Some of them are no JSON that can be kept as a value.
        if let Ok(value) = serde_json::from_str(VALUES[usize::from(*value) % VALUES.len()]) {
            *field_of(&mut manifest, (*field).into()) = value;
        }
    }
    let text = manifest.to_string();
    accepted_means_ours(text.as_bytes());
    let (Some(again), Some(open)) = (last.first(), text.strip_suffix('}')) else {
        return;
    };
    let name = TWICE[usize::from(*again) % TWICE.len()];
    let twice = format!(
        "{open},\"{name}\":{}}}",
        VALUES[usize::from(*again) % VALUES.len()]
    );
    let key = Key::from_text(KEY).unwrap();
    assert!(
        Manifest::parse(twice.as_bytes(), &key).is_err(),
        "which of two is meant? {twice}"
    );
}

/// Fields that are said twice.
const TWICE: [&str; 5] = ["format", "key", "target", "dump", "object"];

/// One of all the fields, at any depth.
fn field_of(value: &mut Value, number: usize) -> &mut Value {
    let count = value.as_object().map_or(0, serde_json::Map::len);
    if count == 0 {
        return value;
    }
    let (_, field) = value
        .as_object_mut()
        .unwrap()
        .iter_mut()
        .nth(number % count)
        .unwrap();
    field_of(field, number / count)
}

fn accepted_means_ours(json: &[u8]) {
    let key = Key::from_text(KEY).unwrap();
    let manifest = match Manifest::parse(json, &key) {
        Ok(manifest) => manifest,
        Err(error) => {
            let text = error.to_string();
            assert!(!text.chars().any(char::is_control), "{text:?}");
            return;
        }
    };
    assert_eq!(manifest.key, KEY);
    assert_eq!(
        (manifest.target.as_str(), manifest.database.as_str()),
        ("db", "app")
    );
    assert_eq!(manifest.started, key.started());
    assert_eq!(manifest.compression.name, "bzip2");
    assert_eq!(manifest.encryption, None);
    for hash in [&manifest.dump.sha256, &manifest.object.sha256] {
        assert!(
            hash.len() == 64
                && hash
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        );
    }
    let again = manifest.to_json(&key).expect("what was read can be written");
    let again = Manifest::parse(&again, &key).expect("what was written can be read");
    assert_eq!(again, manifest);
}
