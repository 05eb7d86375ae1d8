//! The account, as the official images' environment tells it.

use super::{Mysql, Tools};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// What the images read, each also as `X_FILE`. `MariaDB`'s takes its own names first, and MySQL's after them.
pub const VARIABLES: [&str; 6] = [
    "MARIADB_ROOT_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "MARIADB_USER",
    "MYSQL_USER",
    "MARIADB_PASSWORD",
    "MYSQL_PASSWORD",
];

fn get(env: &BTreeMap<String, Secret>, names: [&str; 2]) -> Option<String> {
    names.iter().find_map(|name| {
        let value = env.get(*name)?.expose().trim_end_matches(['\n', '\r']);
        (!value.is_empty()).then(|| value.to_owned())
    })
}

/// Why the environment does not hold root's password, when its image was told so.
pub fn secrecy(env: &BTreeMap<String, Secret>) -> Option<&'static str> {
    let random = ["MARIADB_RANDOM_ROOT_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"];
    let hash = ["MARIADB_ROOT_PASSWORD_HASH", "MYSQL_ROOT_PASSWORD_HASH"];
    if get(env, random).is_some() {
        Some(
            "the server was set up with a random root password, which nobody but its first log knows: set DB_USER and \
             DB_PASSWORD",
        )
    } else if get(env, hash).is_some() {
        Some(
            "the server was set up with the hash of root's password, which opens nothing: set DB_USER and DB_PASSWORD",
        )
    } else {
        None
    }
}

impl Mysql {
    /// The account of a container with this `env`, in which what stands in files has been filled in; `user` and
    /// `password` are the operator's own and win.
    ///
    /// Root first: only root may read everything. Without root's password the image's own user, whose database
    /// alone is seen then.
    pub fn of_container(
        env: &BTreeMap<String, Secret>,
        user: Option<&str>,
        password: Option<&Secret>,
        tools: Tools,
    ) -> Self {
        // A random password is never the one that is set beside it.
        let root = match secrecy(env) {
            None => get(env, ["MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"]),
            Some(_) => None,
        };
        let empty = ["MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD"];
        let image_user = get(env, ["MARIADB_USER", "MYSQL_USER"]);
        let image_password = get(env, ["MARIADB_PASSWORD", "MYSQL_PASSWORD"]);
        let of = |user: &str| match user {
            "root" => root.clone(),
            user if image_user.as_deref() == Some(user) => image_password.clone(),
            _ => None,
        };
        let name = match (user, password, &image_user) {
            (Some(user), _, _) => user.to_owned(),
            (None, None, Some(own))
                if root.is_none() && image_password.is_some() && get(env, empty).is_none() =>
            {
                own.clone()
            }
            (None, ..) => "root".to_owned(),
        };
        let password = password.cloned().or_else(|| of(&name).map(Secret::new));
        Self::new(name, password, tools)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tools::tests::mariadb;
    use super::*;

    fn account(
        pairs: &[(&str, &str)],
        user: Option<&str>,
        password: Option<&str>,
    ) -> (String, Option<String>) {
        let env = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect();
        let password = password.map(Secret::new);
        let mysql = Mysql::of_container(&env, user, password.as_ref(), mariadb());
        let password = mysql.password.map(|password| password.expose().to_owned());
        (mysql.user, password)
    }

    fn is(name: &str, password: &str) -> (String, Option<String>) {
        let password = (!password.is_empty()).then(|| password.to_owned());
        (name.to_owned(), password)
    }

    #[test]
    fn root_if_its_password_is_known() {
        let both = [
            ("MYSQL_ROOT_PASSWORD", "old"),
            ("MARIADB_ROOT_PASSWORD", "own\n"),
            ("MARIADB_USER", "app"),
            ("MARIADB_PASSWORD", "apps"),
        ];
        assert_eq!(account(&both, None, None), is("root", "own"));
        assert_eq!(account(&both, Some("app"), None), is("app", "apps"));
        assert_eq!(account(&both, Some("other"), None), is("other", ""));
        assert_eq!(account(&both, None, Some("given")), is("root", "given"));
        assert_eq!(account(&both, Some("app"), Some("given")), is("app", "given"));
        assert_eq!(account(&both[..1], None, None), is("root", "old"));
        assert_eq!(account(&[], None, None), is("root", ""));
    }

    #[test]
    fn else_the_images_user() {
        let user = [("MYSQL_USER", "app"), ("MYSQL_PASSWORD", "apps")];
        assert_eq!(account(&user, None, None), is("app", "apps"));
        let random = [
            &user[..],
            &[
                ("MYSQL_RANDOM_ROOT_PASSWORD", "yes"),
                ("MYSQL_ROOT_PASSWORD", "x"),
            ],
        ]
        .concat();
        assert_eq!(account(&random, None, None), is("app", "apps"));
        let empty = [&user[..], &[("MYSQL_ALLOW_EMPTY_PASSWORD", "yes")]].concat();
        assert_eq!(account(&empty, None, None), is("root", ""));
        assert_eq!(account(&user[..1], None, None), is("root", ""));
    }

    #[test]
    fn says_why_nobody_knows_the_password() {
        let of = |name: &str| secrecy(&[(name.to_owned(), Secret::new("1"))].into());
        assert!(of("MARIADB_RANDOM_ROOT_PASSWORD").is_some_and(|why| why.contains("random")));
        assert!(of("MARIADB_ROOT_PASSWORD_HASH").is_some_and(|why| why.contains("hash")));
        assert_eq!(of("MYSQL_ROOT_PASSWORD"), None);
    }
}
