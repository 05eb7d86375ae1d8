//! Labels are written by whoever starts the target: they are taken or refused, and commands in them are never told.

use lifeboat::config::labels::LABELS;
use lifeboat::config::{self, Dump};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Found nowhere else.
const SECRET: &str = "zq5Ecr3t";

pub fn seeds() -> Vec<Vec<u8>> {
    let all = (0..u8::try_from(LABELS.len()).unwrap()).map(|label| vec![label, b'x', b'\n']);
    let some = [
        "\u{1}postgres\n\u{2}a,b\n\u{4}--no-owner\n",
        "\u{1}custom\n\u{5}cat\n\u{6}tac\n\u{7}tar\n",
        "\u{1}mysql\n\u{5}cat\n\u{8}root\n\u{9}/run/secrets/p\n",
        "\u{4}-f '/tmp/x' \"\n\u{3}*,?\n\u{20}x\n",
    ];
    all.chain(some.map(|text| text.as_bytes().to_vec())).collect()
}

/// Lines: the first byte chooses a label, the rest is its value, or the end of an unknown label's name.
pub fn holds(data: &[u8]) {
    static DUMP: OnceLock<Dump> = OnceLock::new();
    let dump = DUMP.get_or_init(|| {
        let env = [
            ("TARGET", "db"),
            ("S3_BUCKET", "backups"),
            ("DB_PASSWORD", SECRET),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        config::load(env, &|_| unreachable!()).unwrap().config.dump
    });
    let mut labels = BTreeMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some((choice, value)) = line.split_first() else {
            continue;
        };
        let mut value = String::from_utf8_lossy(value).into_owned();
        match LABELS.get(usize::from(choice % 16)) {
            Some(name) => {
                if name.ends_with("-command") && !value.is_empty() {
                    value += SECRET;
                }
                labels.insert((*name).to_owned(), value);
            }
            None => drop(labels.insert(format!("lifeboat.{value}"), "x".to_owned())),
        }
    }
    let said = match dump.labelled(&labels) {
        Err(problems) => format!("{problems} {problems:?}"),
        Ok((dump, warnings)) => format!("{warnings:?} {dump:?}"),
    };
    assert!(!said.contains(SECRET), "{said}");
}
