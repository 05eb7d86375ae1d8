//! Database servers as a compose service has them: the container is made anew, its name stays, its volume may be lost.

use crate::support::engine::{docker, unique};
use crate::support::mysql::{Mysql, PASSWORD};
use crate::support::{Lifeboat, Postgres, Store, mongodb, postgres};
use std::process::Command;

/// What a server is made of.
#[derive(Clone, Copy)]
pub enum Engine {
    Postgres,
    /// The image: MySQL's or MariaDB's.
    Mysql(&'static str),
    Mongodb,
}

impl Engine {
    /// The image of its servers.
    pub fn image(self) -> String {
        match self {
            Self::Postgres => format!("postgres:{MAJOR}"),
            Self::Mysql(image) => image.to_owned(),
            Self::Mongodb => mongodb::IMAGE.to_owned(),
        }
    }
}

/// PostgreSQL's version.
const MAJOR: u32 = 18;

/// The service `db` of a compose project of its own.
pub struct Service {
    engine: Engine,
    project: String,
    volume: String,
}

/// One container of it.
pub enum Server {
    Postgres(Postgres),
    Mysql(Mysql),
    Mongodb(mongodb::Mongodb),
}

impl Service {
    pub fn of(engine: Engine) -> Self {
        Self {
            engine,
            project: unique("project"),
            volume: unique("volume"),
        }
    }

    /// A container over the service's volume.
    pub fn start(&self) -> Server {
        let project = format!("com.docker.compose.project={}", self.project);
        let labels = ["--label", &project, "--label", "com.docker.compose.service=db"];
        let mount = |path: &str| format!("{}:{path}", self.volume);
        match self.engine {
            Engine::Postgres => {
                let password = format!("POSTGRES_PASSWORD={}", postgres::PASSWORD);
                let (mount, data) = (mount("/kept"), "PGDATA=/kept/data");
                let options = ["--env", &password, "--env", data, "--volume", &mount];
                Server::Postgres(Postgres::start_with(MAJOR, &[&labels[..], &options].concat()))
            }
            Engine::Mysql(image) => {
                let password = format!("MYSQL_ROOT_PASSWORD={PASSWORD}");
                let mount = mount("/var/lib/mysql");
                let options = ["--env", &password, "--volume", &mount];
                let options = [&labels[..], &options].concat();
                Server::Mysql(Mysql::start_with(image, PASSWORD, &options, &[]))
            }
            Engine::Mongodb => {
                let mount = mount("/data/configdb");
                let options = [&labels[..], &["--volume", &mount]].concat();
                let arguments = ["--dbpath", "/data/configdb"];
                Server::Mongodb(mongodb::Mongodb::start_with(&options, &arguments, None))
            }
        }
    }

    /// What happens to people: the volume is gone, the service comes up with an empty one.
    pub fn start_emptied(&self, server: Server) -> Server {
        drop(server);
        docker(&["volume", "rm", &self.volume]);
        self.start()
    }

    pub fn lifeboat(&self, store: &Store) -> Lifeboat {
        Lifeboat::new(store, "db")
            .with("COMPOSE_PROJECT_NAME", &self.project)
            .with("COMPRESSION", "none")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["volume", "rm", "--force", &self.volume])
            .output();
    }
}

impl Server {
    /// A database `app` with so many rows of 64 characters.
    pub fn fill(&self, rows: usize) {
        match self {
            Self::Postgres(server) => {
                server.sql("postgres", "CREATE DATABASE app");
                let rows =
                    format!("SELECT i, md5(i::text) || md5(i::text) t FROM generate_series(1, {rows}) i");
                server.sql("app", &format!("CREATE TABLE t AS {rows}"));
            }
            Self::Mysql(server) => {
                server.sql("mysql", "CREATE DATABASE app");
                let values: Vec<_> = (0..rows).map(|i| format!("({i}, SHA2('{i}', 256))")).collect();
                let insert = match &values[..] {
                    [] => String::new(),
                    values => format!("INSERT INTO t VALUES {}", values.join(",")),
                };
                server.sql(
                    "app",
                    &format!("CREATE TABLE t (i INT PRIMARY KEY, t CHAR(64)); {insert}"),
                );
            }
            Self::Mongodb(server) => {
                server.js(&format!(
                    "db = db.getSiblingDB('app'); db.createCollection('t');
                     for (let i = 0; i < {rows}; i++) db.t.insertOne({{_id: i, t: 'x'.repeat(64)}});"
                ));
            }
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> String {
        match self {
            Self::Postgres(server) => server.sql("app", "SELECT count(*) FROM t"),
            Self::Mysql(server) => server.sql("app", "SELECT COUNT(*) FROM t"),
            Self::Mongodb(server) => server.js("print(db.getSiblingDB('app').t.countDocuments({}))"),
        }
    }
}
