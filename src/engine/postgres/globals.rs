//! What `pg_dumpall --globals-only` printed, understood: roles, their settings and memberships, tablespaces.
//!
//! It comes out of the bucket and is read as data. A statement of a form that is not known here is never run.

use super::lexer::{self, LexError, Raw, Token};

/// The roles and tablespaces of a server, as its tool printed them. Holds password hashes: not printable.
pub struct Globals {
    pub(super) statements: Vec<Statement>,
}

/// A statement of a known form.
pub(super) struct Statement {
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `CREATE ROLE r`
    Create { role: String },
    /// `ALTER ROLE r WITH …`: attributes and password.
    Attributes { role: String },
    /// `ALTER ROLE r SET s TO …`
    Setting { role: String, name: String },
    /// `COMMENT ON ROLE r IS …`
    Comment { role: String },
    /// `SECURITY LABEL FOR p ON ROLE r IS …`
    Label { role: String, provider: String },
    /// `GRANT r TO m … GRANTED BY g`; `grant_ends` is where the text ends without the grantor.
    Membership {
        role: String,
        member: String,
        grantor: Option<String>,
        grant_ends: usize,
    },
    /// `GRANT … ON PARAMETER … TO g`, said as another role when not as a superuser.
    Parameter {
        grantee: String,
        as_role: Option<String>,
    },
    /// `CREATE TABLESPACE t …`
    Tablespace { name: String },
}

/// Globals that are not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobalsError {
    /// Not text.
    #[error("the globals are not UTF-8")]
    Encoding,
    /// Not the SQL that `pg_dumpall` prints.
    #[error("the globals are not as pg_dumpall prints them: {0}")]
    Lexer(#[from] LexError),
    /// Printed for a reading of strings in which a backslash escapes.
    #[error("the globals were made with standard_conforming_strings off")]
    Strings,
}

impl Globals {
    /// Takes the text of a backup apart.
    pub fn parse(text: &[u8]) -> Result<Self, GlobalsError> {
        let text = std::str::from_utf8(text).map_err(|_| GlobalsError::Encoding)?;
        let mut statements = Vec::new();
        let mut as_role = None;
        for raw in lexer::statements(text)? {
            let mut words = Cursor { raw: &raw, next: 0 };
            if words.keywords(&["SET", "SESSION", "AUTHORIZATION"]) {
                as_role = words.name();
            } else if words.keywords(&["RESET", "SESSION", "AUTHORIZATION"]) {
                as_role = None;
            } else if words.keywords(&["SET", "STANDARD_CONFORMING_STRINGS", "=", "OFF"]) {
                return Err(GlobalsError::Strings);
            } else if let Some(kind) = words.kind(as_role.as_deref()) {
                statements.push(Statement {
                    kind,
                    text: raw.text.to_owned(),
                });
            }
        }
        Ok(Self { statements })
    }

