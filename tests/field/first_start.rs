//! The first start of an image's own entrypoint: a server for itself alone, which runs the scripts of
//! `/docker-entrypoint-initdb.d`. What it holds is half made: a backup and a restore wait for the server that comes after
//! it. A server that always listens on its socket alone is no such thing.
//!
//! The script makes the first half, then waits until the test has seen lifeboat wait.

use crate::support::{Container, LONG, Lifeboat, start, wait_until};

struct Engine {
    image: &'static str,
    options: &'static [&'static str],
    command: &'static [&'static str],
    /// What the script makes before and after it has waited.
    halves: [&'static str; 2],
    /// Counts, once the server is up, and whatever is there, the halves.
    count: &'static str,
}

const POSTGRES: Engine = Engine {
    image: "postgres:17",
    options: &[
        "--env",
        "POSTGRES_HOST_AUTH_METHOD=trust",
        "--tmpfs",
        "/var/lib/postgresql/data",
    ],
    command: &["postgres", "-c", "fsync=off"],
    halves: [
        "psql -qc 'create database one' -U postgres",
        "psql -qc 'create database two' -U postgres",
    ],
    count: "psql -XAtqU postgres -h 127.0.0.1 -c \"select count(*) from pg_database where datname in ('one', 'two')\"",
};

const MARIADB: Engine = Engine {
    image: "mariadb:11.8",
    options: &[
        "--env",
        "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1",
        "--tmpfs",
        "/var/lib/mysql",
    ],
    command: &[],
    halves: [
        "mariadb -uroot -e 'create database one; create table one.t (a int)'",
        "mariadb -uroot -e 'create database two; create table two.t (a int)'",
    ],
    count: "mariadb -uroot --protocol=tcp -h127.0.0.1 -BNe \"select count(*) from information_schema.tables \
            where table_schema in ('one', 'two')\"",
};

const MYSQL: Engine = Engine {
    image: "mysql:9",
    options: &[
        "--env",
        "MYSQL_ALLOW_EMPTY_PASSWORD=1",
        "--tmpfs",
        "/var/lib/mysql",
    ],
    command: &["mysqld", "--mysqlx=off"],
    halves: [
        "mysql -uroot -e 'create database one; create table one.t (a int)'",
        "mysql -uroot -e 'create database two; create table two.t (a int)'",
    ],
    count: "mysql -uroot --protocol=tcp -h127.0.0.1 -BNe \"select count(*) from information_schema.tables \
            where table_schema in ('one', 'two')\"",
};

const MONGODB: Engine = Engine {
    image: "mongo:6.0",
    options: &["--tmpfs", "/data/db"],
    command: &["mongod", "--wiredTigerCacheSizeGB", "0.3"],
    halves: [
        "mongosh --quiet --norc --eval 'db.getSiblingDB(\"one\").t.insertOne({})'",
        "mongosh --quiet --norc --eval 'db.getSiblingDB(\"two\").t.insertOne({})'",
    ],
    count: "HOME=/dev/null mongosh --quiet --norc --eval 'print(db.adminCommand({listDatabases: 1}).databases\
            .filter(d => [\"one\", \"two\"].includes(d.name)).length)' | tail -n 1",
};

/// How the container is started.
enum As {
    Itself,
    /// Below an init process.
    Below,
    /// Without an address for ever, by the server's own arguments.
    SocketAlone,
}

fn target(engine: &Engine, way: &As) -> Container {
    let [first, second] = engine.halves;
    let script = format!("{first}\ntouch /tmp/half\nuntil [ -e /tmp/go-on ]; do sleep 0.1; done\n{second}\n");
    // The script comes by the environment: nothing is on the host that the engine might not see.
    let entry =
        "printf '%s' \"$HALVES\" >/docker-entrypoint-initdb.d/halves.sh && exec docker-entrypoint.sh \"$@\"";
    let halves = format!("HALVES={script}");
    let mut options = engine.options.to_vec();
    options.extend(["--env", &halves, "--entrypoint", "bash"]);
    if matches!(way, As::Below) {
        options.push("--init");
    }
    let mut command = vec!["-c", entry, "entry"];
    command.extend(engine.command);
    if matches!(way, As::SocketAlone) {
        command.extend(["-c", "listen_addresses="]);
    }
    Container::run(engine.image, &options, &command)
}

/// The backup that is begun with half of it made holds all of it.
fn is_waited_for(engine: &Engine, way: &As) {
    let Some(store) = start(&[engine.image]) else {
        return;
    };
    let target = target(engine, way);
    target.wait_for_file("/tmp/half");
    let lifeboat = Lifeboat::new(&store, &target.name);
    let running = lifeboat.spawn(&["backup"]);
    running.wait_for("still setting the server up");
    assert_eq!(store.keys(), Vec::<String>::new());
    let said = lifeboat.succeed(&["check"]).text();
    assert!(said.contains("still being set up"), "{said}");
    target.exec(&["touch", "/tmp/go-on"]);
    let ran = running.wait(LONG);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(store.backups("one").len(), 1, "{:?}", store.keys());
    assert_eq!(store.backups("two").len(), 1, "{:?}", store.keys());
}

