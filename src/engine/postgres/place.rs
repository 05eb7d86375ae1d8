//! Where the server in the target listens, as it says itself.

use super::Postgres;
use crate::engine::processes::{Process, Processes, look, loopback, values};
use crate::engine::{Place, Words};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// The port where nothing else is said.
const PORT: u16 = 5432;
/// How the server's program is called; EDB's has a name of its own.
const NAMES: [&str; 3] = ["postgres", "postmaster", "edb-postgres"];
/// With these it serves nobody.
const SERVES_NOT: [&str; 4] = ["--boot", "--single", "--check", "--describe-config"];

impl Postgres {
    /// Asks what [`Postgres::read_place`] reads.
    pub fn look() -> Words {
        look(include_str!("processes.sh"))
    }

    /// Where the server listens; `env` is the container's.
    ///
    /// Of several servers the one that is process 1 counts, else the one on the port that `PGPORT` names, else the one
    /// on the usual port, else the first.
    pub fn read_place(stdout: &[u8], env: &BTreeMap<String, Secret>) -> Place {
        let processes = Processes::read(stdout);
        let wanted: Option<u16> = env
            .get("PGPORT")
            .and_then(|port| port.expose().trim().parse().ok());
        let servers = processes.servers(&NAMES, &SERVES_NOT);
        let ports = |process: &Process| port(process).or(wanted).unwrap_or(PORT);
        let chosen = servers.iter().min_by_key(|process| {
            let port = ports(process);
            // Where other containers' processes can be seen, the file that names its process is found here alone.
            let elsewhere = lock(process, 0).is_none();
            (
                process.id != 1,
                elsewhere,
                Some(port) != wanted,
                port != PORT,
                process.id,
            )
        });
        let Some(server) = chosen else {
            return processes.no_server();
        };
        let port = ports(server);
        Place {
            process: Some(server.id),
            host: host(server, port, &processes.sockets),
            port: Some(port),
            set_up: server.id != 1 && processes.start_script(server) && hides(server),
            nobody: false,
        }
    }
}

/// The lines of `postmaster.pid`: process, data directory, time, port, folder of the socket, address.
fn lock(server: &Process, line: usize) -> Option<&str> {
    server.said("lock").nth(line).map(str::trim)
}

fn port(server: &Process) -> Option<u16> {
    let said = lock(server, 3).and_then(|port| port.parse().ok());
    said.or_else(|| setting(server, "port", "-p")?.parse().ok())
}

/// The folder of its socket; where it has none, an address.
fn host(server: &Process, port: u16, sockets: &[String]) -> Option<String> {
    let folder = |folder: &&str| folder.starts_with(['/', '@']);
    if let Some(folder) = lock(server, 4).filter(folder) {
        return Some(folder.to_owned());
    }
    // Once it is up, a line that is empty means that it has none.
    if let (Some(""), Some(address)) = (lock(server, 4), lock(server, 5)) {
        return Some(match address {
            "" | "*" | "0.0.0.0" | "localhost" => "127.0.0.1".to_owned(),
            "::" => "::1".to_owned(),
            other => other.to_owned(),
        });
    }
    let told = setting(server, "unix_socket_directories", "-k");
    let told = told.and_then(|list| list.split(',').map(str::trim).find(folder).map(str::to_owned));
    told.or_else(|| {
        let name = format!("/.s.PGSQL.{port}");
        sockets
            .iter()
            .find_map(|path| path.strip_suffix(&name).map(str::to_owned))
    })
}

/// A setting on the server's command line.
fn setting(server: &Process, name: &str, short: &str) -> Option<String> {
    let mut found = values(&server.words, &[short])
        .last()
        .map(|value| (*value).to_owned());
    for (at, word) in server.words.iter().enumerate() {
        let after = server
            .words
            .get(at.wrapping_sub(1))
            .is_some_and(|before| before == "-c");
        let pair = if after {
            Some(word.as_str())
        } else {
            word.strip_prefix("--").or(word.strip_prefix("-c"))
        };
        if let Some((key, value)) = pair.and_then(|pair| pair.split_once('='))
            && key.replace('-', "_") == name
        {
            found = Some(value.to_owned());
        }
    }
    found
}

/// Whether its command line keeps it from everybody outside. What its configuration says does not count: that is how it
/// always is.
fn hides(server: &Process) -> bool {
    setting(server, "listen_addresses", "-h").is_some_and(|addresses| loopback(&addresses))
}

