//! Which database a target is: the one whose tools it has.

use super::Words;
use crate::config::EngineName;

/// The tools that are looked for. `PostgreSQL`'s are all needed: the first asks, the others dump and restore.
pub const TOOLS: [&str; 10] = [
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "mariadb-dump",
    "mariadb",
    "mysqldump",
    "mysql",
    "mongodump",
    "mongorestore",
];

/// What the tools of a target say about its engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// One engine's.
    One(EngineName),
    /// Those of several: somebody has to choose.
    Several(Vec<EngineName>),
    /// Not all that one engine needs.
    Nothing,
}

/// The engine whose tools are all among `tools`.
pub fn engine(tools: &[&str]) -> Found {
    let all = |needed: &[&str]| needed.iter().all(|tool| tools.contains(tool));
    let mariadb = all(&["mariadb-dump", "mariadb"]);
    let engines: Vec<_> = [
        (EngineName::Postgres, all(&["psql", "pg_dump", "pg_restore"])),
        (EngineName::Mariadb, mariadb),
        // MariaDB before 11 has its tools under both names (mariadb-docker #519).
        (EngineName::Mysql, !mariadb && all(&["mysqldump", "mysql"])),
        (EngineName::Mongodb, all(&["mongodump", "mongorestore"])),
    ]
    .into_iter()
    .filter_map(|(engine, there)| there.then_some(engine))
    .collect();
    match engines[..] {
        [] => Found::Nothing,
        [engine] => Found::One(engine),
        _ => Found::Several(engines),
    }
}

/// Looks which of [`TOOLS`] the target has. Not with `which`: not every image has it (docker-library/mysql #901).
pub fn look() -> Words {
    let script = "for tool in \"$@\"; do command -v \"$tool\" >/dev/null 2>&1 && echo \"$tool\"; done; :";
    let argv = ["sh", "-c", script, "lifeboat"].into_iter().chain(TOOLS);
    Words {
        argv: argv.map(str::to_owned).collect(),
        env: Vec::new(),
    }
}

/// Reads the answer to [`look`].
pub fn found(stdout: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(stdout);
    TOOLS
        .into_iter()
        .filter(|tool| text.lines().any(|line| line == *tool))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    #[test]
    fn finds_what_is_in_the_path() {
        let place = std::env::temp_dir().join(format!("lifeboat-detect-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let tool = place.join("pg_dump");
        std::fs::write(&tool, "#!/bin/sh\n").unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&tool, executable).unwrap();
        let words = look();
        let output = Command::new("/bin/sh")
            .args(&words.argv[1..])
            .env("PATH", &place)
            .output()
            .unwrap();
        std::fs::remove_dir_all(&place).unwrap();
        assert!(output.status.success());
        assert_eq!(found(&output.stdout), ["pg_dump"]);
    }

    #[test]
    fn the_tools_tell_the_engine() {
        let one = |tools: &[&str]| engine(tools);
        assert_eq!(
            one(&["psql", "pg_dump", "pg_restore"]),
            Found::One(EngineName::Postgres)
        );
        assert_eq!(one(&["psql", "pg_dump"]), Found::Nothing);
        assert_eq!(
            one(&["mariadb-dump", "mariadb", "mysqldump", "mysql"]),
            Found::One(EngineName::Mariadb)
        );
        assert_eq!(one(&["mysqldump", "mysql"]), Found::One(EngineName::Mysql));
        assert_eq!(one(&["mysqldump", "mariadb"]), Found::Nothing);
        assert_eq!(
            one(&["mongodump", "mongorestore"]),
            Found::One(EngineName::Mongodb)
        );
        assert_eq!(
            one(&["mysqldump", "mysql", "mongodump", "mongorestore"]),
            Found::Several(vec![EngineName::Mysql, EngineName::Mongodb])
        );
    }

    #[test]
    fn no_tool_is_an_answer_too() {
        assert!(found(b"").is_empty());
        assert_eq!(found(b"psql\npg_dump_x\nmongodump\n"), ["psql", "mongodump"]);
    }
}
