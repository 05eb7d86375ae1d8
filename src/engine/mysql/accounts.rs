//! Accounts and what they may do, as SQL: read from the server, kept as one dump, and told again.
//!
//! The tools print accounts in some versions and in none the same way, so the server is asked account by account.
//! In the dump, a comment before each statement says whose it is: `-- create 'app'@'%'`, `-- grant 'app'@'%'`.

use super::sql::{ident, open_quote, script};
use super::{AnswerError, Flavour, Mysql, Script, Server, rows};
use crate::engine::Words;
use crate::secret::Secret;
use std::time::Duration;

/// An account, or a role of `MariaDB`, which has no host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Its name; empty for anybody.
    pub user: String,
    /// Where it may come from; `None`: a role.
    pub host: Option<String>,
}

/// Accounts that are no dump of accounts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// Not text.
    #[error("the backup of the accounts is not in UTF-8")]
    Encoding,
    /// A line that is not one of ours.
    #[error("line {0} of the backup of the accounts is not understood")]
    Line(usize),
}

/// The accounts of a server.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone)]
struct Statement {
    account: Account,
    creates: bool,
    text: Secret,
}

/// Two rounds: what to ask, and the answers. No answer stands in a word or in the environment. Where names stand in
/// single quotes, `SHOW GRANTS` forgets to escape those within: [`questions`] asks for such grants in another way.
const READ: &str = "\
ask=$(eval \"$LIFEBOAT_LIST\") || exit
said=$(printf '%s\\n' \"$ask\" | eval \"$LIFEBOAT_CLIENT\") || exit
echo '-- accounts and what they may do, by lifeboat'
printf '%s\\n' \"$said\" | while IFS= read -r line; do
case $line in
'-- '*) printf '%s\\n' \"$line\" ;;
\"GRANT PROXY ON '\"*) ;;
?*) printf '%s;\\n' \"$line\" ;;
esac
done
echo
echo '-- Dump completed'";

impl Mysql {
    /// Prints all accounts but the server's own as SQL, with [`Mysql::END`] at its end.
    pub fn accounts(&self, server: &Server) -> Words {
        let wait = Duration::from_mins(1);
        let mut list = self.client(wait).argv;
        list.push(format!("--execute={}", questions(server)));
        let client = self.client(wait).argv;
        let mut env = self.env();
        env.push(("LIFEBOAT_LIST".to_owned(), Secret::new(shell_words::join(list))));
        env.push((
            "LIFEBOAT_CLIENT".to_owned(),
            Secret::new(shell_words::join(client)),
        ));
        Words {
            argv: ["sh", "-c", READ, "lifeboat"].map(str::to_owned).to_vec(),
            env,
        }
    }

    /// Asks which accounts there are.
    pub fn account_names(&self, server: &Server) -> Words {
        let role = match server.flavour {
            Flavour::Mysql => "'N'",
            Flavour::Mariadb => "is_role",
        };
        self.ask(&[format!(
            "SELECT 'account', HEX(user), HEX(host), {role} FROM mysql.user"
        )])
    }

    /// Reads the answer to [`Mysql::account_names`].
    pub fn read_account_names(stdout: &[u8]) -> Result<Vec<Account>, AnswerError> {
        rows::rows("the accounts", stdout)?
            .into_iter()
            .map(|mut row| {
                let user = row.text()?;
                let host = row.text()?;
                let host = (row.plain()? != "Y").then_some(host);
                Ok(Account { user, host })
            })
            .collect()
    }

    /// Makes these accounts, without what they may do.
    pub fn create_accounts(&self, accounts: &Accounts, names: &[Account]) -> Script {
        self.script(&accounts.of(names, true))
    }

    /// Gives these accounts what they may do. What names a table or a routine that is not there fails, and the rest
    /// goes on: [`Accounts::refused`] reads what it says.
    pub fn grant(&self, accounts: &Accounts, names: &[Account]) -> Script {
        self.grant_again(&accounts.of(names, false))
    }

    /// Gives what was taken; one that cannot be given keeps nothing else from being given.
    pub fn grant_again(&self, statements: &[String]) -> Script {
        self.whatever(statements)
    }