/// A restore that is begun meanwhile goes into the server that comes after it.
fn is_waited_for_by_a_restore(engine: &Engine) {
    let Some(store) = start(&[engine.image]) else {
        return;
    };
    let target = target(engine, &As::Itself);
    target.wait_for_file("/tmp/half");
    let lifeboat = Lifeboat::new(&store, &target.name);
    let backup = lifeboat.spawn(&["backup"]);
    backup.wait_for("still setting the server up");
    target.exec(&["touch", "/tmp/go-on"]);
    assert_eq!(backup.wait(LONG).code, 0);
    let fresh = self::target(engine, &As::Itself);
    fresh.wait_for_file("/tmp/half");
    let restore = lifeboat.spawn(&[
        "restore",
        "latest",
        "--database",
        "two",
        "--target",
        &target.name,
        "--into",
        &fresh.name,
    ]);
    restore.wait_for("still setting the server up");
    fresh.exec(&["touch", "/tmp/go-on"]);
    let ran = restore.wait(LONG);
    // The second half is there by then: an empty database may be replaced, a table may not.
    let expected = if engine.image.starts_with("postgres") {
        0
    } else {
        7
    };
    assert_eq!(ran.code, expected, "{}", ran.stderr);
    assert_eq!(count(&fresh, engine), "2");
}

fn count(target: &Container, engine: &Engine) -> String {
    target.exec(&["sh", "-c", engine.count]).trim().to_owned()
}

/// A signal ends the wait.
fn is_waited_for_until_a_signal(engine: &Engine) {
    let Some(store) = start(&[engine.image]) else {
        return;
    };
    let target = target(engine, &As::Itself);
    target.wait_for_file("/tmp/half");
    let running = Lifeboat::new(&store, &target.name).spawn(&["backup"]);
    running.wait_for("still setting the server up");
    running.signal("TERM");
    assert_eq!(running.wait(LONG).code, 143);
    assert_eq!(store.keys(), Vec::<String>::new());
}

/// A server that never listens on an address is backed up at once.
fn listens_on_its_socket_alone() {
    let Some(store) = start(&[POSTGRES.image]) else {
        return;
    };
    let target = target(&POSTGRES, &As::SocketAlone);
    target.wait_for_file("/tmp/half");
    target.exec(&["touch", "/tmp/go-on"]);
    // The entrypoint has given its place to the server.
    wait_until("the server itself", LONG, || {
        target.exec(&["cat", "/proc/1/comm"]).trim() == "postgres"
    });
    let ran = Lifeboat::new(&store, &target.name).succeed(&["backup"]);
    assert!(!ran.stderr.contains("setting the server up"), "{}", ran.stderr);
    assert_eq!(store.backups("two").len(), 1, "{:?}", store.keys());
}

/// A server behind a shell that stays, with its usual addresses.
fn runs_behind_a_shell() {
    let Some(store) = start(&[MONGODB.image]) else {
        return;
    };
    let entry = "mongod --fork --logpath /tmp/log --wiredTigerCacheSizeGB 0.3 && exec sleep 3600";
    let target = Container::run(
        MONGODB.image,
        &["--tmpfs", "/data/db", "--entrypoint", "sh"],
        &["-c", entry],
    );
    let insert = "HOME=/dev/null mongosh --quiet --norc --eval 'db.getSiblingDB(\"one\").t.insertOne({})'";
    wait_until("the server", LONG, || target.succeeds(&["sh", "-c", insert]));
    let ran = Lifeboat::new(&store, &target.name).succeed(&["backup"]);
    assert!(!ran.stderr.contains("setting the server up"), "{}", ran.stderr);
    assert_eq!(store.backups("one").len(), 1, "{:?}", store.keys());
}

rows! {
    postgres_first_start: is_waited_for(&POSTGRES, &As::Itself);
    postgres_first_start_below_an_init_process: is_waited_for(&POSTGRES, &As::Below);
    mariadb_first_start: is_waited_for(&MARIADB, &As::Itself);
    mysql_first_start: is_waited_for(&MYSQL, &As::Itself);
    mongodb_first_start: is_waited_for(&MONGODB, &As::Itself);
    restore_into_a_first_start: is_waited_for_by_a_restore(&POSTGRES);
    mariadb_restore_into_a_first_start: is_waited_for_by_a_restore(&MARIADB);
    signal_at_a_first_start: is_waited_for_until_a_signal(&MARIADB);
    socket_alone_for_ever: listens_on_its_socket_alone();
    behind_a_shell_that_stays: runs_behind_a_shell();
}
