//! What belongs to a database as a whole. `pg_dump` leaves it out of a dump that can be loaded under another
//! name, so it is asked at the backup, kept in the manifest, and told again at the restore.

use super::{AnswerError, Postgres, Script, acl, answers, null_is_empty, sql};
use crate::engine::Words;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A database without its contents. Every field may be missing: an older backup, an older server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Properties {
    /// The role that owns it.
    pub owner: Option<String>,
    /// The server's name of its encoding.
    pub encoding: Option<String>,
    /// `LC_COLLATE`.
    pub collate: Option<String>,
    /// `LC_CTYPE`.
    pub ctype: Option<String>,
    /// `c` libc, `i` ICU, `b` builtin; older servers than 15 have libc alone.
    pub locale_provider: Option<String>,
    /// The locale of a provider other than libc.
    pub locale: Option<String>,
    /// ICU tailoring.
    pub icu_rules: Option<String>,
    /// Where its files are.
    pub tablespace: Option<String>,
    /// Whether others may be made from it.
    pub template: bool,
    /// -1: none.
    pub connection_limit: Option<i32>,
    /// `COMMENT ON DATABASE`.
    pub comment: Option<String>,
    /// Security labels.
    #[serde(deserialize_with = "null_is_empty")]
    pub labels: Vec<Label>,
    /// `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET`.
    #[serde(deserialize_with = "null_is_empty")]
    pub settings: Vec<Setting>,
    /// Its access privileges in the catalog's order; `None`: nobody has ever granted or revoked any.
    pub acl: Option<Vec<AclItem>>,
    /// The roles without which it cannot be restored, the system's own left out.
    #[serde(deserialize_with = "null_is_empty")]
    pub roles: Vec<String>,
    /// The tablespaces it uses, the system's own left out.
    #[serde(deserialize_with = "null_is_empty")]
    pub tablespaces: Vec<String>,
    /// Subscriptions, which do not come back.
    #[serde(deserialize_with = "null_is_empty")]
    pub subscriptions: Vec<String>,
    /// Logical replication slots, which do not come back.
    #[serde(deserialize_with = "null_is_empty")]
    pub slots: Vec<String>,
    /// How much room it took, dead rows included.
    pub bytes: Option<u64>,
}

/// A security label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The module it is for.
    pub provider: String,
    /// Its text.
    pub label: String,
}

/// Settings for sessions in the database. The values may hold secrets: `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// For sessions of this role; `None`: for all.
    pub role: Option<String>,
    /// Each `name=value`.
    pub config: Vec<String>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.pairs().map(|(name, _)| name).collect();
        f.debug_struct("Setting")
            .field("role", &self.role)
            .field("config", &names)
            .finish()
    }
}

impl Setting {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.config.iter().filter_map(|pair| pair.split_once('='))
    }

    /// `ALTER …`, up to the verb.
    fn alter(&self, database: &str) -> String {
        let database = sql::ident(database);
        match &self.role {
            None => format!("ALTER DATABASE {database}"),
            Some(role) => format!("ALTER ROLE {} IN DATABASE {database}", sql::ident(role)),
        }
    }

    fn statements(&self, database: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let alter = self.alter(database);
        let of = self
            .role
            .as_ref()
            .map_or(String::new(), |role| format!(" of role {role}"));
        self.pairs()
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| {
                let statement = format!("{alter} SET {}", sql::setting(name, value));
                sql::forgiving(&statement, &format!("the setting {name}{of}"))
            })
            .collect()
    }

    fn reset(&self, database: &str) -> String {
        let what = "the settings of a role that is not here";
        sql::forgiving(&format!("{} RESET ALL", self.alter(database)), what)
    }
}

/// One privilege.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclItem {
    /// Who gave it.
    pub grantor: String,
    /// Who has it; empty: everybody.
    pub grantee: String,
    /// `CREATE`, `TEMPORARY` or `CONNECT`.
    pub privilege: String,
    /// Whether it may be passed on.
    pub grantable: bool,
}

