//! What is set in a target for other clients must not lead lifeboat to another server or account: backup and restore
//! mean the server in the target, always.
//!
//! Two servers each time: the target's own, with the database `own`, and a stranger that shares its network and has the
//! database `strange`. The password and the ports are made so that whoever is led astray gets in there.

use crate::support::engine::{docker, unique};
use crate::support::{Container, LONG, Lifeboat, start, wait_until};

/// A file that is written into the target before anything else is done there.
struct File(&'static str, &'static str);

/// What is set in the target for other clients.
struct Redirect {
    env: &'static [&'static str],
    files: &'static [File],
    /// What is run there.
    run: &'static str,
}

const fn env(env: &'static [&'static str]) -> Redirect {
    Redirect {
        env,
        files: &[],
        run: ":",
    }
}

const fn files(files: &'static [File]) -> Redirect {
    Redirect {
        env: &[],
        files,
        run: ":",
    }
}

/// An engine, as far as these tests need it.
struct Engine {
    image: &'static str,
    /// What both containers get.
    options: &'static [&'static str],
    /// The target's own server.
    command: &'static [&'static str],
    /// The stranger's, which listens on another port of the same network.
    stranger: &'static [&'static str],
    /// Whether the server on this port is set up.
    ready: fn(port: u16) -> Vec<String>,
    ports: (u16, u16),
    /// Makes a database with one table or collection.
    make: fn(port: u16, database: &str) -> Vec<String>,
    /// Asks whether the database has it.
    has: fn(port: u16, database: &str) -> Vec<String>,
    drop: fn(port: u16, database: &str) -> Vec<String>,
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `psql` by address, whatever the environment says.
fn psql(port: u16, database: &str, sql: &str) -> Vec<String> {
    let conninfo = format!(
        "host=127.0.0.1 hostaddr=127.0.0.1 port={port} user=postgres dbname={database} sslmode=disable"
    );
    words(&[
        "env",
        "-u",
        "PGSERVICE",
        "-u",
        "PGOPTIONS",
        "-u",
        "PGTARGETSESSIONATTRS",
        "-u",
        "PGREQUIREAUTH",
        "-u",
        "PGCHANNELBINDING",
        "-u",
        "PGCLIENTENCODING",
        "-u",
        "PGGSSENCMODE",
        "psql",
        "-XAtqw",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        &conninfo,
        "-c",
        sql,
    ])
}

const POSTGRES: Engine = Engine {
    image: "postgres:17",
    options: &[
        "--env",
        "POSTGRES_HOST_AUTH_METHOD=trust",
        "--env",
        "POSTGRES_INITDB_ARGS=--no-sync",
        "--tmpfs",
        "/var/lib/postgresql/data",
    ],
    command: &["postgres", "-c", "fsync=off", "-c", "port=5432"],
    stranger: &["postgres", "-c", "fsync=off", "-c", "port=5433"],
    ready: |port| psql(port, "postgres", "select 1"),
    ports: (5432, 5433),
    make: |port, database| psql(port, "postgres", &format!("create database {database}")),
    has: |port, database| psql(port, database, "select 1"),
    drop: |port, database| psql(port, "postgres", &format!("drop database {database}")),
};

/// The client by address, whatever the environment and the option files say.
fn mysql(client: &str, port: u16, sql: &str) -> Vec<String> {
    words(&[
        "env",
        "-u",
        "MYSQL_PWD",
        "MYSQL_TEST_LOGIN_FILE=/dev/null/none",
        client,
        "--no-defaults",
        "--protocol=tcp",
        "--host=127.0.0.1",
        &format!("--port={port}"),
        "--user=root",
        "--execute",
        sql,
    ])
}

const MARIADB: Engine = Engine {
    image: "mariadb:11.8",
    options: &[
        "--env",
        "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1",
        "--tmpfs",
        "/var/lib/mysql",
    ],
    command: &["mariadbd", "--port=3306"],
    stranger: &["mariadbd", "--port=3307"],
    ready: |port| mysql("mariadb", port, "select 1"),
    ports: (3306, 3307),
    make: |port, database| {
        mysql(
            "mariadb",
            port,
            &format!("create database {database}; create table {database}.t (a int)"),
        )
    },
    has: |port, database| mysql("mariadb", port, &format!("select * from {database}.t")),
    drop: |port, database| mysql("mariadb", port, &format!("drop database {database}")),
};

