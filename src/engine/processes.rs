//! What runs in a target: its servers, where each of them listens, and whether a start script is still at work there.
//!
//! The tools are told the server's address from this, never from what is set in the target for other clients.

use super::Words;
use std::time::Duration;

/// No image works longer with the server of its first start. Beside an older one there is a script that stays, as in a
/// container that holds an application and its database.
const FIRST_START: Duration = Duration::from_hours(1);

/// The script of the official images ends by becoming the server: while it is there, the server is not.
const OFFICIAL: &str = "docker-entrypoint.sh";

/// Lists the processes that matter; `more` is a shell function `lb_more PID` that adds lines of an engine's own.
pub(super) fn look(more: &str) -> Words {
    let script = [more, "\n", include_str!("processes.sh")].concat();
    let lines = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    let script: String = lines.flat_map(|line| [line, "\n"]).collect();
    Words {
        argv: ["sh", "-c", &script, "lifeboat"].map(str::to_owned).to_vec(),
        env: Vec::new(),
    }
}

/// The answer to [`look`].
#[derive(Debug, Clone, Default)]
pub(super) struct Processes {
    all: Vec<Process>,
    /// The sockets that somebody listens on, by their path.
    pub(super) sockets: Vec<String>,
}

/// A process.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    pub(super) id: u32,
    parent: u32,
    /// How long it has run, where that is known.
    age: Option<Duration>,
    /// Its arguments, its name among them.
    pub(super) words: Vec<String>,
    more: Vec<(String, String)>,
}

/// Where a server is: compared with what was seen before, it shows whether it is still the same one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The server's process; `None` where none can be seen.
    pub process: Option<u32>,
    /// A socket, the folder that holds it, or an address; `None`: where the tools look by themselves.
    pub host: Option<String>,
    /// The port; `None`: the engine's usual one.
    pub port: Option<u16>,
    /// A start script is at work and this is the server that it works with: what it holds is not complete.
    pub set_up: bool,
    /// Processes can be seen, and none is a server.
    pub nobody: bool,
}

impl Processes {
    /// Reads an answer. Lines that are not understood are left out.
    pub(super) fn read(stdout: &[u8]) -> Self {
        let text = String::from_utf8_lossy(stdout);
        let mut read = Self::default();
        for line in text.lines() {
            let (what, value) = line.split_once(' ').unwrap_or((line, ""));
            match (what, read.all.last_mut()) {
                ("process", _) => {
                    let mut numbers = value.split(' ');
                    let mut id = || numbers.next()?.parse().ok();
                    if let (Some(id), Some(parent)) = (id(), id()) {
                        // One that is not to be believed is negative.
                        let age = numbers.next().and_then(|age| age.parse().ok());
                        read.all.push(Process {
                            id,
                            parent,
                            age: age.map(Duration::from_secs),
                            ..Process::default()
                        });
                    }
                }
                ("socket", _) => read.sockets.push(value.to_owned()),
                ("word", Some(process)) => process.words.push(value.to_owned()),
                (what, Some(process)) => process.more.push((what.to_owned(), value.to_owned())),
                (_, None) => {}
            }
        }
        read.all.sort_by_key(|process| process.id);
        read
    }

    /// Whether processes can be seen at all: process 1 always runs.
    pub(super) fn seen(&self) -> bool {
        self.all
            .iter()
            .any(|process| process.id == 1 && !process.words.is_empty())
    }

    /// The place where no server was found.
    pub(super) fn no_server(&self) -> Place {
        Place {
            nobody: self.seen(),
            ..Place::default()
        }
    }

    /// The server that is meant: the one that is process 1, else the one on the usual port, else the first.
    pub(super) fn server(
        &self,
        names: &[&str],
        serves_not: &[&str],
        usual: u16,
        port: impl Fn(&Process) -> u16,
    ) -> Option<&Process> {
        let servers = self.servers(names, serves_not).into_iter();
        servers.min_by_key(|server| (server.id != 1, port(server) != usual, server.id))
    }

    /// The servers, in the order of their ids: those with one of these names that do serve.
    pub(super) fn servers(&self, names: &[&str], serves_not: &[&str]) -> Vec<&Process> {
        let serves = |process: &&Process| {
            let not = |word: &String| serves_not.iter().any(|option| word.starts_with(option));
            process.is(names) && !process.words.iter().any(not)
        };
        self.all.iter().filter(serves).collect()
    }

