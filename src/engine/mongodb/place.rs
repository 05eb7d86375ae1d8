//! Where the server in the target listens, as it is configured itself.

use super::Mongodb;
use crate::engine::processes::{Process, Processes, look, loopback, values};
use crate::engine::{Place, Words};

/// The port where nothing else is said; a member of a shard and one of the configuration have others.
const PORT: u16 = 27017;
const SHARD_PORT: u16 = 27018;
const CONFIG_PORT: u16 = 27019;
/// Where it can be reached where nothing else is said. By address: a name may mean another one than that on which the
/// server listens.
const HOST: &str = "127.0.0.1";
/// How the server's program is called.
const NAMES: [&str; 2] = ["mongod", "mongos"];
/// With these it serves nobody.
const SERVES_NOT: [&str; 3] = ["--shutdown", "--repair", "--version"];

impl Mongodb {
    /// Asks what [`Mongodb::read_place`] reads.
    pub fn look() -> Words {
        look(include_str!("processes.sh"))
    }

    /// Where the server listens.
    ///
    /// Of several servers the one that is process 1 counts, else the one on the usual port, else the first.
    pub fn read_place(stdout: &[u8]) -> Place {
        let processes = Processes::read(stdout);
        let Some(server) = processes.server(&NAMES, &SERVES_NOT, PORT, port) else {
            return processes.no_server();
        };
        Place {
            process: Some(server.id),
            host: host(server),
            port: Some(port(server)),
            set_up: server.id != 1 && processes.start_script(server) && hides(server),
            nobody: false,
        }
    }

    /// Speaks to the server that is in this place.
    #[must_use]
    pub fn in_place(self, place: &Place) -> Self {
        Self {
            place: place.clone(),
            ..self
        }
    }

    /// The address.
    pub(super) fn host(&self) -> &str {
        self.place.host.as_deref().unwrap_or(HOST)
    }

    /// The port there.
    pub(super) fn port(&self) -> u16 {
        self.place.port.unwrap_or(PORT)
    }
}

/// A setting of the configuration file, in YAML, JSON, or the old form.
fn configured<'a>(server: &'a Process, name: &str) -> Option<&'a str> {
    server.said("config").find_map(|line| {
        let line = line.split(" #").next().unwrap_or(line);
        let (before, rest) = line.split_once(name)?;
        let key_begins = before.chars().next_back().is_none_or(|c| " \t{,\"'".contains(c));
        let rest = rest.trim_start_matches(['"', '\'', ' ', '\t']);
        let value = rest.strip_prefix([':', '='])?.trim();
        let commented = before.trim_start().starts_with('#');
        (key_begins && !commented).then_some(value)
    })
}