const MYSQL: Engine = Engine {
    image: "mysql:9",
    options: &[
        "--env",
        "MYSQL_ALLOW_EMPTY_PASSWORD=1",
        "--tmpfs",
        "/var/lib/mysql",
    ],
    command: &["mysqld", "--port=3306", "--mysqlx=off"],
    stranger: &["mysqld", "--port=3307", "--mysqlx=off"],
    ready: |port| mysql("mysql", port, "select 1"),
    ports: (3306, 3307),
    make: |port, database| {
        mysql(
            "mysql",
            port,
            &format!("create database {database}; create table {database}.t (a int)"),
        )
    },
    has: |port, database| mysql("mysql", port, &format!("select * from {database}.t")),
    drop: |port, database| mysql("mysql", port, &format!("drop database {database}")),
};

fn mongosh(port: u16, script: &str) -> Vec<String> {
    let script =
        format!("db = new Mongo('mongodb://127.0.0.1:{port}/?directConnection=true').getDB('x'); {script}");
    words(&[
        "env",
        "-u",
        "NODE_OPTIONS",
        "HOME=/dev/null",
        "MONGOSH_GLOBAL_CONFIG_FILE_FOR_TESTING=/dev/null",
        "mongosh",
        "--nodb",
        "--quiet",
        "--norc",
        "--eval",
        &script,
    ])
}

const MONGODB: Engine = Engine {
    image: "mongo:6.0",
    options: &["--tmpfs", "/data/db"],
    command: &["mongod", "--wiredTigerCacheSizeGB", "0.3"],
    stranger: &["mongod", "--wiredTigerCacheSizeGB", "0.3", "--port", "27018"],
    ready: |port| mongosh(port, "db.hello()"),
    ports: (27017, 27018),
    make: |port, database| mongosh(port, &format!("db.getSiblingDB('{database}').t.insertOne({{}})")),
    has: |port, database| {
        mongosh(
            port,
            &format!("if (!db.getSiblingDB('{database}').t.countDocuments()) throw new Error('none')"),
        )
    },
    drop: |port, database| mongosh(port, &format!("db.getSiblingDB('{database}').dropDatabase()")),
};

fn run(container: &Container, argv: &[String]) -> bool {
    let argv: Vec<_> = argv.iter().map(String::as_str).collect();
    container.succeeds(&argv)
}

/// The rows in the bucket are the target's own, and so is the database that comes back.
fn stays_at_home(engine: &Engine, redirect: &Redirect) {
    let Some(store) = start(&[engine.image]) else {
        return;
    };
    let (own, stranger) = two(engine, redirect);
    let (at_home, elsewhere) = engine.ports;
    let lifeboat = Lifeboat::new(&store, &own.name);
    let said = lifeboat.succeed(&["check"]).text();
    assert!(!said.contains("FAIL"), "{said}");
    lifeboat.succeed(&["backup"]);
    assert_eq!(store.backups("own").len(), 1, "{:?}", store.keys());
    assert_eq!(store.backups("strange").len(), 0, "{:?}", store.keys());
    restores_at_home(engine, &lifeboat, &own);
    assert!(run(&stranger, &(engine.has)(elsewhere, "strange")));
    assert!(!run(&stranger, &(engine.has)(elsewhere, "own")));
    assert!(run(&own, &(engine.has)(at_home, "own")));
}

fn restores_at_home(engine: &Engine, lifeboat: &Lifeboat, own: &Container) {
    let at_home = engine.ports.0;
    assert!(run(own, &(engine.drop)(at_home, "own")));
    assert!(!run(own, &(engine.has)(at_home, "own")));
    lifeboat.succeed(&["restore", "latest", "--database", "own"]);
}

/// The target, and the stranger in its network.
fn two(engine: &Engine, redirect: &Redirect) -> (Container, Container) {
    let mut options = engine.options.to_vec();
    for pair in redirect.env {
        options.extend(["--env", pair]);
    }
    let own = Container::run(engine.image, &options, engine.command);
    for File(path, content) in redirect.files {
        let write = format!("umask 077; mkdir -p \"$(dirname {path})\" && cat >{path}");
        let written = own.exec_with(&["sh", "-c", &write], content.as_bytes());
        assert!(written.status.success(), "{written:?}");
    }
    own.exec(&["sh", "-c", redirect.run]);
    let stranger = in_network_of(&own, engine);
    let (at_home, elsewhere) = engine.ports;
    for (container, port, database) in [(&own, at_home, "own"), (&stranger, elsewhere, "strange")] {
        wait_until("a server", LONG, || run(container, &(engine.ready)(port)));
        assert!(run(container, &(engine.make)(port, database)));
    }
    (own, stranger)
}