    /// Whether a start script still works with this server: a shell that runs one, as process 1 or below it. What an exec
    /// has started has no parent here.
    pub(super) fn start_script(&self, server: &Process) -> bool {
        let old = server.age.is_some_and(|age| age > FIRST_START);
        let parent = |id: u32| self.all.iter().find(|one| one.id == id).map(|one| one.parent);
        self.all
            .iter()
            .filter(|process| {
                let script = process.start_script();
                script.is_some_and(|script| script == OFFICIAL || !old)
            })
            .any(|process| {
                let mut id = process.id;
                for _ in 0..self.all.len() {
                    match parent(id) {
                        // Process 1, and its children; one that is not listed is no exec's own.
                        Some(0) => return id == 1,
                        Some(up) => id = up,
                        None => return true,
                    }
                }
                true
            })
    }
}

impl Process {
    /// The lines of this kind that the engine's own function has added.
    pub(super) fn said<'a>(&'a self, what: &'a str) -> impl Iterator<Item = &'a str> {
        let of = move |(name, value): &'a (String, String)| (name == what).then_some(value.as_str());
        self.more.iter().filter_map(of)
    }

    /// The arguments from the program's own name on: emulators (Rosetta, QEMU) put words of their own before it.
    fn own_words(&self) -> &[String] {
        let emulator = |word: &String| {
            let name = base(word);
            name.starts_with("rosetta") || name.starts_with("qemu-")
        };
        match &self.words[..] {
            // The emulator, the program's path, and its name once more.
            [first, _, rest @ ..] if emulator(first) => rest,
            words => words,
        }
    }

    /// Whether it runs one of these programs, with a version behind the name or none.
    fn is(&self, names: &[&str]) -> bool {
        let Some(name) = self.own_words().first().map(|word| base(word)) else {
            return false;
        };
        names.iter().any(|known| {
            name.strip_prefix(known).is_some_and(|rest| {
                rest == "-debug" || rest.chars().all(|c| c.is_ascii_digit() || ".-".contains(c))
            })
        })
    }

    /// The script that it runs, if it is a shell, and the name is one that start scripts have.
    fn start_script(&self) -> Option<&str> {
        let shell = |word: &&String| {
            ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox"].contains(&base(word))
        };
        let words = self.own_words();
        words.first().filter(shell)?;
        let mut words = words.iter().skip_while(shell);
        let script = base(words.find(|word| word.as_str() == "-c" || !word.starts_with('-'))?);
        let named = ["entrypoint", "setup"].iter().any(|part| script.contains(part))
            || ["init", "run-"].iter().any(|begin| script.starts_with(begin));
        named.then_some(script)
    }
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The values of an option in the order in which they are given: `FORM=value`, `FORM value`; a form of one dash and one
/// letter also `-Xvalue`.
pub(super) fn values<'a>(words: &'a [String], forms: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for form in forms {
            let Some(rest) = word.strip_prefix(form) else {
                continue;
            };
            let short = form.len() == 2 && !form.starts_with("--");
            match rest.strip_prefix('=') {
                Some(value) => found.push(value),
                None if rest.is_empty() => found.extend(words.get(at + 1).map(String::as_str)),
                None if short => found.push(rest),
                None => {}
            }
        }
    }
    found
}

