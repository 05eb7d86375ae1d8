//! Where the server in the target listens, as it is configured itself.

use super::Mysql;
use crate::engine::processes::{Process, Processes, look, loopback, values};
use crate::engine::{Place, Words};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// The port where nothing else is said.
const PORT: u16 = 3306;
/// How the server's program is called.
const NAMES: [&str; 2] = ["mysqld", "mariadbd"];
/// With these it serves nobody.
const SERVES_NOT: [&str; 4] = ["--initialize", "--bootstrap", "--help", "--print-defaults"];

impl Mysql {
    /// Asks what [`Mysql::read_place`] reads.
    pub fn look() -> Words {
        look(include_str!("processes.sh"))
    }

    /// Where the server's socket is; `env` is the container's, of which the server takes what it is not told.
    ///
    /// Of several servers the one that is process 1 counts, else the one on the usual port, else the first.
    pub fn read_place(stdout: &[u8], env: &BTreeMap<String, Secret>) -> Place {
        let processes = Processes::read(stdout);
        let own = |name: &str| {
            let value = env.get(name)?.expose().trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let usual = own("MYSQL_TCP_PORT")
            .and_then(|port| port.parse().ok())
            .unwrap_or(PORT);
        let port = |server: &Process| {
            let told = option(server, &["--port", "-P"]).and_then(|port| port.parse().ok());
            told.unwrap_or(usual)
        };
        let Some(server) = processes.server(&NAMES, &SERVES_NOT, usual, port) else {
            return processes.no_server();
        };
        Place {
            process: Some(server.id),
            host: option(server, &["--socket", "-S"])
                .or_else(|| own("MYSQL_UNIX_PORT"))
                .and_then(|socket| absolute(socket, server)),
            port: Some(port(server)),
            set_up: server.id != 1 && processes.start_script(server) && hides(server),
            nobody: false,
        }
    }

    /// Speaks to the server that is in this place.
    #[must_use]
    pub fn in_place(mut self, place: &Place) -> Self {
        self.tools.socket.clone_from(&place.host);
        self
    }
}

/// An option of the server: on its command line, else in its option files.
fn option(server: &Process, forms: &[&str]) -> Option<String> {
    if let Some(value) = values(&server.words, forms).last() {
        return Some((*value).to_owned());
    }
    let said: Vec<_> = server.said("option").map(str::to_owned).collect();
    values(&said, forms).last().map(|value| (*value).to_owned())
}

/// A path that is not absolute begins in the data directory.
fn absolute(socket: String, server: &Process) -> Option<String> {
    if socket.starts_with('/') {
        return Some(socket);
    }
    let directory = option(server, &["--datadir", "-h"])?;
    Some(format!("{}/{socket}", directory.trim_end_matches('/')))
}

/// Whether its command line keeps it from everybody outside. What its option files say does not count: that is how it
/// always is.
fn hides(server: &Process) -> bool {
    let networking = |word: &String| {
        let word = word.replace('_', "-");
        let Some(rest) = word.strip_prefix("--skip-networking") else {
            return false;
        };
        !["=0", "=off", "=false"].contains(&rest.to_ascii_lowercase().as_str())
    };
    let addresses = values(&server.words, &["--bind-address", "--bind_address"]);
    server.words.iter().any(networking) || addresses.last().is_some_and(|addresses| loopback(addresses))
}

#[cfg(test)]
mod tests {
    use super::super::super::processes::tests::answer;
    use super::*;

    fn place(answer: &str, env: &[(&str, &str)]) -> Place {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)));
        Mysql::read_place(answer.as_bytes(), &env.collect())
    }

    #[test]
    fn the_servers_own_options() {
        let of = |argv: &[&str], option: &str, env: &[(&str, &str)]| {
            place(&format!("{}option {option}\n", answer(&[(1, 0, argv)])), env).host
        };
        let path = |text: &str| Some(text.to_owned());
        let env = [("MYSQL_UNIX_PORT", "/env.sock")];
        assert_eq!(of(&["mysqld", "--socket=/a"], "--socket=/b", &env), path("/a"));
        assert_eq!(of(&["mysqld"], "--socket=/b", &env), path("/b"));
        assert_eq!(of(&["mysqld"], "--port=9", &env), path("/env.sock"));
        assert_eq!(of(&["mysqld"], "--port=9", &[]), None);
        assert_eq!(
            of(&["mysqld", "--datadir=/d/"], "--socket=x.sock", &[]),
            path("/d/x.sock")
        );
        assert!(place(&answer(&[(1, 0, &["sleep"])]), &[]).nobody);
    }

    #[test]
    fn one_of_several_servers() {
        let of = |first: u32, env: &[(&str, &str)]| {
            let (one, two): (&[&str], &[&str]) = (&["mysqld", "--port=3307"], &["mysqld"]);
            place(&answer(&[(first, 0, one), (30, 0, two)]), env).process
        };
        assert_eq!(of(1, &[]), Some(1));
        assert_eq!(of(20, &[]), Some(30));
        assert_eq!(of(20, &[("MYSQL_TCP_PORT", "3307")]), Some(20));
    }

    #[test]
    fn a_first_start() {
        let of = |argv: &[&str]| {
            let entrypoint: &[&str] = &["bash", "/usr/local/bin/docker-entrypoint.sh", "mysqld"];
            place(&answer(&[(1, 0, entrypoint), (40, 1, argv)]), &[]).set_up
        };
        assert!(of(&["mariadbd", "--skip-networking"]));
        assert!(of(&["mysqld", "--skip_networking=ON"]));
        assert!(of(&["mysqld", "--bind-address=127.0.0.1"]));
        assert!(!of(&["mysqld", "--skip-networking=0"]));
        assert!(!of(&["mysqld", "--bind-address=*"]));
        assert!(!of(&["mysqld"]));
        assert!(!place(&answer(&[(1, 0, &["mysqld", "--skip-networking"])]), &[]).set_up);
    }
}