fn number(text: &str) -> Option<u16> {
    let digits = text.trim_start_matches(['"', '\'']);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

fn port(server: &Process) -> u16 {
    let told = values(&server.words, &["--port"])
        .last()
        .and_then(|port| number(port));
    let role = |name: &str| {
        let option = format!("--{name}");
        let old = configured(server, name).is_some_and(|value| value.starts_with("true"));
        let role = configured(server, "clusterRole").is_some_and(|role| role.contains(name));
        old || role || server.words.contains(&option)
    };
    told.or_else(|| configured(server, "port").and_then(number))
        .unwrap_or_else(|| {
            if role("shardsvr") {
                SHARD_PORT
            } else if role("configsvr") {
                CONFIG_PORT
            } else {
                PORT
            }
        })
}

/// An address on which it listens, where that is not the usual one.
fn host(server: &Process) -> Option<String> {
    let all = server.words.iter().any(|word| word == "--bind_ip_all")
        || configured(server, "bindIpAll").is_some_and(|value| value.starts_with("true"));
    if all {
        return None;
    }
    let told = values(&server.words, &["--bind_ip"]).last().copied();
    let told = told
        .or_else(|| configured(server, "bindIp"))
        .or_else(|| configured(server, "bind_ip"))?;
    let addresses: Vec<_> = told
        .trim_end_matches('}')
        .split(',')
        .map(|address| address.trim().trim_matches(['"', '\'', '[', ']']))
        // A socket's path, or an address of IPv6.
        .filter(|address| !address.is_empty() && !address.contains(['/', ':']))
        .collect();
    if addresses
        .iter()
        .any(|address| ["0.0.0.0", "*", "localhost", HOST].contains(address))
    {
        return None;
    }
    addresses.first().map(|address| (*address).to_owned())
}

/// Whether its command line keeps it from everybody outside. What its configuration says does not count, nor that this
/// is what it does where nothing is said: that is how it always is.
fn hides(server: &Process) -> bool {
    let addresses = values(&server.words, &["--bind_ip"]);
    addresses.last().is_some_and(|addresses| loopback(addresses))
        && !server.words.iter().any(|word| word == "--bind_ip_all")
}

#[cfg(test)]
mod tests {
    use super::super::super::processes::tests::answer;
    use super::*;

    fn place(argv: &[&str], config: &str) -> (String, u16) {
        let config: Vec<_> = config.lines().map(|line| format!("config {line}\n")).collect();
        let place = Mongodb::read_place((answer(&[(1, 0, argv)]) + &config.concat()).as_bytes());
        let mongodb = Mongodb::new(None, None).in_place(&place);
        (mongodb.host().to_owned(), mongodb.port())
    }

    #[test]
    fn the_servers_own_options() {
        let at = |host: &str, port| (host.to_owned(), port);
        assert_eq!(place(&["mongod"], ""), at(HOST, 27017));
        assert_eq!(
            place(&["mongod", "--port", "7", "--bind_ip_all"], "net:\n  port: 8"),
            at(HOST, 7)
        );
        assert_eq!(
            place(&["mongod", "--bind_ip=10.0.0.7,::1"], "  port: 8 # not 9"),
            at("10.0.0.7", 8)
        );
        assert_eq!(
            place(&["mongod", "--bind_ip", "10.0.0.7,localhost"], ""),
            at(HOST, 27017)
        );
        assert_eq!(
            place(&["mongod"], "net: {port: 9, bindIp: 10.0.0.7}"),
            at("10.0.0.7", 9)
        );
        assert_eq!(place(&["mongod"], r#"{"net": {"port": 9}}"#), at(HOST, 9));
        assert_eq!(
            place(&["mongod"], "port = 10\nbind_ip = 10.0.0.7"),
            at("10.0.0.7", 10)
        );
        assert_eq!(
            place(&["mongod"], "#  port: 10\n  transport: x\n  exporter: 9"),
            at(HOST, 27017)
        );
        assert_eq!(place(&["mongod", "--shardsvr"], ""), at(HOST, 27018));
        assert_eq!(place(&["mongod"], "  clusterRole: configsvr"), at(HOST, 27019));
        assert_eq!(place(&["mongod"], "shardsvr=true"), at(HOST, 27018));
        assert!(Mongodb::read_place(answer(&[(1, 0, &["mongosh"])]).as_bytes()).nobody);
    }

    #[test]
    fn a_first_start() {
        let of = |argv: &[&str]| {
            let entrypoint: &[&str] = &["bash", "/usr/local/bin/docker-entrypoint.sh", "mongod"];
            Mongodb::read_place(answer(&[(1, 0, entrypoint), (40, 1, argv)]).as_bytes()).set_up
        };
        assert!(of(&["mongod", "--fork", "--bind_ip", "127.0.0.1"]));
        assert!(!of(&["mongod", "--bind_ip_all"]));
        // Its own default, behind a script that waits for it.
        assert!(!of(&["mongod"]));
        let alone = answer(&[(1, 0, &["mongod", "--bind_ip", "127.0.0.1"])]);
        assert!(!Mongodb::read_place(alone.as_bytes()).set_up);
    }
}
