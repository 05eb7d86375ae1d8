//! The roles a restore needs and the server has not. Those it has stay as they are, passwords included.

use super::globals::{Globals, Kind};
use super::{Postgres, Script, sql};

impl Postgres {
    /// Makes every role of the backed-up server that is not among `present`, as it was: attributes, password,
    /// settings, comment, memberships. `None`: none is missing.
    ///
    /// What this server does not know (a setting, a role of a newer version) is a warning on stderr.
    pub fn create_roles(&self, globals: &Globals, present: &[String]) -> Option<Script> {
        let statements = missing_roles(globals, present);
        (!statements.is_empty()).then(|| self.script(self.home(), &statements))
    }

    /// Makes those of `needed` that are not among `present`, without login and password: enough to own and to be
    /// granted to. `None`: none is missing.
    pub fn create_bare_roles(&self, needed: &[String], present: &[String]) -> Option<Script> {
        let missing = needed
            .iter()
            .filter(|role| !present.contains(role) && !role.starts_with("pg_"));
        let statements: Vec<_> = missing
            .map(|role| format!("CREATE ROLE {} NOLOGIN", sql::ident(role)))
            .collect();
        (!statements.is_empty()).then(|| self.script(self.home(), &statements))
    }
}

fn missing_roles(globals: &Globals, present: &[String]) -> Vec<String> {
    let is_present = |role: &str| present.iter().any(|name| name == role);
    let missing: Vec<&str> = globals
        .roles()
        .into_iter()
        .filter(|role| !is_present(role))
        .collect();
    let is_missing = |role: &str| missing.contains(&role);
    let mut statements = Vec::new();
    for statement in &globals.statements {
        let text = statement.text.as_str();
        match &statement.kind {
            Kind::Create { role } | Kind::Attributes { role } | Kind::Comment { role }
                if is_missing(role) =>
            {
                statements.push(text.to_owned());
            }
            Kind::Setting { role, name } if is_missing(role) => {
                statements.push(sql::forgiving(
                    text,
                    &format!("the setting {name} of role {role}"),
                ));
            }
            Kind::Label { role, provider } if is_missing(role) => {
                statements.push(sql::forgiving(
                    text,
                    &format!("the label of {provider} of role {role}"),
                ));
            }
            // Between two roles that are there, nothing is changed.
            Kind::Membership {
                role,
                member,
                grantor,
                grant_ends,
            } if is_missing(role) || is_missing(member) => {
                let bare = &text[..*grant_ends];
                let grantor = grantor
                    .as_deref()
                    .filter(|grantor| is_present(grantor) || is_missing(grantor));
                let grant = match grantor {
                    Some(_) => by_grantor(text, bare),
                    None => bare.to_owned(),
                };
                statements.push(sql::forgiving(
                    &grant,
                    &format!("the membership of {member} in {role}"),
                ));
            }
            Kind::Parameter { grantee, as_role } if is_missing(grantee) => {
                let what = format!("a privilege of {grantee} on a parameter");
                match as_role {
                    None => statements.push(sql::forgiving(text, &what)),
                    Some(role) => statements.extend([
                        format!("SET SESSION AUTHORIZATION {}", sql::ident(role)),
                        sql::forgiving(text, &what),
                        "RESET SESSION AUTHORIZATION".to_owned(),
                    ]),
                }
            }
            _ => {}
        }
    }
    statements
}

/// Grants as the backup says, and where the grantor has no right to (another first superuser than at home: since
/// 16 it matters), in the name of who restores.
fn by_grantor(with: &str, without: &str) -> String {
    let body = format!(
        "BEGIN EXECUTE {}; EXCEPTION WHEN insufficient_privilege THEN EXECUTE {}; END",
        sql::literal(with),
        sql::literal(without)
    );
    format!("DO {}", sql::literal(&body))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TEXT: &str = "CREATE ROLE a;\nALTER ROLE a WITH LOGIN PASSWORD 'new';\nCREATE ROLE b;\n\
        ALTER ROLE b WITH SUPERUSER PASSWORD 'other';\nCOMMENT ON ROLE b IS 'x';\nALTER ROLE b SET work_mem TO '1MB';\n\
        CREATE ROLE c;\nALTER ROLE c SET x TO 'y';\n\
        GRANT b TO c GRANTED BY gone;\nGRANT a TO b WITH ADMIN OPTION GRANTED BY c;\nGRANT a TO c GRANTED BY b;\n\
        GRANT SET ON PARAMETER p TO b;\nSET SESSION AUTHORIZATION b;\nGRANT SET ON PARAMETER p TO a;\n";

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn makes_the_missing_and_leaves_the_rest() {
        let globals = Globals::parse(TEXT.as_bytes()).unwrap();
        assert_eq!(
            missing_roles(&globals, &names(&["b", "c"])),
            [
                "CREATE ROLE a".to_owned(),
                "ALTER ROLE a WITH LOGIN PASSWORD 'new'".to_owned(),
                sql::forgiving(
                    "DO 'BEGIN EXECUTE ''GRANT a TO b WITH ADMIN OPTION GRANTED BY c''; EXCEPTION WHEN \
                     insufficient_privilege THEN EXECUTE ''GRANT a TO b WITH ADMIN OPTION''; END'",
                    "the membership of b in a"
                ),
                sql::forgiving(
                    "DO 'BEGIN EXECUTE ''GRANT a TO c GRANTED BY b''; EXCEPTION WHEN insufficient_privilege THEN \
                     EXECUTE ''GRANT a TO c''; END'",
                    "the membership of c in a"
                ),
                "SET SESSION AUTHORIZATION \"b\"".to_owned(),
                sql::forgiving("GRANT SET ON PARAMETER p TO a", "a privilege of a on a parameter"),
                "RESET SESSION AUTHORIZATION".to_owned(),
            ]
        );
        let postgres = Postgres::new("u", None);
        assert!(
            postgres
                .create_roles(&globals, &names(&["a", "b", "c"]))
                .is_none()
        );
    }

    #[test]
    fn a_grantor_that_is_nowhere_is_left_out() {
        let globals = Globals::parse(TEXT.as_bytes()).unwrap();
        let statements = missing_roles(&globals, &names(&["a", "b"]));
        assert!(statements.contains(&sql::forgiving("GRANT b TO c", "the membership of c in b")));
    }

    #[test]
    fn bare_roles_have_neither_login_nor_password() {
        let postgres = Postgres::new("u", None);
        let script = postgres
            .create_bare_roles(&names(&["a", "b\"x", "pg_monitor"]), &names(&["a"]))
            .unwrap();
        assert!(
            script
                .input
                .expose()
                .contains("\nCREATE ROLE \"b\"\"x\" NOLOGIN;\nCOMMIT;\n")
        );
        assert_eq!(script.input.expose().matches("CREATE ROLE").count(), 1);
        assert!(postgres.create_bare_roles(&names(&["pg_monitor"]), &[]).is_none());
    }
}
