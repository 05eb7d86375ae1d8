//! Over the live database: marked, emptied, filled, and the mark taken away. Whatever happens in between, the mark
//! says so, and nobody takes half a database for a whole one.

use super::connect::{UNBOUNDED, lock_waits};
use super::sql::{ident, literal, script};
use super::{Contents, Mysql, Properties, Script, databases, print};
use crate::engine::Words;
use crate::secret::Secret;
use std::time::Duration;

/// What [`Mysql::clear`] prints before it drops anything.
pub const DROPPING: &str = "lifeboat dropping";
/// What its client says, where something was changed: the server does not know it as a statement.
pub const CHANGED: &str = "lifeboat_changed";

/// The table that says that a restore has not come to its end.
pub const MARK: &str = "lifeboat_restoring";

/// Which part of a dump is loaded. Views stand at its end, and can look into databases that are not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    All,
    /// All but the views; what stands in for them is there.
    BeforeViews,
    /// The views alone.
    Views,
}

/// How a dump is loaded.
#[derive(Debug, Clone, Copy)]
pub struct LoadForm<'a> {
    /// Which part.
    pub part: Part,
    /// The name it was dumped under, where it gets another one.
    pub renamed_from: Option<&'a str>,
    /// Whether it has events that shall not run.
    pub events_off: bool,
    /// Whether the dump may begin with the line about the client's sandbox mode.
    pub sandboxed: bool,
    /// How long to wait for a table lock.
    pub lock_wait: Duration,
    /// What the session sets beside: [`Strictness::settings`](super::Strictness::settings).
    pub settings: &'a [String],
    /// `RESTORE_OPTIONS`.
    pub options: &'a [String],
}

