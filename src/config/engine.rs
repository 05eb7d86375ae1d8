//! The kinds of database lifeboat knows.

use super::dump::PostgresFormat;
use super::options::Tool;
use super::values::Choices;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EngineName {
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
    /// MongoDB.
    Mongodb,
    /// A command of the operator's own.
    Custom,
}

pub(super) const CHOICES: Choices<Option<EngineName>> = Choices {
    offered: &[
        ("auto", None),
        ("postgres", Some(EngineName::Postgres)),
        ("mysql", Some(EngineName::Mysql)),
        ("mariadb", Some(EngineName::Mariadb)),
        ("mongodb", Some(EngineName::Mongodb)),
        ("custom", Some(EngineName::Custom)),
    ],
    not_yet: &[],
};

impl EngineName {
    /// The name, as in `ENGINE` and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
            Self::Mongodb => "mongodb",
            Self::Custom => "custom",
        }
    }

    /// The engine of that name, as `ENGINE`, a label or a manifest has it; `None`: this version has none.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut engines = CHOICES.offered.iter().filter_map(|(_, engine)| *engine);
        engines.find(|engine| engine.name().eq_ignore_ascii_case(name))
    }
}

/// The tools that `DUMP_OPTIONS` and `RESTORE_OPTIONS` may go to; every engine's as long as it is not known which.
pub(super) fn tools(engine: Option<EngineName>, format: PostgresFormat) -> (Vec<Tool>, Vec<Tool>) {
    let restore = match format {
        PostgresFormat::Custom => Tool::PgRestore,
        PostgresFormat::Plain => Tool::Psql,
    };
    match engine {
        None => (
            vec![Tool::PgDump, Tool::MysqlDump, Tool::Mongodump],
            vec![restore, Tool::MysqlClient, Tool::Mongorestore],
        ),
        Some(EngineName::Postgres) => (vec![Tool::PgDump], vec![restore]),
        Some(EngineName::Mysql | EngineName::Mariadb) => (vec![Tool::MysqlDump], vec![Tool::MysqlClient]),
        Some(EngineName::Mongodb) => (vec![Tool::Mongodump], vec![Tool::Mongorestore]),
        Some(EngineName::Custom) => (Vec::new(), Vec::new()),
    }
}