/// Whether all of these addresses are of this machine alone; so is none.
pub(super) fn loopback(addresses: &str) -> bool {
    addresses
        .split(',')
        .map(|address| address.trim().trim_matches('\''))
        .all(|address| ["", "localhost", "127.0.0.1", "::1"].contains(&address))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    /// The answer that tells of these processes: id, parent, arguments.
    pub fn answer(processes: &[(u32, u32, &[&str])]) -> String {
        let lines = processes.iter().flat_map(|(id, parent, argv)| {
            let words = argv.iter().map(|word| format!("word {word}\n"));
            std::iter::once(format!("process {id} {parent}\n")).chain(words)
        });
        lines.collect::<Vec<_>>().concat()
    }

    fn start_script(processes: &[(u32, u32, &[&str])]) -> bool {
        Processes::read(answer(processes).as_bytes()).start_script(&Process::default())
    }

    #[test]
    fn a_script_that_stays_beside_an_old_server() {
        let works = |script: &str, age: &str| {
            let answer =
                format!("process 1 0 {age}\nword bash\nword {script}\nprocess 9 1 {age}\nword mysqld\n");
            let read = Processes::read(answer.as_bytes());
            read.start_script(read.servers(&["mysqld"], &[])[0])
        };
        assert!(works("/setup.sh", "3600"));
        assert!(!works("/setup.sh", "3601"));
        assert!(works("/setup.sh", "-20"));
        assert!(works("/usr/local/bin/docker-entrypoint.sh", "3601"));
    }

    #[test]
    fn a_start_script_at_work() {
        let server: (u32, u32, &[&str]) = (40, 1, &["postgres", "-D", "/d"]);
        let entrypoint: &[&str] = &["bash", "/usr/local/bin/docker-entrypoint.sh", "postgres"];
        assert!(start_script(&[(1, 0, entrypoint), server]));
        assert!(start_script(&[
            (1, 0, &["/bin/bash", "-e", "/opt/entrypoint.sh", "/run.sh"]),
            server
        ]));
        assert!(start_script(&[
            (1, 0, &["/bin/sh", "/usr/bin/run-postgresql"]),
            server
        ]));
        // Below an init process, below a shell that waits for it.
        assert!(start_script(&[
            (1, 0, &["/sbin/docker-init", "--"]),
            (7, 1, entrypoint),
            server
        ]));
        assert!(start_script(&[
            (1, 0, &["sh", "-c", "docker-entrypoint.sh postgres"]),
            (7, 1, entrypoint)
        ]));
        let emulated = &[
            "/run/rosetta/rosetta",
            "/bin/bash",
            "bash",
            "/docker-entrypoint.sh",
        ];
        assert!(start_script(&[(1, 0, emulated), server]));
    }

    #[test]
    fn no_start_script() {
        let entrypoint: &[&str] = &["bash", "/usr/local/bin/docker-entrypoint.sh", "postgres"];
        assert!(!start_script(&[(1, 0, &["postgres"])]));
        assert!(!start_script(&[
            (1, 0, &["bash", "/start.sh"]),
            (9, 1, &["postgres"])
        ]));
        assert!(!start_script(&[(
            1,
            0,
            &["bash", "-c", "docker-entrypoint.sh postgres & wait"]
        )]));
        // Somebody's exec has no parent here.
        assert!(!start_script(&[(1, 0, &["postgres"]), (77, 0, entrypoint)]));
        assert!(!start_script(&[
            (1, 0, &["postgres"]),
            (77, 0, &["bash"]),
            (78, 77, entrypoint)
        ]));
    }

    #[test]
    fn servers_by_their_names() {
        let read = |argv: &[&str]| {
            let read = Processes::read(answer(&[(5, 1, argv)]).as_bytes());
            !read
                .servers(&["mysqld", "mariadbd"], &["--initialize"])
                .is_empty()
        };
        assert!(read(&["/usr/sbin/mysqld", "--user=mysql"]));
        assert!(read(&["mysqld-debug"]));
        assert!(read(&[
            "/usr/bin/qemu-x86_64",
            "/usr/sbin/mariadbd",
            "mariadbd",
            "--port=1"
        ]));
        assert!(!read(&["/usr/sbin/mysqld", "--initialize-insecure"]));
        assert!(!read(&["mariadbd-safe"]));
        assert!(!read(&["/bin/sh", "/usr/bin/mysqld_safe"]));
        assert!(!read(&["bash", "docker-entrypoint.sh", "mysqld"]));
        assert!(!read(&["mysqld_exporter"]));
    }

    #[test]
    fn options_in_every_form() {
        let words = ["x", "--port=1", "-p", "2", "-p3", "--portal=9", "--port", "4"].map(str::to_owned);
        assert_eq!(values(&words, &["--port", "-p"]), ["1", "2", "3", "4"]);
        assert!(loopback("") && loopback("localhost, 127.0.0.1"));
        assert!(!loopback("*") && !loopback("localhost,10.0.0.1"));
    }
}
