//! What of the options of `mysqldump`, `mariadb-dump` and their clients is refused.
//!
//! These tools read their arguments by rules of their own (`my_getopt`): a name may be shortened and written with
//! `_`, `--loose-` may stand before it, and before a switch `--skip-`, `--disable-` or `--enable-`.

use super::{OUT, Refusal, Refused, Tool, is_short_for};

const ELSEWHERE: &str = "it would reach another server than the one in the target";
const STDOUT: &str = "the dump must come out on standard output";
const NAMES: &str = "lifeboat names the database itself";
const REPLICATION: &str = "a restore would change the replication of the server it goes to";
const ERRORS: &str = "it hides errors";
const CHARACTERS: &str = "the dump is in utf8mb4, which alone holds every character";
const END: &str = "it leaves out the mark that ends a whole dump";
const ENDS_WELL: &str = "the tool would print about itself and end well";

/// Of both tools.
const BOTH: &[Refused] = &[
    Refused(Some('h'), "host", ELSEWHERE, OUT),
    Refused(Some('P'), "port", ELSEWHERE, OUT),
    Refused(Some('S'), "socket", ELSEWHERE, OUT),
    Refused(None, "protocol", ELSEWHERE, OUT),
    Refused(
        Some('u'),
        "user",
        "lifeboat asks the server with the same account",
        "set DB_USER",
    ),
    Refused(
        Some('p'),
        "password",
        "anybody in the target would see it, or a person be asked",
        "set DB_PASSWORD",
    ),
    Refused(Some('f'), "force", ERRORS, OUT),
    Refused(Some('?'), "help", ENDS_WELL, OUT),
    Refused(Some('V'), "version", ENDS_WELL, OUT),
    Refused(None, "default-character-set", CHARACTERS, OUT),
    Refused(
        None,
        "init-command",
        "lifeboat sets the session's time-outs with it",
        "add to it with --init-command-add where the tool has that",
    ),
];

const DUMP: &[Refused] = &[
    Refused(Some('r'), "result-file", STDOUT, OUT),
    Refused(Some('T'), "tab", STDOUT, OUT),
    Refused(Some('D'), "dir", STDOUT, OUT),
    Refused(Some('j'), "parallel", "it needs a folder to write to", OUT),
    Refused(
        None,
        "log-error",
        "it moves what the tool says to a file in the target",
        OUT,
    ),
    Refused(None, "ignore-error", ERRORS, OUT),
    Refused(Some('B'), "databases", NAMES, "set DATABASES"),
    Refused(Some('A'), "all-databases", NAMES, "set DATABASES"),
    Refused(
        None,
        "tables",
        NAMES,
        "leave tables out with --ignore-table=DATABASE.TABLE",
    ),
    Refused(
        None,
        "system",
        "accounts are backed up by themselves",
        "set GLOBALS",
    ),
    Refused(
        None,
        "users",
        "accounts are backed up by themselves",
        "set GLOBALS",
    ),
    Refused(None, "compact", END, OUT),
    Refused(None, "comments", END, OUT),
    Refused(
        None,
        "opt",
        "what it stands for is part of a whole dump",
        "name what should be left out",
    ),
    Refused(None, "quote-names", "not every name could be read back", OUT),
    Refused(
        None,
        "create-options",
        "tables would come back with other ones",
        OUT,
    ),
    Refused(Some('N'), "no-set-names", CHARACTERS, OUT),
    Refused(None, "set-charset", CHARACTERS, OUT),
    Refused(
        None,
        "compatible",
        "the dump would be for another kind of server",
        OUT,
    ),
    Refused(Some('X'), "xml", "no client could read it back", OUT),
    Refused(None, "set-gtid-purged", REPLICATION, OUT),
    Refused(None, "apply-slave-statements", REPLICATION, OUT),
    Refused(None, "apply-replica-statements", REPLICATION, OUT),
    Refused(
        None,
        "delete-master-logs",
        "it deletes the server's binary logs",
        OUT,
    ),
    Refused(
        None,
        "delete-source-logs",
        "it deletes the server's binary logs",
        OUT,
    ),
    Refused(
        None,
        "master-data",
        REPLICATION,
        "write --master-data=2, which is a comment",
    ),
    Refused(
        None,
        "source-data",
        REPLICATION,
        "write --source-data=2, which is a comment",
    ),
    Refused(
        None,
        "dump-slave",
        REPLICATION,
        "write --dump-slave=2, which is a comment",
    ),
    Refused(
        None,
        "dump-replica",
        REPLICATION,
        "write --dump-replica=2, which is a comment",
    ),
];

const CLIENT: &[Refused] = &[
    Refused(Some('D'), "database", NAMES, OUT),
    Refused(
        Some('e'),
        "execute",
        "it would be run in the place of the backup",
        OUT,
    ),
    Refused(Some('o'), "one-database", "it leaves statements out", OUT),
    Refused(
        Some('U'),
        "safe-updates",
        "it refuses what the backup may need",
        OUT,
    ),
    Refused(None, "i-am-a-dummy", "it refuses what the backup may need", OUT),
    Refused(
        None,
        "binary-mode",
        "without it line ends change, and the backup could give commands",
        OUT,
    ),
    Refused(
        Some('c'),
        "comments",
        "comments in routines are part of them",
        OUT,
    ),
    Refused(None, "delimiter", "the backup is written with its own", OUT),
    Refused(
        None,
        "reconnect",
        "what follows a lost connection would be loaded without the settings before it",
        OUT,
    ),
    Refused(Some('w'), "wait", "lifeboat waits for the server by itself", OUT),
    Refused(
        None,
        "tee",
        "it writes what is restored to a file in the target",
        OUT,
    ),
    Refused(Some('I'), "help", ENDS_WELL, OUT),
];