/// Changes the dump on its way into the client. The client sees the end of its input when `sed` is gone, for
/// whatever reason: so both have to have ended well.
const EDITED: &str = "\
program=$1
shift
ended=$({ { sed -E -e \"$program\"; echo $? >&4; } | { \"$@\" 4>&- >&2; echo $? >&4; }; } 4>&1)
for one in $ended; do [ \"$one\" = 0 ] || exit \"$one\"; done
[ -n \"$ended\" ] || exit 1";

impl Mysql {
    /// Why nobody restores into a database of this name.
    pub fn untouchable(name: &str) -> bool {
        databases::own(name)
    }

    /// Makes the database, with what a dump of it does not hold.
    pub fn create(&self, name: &str, properties: &Properties) -> Script {
        self.change(&[format!("CREATE DATABASE {}{}", ident(name), defaults(properties))])
    }

    /// Marks a database that is there as `live`. Whatever else is in it stays as it is.
    pub fn mark(&self, name: &str, key: &str, live: &Properties, wait: Duration) -> Script {
        let mut statements = vec![format!("SET {}", lock_waits(wait))];
        if live.read_only {
            statements.push(format!("ALTER DATABASE {} READ ONLY = 0", ident(name)));
        }
        let comment = format!("lifeboat: the restore of {key} into this database has not come to its end");
        statements.push(format!(
            "CREATE TABLE IF NOT EXISTS {}.{MARK} (unfinished INT PRIMARY KEY) COMMENT = {}",
            ident(name),
            literal(&comment)
        ));
        self.change(&statements)
    }

    /// Takes the mark away from a database in which nothing was touched.
    pub fn unmark(&self, name: &str, live: &Properties) -> Script {
        let mut statements = vec![format!("DROP TABLE IF EXISTS {}.{MARK}", ident(name))];
        if live.read_only {
            statements.push(format!("ALTER DATABASE {} READ ONLY = 1", ident(name)));
        }
        self.change(&statements)
    }

    /// Drops everything but the mark. With a print of it ([`Mysql::print`]), only when it is still the same: all
    /// tables are locked meanwhile, which waits for transactions that have begun to change them. Prints
    /// [`DROPPING`] before the first drop.
    pub fn clear(&self, name: &str, contents: &Contents, print: Option<&str>, wait: Duration) -> Script {
        let mut statements = vec![format!(
            "SET SESSION foreign_key_checks = 0, {}",
            lock_waits(wait)
        )];
        let named = |kinds: &[&str]| -> Vec<String> {
            let objects = contents
                .objects
                .iter()
                .filter(|object| kinds.contains(&object.kind));
            objects
                .map(|object| format!("{}.{}", ident(name), ident(&object.name)))
                .collect()
        };
        let locked = named(&["TABLE", "SEQUENCE"]);
        let locks = print.is_some() && !locked.is_empty();
        if locks {
            let locks: Vec<_> = locked.iter().map(|table| format!("{table} WRITE")).collect();
            statements.push(format!("LOCK TABLES {}", locks.join(", ")));
        }
        if let Some(print) = print {
            statements.extend(print::PREPARE.map(str::to_owned));
            // No server knows the statement, and the client ends at the first that fails.
            statements.push(format!(
                "SET @lifeboat = IF(({}) = '{print}', 'DO 0', '{CHANGED}')",
                print::query(name, contents)
            ));
            statements.extend(["PREPARE lifeboat FROM @lifeboat", "EXECUTE lifeboat"].map(str::to_owned));
        }
        statements.push(format!("SELECT '{DROPPING}'"));
        // A package's body goes with it. Tables first: they are what is locked.
        let drops = |kind: &str| -> Vec<String> {
            named(&[kind])
                .iter()
                .map(|object| format!("DROP {kind} IF EXISTS {object}"))
                .collect()
        };
        if locks {
            statements.extend(drops("TABLE"));
            statements.extend(drops("SEQUENCE"));
            statements.push("UNLOCK TABLES".to_owned());
        }
        // Events before what they could write into.
        for kind in ["EVENT", "VIEW", "PROCEDURE", "FUNCTION"] {
            statements.extend(drops(kind));
        }
        if !locks {
            statements.extend(drops("TABLE"));
            statements.extend(drops("SEQUENCE"));
        }
        let packages = drops("PACKAGE");
        if !packages.is_empty() {
            // Before 11.4 there are none in another mode.
            statements.push("SET SESSION sql_mode = 'ORACLE'".to_owned());
            statements.extend(packages);
        }
        self.change(&statements)
    }

    /// Gives a database that is there as `live` what a dump of it does not hold. It is altered only where it has to be:
    /// that would wait for everybody who holds a table in it.
    pub fn redefine(&self, name: &str, properties: &Properties, live: &Properties) -> Option<Script> {
        let wanted = defaults(properties);
        (!wanted.is_empty() && wanted != defaults(live))
            .then(|| self.change(&[format!("ALTER DATABASE {}{wanted}", ident(name))]))
    }

    /// The client, filling `name` with a dump on its standard input.
    pub fn load(&self, name: &str, form: &LoadForm) -> Words {
        let mut client = vec![self.tools.client.clone()];
        client.extend(self.connection());
        client.extend(self.discreet());
        // Comments in routines are part of them. The store may keep the client waiting between two statements.
        client.extend(["--binary-mode", "--comments", "--max-allowed-packet=1G"].map(str::to_owned));
        let mut settings = vec![
            "SESSION wait_timeout = 172800, SESSION net_read_timeout = 86400".to_owned(),
            lock_waits(form.lock_wait),
            UNBOUNDED.to_owned(),
        ];
        settings.extend_from_slice(form.settings);
        client.push(format!("--init-command=SET {}", settings.join(", ")));
        client.extend_from_slice(form.options);
        client.push(format!("--database={name}"));
        let program = edits(self.tools.sandbox, name, form);
        let argv = if program.is_empty() {
            client
        } else {
            let shell = ["sh", "-c", EDITED, "lifeboat", &program].map(str::to_owned);
            shell.into_iter().chain(client).collect()
        };
        Words {
            argv,
            env: self.env(),
        }
    }

    /// Turns events off, where told to, and takes the mark away, which is the last.
    pub fn finish(&self, name: &str, events: &[String], properties: &Properties) -> Script {
        let mut statements: Vec<_> = events
            .iter()
            .map(|event| format!("ALTER EVENT {}.{} DISABLE", ident(name), ident(event)))
            .collect();
        statements.push(format!("DROP TABLE {}.{MARK}", ident(name)));
        if properties.read_only {
            statements.push(format!("ALTER DATABASE {} READ ONLY = 1", ident(name)));
        }
        self.change(&statements)
    }

    /// Lets the server take statements of up to `bytes`, in sessions that begin after this.
    pub fn allow_packets(&self, bytes: u64) -> Words {
        self.ask(&[format!("SET GLOBAL max_allowed_packet = {bytes}")])
    }

    /// A script that changes something, also where sessions only read by default.
    fn change(&self, statements: &[String]) -> Script {
        let first = ["SET SESSION TRANSACTION READ WRITE".to_owned()];
        self.script(&[&first[..], statements].concat())
    }

    pub(super) fn script(&self, statements: &[String]) -> Script {
        Script {
            words: self.client(Duration::from_mins(5)),
            input: Secret::new(script(statements)),
        }
    }
}

/// The part of `CREATE DATABASE` and `ALTER DATABASE` behind the name.
fn defaults(properties: &Properties) -> String {
    // These come from the bucket, and the grammar takes no quotes around them.
    let word = |name: &&String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut parts = Vec::new();
    if let Some(name) = properties.character_set.as_ref().filter(word) {
        parts.push(format!(" CHARACTER SET {name}"));
    }
    if let Some(name) = properties.collation.as_ref().filter(word) {
        parts.push(format!(" COLLATE {name}"));
    }
    if let Some(comment) = &properties.comment {
        parts.push(format!(" COMMENT {}", literal(comment)));
    }
    if properties.encrypted {
        parts.push(" ENCRYPTION 'Y'".to_owned());
    }
    parts.concat()
}

/// What `sed -E` does to a dump on its way.
fn edits(knows_sandbox: bool, name: &str, form: &LoadForm) -> String {
    let mut program = Vec::new();
    if form.sandboxed && !knows_sandbox {
        // To an older client it is an unknown command (mariadb-docker #584).
        program.push(r"1{/^\/\*M?!999999\\- enable the sandbox mode/d;}".to_owned());
    }
    if form.events_off {
        // So that none runs before it can be turned off. The header of an event stands in one line.
        program.push(
            r"/^\/\*![0-9]+ CREATE\*\/ .*\/\*![0-9]+ EVENT /{s/( ON COMPLETION (NOT )?PRESERVE) ENABLE/\1 DISABLE/;}"
                .to_owned(),
        );
    }
    if let Some(old) = form.renamed_from {
        let quoted = pattern(&ident(old));
        let (new, bare) = (replacement(&ident(name)), pattern(old));
        // MariaDB writes the database's name before a sequence …
        program.push(format!(
            "/^  `/{{s/ DEFAULT nextval\\({quoted}\\./ DEFAULT nextval({new}./;}}"
        ));
        // … and a trigger's statement as it was told it: its head is the only place from which it could reach into
        // the database the dump was made of.
        program.push(format!(
            "/^\\/\\*!50003 CREATE\\*\\/ .*\\/\\*!50003 +TRIGGER/I{{\n:head\n/EACH[[:space:]]+ROW/I!{{N;b head\n}}\n\
             s/(TRIGGER[[:space:]]+(IF[[:space:]]+NOT[[:space:]]+EXISTS[[:space:]]+)?)({quoted}|{bare})[[:space:]]*\\./\\1/I\n\
             s/([[:space:]]ON[[:space:]]+)({quoted}|{bare})[[:space:]]*\\./\\1/I\n}}"
        ));
    }
    match form.part {
        Part::All => {}
        Part::BeforeViews => program.insert(0, format!("/{VIEWS}/,$d")),
        Part::Views => program.insert(0, format!("1,/{CONTENTS}/b\n/{VIEWS}/,$b\nd")),
    }
    program.join("\n")
}

/// The comment before each view.
const VIEWS: &str = "^-- Final view structure for view ";
/// The comments behind the settings with which a dump begins.
const CONTENTS: &str = "^-- (Table|Temporary|View|Sequence|Dumping|Final) ";

/// `text` as a pattern that means itself.
fn pattern(text: &str) -> String {
    escaped(text, r".*[]^$\/+?(){}|")
}

/// `text` as a replacement that means itself.
fn replacement(text: &str) -> String {
    escaped(text, r"\/&")
}

fn escaped(text: &str, special: &str) -> String {
    text.chars().fold(String::new(), |mut text, c| {
        if special.contains(c) || c == '\n' {
            text.push('\\');
        }
        // As itself it would be the end of the command.
        text.push(if c == '\n' { 'n' } else { c });
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Object;
    use super::super::tools::tests::{mariadb, mysql};
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    const FORM: LoadForm = LoadForm {
        part: Part::All,
        renamed_from: None,
        events_off: false,
        sandboxed: true,
        lock_wait: Duration::from_mins(1),
        settings: &[],
        options: &[],
    };

    #[test]
    fn what_a_dump_does_not_hold() {
        let properties = Properties {
            character_set: Some("utf8mb4".into()),
            collation: Some("x; DROP".into()),
            comment: Some("it's".into()),
            encrypted: true,
            read_only: true,
            ..Properties::default()
        };
        let maria = Mysql::new("u", None, mariadb());
        assert_eq!(
            maria.create("a`b", &properties).input.expose(),
            "SET SESSION TRANSACTION READ WRITE;\nCREATE DATABASE `a``b` CHARACTER SET utf8mb4 COMMENT 'it\\'s' ENCRYPTION 'Y';\n"
        );
        assert_eq!(
            maria.finish("a", &["e".into()], &properties).input.expose(),
            "SET SESSION TRANSACTION READ WRITE;\nALTER EVENT `a`.`e` DISABLE;\nDROP TABLE `a`.lifeboat_restoring;\nALTER DATABASE `a` READ ONLY = 1;\n"
        );
        let closed = Properties {
            read_only: true,
            ..Properties::default()
        };
        let wait = Duration::from_secs(9);
        let mark = |live: &Properties| maria.mark("a", "k", live, wait).input.expose().to_owned();
        assert_eq!(
            mark(&Properties::default()),
            "SET SESSION TRANSACTION READ WRITE;\nSET SESSION lock_wait_timeout = 9;\nCREATE TABLE IF NOT EXISTS `a`.lifeboat_restoring (unfinished INT PRIMARY KEY) \
             COMMENT = 'lifeboat: the restore of k into this database has not come to its end';\n"
        );
        assert!(mark(&closed).contains(";\nALTER DATABASE `a` READ ONLY = 0;\nCREATE TABLE"));
        assert_eq!(
            maria.unmark("a", &closed).input.expose(),
            "SET SESSION TRANSACTION READ WRITE;\nDROP TABLE IF EXISTS `a`.lifeboat_restoring;\nALTER DATABASE `a` READ ONLY = 1;\n"
        );
        assert!(maria.redefine("a", &properties, &properties).is_none());
        assert_eq!(
            maria.redefine("a", &properties, &closed).unwrap().input.expose(),
            "SET SESSION TRANSACTION READ WRITE;\nALTER DATABASE `a` CHARACTER SET utf8mb4 COMMENT 'it\\'s' ENCRYPTION 'Y';\n"
        );
    }

    #[test]
    fn everything_goes_but_the_mark() {
        let objects = [
            ("TABLE", "t"),
            ("VIEW", "v"),
            ("PACKAGE", "p"),
            ("PACKAGE BODY", "p"),
            ("EVENT", "e"),
            ("SEQUENCE", "s"),
        ];
        let contents = Contents {
            objects: objects
                .into_iter()
                .map(|(kind, name)| Object {
                    kind,
                    name: name.into(),
                })
                .collect(),
            marked: true,
            ..Contents::default()
        };
        let clear = |print| {
            let script =
                Mysql::new("u", None, mariadb()).clear("d", &contents, print, Duration::from_mins(5));
            script.input.expose().to_owned()
        };
        assert_eq!(
            clear(None),
            "SET SESSION TRANSACTION READ WRITE;\nSET SESSION foreign_key_checks = 0, SESSION lock_wait_timeout = 300;\nSELECT 'lifeboat dropping';\nDROP EVENT IF \
             EXISTS `d`.`e`;\nDROP VIEW IF EXISTS `d`.`v`;\nDROP TABLE IF EXISTS `d`.`t`;\nDROP SEQUENCE IF EXISTS \
             `d`.`s`;\nSET SESSION sql_mode = 'ORACLE';\nDROP PACKAGE IF EXISTS `d`.`p`;\n"
        );
        // Looked at once more, under locks that last until the tables are gone.
        let looked = clear(Some("abc"));
        let at = |text: &str| looked.find(text).unwrap_or_else(|| panic!("{text}: {looked}"));
        let order = [
            "LOCK TABLES `d`.`t` WRITE, `d`.`s` WRITE;\n",
            ") = 'abc', 'DO 0', 'lifeboat_changed');\nPREPARE",
            "SELECT 'lifeboat dropping'",
            "DROP TABLE IF EXISTS `d`.`t`",
            "UNLOCK TABLES",
            "DROP EVENT",
        ]
        .map(at);
        assert!(order.is_sorted(), "{looked}");
    }

    #[test]
    fn an_ordinary_load_is_the_client_alone() {
        let settings = ["SESSION autocommit = ON".to_owned()];
        let form = LoadForm {
            settings: &settings,
            ..FORM
        };
        let words = Mysql::new("u", None, mariadb()).load("-d", &form);
        let init = words
            .argv
            .iter()
            .find(|word| word.starts_with("--init-command=SET "));
        assert!(init.is_some_and(|init| init.ends_with("*/, SESSION autocommit = ON")));
        assert_eq!(words.argv[0], "mariadb");
        assert_eq!(words.argv.last().unwrap(), "--database=-d");
        assert!(words.argv.contains(&"--binary-mode".to_owned()));
        assert!(words.argv.contains(&"--comments".to_owned()));
    }

    /// What arrives at a client, and the exit code.
    fn edited(form: &LoadForm, client: &str, dump: &str) -> (String, Option<i32>) {
        let words = Mysql::new("u", None, mysql()).load("new&/\\ name", form);
        assert_eq!(words.argv[..2], ["sh", "-c"], "nothing to edit");
        let mut child = Command::new("sh");
        child.args(&words.argv[1..5]).args(["sh", "-c", client]);
        child
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let _ = input.write_all(dump.as_bytes());
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.stdout, b"");
        (String::from_utf8(output.stderr).unwrap(), output.status.code())
    }

    #[test]
    fn the_line_of_the_sandbox_goes_where_the_client_does_not_know_it() {
        for line in [
            "/*!999999\\- enable the sandbox mode */ ",
            "/*M!999999\\- enable the sandbox mode */ ",
        ] {
            let dump = format!("{line}\n-- a\n{line}\n");
            assert_eq!(edited(&FORM, "cat", &dump), (format!("-- a\n{line}\n"), Some(0)));
        }
        assert_eq!(edited(&FORM, "cat", "-- a\n").0, "-- a\n");
    }

    #[test]
    fn events_come_in_turned_off() {
        let form = LoadForm {
            events_off: true,
            ..FORM
        };
        let line = "/*!50106 CREATE*/ /*!50117 DEFINER=`r`@`l`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION \
                    NOT PRESERVE ENABLE COMMENT 'x' DO SELECT ' ON COMPLETION PRESERVE ENABLE' */ ;;\n";
        let other = "INSERT INTO t VALUES (' ON COMPLETION PRESERVE ENABLE');\n";
        let off = line.replacen("ENABLE", "DISABLE", 1);
        assert_eq!(
            edited(&form, "cat", &format!("{line}{other}")).0,
            format!("{off}{other}")
        );
    }

    #[test]
    fn another_name_does_not_reach_into_the_old_database() {
        let form = LoadForm {
            renamed_from: Some("my.shop"),
            ..FORM
        };
        let head = "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 ";
        let dump = format!(
            "{head}trigger `my.shop`.trg\nbefore insert\non my.shop.t for each row set new.a = (select 1 from x on my.shop.u) */;;\n\
             {head}TRIGGER other AFTER UPDATE ON `t`\nFOR  EACH ROW SET @a = 1 */;;\n  \
             `id` int NOT NULL DEFAULT nextval(`my.shop`.`s`),\n  `x` int DEFAULT nextval(`myxshop`.`s`),\n"
        );
        let (arrived, code) = edited(&form, "cat", &dump);
        assert_eq!(code, Some(0));
        assert_eq!(
            arrived,
            format!(
                "{head}trigger trg\nbefore insert\non t for each row set new.a = (select 1 from x on my.shop.u) */;;\n\
                 {head}TRIGGER other AFTER UPDATE ON `t`\nFOR  EACH ROW SET @a = 1 */;;\n  \
                 `id` int NOT NULL DEFAULT nextval(`new&/\\ name`.`s`),\n  `x` int DEFAULT nextval(`myxshop`.`s`),\n"
            )
        );
    }

    #[test]
    fn a_name_of_two_lines_is_a_name() {
        let form = LoadForm {
            renamed_from: Some("two\nw /tmp/lifeboat-written\n\\"),
            ..FORM
        };
        let head = "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER";
        let rest = "for each row set @a = 1 */;;\n";
        let dump = format!(
            "{head} `two\nw /tmp/lifeboat-written\n\\`.`trg` before insert on `two\nw /tmp/lifeboat-written\n\\`.`t` {rest}"
        );
        let (arrived, code) = edited(&form, "cat", &dump);
        assert_eq!(code, Some(0), "{arrived}");
        assert_eq!(arrived, format!("{head} `trg` before insert on `t` {rest}"));
        assert!(!std::path::Path::new("/tmp/lifeboat-written").exists());
    }

    #[test]
    fn views_by_themselves() {
        let dump = "-- MySQL dump\n\nSET a;\n\n--\n-- Table structure for table `t`\n--\n\nINSERT 1;\n--\n\
                    -- Final view structure for view `v`\n--\nVIEW v;\n-- Final view structure for view `w`\n--\nVIEW w;\n\
                    SET b;\n\n-- Dump completed\n";
        let part = |part| edited(&LoadForm { part, ..FORM }, "cat", dump).0;
        let (before, views) = (part(Part::BeforeViews), part(Part::Views));
        assert_eq!(
            before,
            "-- MySQL dump\n\nSET a;\n\n--\n-- Table structure for table `t`\n--\n\nINSERT 1;\n--\n"
        );
        assert_eq!(
            views,
            "-- MySQL dump\n\nSET a;\n\n--\n-- Table structure for table `t`\n-- Final view structure for view `v`\n--\n\
             VIEW v;\n-- Final view structure for view `w`\n--\nVIEW w;\nSET b;\n\n-- Dump completed\n"
        );
    }

    #[test]
    fn either_failure_is_one() {
        assert_eq!(edited(&FORM, "cat; exit 3", "x\n").1, Some(3));
        // The editor's, which the client takes for the end of the dump.
        let mut words = Mysql::new("u", None, mysql()).load("d", &FORM).argv;
        words[4] = "no program".to_owned();
        let status = Command::new("sh")
            .args(&words[1..5])
            .arg("cat")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().code().is_some_and(|code| code != 0));
    }
}