impl Postgres {
    /// Asks for the properties of `database`.
    ///
    /// Names of roles are in no encoding of their own. They are asked from the home database: seen from inside a
    /// database in `LATIN1`, the names that were given in UTF-8 would be converted once more.
    pub fn properties(&self, database: &str) -> Words {
        let inside = sql::query(include_str!("tablespaces.sql"));
        let home = format!("\\connect {}", sql::argument(&self.conninfo(self.home())));
        let outside = format!(
            "{} {}",
            sql::query(include_str!("properties.sql")),
            sql::literal(database)
        );
        self.commands(database, &[inside, home, outside])
    }

    /// Reads the answer to [`Postgres::properties`].
    pub fn read_properties(stdout: &[u8]) -> Result<Properties, AnswerError> {
        let [inside, mut outside]: [Properties; 2] = answers("a database's properties", stdout)?;
        let own = outside.tablespace.clone().filter(|name| !name.starts_with("pg_"));
        outside.tablespaces = own.into_iter().chain(inside.tablespaces).collect();
        outside.tablespaces.sort_unstable();
        outside.tablespaces.dedup();
        Ok(outside)
    }

    /// Before the load: the owner, and the settings that an extension or a function may need while it loads.
    pub fn prepare(&self, scratch: &str, properties: &Properties) -> Script {
        self.script(self.home(), &properties.before_load(scratch))
    }

    /// After the load: all settings, privileges, comment, labels, limit. Not sooner: some would keep the load
    /// itself out, or change what it reads (`array_nulls`). A setting this server does not know is a warning on
    /// stderr.
    pub fn finish(&self, scratch: &str, properties: &Properties) -> Script {
        self.script(self.home(), &properties.after_load(scratch))
    }
}

impl Properties {
    fn before_load(&self, database: &str) -> Vec<String> {
        let mut statements = Vec::new();
        if let Some(owner) = &self.owner {
            let name = sql::ident(database);
            statements.push(format!("ALTER DATABASE {name} OWNER TO {}", sql::ident(owner)));
        }
        for setting in &self.settings {
            statements.extend(setting.statements(database, |name| {
                name.contains('.') || name.ends_with("_preload_libraries")
            }));
        }
        statements
    }

    fn after_load(&self, database: &str) -> Vec<String> {
        let name = sql::ident(database);
        let mut statements = Vec::new();
        for setting in &self.settings {
            // Once more from the beginning: the catalog keeps them in the order in which they were made.
            statements.push(setting.reset(database));
            statements.extend(setting.statements(database, |_| true));
        }
        if let Some(acl) = &self.acl {
            statements.extend(acl::statements(database, self.owner.as_deref(), acl));
        }
        if let Some(comment) = &self.comment {
            statements.push(format!("COMMENT ON DATABASE {name} IS {}", sql::literal(comment)));
        }
        for Label { provider, label } in &self.labels {
            let statement = format!(
                "SECURITY LABEL FOR {} ON DATABASE {name} IS {}",
                sql::ident(provider),
                sql::literal(label)
            );
            statements.push(sql::forgiving(
                &statement,
                &format!("the security label of {provider}"),
            ));
        }
        if let Some(limit) = self.connection_limit.filter(|limit| *limit >= 0) {
            statements.push(format!("ALTER DATABASE {name} CONNECTION LIMIT {limit}"));
        }
        if self.template {
            statements.push(format!("ALTER DATABASE {name} IS_TEMPLATE true"));
        }
        statements
    }

    /// Tablespaces it used that a server with `present` has not: what lay there comes back in the default one.
    pub fn missing_tablespaces(&self, present: &[String]) -> Vec<String> {
        self.tablespaces
            .iter()
            .filter(|name| !present.contains(name))
            .cloned()
            .collect()
    }

