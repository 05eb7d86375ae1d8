//! Passwords and their hashes are nowhere to be seen.

use crate::support::lifeboat::Running;
use crate::support::mysql::{IMAGES, Mysql, PASSWORD};
use crate::support::s3_server::{SECRET_KEY, temporary_directory};
use crate::support::{LONG, Lifeboat, SECONDS, start};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

fn nowhere(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let directory = temporary_directory("secret");
    let file = directory.join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let volume = format!("{}:/run/secrets/password:ro", file.display());
    let options = [
        "--env",
        "MYSQL_ROOT_PASSWORD_FILE=/run/secrets/password",
        "--volume",
        &volume,
    ];
    let server = Mysql::start_with(image, PASSWORD, &options, &[]);
    server.sql(
        "mysql",
        "CREATE DATABASE app; CREATE USER somebody@localhost IDENTIFIED BY 'somebody''s own'",
    );
    let stored = "SELECT authentication_string FROM mysql.user WHERE user = 'somebody'";
    let hash = server.sql("mysql", stored);
    let hex = server.sql("mysql", &format!("SELECT HEX(({stored}))"));
    let holder = server.hold("app");
    let mut command = Command::new("docker");
    let container = format!("container={}", server.name);
    command.args(["events", "--filter", &container, "--format", "{{json .}}"]);
    let events = Running::of(&mut command);

    let lifeboat = Lifeboat::new(&store, &server.name).with("LOG_LEVEL", "trace");
    let running = lifeboat.spawn(&["backup"]);
    server.wait_for_waiting_dump();
    let processes = server.exec(&["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]);
    assert!(processes.contains("dump"), "{processes}");
    server.end(&holder);
    let backup = running.wait(LONG);
    assert_eq!(backup.code, 0, "{}", backup.stderr);
    server.sql("mysql", "DROP USER somebody@localhost");
    let restore = lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(server.sql("mysql", stored), hash);
    let shown = [&["config"][..], &["check"], &["list"]].map(|args| lifeboat.run(args));

    let ended = "lifeboat test: the events up to here";
    server.exec(&["echo", ended]);
    events.wait_for_output(ended);
    events.signal("TERM");
    let events = events.wait(SECONDS).text();
    assert!(events.contains("exec_start"), "{events}");
    let mut places = vec![processes, events, backup.stderr, restore.stderr, server.log()];
    places.extend(shown.iter().map(|ran| ran.stderr.clone() + &ran.text()));
    let keys = store.keys();
    let manifests = keys.iter().filter(|key| key.ends_with(".bz2.json"));
    places.extend(manifests.map(|key| String::from_utf8(store.get(key)).unwrap()));
    for text in places {
        for secret in [
            PASSWORD,
            SECRET_KEY,
            "somebody's own",
            hash.as_str(),
            hex.as_str(),
        ] {
            assert!(!text.contains(secret), "{secret:?} is in: {text}");
        }
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn of_mariadb() {
    nowhere(IMAGES[1]);
}

#[test]
fn of_mysql() {
    nowhere(IMAGES[2]);
}