fn in_network_of(own: &Container, engine: &Engine) -> Container {
    let name = unique("stranger");
    let network = format!("container:{}", own.name);
    let mut args = vec![
        "run",
        "--detach",
        "--label",
        "test.lifeboat=1",
        "--name",
        &name,
        "--network",
        &network,
    ];
    args.extend(engine.options);
    args.push(engine.image);
    args.extend(engine.stranger);
    docker(&args);
    Container { name }
}

/// `POSTGRES`, with another port and folder; the stranger has the usual ones.
const POSTGRES_MOVED: Engine = Engine {
    command: &[
        "postgres",
        "-c",
        "fsync=off",
        "-c",
        "port=5433",
        "-c",
        "unix_socket_directories=/tmp",
    ],
    stranger: &["postgres", "-c", "fsync=off", "-c", "port=5432"],
    ports: (5433, 5432),
    ..POSTGRES
};

/// Without a socket.
const POSTGRES_WITHOUT_A_SOCKET: Engine = Engine {
    command: &[
        "postgres",
        "-c",
        "fsync=off",
        "-c",
        "port=5433",
        "-c",
        "unix_socket_directories=",
    ],
    ..POSTGRES_MOVED
};

/// `MONGODB`, on the port of its configuration file; the stranger has the usual one.
const MONGODB_MOVED: Engine = Engine {
    options: &["--tmpfs", "/data/db", "--entrypoint", "sh"],
    command: &[
        "-c",
        "printf 'net:\\n  port: 27018\\n  bindIp: 127.0.0.1\\n' >/srv/mongod.conf; exec mongod --config /srv/mongod.conf",
    ],
    stranger: &["-c", "exec mongod --port 27017"],
    ports: (27018, 27017),
    ..MONGODB
};

/// A second server in the container itself, to which the option files of clients lead.
fn stays_with_the_first_of_two() {
    let Some(store) = start(&[MARIADB.image]) else {
        return;
    };
    let own = Container::run(MARIADB.image, MARIADB.options, MARIADB.command);
    let (at_home, elsewhere) = MARIADB.ports;
    wait_until("a server", LONG, || run(&own, &(MARIADB.ready)(at_home)));
    let second = "mariadb-install-db --user=mysql --datadir=/tmp/two --auth-root-authentication-method=normal >/dev/null &&
                  printf '[client]\\nsocket=/tmp/two.sock\\nport=3307\\n' >/root/.my.cnf";
    own.exec(&["sh", "-c", second]);
    let server = format!("--port={elsewhere}");
    let server = [
        "mariadbd",
        "--user=mysql",
        "--datadir=/tmp/two",
        "--socket=/tmp/two.sock",
        &server,
    ];
    docker(&[&["exec", "--detach", &own.name][..], &server].concat());
    wait_until("the second server", LONG, || {
        run(&own, &(MARIADB.ready)(elsewhere))
    });
    assert!(run(&own, &(MARIADB.make)(at_home, "own")));
    assert!(run(&own, &(MARIADB.make)(elsewhere, "strange")));
    let lifeboat = Lifeboat::new(&store, &own.name);
    lifeboat.succeed(&["backup"]);
    assert_eq!(store.backups("own").len(), 1, "{:?}", store.keys());
    assert_eq!(store.backups("strange").len(), 0, "{:?}", store.keys());
    restores_at_home(&MARIADB, &lifeboat, &own);
    assert!(run(&own, &(MARIADB.has)(at_home, "own")));
    assert!(!run(&own, &(MARIADB.has)(elsewhere, "own")));
}