#[cfg(test)]
mod tests {
    use super::super::super::processes::tests::answer;
    use super::*;

    const ENTRYPOINT: (u32, u32, &[&str]) =
        (1, 0, &["bash", "/usr/local/bin/docker-entrypoint.sh", "postgres"]);

    fn place(answer: &str, pgport: Option<&str>) -> Place {
        let env = pgport.map(|port| ("PGPORT".to_owned(), Secret::new(port)));
        Postgres::read_place(answer.as_bytes(), &env.into_iter().collect())
    }

    #[test]
    fn the_server_says_where_it_listens() {
        let of = |lock: &str| {
            let lock: Vec<_> = lock.lines().map(|line| format!("lock {line}\n")).collect();
            place(&(answer(&[(1, 0, &["postgres"])]) + &lock.concat()), Some("5439"))
        };
        let up = of("1\n/d\n17\n5433\n/srv/run\n*\n 1 2\nready");
        assert_eq!((up.host.as_deref(), up.port), (Some("/srv/run"), Some(5433)));
        assert_eq!((up.process, up.set_up, up.nobody), (Some(1), false, false));
        assert_eq!(of("1\n/d\n17\n5433\n\n*\n").host.as_deref(), Some("127.0.0.1"));
        assert_eq!(
            of("1\n/d\n17\n5433\n\n10.0.0.7\n").host.as_deref(),
            Some("10.0.0.7")
        );
        // Its file can't be read: the port is that of its environment.
        assert_eq!(of("").port, Some(5439));
        assert_eq!(of("").host, None);
    }

    #[test]
    fn the_command_line_where_nothing_else_can_be_read() {
        let of = |argv: &[&str]| place(&(answer(&[(9, 1, argv)]) + "socket /tmp/.s.PGSQL.7\n"), None);
        let told = of(&[
            "/usr/lib/postgresql/17/bin/postgres",
            "-p",
            "6",
            "-c",
            "unix_socket_directories=/a, /b",
        ]);
        assert_eq!((told.host.as_deref(), told.port), (Some("/a"), Some(6)));
        let found = of(&["postgres", "--port=7"]);
        assert_eq!((found.host.as_deref(), found.port), (Some("/tmp"), Some(7)));
        assert_eq!(of(&["postgres", "--boot"]), Place::default());
        assert!(place(&answer(&[(1, 0, &["sleep", "9"])]), None).nobody);
    }

    #[test]
    fn one_of_several_servers() {
        let on = |id, port| -> (u32, u32, Vec<String>) {
            (id, 1, vec!["postgres".to_owned(), format!("--port={port}")])
        };
        let of = |servers: &[(u32, u32, Vec<String>)], pgport| {
            let words: Vec<Vec<&str>> = servers
                .iter()
                .map(|one| one.2.iter().map(String::as_str).collect())
                .collect();
            let all: Vec<_> = servers
                .iter()
                .zip(&words)
                .map(|(one, words)| (one.0, one.1, &words[..]))
                .collect();
            place(&answer(&all), pgport).port
        };
        assert_eq!(of(&[on(7, 5433), on(8, 5432)], None), Some(5432));
        assert_eq!(of(&[on(7, 5433), on(8, 5432)], Some("5433")), Some(5433));
        assert_eq!(of(&[on(1, 5434), on(8, 5432)], Some("5432")), Some(5434));
        assert_eq!(of(&[on(7, 5434), on(8, 5435)], None), Some(5434));
    }

    #[test]
    fn a_first_start() {
        let of = |argv: &[&str]| place(&answer(&[ENTRYPOINT, (40, 1, argv)]), None).set_up;
        assert!(of(&[
            "postgres",
            "-D",
            "/d",
            "-c",
            "listen_addresses=",
            "-p",
            "5432"
        ]));
        assert!(of(&["postgres", "-D", "/d", "-h", ""]));
        assert!(of(&["postgres", "--listen-addresses=127.0.0.1"]));
        // As its configuration says, or for everybody.
        assert!(!of(&["postgres", "-D", "/d"]));
        assert!(!of(&["postgres", "-c", "listen_addresses=*"]));
        let socket_alone: &[&str] = &["postgres", "-c", "listen_addresses="];
        assert!(!place(&answer(&[(1, 0, socket_alone)]), None).set_up);
        assert!(
            !place(
                &answer(&[(1, 0, &["sh", "-c", "postgres & wait"]), (9, 1, socket_alone)]),
                None
            )
            .set_up
        );
    }
}