    /// A script that goes on behind a statement that fails.
    pub(super) fn whatever(&self, statements: &[String]) -> Script {
        let mut words = self.client(Duration::from_mins(1));
        words.argv.push("--force".to_owned());
        Script {
            words,
            input: Secret::new(script(statements)),
        }
    }

    /// Makes accounts that nobody can log in as, with all rights in one database: views, routines, triggers and
    /// events there run in their name.
    pub fn create_locked(&self, names: &[Account], database: &str, server: &Server) -> Script {
        let pattern = if server.partial_revokes {
            database.to_owned()
        } else {
            // A backslash means itself before all else.
            database.replace('_', "\\_").replace('%', "\\%")
        };
        let mut statements = Vec::new();
        for name in names {
            statements.push(match name.host {
                Some(_) => format!("CREATE USER {} ACCOUNT LOCK", name.sql()),
                None => format!("CREATE ROLE {}", name.sql()),
            });
            statements.push(format!("GRANT ALL ON {}.* TO {}", ident(&pattern), name.sql()));
        }
        self.script(&statements)
    }
}

/// A query whose answer is the statements to run next. They write names as text in hexadecimal, so that no
/// `sql_mode` and no quote matters.
fn questions(server: &Server) -> String {
    let proxies = if server.flavour == Flavour::Mysql && server.numbers.0 >= 8 {
        String::new()
    } else {
        let ident = |name: &str| format!("'`', REPLACE({name}, '`', '``'), '`'");
        let account = "HEX(CONCAT(QUOTE(user), '@', QUOTE(host)))";
        format!(
            "; SELECT CONCAT('SELECT CONCAT(''-- grant '', CONVERT(X''', {account}, ''' USING utf8mb4)); SELECT CONVERT(X''', \
             HEX(CONCAT('GRANT PROXY ON ', {}, '@', {}, ' TO ', {}, '@', {}, IF(with_grant, ' WITH GRANT OPTION', ''))), \
             ''' USING utf8mb4);') FROM mysql.proxies_priv ORDER BY user, host, proxied_user, proxied_host",
            ident("proxied_user"),
            ident("proxied_host"),
            ident("user"),
            ident("host"),
        )
    };
    account_questions(server) + &proxies
}

fn account_questions(server: &Server) -> String {
    let told = |what: &str, name: &str| {
        format!("'SELECT CONCAT(''-- {what} '', CONVERT(X''', HEX({name}), ''' USING utf8mb4)); '")
    };
    let account = "CONCAT(QUOTE(user), '@', QUOTE(host))";
    match server.flavour {
        Flavour::Mysql => {
            let (first, order) = if server.numbers.0 >= 8 {
                // The salt of today's hashes is binary. Roles before those who have them by default.
                (
                    if server.numbers >= (8, 0, 17) {
                        "SELECT 'SET SESSION print_identified_with_as_hex = ON;'; "
                    } else {
                        ""
                    },
                    "(user, host) IN (SELECT user, host FROM mysql.default_roles), user, host",
                )
            } else {
                ("", "user, host")
            };
            let others =
                "FROM mysql.user WHERE user NOT IN ('mysql.sys', 'mysql.session', 'mysql.infoschema')";
            format!(
                "{first}SELECT CONCAT({create}, 'SHOW CREATE USER ', {account}, ';') {others} ORDER BY {order}; \
                 SELECT CONCAT({grant}, 'SHOW GRANTS FOR ', {account}, ';') {others} ORDER BY {order}",
                create = told("create", account),
                grant = told("grant", account),
            )
        }
        Flavour::Mariadb => {
            // PUBLIC is there by itself, and is no name but a word.
            let role = "QUOTE(user)";
            let public = "IF(user = 'PUBLIC', user, QUOTE(user))";
            let others = "user <> 'mariadb.sys'";
            format!(
                "SELECT CONCAT({create_role}, 'SELECT CONCAT(''CREATE ROLE '', CONVERT(X''', HEX(QUOTE(user)), ''' USING utf8mb4));') \
                 FROM mysql.user WHERE is_role = 'Y' AND user <> 'PUBLIC' ORDER BY user; \
                 SELECT CONCAT({create}, 'SHOW CREATE USER ', {account}, ';') FROM mysql.user \
                 WHERE is_role <> 'Y' AND {others} ORDER BY user, host; \
                 SELECT CONCAT({grant_role}, 'SHOW GRANTS FOR ', {public}, ';') FROM mysql.user WHERE is_role = 'Y' ORDER BY user; \
                 SELECT CONCAT({grant}, 'SHOW GRANTS FOR ', {account}, ';') FROM mysql.user \
                 WHERE is_role <> 'Y' AND {others} ORDER BY user, host",
                create_role = told("create", role),
                create = told("create", account),
                grant_role = told("grant", role),
                grant = told("grant", account),
            )
        }
    }
}

