//! What a server says about itself.

use super::shell::{AnswerError, answer};
use super::{Mongodb, is_own};
use serde::Deserialize;

/// A server, as the account sees it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own, and none excludes another"
)]
#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// The name of the replica set that it is a member of.
    pub set: Option<String>,
    /// Whether it is the router of a sharded cluster.
    pub router: bool,
    /// What the server itself is known by, and every member of its set, and a copy of its files.
    #[serde(default)]
    pub system_identifier: Option<String>,
    /// Whether it takes writes: a standalone, a primary, a router.
    pub writable: bool,
    /// Who is asking; `None` where nobody was asked who he is.
    pub user: Option<String>,
    /// The roles that the account has.
    pub roles: Vec<String>,
    /// Whether the account may read users and roles.
    pub reads_users: bool,
    /// Whether somebody has locked all writes.
    pub locked: bool,
    /// Its databases, its own included.
    pub databases: Vec<Database>,
}

/// A database.
#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// What it takes on the disk.
    pub bytes: u64,
    /// The first few collections and views that users have made.
    pub collections: Vec<String>,
    /// Whether it has the marker of a restore that has not ended.
    pub restoring: bool,
}

/// Users and roles that were missing and have been created, as `DATABASE.NAME`.
#[derive(Debug, Clone, Deserialize)]
pub struct MergedUsers {
    /// Users.
    pub users: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
}

impl Server {
    /// The database of that name.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases.iter().find(|database| database.name == name)
    }

    /// The databases of users: all but the server's own.
    pub fn of_users(&self) -> impl Iterator<Item = &Database> {
        self.databases.iter().filter(|database| !is_own(&database.name))
    }

    /// What kind of server it is, for people.
    pub fn kind(&self) -> String {
        match &self.set {
            _ if self.router => "router of a sharded cluster".to_owned(),
            Some(set) if self.writable => format!("primary of the replica set {set}"),
            Some(set) => format!("member of the replica set {set}, not its primary"),
            None => "standalone".to_owned(),
        }
    }

    /// Whether its oplog can make one dump of everything consistent.
    pub fn has_oplog(&self) -> bool {
        self.set.is_some() && !self.router
    }
}

impl Mongodb {
    /// Reads the answer to [`Mongodb::server`].
    pub fn read_server(stdout: &[u8]) -> Result<Server, AnswerError> {
        answer("the server", stdout)
    }

    /// Reads the answer to [`Mongodb::merge_users`].
    pub fn read_merged_users(stdout: &[u8]) -> Result<MergedUsers, AnswerError> {
        answer("users and roles", stdout)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_server() {
        let stdout = br#"lifeboat {"version":"6.0.5","set":"rs0","router":false,"writable":true,"user":null,"roles":[],"reads_users":true,
            "#;
        assert!(Mongodb::read_server(stdout).is_err());
        let stdout = br#"lifeboat {"version":"6.0.5","set":"rs0","router":false,"writable":true,"user":null,"roles":[],"reads_users":true,"locked":false,"databases":[{"name":"admin","bytes":1,"collections":[],"restoring":false},{"name":"app","bytes":40960,"collections":["a"],"restoring":true}]}
"#;
        let mut server = Mongodb::read_server(stdout).unwrap();
        assert_eq!(server.kind(), "primary of the replica set rs0");
        assert!(server.has_oplog());
        let names: Vec<_> = server.of_users().map(|database| database.name.as_str()).collect();
        assert_eq!(names, ["app"]);
        assert!(server.database("app").unwrap().restoring);
        server.writable = false;
        assert_eq!(server.kind(), "member of the replica set rs0, not its primary");
        server.set = None;
        assert_eq!(
            (server.kind().as_str(), server.has_oplog()),
            ("standalone", false)
        );
    }
}
