//! A database's privileges, told again so that the catalog's entry is the same as it was.

use super::properties::AclItem;
use super::sql;

/// The statements that give `database`, owned by `owner`, exactly `items`.
///
/// They begin by taking away what a database has by itself, and go on in the catalog's order, since a new entry
/// is put behind the others. An item of another grantor waits until that one may grant.
pub fn statements(database: &str, owner: Option<&str>, items: &[AclItem]) -> Vec<String> {
    let name = sql::ident(database);
    let mut statements = vec![format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC")];
    if let Some(owner) = owner {
        statements.push(format!(
            "REVOKE ALL ON DATABASE {name} FROM {}",
            sql::ident(owner)
        ));
    }
    // Privileges come from the bucket: only those a database has get into a statement.
    let known = |item: &&AclItem| PRIVILEGES.contains(&item.privilege.as_str());
    let mut waiting: Vec<&AclItem> = items.iter().filter(known).collect();
    let mut given: Vec<&AclItem> = Vec::new();
    while !waiting.is_empty() {
        let may_grant = |item: &AclItem| {
            owner.is_none_or(|owner| item.grantor == owner)
                || given.iter().any(|has| {
                    has.grantable && has.grantee == item.grantor && has.privilege == item.privilege
                })
        };
        // Nobody may: then the server says so.
        let next = waiting.iter().position(|item| may_grant(item)).unwrap_or(0);
        let item = waiting.remove(next);
        statements.extend(grant(&name, owner, item));
        given.push(item);
    }
    statements
}

const PRIVILEGES: [&str; 3] = ["CREATE", "TEMPORARY", "CONNECT"];

fn grant(name: &str, owner: Option<&str>, item: &AclItem) -> Vec<String> {
    let grantee = if item.grantee.is_empty() {
        "PUBLIC".to_owned()
    } else {
        sql::ident(&item.grantee)
    };
    let option = if item.grantable { " WITH GRANT OPTION" } else { "" };
    let grant = format!("GRANT {} ON DATABASE {name} TO {grantee}{option}", item.privilege);
    // What a superuser grants counts as granted by the owner.
    if owner.is_none_or(|owner| item.grantor == owner) {
        return vec![grant];
    }
    vec![
        format!("SET SESSION AUTHORIZATION {}", sql::ident(&item.grantor)),
        grant,
        "RESET SESSION AUTHORIZATION".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(grantor: &str, grantee: &str, privilege: &str, grantable: bool) -> AclItem {
        AclItem {
            grantor: grantor.into(),
            grantee: grantee.into(),
            privilege: privilege.into(),
            grantable,
        }
    }

    #[test]
    fn grants_in_order_and_as_the_grantor() {
        let items = [
            item("own", "", "CONNECT", false),
            // Its grantor gets the option only by the next one.
            item("g", "h", "CREATE", false),
            item("own", "g", "CREATE", true),
            item("own", "g", "DROP DATABASE x; --", true),
        ];
        assert_eq!(
            statements("d", Some("own"), &items),
            [
                "REVOKE ALL ON DATABASE \"d\" FROM PUBLIC",
                "REVOKE ALL ON DATABASE \"d\" FROM \"own\"",
                "GRANT CONNECT ON DATABASE \"d\" TO PUBLIC",
                "GRANT CREATE ON DATABASE \"d\" TO \"g\" WITH GRANT OPTION",
                "SET SESSION AUTHORIZATION \"g\"",
                "GRANT CREATE ON DATABASE \"d\" TO \"h\"",
                "RESET SESSION AUTHORIZATION",
            ]
        );
    }

    #[test]
    fn everything_revoked_is_kept_so() {
        assert_eq!(
            statements("d", None, &[]),
            ["REVOKE ALL ON DATABASE \"d\" FROM PUBLIC"]
        );
    }
}