impl Account {
    /// The account that the information schema writes as `user@host`.
    pub fn of_definer(text: &str) -> Self {
        let (user, host) = text.rsplit_once('@').unwrap_or((text, ""));
        Self {
            user: user.to_owned(),
            // A role's has none.
            host: (!host.is_empty()).then(|| host.to_owned()),
        }
    }

    /// For people: `app@%`.
    pub fn told(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{host}", self.user),
            None => self.user.clone(),
        }
    }

    fn sql(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{}", ident(&self.user), ident(host)),
            None => ident(&self.user),
        }
    }

    /// As `QUOTE` has written it.
    fn parse(text: &str) -> Option<Self> {
        let (user, rest) = unquote(text)?;
        let host = match rest.strip_prefix('@') {
            None => rest.is_empty().then_some(None)?,
            Some(rest) => {
                let (host, rest) = unquote(rest)?;
                rest.is_empty().then_some(Some(host))?
            }
        };
        Some(Self { user, host })
    }
}

/// A text in single quotes with backslashes, and what comes behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.strip_prefix('\'')?.chars();
    loop {
        match chars.next()? {
            '\'' => return Some((value, chars.as_str())),
            '\\' => value.push(match chars.next()? {
                '0' => '\0',
                'Z' => '\u{1a}',
                c => c,
            }),
            c => value.push(c),
        }
    }
}

impl Accounts {
    /// Reads a dump of accounts.
    pub fn parse(text: &[u8]) -> Result<Self, AccountsError> {
        let text = std::str::from_utf8(text).map_err(|_| AccountsError::Encoding)?;
        let mut statements = Vec::new();
        let mut whose = None;
        let mut lines = text.split('\n').enumerate();
        while let Some((index, line)) = lines.next() {
            let wrong = || AccountsError::Line(index + 1);
            if let Some(comment) = line.strip_prefix("-- ") {
                let named = |prefix| comment.strip_prefix(prefix).and_then(Account::parse);
                whose = match (named("create "), named("grant ")) {
                    (Some(account), _) => Some((account, true)),
                    (_, Some(account)) => Some((account, false)),
                    _ => None,
                };
            } else if !line.is_empty() {
                let (account, creates) = whose.clone().ok_or_else(wrong)?;
                // A name may have line breaks, and behind one of them what looks like a statement of somebody else.
                let (mut text, mut open) = (line.to_owned(), open_quote(None, line));
                while open.is_some() {
                    let (_, more) = lines.next().ok_or_else(wrong)?;
                    open = open_quote(open, more);
                    text = text + "\n" + more;
                }
                let text = text.strip_suffix(';').ok_or_else(wrong)?;
                let verbs: &[&str] = if creates {
                    &["CREATE USER ", "CREATE ROLE "]
                } else {
                    &["GRANT ", "REVOKE ", "SET DEFAULT ROLE "]
                };
                if !verbs.iter().any(|verb| text.starts_with(verb)) {
                    return Err(wrong());
                }
                statements.push(Statement {
                    account,
                    creates,
                    text: Secret::new(text),
                });
            }
        }
        Ok(Self { statements })
    }