    /// What does not come back, as lines to say.
    pub fn lost(&self) -> Vec<String> {
        let say = |what: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
        };
        [
            say("subscriptions", &self.subscriptions),
            say("logical replication slots", &self.slots),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tells_everything_by_name() {
        let properties = Postgres::read_properties(
            br#"{"tablespaces":["fast"]}
              {"owner":"o'w","tablespace":"big","template":true,"connection_limit":7,"comment":"it's","labels":null,
              "settings":[{"role":null,"config":["search_path=\"$user\", public","app.x=y=z"]},
                          {"role":"r\"x","config":["work_mem=1MB"]}],"bytes":8}"#,
        )
        .unwrap();
        assert_eq!(properties.bytes, Some(8));
        assert_eq!(properties.tablespaces, ["big", "fast"]);
        let app = sql::forgiving(
            "ALTER DATABASE \"s\"\"c\" SET \"app.x\" TO 'y=z'",
            "the setting app.x",
        );
        assert_eq!(
            properties.before_load("s\"c"),
            [
                "ALTER DATABASE \"s\"\"c\" OWNER TO \"o'w\"".to_owned(),
                app.clone()
            ]
        );
        let after = properties.after_load("s\"c");
        assert!(
            after[0].contains("ALTER DATABASE \"s\"\"c\" RESET ALL"),
            "{}",
            after[0]
        );
        assert_eq!(
            after[1],
            sql::forgiving(
                "ALTER DATABASE \"s\"\"c\" SET \"search_path\" TO '$user', 'public'",
                "the setting search_path"
            )
        );
        assert_eq!(after[2], app);
        assert_eq!(
            after[4],
            sql::forgiving(
                "ALTER ROLE \"r\"\"x\" IN DATABASE \"s\"\"c\" SET \"work_mem\" TO '1MB'",
                "the setting work_mem of role r\"x"
            )
        );
        assert_eq!(
            after[5..],
            [
                "COMMENT ON DATABASE \"s\"\"c\" IS 'it''s'",
                "ALTER DATABASE \"s\"\"c\" CONNECTION LIMIT 7",
                "ALTER DATABASE \"s\"\"c\" IS_TEMPLATE true"
            ]
        );
    }

    #[test]
    fn asks_from_inside_then_from_home() {
        let words = Postgres::new("o'neil\\", None).properties("a'b\n");
        let commands = &words.argv[9..];
        assert_eq!(commands[0], "dbname='a\\'b\n' user='o\\'neil\\\\'");
        assert_eq!(
            commands[4],
            r"\connect 'dbname=\'postgres\' user=\'o\\\'neil\\\\\''"
        );
        assert!(
            commands[6].ends_with("WHERE d.datname = 'a''b\n'"),
            "{}",
            commands[6]
        );
        // One answer is half of what was asked for.
        assert!(Postgres::read_properties(b"{}").is_err());
        assert!(Postgres::read_properties(b"{} {} {}").is_err());
    }

    #[test]
    fn a_manifest_of_another_version_can_be_read() {
        let properties: Properties = serde_json::from_str(r#"{"owner":"a","of_the_future":1}"#).unwrap();
        assert_eq!(properties.owner.as_deref(), Some("a"));
        let text = serde_json::to_string(&properties).unwrap();
        assert_eq!(serde_json::from_str::<Properties>(&text).unwrap(), properties);
    }

    #[test]
    fn says_what_is_lost_and_shows_no_value() {
        let properties = Properties {
            subscriptions: vec!["a".into(), "b".into()],
            tablespaces: vec!["fast".into(), "big".into()],
            settings: vec![Setting {
                role: None,
                config: vec!["app.jwt=hush".into()],
            }],
            ..Properties::default()
        };
        assert_eq!(properties.lost(), ["subscriptions a, b"]);
        assert_eq!(properties.missing_tablespaces(&["big".into()]), ["fast"]);
        assert!(!format!("{properties:?}").contains("hush"));
        assert!(format!("{properties:?}").contains("app.jwt"));
    }
}