    /// All roles.
    pub fn roles(&self) -> Vec<&str> {
        self.statements
            .iter()
            .filter_map(|statement| match &statement.kind {
                Kind::Create { role } => Some(role.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The tablespaces, which do not come back: their place is of the machine they were on.
    pub fn tablespaces(&self) -> Vec<&str> {
        self.statements
            .iter()
            .filter_map(|statement| match &statement.kind {
                Kind::Tablespace { name } => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// Reads a statement from its beginning.
struct Cursor<'a> {
    raw: &'a Raw<'a>,
    next: usize,
}

impl Cursor<'_> {
    fn kind(&mut self, as_role: Option<&str>) -> Option<Kind> {
        if self.keywords(&["CREATE", "ROLE"]) {
            let role = self.name()?;
            return self.ended().then_some(Kind::Create { role });
        }
        if self.keywords(&["ALTER", "ROLE"]) {
            return self.alter_role();
        }
        if self.keywords(&["COMMENT", "ON", "ROLE"]) {
            let role = self.name()?;
            return self.is_text().then_some(Kind::Comment { role });
        }
        if self.keywords(&["SECURITY", "LABEL", "FOR"]) {
            let provider = self.name_or_text()?;
            let role = self.keywords(&["ON", "ROLE"]).then(|| self.name())??;
            return self.is_text().then_some(Kind::Label { role, provider });
        }
        if self.keywords(&["CREATE", "TABLESPACE"]) {
            return self.name().map(|name| Kind::Tablespace { name });
        }
        if self.keywords(&["GRANT"]) {
            return self.grant(as_role);
        }
        None
    }

    fn alter_role(&mut self) -> Option<Kind> {
        let role = self.name()?;
        if self.keywords(&["SET"]) {
            let name = self.name()?;
            let values = self.keywords(&["TO"])
                && self.rest_is(|token| matches!(token, Token::Text(_) | Token::Sign(',')));
            return values.then_some(Kind::Setting { role, name });
        }
        let attributes = self.keywords(&["WITH"])
            && self.rest_is(|token| match token {
                Token::Word(word) => ATTRIBUTES.contains(&word.strip_prefix("NO").unwrap_or(word)),
                Token::Text(_) | Token::Number(_) => true,
                _ => false,
            });
        attributes.then_some(Kind::Attributes { role })
    }

    fn grant(&mut self, as_role: Option<&str>) -> Option<Kind> {
        let start = self.next;
        if let (Some(role), true) = (self.name(), self.keywords(&["TO"])) {
            let member = self.name()?;
            while self.one_of(&["WITH", "ADMIN", "OPTION", "INHERIT", "SET", "TRUE", "FALSE", ","]) {}
            let grant_ends = self.raw.tokens[self.next - 1].1.end;
            let grantor = self.keywords(&["GRANTED", "BY"]).then(|| self.name());
            return match (grantor, self.ended()) {
                (Some(None), _) | (_, false) => None,
                (grantor, true) => Some(Kind::Membership {
                    role,
                    member,
                    grantor: grantor.flatten(),
                    grant_ends,
                }),
            };
        }
        self.next = start;
        while self.one_of(&["ALL", "SET", "ALTER", "SYSTEM", ","]) {}
        if !self.keywords(&["ON", "PARAMETER"]) {
            return None;
        }
        self.name()?;
        while self.keywords(&["."]) {
            self.name()?;
        }
        let grantee = self.keywords(&["TO"]).then(|| self.name())??;
        self.keywords(&["WITH", "GRANT", "OPTION"]);
        self.ended().then(|| Kind::Parameter {
            grantee,
            as_role: as_role.map(str::to_owned),
        })
    }

    /// Takes these keywords or signs, all or none.
    fn keywords(&mut self, keywords: &[&str]) -> bool {
        let tokens = &self.raw.tokens[self.next..];
        let all = tokens.len() >= keywords.len()
            && keywords
                .iter()
                .zip(tokens)
                .all(|(keyword, (token, _))| match token {
                    Token::Word(word) => word.eq_ignore_ascii_case(keyword),
                    Token::Sign(sign) => keyword.chars().eq([*sign]),
                    _ => false,
                });
        if all {
            self.next += keywords.len();
        }
        all
    }

    fn one_of(&mut self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.keywords(&[keyword]))
    }

    fn name(&mut self) -> Option<String> {
        let name = match &self.raw.tokens.get(self.next)?.0 {
            Token::Word(word) => word.to_ascii_lowercase(),
            Token::Name(name) => name.clone(),
            _ => return None,
        };
        self.next += 1;
        Some(name)
    }

    fn name_or_text(&mut self) -> Option<String> {
        if let Token::Text(text) = &self.raw.tokens.get(self.next)?.0 {
            self.next += 1;
            return Some(text.clone());
        }
        self.name()
    }

    fn is_text(&mut self) -> bool {
        self.keywords(&["IS"])
            && self.raw.tokens.len() == self.next + 1
            && self.rest_is(|token| matches!(token, Token::Text(_)))
    }

    fn ended(&self) -> bool {
        self.next == self.raw.tokens.len()
    }

    fn rest_is(&self, belongs: impl Fn(&Token) -> bool) -> bool {
        !self.ended()
            && self.raw.tokens[self.next..]
                .iter()
                .all(|(token, _)| belongs(token))
    }
}

/// The words behind `ALTER ROLE … WITH`, each also with `NO`.
const ATTRIBUTES: [&str; 12] = [
    "SUPERUSER",
    "INHERIT",
    "CREATEROLE",
    "CREATEDB",
    "LOGIN",
    "REPLICATION",
    "BYPASSRLS",
    "CONNECTION",
    "LIMIT",
    "PASSWORD",
    "VALID",
    "UNTIL",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let globals = Globals::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        globals
            .statements
            .into_iter()
            .map(|statement| statement.kind)
            .collect()
    }

    #[test]
    fn knows_every_form() {
        let text = "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\
            CREATE ROLE app;\nALTER ROLE app WITH NOSUPERUSER LOGIN CONNECTION LIMIT 9 PASSWORD 'x' VALID UNTIL '2031';\n\
            COMMENT ON ROLE \"A p\" IS 'c';\nSECURITY LABEL FOR 'sel' ON ROLE app IS 'l';\n\
            ALTER ROLE app SET search_path TO '$user', 'x';\nALTER ROLE app SET \"a.b\" TO 'x';\n\
            GRANT a TO b WITH ADMIN OPTION, INHERIT FALSE GRANTED BY c;\nGRANT a TO b;\n\
            GRANT SET ON PARAMETER log_x TO g1 WITH GRANT OPTION;\nSET SESSION AUTHORIZATION g1;\n\
            GRANT ALTER SYSTEM ON PARAMETER a.b TO h1;\nRESET SESSION AUTHORIZATION;\n\
            GRANT ALL ON PARAMETER x TO h1;\n\
            CREATE TABLESPACE fast OWNER o LOCATION '/x';\n";
        let role = || "app".to_owned();
        assert_eq!(
            kinds(text),
            [
                Kind::Create { role: role() },
                Kind::Attributes { role: role() },
                Kind::Comment { role: "A p".into() },
                Kind::Label {
                    role: role(),
                    provider: "sel".into()
                },
                Kind::Setting {
                    role: role(),
                    name: "search_path".into()
                },
                Kind::Setting {
                    role: role(),
                    name: "a.b".into()
                },
                Kind::Membership {
                    role: "a".into(),
                    member: "b".into(),
                    grantor: Some("c".into()),
                    grant_ends: "GRANT a TO b WITH ADMIN OPTION, INHERIT FALSE".len(),
                },
                Kind::Membership {
                    role: "a".into(),
                    member: "b".into(),
                    grantor: None,
                    grant_ends: 12
                },
                Kind::Parameter {
                    grantee: "g1".into(),
                    as_role: None
                },
                Kind::Parameter {
                    grantee: "h1".into(),
                    as_role: Some("g1".into())
                },
                Kind::Parameter {
                    grantee: "h1".into(),
                    as_role: None
                },
                Kind::Tablespace { name: "fast".into() },
            ]
        );
    }

    #[test]
    fn other_forms_are_not_run() {
        for text in [
            "CREATE ROLE a SUPERUSER;",
            "DROP ROLE a;",
            "ALTER ROLE a RENAME TO b;",
            "ALTER ROLE a IN DATABASE d SET x TO 'y';",
            "ALTER ROLE a WITH PASSWORD 'x' (b);",
            "ALTER ROLE a WITH;",
            "COMMENT ON ROLE a IS NULL;",
            "COMMENT ON ROLE a IS 'x' 'y';",
            "COMMENT ON DATABASE a IS 'x';",
            "GRANT a, b TO c;",
            "GRANT a TO b, c;",
            "GRANT a TO b GRANTED BY;",
            "GRANT SELECT ON t TO c;",
            "GRANT CREATE ON TABLESPACE t TO c;",
            "REVOKE ALL ON PARAMETER x FROM c;",
            "SELECT pg_terminate_backend(1);",
            "ALTER SYSTEM SET x TO 'y';",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn refuses_what_could_be_read_two_ways() {
        let error = |text: &[u8]| Globals::parse(text).err().unwrap();
        assert_eq!(
            error(b"SET standard_conforming_strings = off;"),
            GlobalsError::Strings
        );
        assert_eq!(error(b"\xff"), GlobalsError::Encoding);
        assert_eq!(
            error(b"COMMENT ON ROLE a IS 'x"),
            GlobalsError::Lexer(LexError::Open(1))
        );
    }
}