rows! {
    postgres_on_another_port_and_socket: stays_at_home(&POSTGRES_MOVED, &env(&[]));
    postgres_without_a_socket: stays_at_home(&POSTGRES_WITHOUT_A_SOCKET, &env(&["PGHOST=127.0.0.1", "PGPORT=5432"]));
    mariadb_a_second_server_beside_it: stays_with_the_first_of_two();
    mongodb_on_the_port_of_its_configuration: stays_at_home(&MONGODB_MOVED, &env(&[]));
    postgres_a_host_and_a_port: stays_at_home(&POSTGRES, &env(&["PGHOST=127.0.0.1", "PGPORT=5433"]));
    postgres_an_address: stays_at_home(&POSTGRES, &env(&["PGHOSTADDR=127.0.0.1", "PGPORT=5433"]));
    postgres_a_service: stays_at_home(&POSTGRES, &Redirect {
        env: &["PGSERVICE=other"],
        files: &[File("/root/.pg_service.conf", "[other]\nhost=127.0.0.1\nport=5433\nuser=nobody\n")],
        run: ":",
    });
    postgres_a_service_file: stays_at_home(&POSTGRES, &Redirect {
        env: &["PGSERVICE=other", "PGSERVICEFILE=/srv/services", "PGDATABASE=strange", "PGUSER=nobody"],
        files: &[File("/srv/services", "[other]\nhost=127.0.0.1\nport=5433\n")],
        run: ":",
    });
    postgres_demands_that_the_server_does_not_meet: stays_at_home(&POSTGRES, &env(&[
        "PGTARGETSESSIONATTRS=read-only",
        "PGSSLMODE=require",
        "PGREQUIREAUTH=scram-sha-256",
        "PGCHANNELBINDING=require",
        "PGGSSENCMODE=require",
        "PGOPTIONS=-c search_path=strange",
        "PGCLIENTENCODING=LATIN1",
        "PGAPPNAME=other",
    ]));
    postgres_files_of_the_account: stays_at_home(&POSTGRES, &Redirect {
        env: &["PGSYSCONFDIR=/srv/sys"],
        files: &[
            File("/root/.psqlrc", "\\connect 'host=127.0.0.1 port=5433 dbname=strange user=postgres'\n"),
            File("/srv/sys/psqlrc", "\\connect 'host=127.0.0.1 port=5433 dbname=strange user=postgres'\n"),
            File("/srv/sys/pg_service.conf", "[other]\nhost=127.0.0.1\nport=5433\n"),
            File("/root/.pgpass", "*:*:*:*:wrong\n"),
        ],
        run: ":",
    });
    mariadb_a_group_of_options_in_the_environment: stays_at_home(&MARIADB, &Redirect {
        env: &["MYSQL_HOME=/srv/home", "MYSQL_GROUP_SUFFIX=_other", "MYSQL_TCP_PORT=3307", "MYSQL_UNIX_PORT=/srv/none.sock"],
        files: &[File("/srv/home/my.cnf", "[client_other]\nsocket=/srv/none.sock\n")],
        run: ":",
    });
    mariadb_option_files_of_the_account: stays_at_home(&MARIADB, &files(&[
        File("/root/.my.cnf", "[client]\nhost=127.0.0.1\nport=3307\nprotocol=tcp\nuser=nobody\npassword=wrong\nsocket=/srv/none.sock\n"),
        File("/etc/my.cnf", "[client-mariadb]\nhost=127.0.0.1\nport=3307\n[mysqldump]\nport=3307\nprotocol=tcp\nno-data\n[mariadb-dump]\nno-data\n"),
    ]));
    mysql_a_login_path_and_the_environment: stays_at_home(&MYSQL, &Redirect {
        env: &["MYSQL_TCP_PORT=3307", "MYSQL_UNIX_PORT=/srv/none.sock", "MYSQL_GROUP_SUFFIX=_other"],
        files: &[],
        run: "for one in client mysql mysqldump; do HOME=/root mysql_config_editor set --skip-warn --login-path=$one \
              --host=127.0.0.1 --port=3307 --user=nobody --socket=/srv/none.sock; done",
    });
    mysql_option_files_of_the_account: stays_at_home(&MYSQL, &Redirect {
        env: &["MYSQL_HOME=/srv/home"],
        files: &[
            File("/root/.my.cnf", "[client]\nhost=127.0.0.1\nport=3307\nprotocol=tcp\nuser=nobody\npassword=wrong\nsocket=/srv/none.sock\n"),
            File("/srv/home/my.cnf", "[client]\nsocket=/srv/none.sock\n"),
        ],
        run: ":",
    });
    mongodb_rc_files_and_node_options: stays_at_home(&MONGODB, &Redirect {
        env: &["NODE_OPTIONS=--require=/srv/other.js", "ALL_PROXY=socks5://127.0.0.1:9"],
        files: &[
            File("/srv/other.js", "process.env.LIFEBOAT_USER = 'nobody';\n"),
            File("/root/.mongoshrc.js", "db = connect('mongodb://127.0.0.1:27018/strange');\n"),
            File("/etc/mongosh.conf", "mongosh:\n  maxTimeMS: 1\n  inspectDepth: 1\n"),
        ],
        run: ":",
    });
}
