//! Imports point down only, each foreign family of crates is named in one place, and there is one TLS stack.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The layers, lowest first, as lib.rs documents them. A module imports from its own layer and those below.
const LAYERS: [&[&str]; 5] = [
    &[
        "catalog",
        "clock",
        "config",
        "engine",
        "error",
        "exit",
        "log",
        "progress",
        "retention",
        "schedule",
        "secret",
        "shown",
    ],
    &["runtime", "store"],
    &["pipeline"],
    &["commands", "health"],
    &["app", "cli", "main"],
];

/// What is named in one place, and where that is.
const ADAPTERS: [(&str, &[&str]); 9] = [
    ("bollard", &["runtime/docker/"]),
    ("aws_sdk_s3", &["store/s3/"]),
    ("aws_config", &["store/s3/"]),
    ("aws_smithy", &["store/s3/"]),
    ("envy", &["config/env.rs"]),
    ("bzip2", &["pipeline/compress/", "pipeline/decompress/"]),
    (
        "libdeflater",
        &["pipeline/compress/gzip.rs", "pipeline/decompress/gzip.rs"],
    ),
    (
        "liblzma",
        &["pipeline/compress/xz.rs", "pipeline/decompress/xz.rs"],
    ),
    (
        "zstd_safe",
        &["pipeline/compress/zstd.rs", "pipeline/decompress/zstd.rs"],
    ),
];

/// The verbs' arguments are plain values, which `commands` takes from `cli`.
const ALLOWED: [(&str, &str); 1] = [("commands", "cli")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file by its path below src/, without comments and tests of its own.
fn sources() -> BTreeMap<String, String> {
    fn walk(place: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(place).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let (src, mut found) = (root().join("src"), Vec::new());
    walk(&src, &mut found);
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            // Its tests stand at the end, in a module of their own.
            let tests = text.match_indices("#[cfg(test)]\n").find(|(at, attribute)| {
                let next = text[at + attribute.len()..].lines().next();
                next.is_some_and(|line| line.contains("mod ") && line.ends_with('{'))
            });
            let code = &text[..tests.map_or(text.len(), |(at, _)| at)];
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let name = path.strip_prefix(&src).unwrap().display().to_string();
            (name, code.collect::<Vec<_>>().join("\n"))
        })
        .filter(|(name, _)| !name.contains("test"))
        .collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

fn module_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

/// The top modules that a file names: after `crate::`, one word or a list in braces.
fn named(code: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let mut all = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => all.push(word(rest)),
            Some(list) => {
                let (mut depth, mut item) = (0_i32, String::new());
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => all.push(word(&std::mem::take(&mut item))),
                        _ if depth == 0 => item.push(c),
                        _ => {}
                    }
                }
                all.push(word(&item));
            }
        }
    }
    all.retain(|module| !module.is_empty());
    all
}

#[test]
fn every_module_has_a_layer() {
    for file in sources().keys().filter(|file| *file != "lib.rs") {
        assert!(
            layer(module_of(file)).is_some(),
            "{file} is in no layer: say where it belongs, here and in lib.rs"
        );
    }
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let Some(own) = layer(module_of(&file)) else {
            continue;
        };
        for module in named(&code) {
            let above = layer(&module).is_some_and(|other| other > own);
            if above && !ALLOWED.contains(&(module_of(&file), module.as_str())) {
                wrong.push(format!("{file} imports {module}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_lowest_layer_does_nothing_by_itself() {
    // Progress is told by whoever moves bytes, and looks at the runtime's clock so that tests can pause it.
    for (file, code) in sources() {
        if layer(module_of(&file)) == Some(0) && module_of(&file) != "progress" {
            for word in ["tokio::", "std::net::Tcp", "std::fs::", "async fn"] {
                assert!(!code.contains(word), "{file} names {word}");
            }
        }
    }
}

#[test]
fn a_foreign_family_is_named_in_one_place() {
    for (file, code) in sources() {
        for (family, places) in ADAPTERS {
            if places.iter().any(|place| file.starts_with(place)) {
                continue;
            }
            // As a path, and not as the text of a filter or a message.
            let used = [format!("{family}::"), format!("use {family}")];
            let used = used.iter().any(|used| {
                code.lines()
                    .any(|line| line.contains(used.as_str()) && !line.contains(&format!("\"{family}")))
            });
            let smithy = family == "aws_smithy" && code.contains("use aws_smithy");
            assert!(
                !used && !smithy,
                "{file} names {family}, which belongs to {places:?}"
            );
        }
    }
}

#[test]
fn the_map_names_every_module_and_its_layer() {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let docs: Vec<_> = map.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let docs = docs.join("\n");
    for module in LAYERS.iter().flat_map(|layer| layer.iter()) {
        if sources().keys().any(|file| module_of(file) == *module) {
            assert!(
                docs.contains(&format!("`{module}`")),
                "lib.rs does not say what {module} is for"
            );
        }
    }
}

#[test]
fn there_is_one_tls_stack() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "-e",
            "normal",
            "--prefix",
            "none",
            "-f",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let all = versions.entry(name).or_default();
        if !all.contains(&version) {
            all.push(version);
        }
    }
    for unwanted in [
        "openssl",
        "openssl-sys",
        "native-tls",
        "aws-lc-rs",
        "aws-lc-sys",
        "security-framework",
    ] {
        assert!(!versions.contains_key(unwanted), "{unwanted} came in");
    }
    for single in ["rustls", "ring", "hyper", "tokio-rustls", "hyper-rustls", "http"] {
        let found = versions.get(single).map_or(0, Vec::len);
        assert!(
            single == "http" || found == 1,
            "{single}: {:?}",
            versions.get(single)
        );
    }
    assert!(versions["hyper"][0].starts_with("v1."), "{:?}", versions["hyper"]);
}

#[test]
fn every_variable_stands_in_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap_or_default();
    let missing: Vec<_> = lifeboat::config::VARIABLES
        .iter()
        .map(|variable| variable.name)
        .filter(|name| !readme.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "README.md does not tell of {missing:?}");
}