/// Where the value 2 makes a comment of it.
const COMMENTED: [&str; 4] = ["master-data", "source-data", "dump-slave", "dump-replica"];

/// Options whose value may be the next word. All others are written with `=`: a word that belongs to no option
/// would be taken for a database.
const VALUES: [&str; 9] = [
    "where",
    "ignore-table",
    "ignore-table-data",
    "as-of",
    "max-allowed-packet",
    "net-buffer-length",
    "max-statement-time",
    "zstd-compression-level",
    "init-command-add",
];

pub(super) fn check(tool: Tool, words: &[String]) -> Result<(), Refusal> {
    let own = if tool == Tool::MysqlDump { DUMP } else { CLIENT };
    let refused = || BOTH.iter().chain(own);
    let mut value_expected = false;
    for word in words {
        if value_expected {
            value_expected = false;
        } else if let Some(long) = word.strip_prefix("--") {
            value_expected = check_long(refused(), long)?;
        } else if word.len() > 1 && word.starts_with('-') {
            for letter in word[1..].chars() {
                if let Some(refused) = refused().find(|refused| refused.0 == Some(letter)) {
                    return Err(refused.refusal());
                }
                if tool == Tool::MysqlDump && letter == 'w' {
                    // Its value is the rest of the word, or the next one.
                    value_expected = word.ends_with('w');
                    break;
                }
            }
        } else {
            return Err(Refusal {
                what: "has a word that belongs to no option".to_owned(),
                hint: "the tools take it for a database: lifeboat names that itself; write values as --option=value"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// Returns whether the next word is its value.
fn check_long(mut refused: impl Iterator<Item = &'static Refused>, long: &str) -> Result<bool, Refusal> {
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (long, None),
    };
    let written = name.replace('_', "-").to_ascii_lowercase();
    let mut name = written.as_str();
    while let Some(rest) = ["loose-", "skip-", "disable-", "enable-", "maximum-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
    {
        name = rest;
    }
    if name.is_empty() {
        return Err(Refusal {
            what: "-- is refused: what follows it is no option any more".to_owned(),
            hint: OUT.to_owned(),
        });
    }
    if COMMENTED.contains(&name) && value == Some("2") {
        return Ok(false);
    }
    match refused.find(|refused| is_short_for(name, refused.1)) {
        Some(refused) => Err(refused.refusal()),
        None => Ok(value.is_none() && VALUES.contains(&name)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(tool: Tool, text: &str) -> Result<(), Refusal> {
        super::super::check(tool, &super::super::split(text).unwrap())
    }

    #[test]
    fn harmless_options_pass() {
        for text in [
            "",
            "--ignore-table=app.log --ignore-table app.cache --where 'a > 1' -w 'id<5' -wx -v",
            "--skip-triggers --skip-routines --no-data --skip-add-drop-table --hex-blob=0 -d -t",
            "--lock-tables -x --skip-single-transaction --net_buffer_length=65536 --skip-dump-date",
            "--master-data=2 --source_data=2 --init-command-add='SET x = 1' --column-statistics=0",
        ] {
            assert_eq!(of(Tool::MysqlDump, text), Ok(()), "{text}");
        }
        for text in [
            "",
            "--max-allowed-packet=64M -v --show-warnings --compress -q --batch",
        ] {
            assert_eq!(of(Tool::MysqlClient, text), Ok(()), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_refused_option_is_refused() {
        for text in [
            "--result-file=x",
            "--result_file=x",
            "--res=x",
            "--loose-result-file=x",
            "--LOOSE-result-file=x",
            "-rx",
            "-vr x",
            "--tab=/x",
            "-T/x",
            "--dir=/x",
            "-D /x",
            "-j4",
            "--force",
            "-f",
            "-vf",
            "--compact",
            "--comp",
            "--skip-comments",
            "--skip-com",
            "--disable-comments",
            "--comments=0",
            "--databases",
            "-B",
            "-A",
            "--all-d",
            "--tables",
            "--ignore-error=1",
            "--log-error=x",
            "--skip-opt",
            "--opt=0",
            "--skip-quote-names",
            "--default-character-set=latin1",
            "--skip-set-charset",
            "-N",
            "--xml",
            "-X",
            "--set-gtid-purged=ON",
            "--master-data",
            "--master-data=1",
            "--delete-master-logs",
            "--host=x",
            "-hx",
            "-P1",
            "-S/x",
            "--protocol=tcp",
            "-uroot",
            "-psecret",
            "--password=x",
            "--pas=x",
            "--init-command=x",
            "--init-com=x",
            "--help",
            "-?",
            "-V",
            "--users",
            "--system=all",
            "--",
            "--quick table",
            "table",
            "-v table",
            "-wx table",
        ] {
            assert!(of(Tool::MysqlDump, text).is_err(), "{text}");
        }
        for text in [
            "-e x",
            "--execute=x",
            "-vex",
            "-f",
            "--force",
            "-D x",
            "--database=x",
            "-o",
            "--skip-binary-mode",
            "--binary_mode=0",
            "--skip-comments",
            "-U",
            "--tee=x",
            "--reconnect",
            "--delimiter=x",
            "-w",
            "x",
        ] {
            assert!(of(Tool::MysqlClient, text).is_err(), "{text}");
        }
    }

    #[test]
    fn refusals_say_why() {
        assert_eq!(
            of(Tool::MysqlDump, "-psecret").unwrap_err().to_string(),
            "-p (--password) is refused: anybody in the target would see it, or a person be asked; set DB_PASSWORD"
        );
        assert_eq!(
            of(Tool::MysqlDump, "--skip-comments").unwrap_err().to_string(),
            "--comments is refused: it leaves out the mark that ends a whole dump; leave it out"
        );
    }
}