    /// All accounts and roles in it.
    pub fn names(&self) -> Vec<Account> {
        let mut names: Vec<_> = self
            .statements
            .iter()
            .map(|statement| statement.account.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// What these accounts may do with the routines of a database: it goes away with these. Not asked of
    /// `mysql.procs_priv`: servers write names there as if they were latin1.
    pub fn on_routines(&self, database: &str, accounts: &[Account]) -> Vec<String> {
        let kinds = ["FUNCTION", "PROCEDURE", "PACKAGE", "PACKAGE BODY"];
        let ons = kinds.map(|kind| format!(" ON {kind} {}.", ident(database)));
        let texts = self
            .statements
            .iter()
            .filter(|statement| !statement.creates && accounts.contains(&statement.account));
        texts
            .map(|statement| statement.text.expose())
            .filter(|text| ons.iter().any(|on| text.contains(on)))
            .map(str::to_owned)
            .collect()
    }

    fn of(&self, names: &[Account], creates: bool) -> Vec<String> {
        self.statements
            .iter()
            .filter(|statement| statement.creates == creates && names.contains(&statement.account))
            .map(|statement| statement.text.expose().to_owned())
            .collect()
    }

    /// What failed, by what the client of [`Mysql::create_accounts`] or [`Mysql::grant`] said: its own words, and
    /// whose statement it was. Of the statement nothing: it may hold a hash.
    pub fn refused(&self, names: &[Account], creates: bool, stderr: &str) -> Vec<String> {
        let told: Vec<_> = self
            .statements
            .iter()
            .filter(|statement| statement.creates == creates && names.contains(&statement.account))
            .collect();
        let what = if creates { "the account" } else { "a grant to" };
        // A statement may have several lines.
        let at = |line: usize| {
            let mut next = 1;
            told.iter().find(|statement| {
                next += statement.text.expose().matches('\n').count() + 1;
                line < next
            })
        };
        let line = |text: &str| -> Option<String> {
            let (code, rest) = text.strip_prefix("ERROR ")?.split_once(" at line ")?;
            let (number, message) = rest.split_once(": ")?;
            let whose = at(number.parse().ok()?)?;
            // A syntax error shows the statement.
            let message = if code.starts_with("1064 ") {
                "its syntax is not known here"
            } else {
                message
            };
            Some(format!("{what} {}: {message}", whose.account.told()))
        };
        stderr.lines().filter_map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::server::tests::server;
    use super::super::tools::tests::{mariadb, mysql};
    use super::*;

    const DUMP: &str = "-- accounts and what they may do, by lifeboat\n-- create 'reader'\nCREATE ROLE 'reader';\n\
        -- create 'o\\'neil'@'10.%'\nCREATE USER `o'neil`@`10.%` IDENTIFIED BY PASSWORD '*HASH';\n\
        -- grant 'reader'\nGRANT USAGE ON *.* TO `reader`;\nGRANT SELECT ON `a`.* TO `reader`;\n\
        -- grant 'PUBLIC'\n-- grant 'o\\'neil'@'10.%'\nGRANT `reader` TO `o'neil`@`10.%`;\n\
        SET DEFAULT ROLE `reader` FOR `o'neil`@`10.%`;\n\n-- Dump completed\n";

    fn account(user: &str, host: Option<&str>) -> Account {
        Account {
            user: user.into(),
            host: host.map(str::to_owned),
        }
    }

    /// Whoever may name a table and grant rights on it writes into what `SHOW GRANTS` prints.
    #[test]
    fn a_line_within_a_name_is_no_statement_of_anybody() {
        let dump = "-- grant 'u'@'%'\nGRANT SELECT ON `a;\n-- grant 'evil'@'%'\nGRANT ALL ON *.* TO `evil`@`%`;\n-- `.* TO \
                    `u`@`%`;\nGRANT USAGE ON *.* TO `u`@`%`;\n";
        let accounts = Accounts::parse(dump.as_bytes()).unwrap();
        let user = account("u", Some("%"));
        assert_eq!(accounts.names(), std::slice::from_ref(&user));
        let statements = accounts.of(std::slice::from_ref(&user), false);
        assert_eq!(
            statements,
            [
                "GRANT SELECT ON `a;\n-- grant 'evil'@'%'\nGRANT ALL ON *.* TO `evil`@`%`;\n-- `.* TO `u`@`%`",
                "GRANT USAGE ON *.* TO `u`@`%`"
            ]
        );
        for (line, whose) in [(1, 1), (4, 1), (5, 1), (6, 0)] {
            let said = format!("ERROR 1146 (42S02) at line {line}: no such table\n");
            let refused = accounts.refused(std::slice::from_ref(&user), false, &said);
            assert_eq!(refused.len(), whose, "{line}");
        }
        for cut in [
            "-- grant 'u'@'%'\nGRANT SELECT ON `a;\n",
            "-- grant 'u'@'%'\nGRANT `a'\n;\n",
        ] {
            assert!(Accounts::parse(cut.as_bytes()).is_err(), "{cut}");
        }
    }

    #[test]
    fn only_what_is_missing_is_told() {
        let accounts = Accounts::parse(DUMP.as_bytes()).unwrap();
        let (role, user) = (account("reader", None), account("o'neil", Some("10.%")));
        assert_eq!(accounts.names(), [user.clone(), role.clone()]);
        let maria = Mysql::new("root", None, mariadb());
        let both = [role.clone(), user.clone()];
        assert_eq!(
            maria.create_accounts(&accounts, &both).input.expose(),
            "CREATE ROLE 'reader';\nCREATE USER `o'neil`@`10.%` IDENTIFIED BY PASSWORD '*HASH';\n"
        );
        assert_eq!(
            maria.grant(&accounts, &[user]).input.expose(),
            "GRANT `reader` TO `o'neil`@`10.%`;\nSET DEFAULT ROLE `reader` FOR `o'neil`@`10.%`;\n"
        );
        assert_eq!(
            accounts.refused(&[role], false,
                "ERROR 1146 (42S02) at line 2: Table 'a.t' doesn't exist\nERROR 1064 (42000) at line 1: near '*HASH'\nx\n"
            ),
            [
                "a grant to reader: Table 'a.t' doesn't exist",
                "a grant to reader: its syntax is not known here"
            ]
        );
    }

    #[test]
    fn what_goes_away_with_routines() {
        let text = "-- grant 'a'@'b'\nGRANT SELECT ON `d`.* TO `a`@`b`;\nGRANT EXECUTE ON FUNCTION `d`.`f` TO `a`@`b`;\n\
                    GRANT EXECUTE ON PACKAGE BODY `d`.`p` TO `a`@`b`;\nGRANT EXECUTE ON PROCEDURE `dd`.`f` TO `a`@`b`;\n";
        let accounts = Accounts::parse(text.as_bytes()).unwrap();
        assert_eq!(
            accounts.on_routines("d", &accounts.names()),
            [
                "GRANT EXECUTE ON FUNCTION `d`.`f` TO `a`@`b`",
                "GRANT EXECUTE ON PACKAGE BODY `d`.`p` TO `a`@`b`"
            ]
        );
    }

    #[test]
    fn other_lines_are_not_run() {
        for line in [
            "DROP USER a;",
            "-- create 'a'@'b'\nDROP USER a;",
            "-- create 'a'@'b'\nCREATE USER a",
            "-- grant 'a'@'b'\nCREATE USER a;",
            "-- create 'a'@'b' c\nCREATE USER a;",
        ] {
            assert!(Accounts::parse(line.as_bytes()).is_err(), "{line}");
        }
        assert_eq!(Accounts::parse(b"\xff").unwrap_err(), AccountsError::Encoding);
    }

    #[test]
    fn locked_ones_for_the_owners_of_views() {
        let mysql = Mysql::new("root", None, mysql());
        let names = [Account::of_definer("a@b@10.%"), Account::of_definer("reader@")];
        assert_eq!(
            mysql
                .create_locked(&names, "my_db", &server("9.7.4", &[]))
                .input
                .expose(),
            "CREATE USER `a@b`@`10.%` ACCOUNT LOCK;\nGRANT ALL ON `my\\_db`.* TO `a@b`@`10.%`;\nCREATE ROLE `reader`;\n\
             GRANT ALL ON `my\\_db`.* TO `reader`;\n"
        );
    }

    #[test]
    fn names_of_accounts() {
        let answer = b"account\t726F6F74\t25\tN\naccount\t7265616465720A\t\tY\n";
        assert_eq!(
            Mysql::read_account_names(answer).unwrap(),
            [account("root", Some("%")), account("reader\n", None)]
        );
        let words = Mysql::new("root", None, mysql()).accounts(&server("9.7.4", &[]));
        assert!(words.argv.iter().all(|word| !word.contains("mysql.user")));
    }
}
