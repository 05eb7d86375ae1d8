//! Which container lifeboat itself runs in, and what follows from it: the compose project in which TARGET's services are
//! looked for, and whether it is started again whenever it ends. With another container's network, the files that usually
//! tell are that container's.

use crate::support::engine::{SHELL, docker, unique};
use crate::support::lifeboat::Running;
use crate::support::{Container, LONG, Lifeboat, Ran, start, wait_until};
use std::process::Command;

/// What lifeboat needs there: the engine, and roots that it may trust, which the image lacks.
const MOUNTS: [&str; 2] = [
    "/var/run/docker.sock:/var/run/docker.sock",
    "/etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro",
];

/// The label of a compose project of this name.
fn project(name: &str) -> String {
    format!("com.docker.compose.project={name}")
}

/// The service `db` of a project, which holds the text.
fn service(name: &str, text: &str) -> Container {
    let project = project(name);
    let write = format!("echo {text} >/text; exec sleep 3600");
    let options = [
        "--init",
        "--label",
        &project,
        "--label",
        "com.docker.compose.service=db",
    ];
    Container::run(SHELL, &options, &["sh", "-c", &write])
}

/// A container of a project, whose network lifeboat shares. It reaches the store: it has the host's network.
fn neighbour(name: &str, more: &[&str]) -> Container {
    let container = Container {
        name: unique("neighbour"),
    };
    let project = project(name);
    let mut args = vec![
        "run",
        "--detach",
        "--init",
        "--network",
        "host",
        "--label",
        "test.lifeboat=1",
    ];
    args.extend(["--name", &container.name, "--label", &project]);
    args.extend(more);
    args.extend([SHELL, "sleep", "3600"]);
    docker(&args);
    container
}

/// The arguments of `docker` that run lifeboat in a container of its own.
fn arguments(lifeboat: &Lifeboat, options: &[&str], args: &[&str]) -> Vec<String> {
    let program = format!("{}:/lifeboat:ro", env!("CARGO_BIN_EXE_lifeboat"));
    let mut all = vec!["run".to_owned(), "--label=test.lifeboat=1".to_owned()];
    all.extend(
        MOUNTS
            .into_iter()
            .chain([&program[..]])
            .map(|mount| format!("--volume={mount}")),
    );
    all.extend(
        lifeboat
            .env()
            .map(|(name, value)| format!("--env={name}={value}")),
    );
    all.extend(options.iter().map(|word| (*word).to_owned()));
    all.extend(
        [SHELL, "/lifeboat"]
            .iter()
            .chain(args)
            .map(|word| (*word).to_owned()),
    );
    all
}

fn run(lifeboat: &Lifeboat, options: &[&str], args: &[&str]) -> Ran {
    let options = [options, &["--rm"]].concat();
    Running::of(Command::new("docker").args(arguments(lifeboat, &options, args))).wait(LONG)
}

/// `db` is the service of lifeboat's own project, not of the one whose network it has.
fn means_its_own_project(cgroup: &str) {
    let Some(store) = start(&[SHELL]) else { return };
    let (own, other) = (unique("own"), unique("other"));
    let (_ours, _theirs) = (service(&own, "ours"), service(&other, "theirs"));
    let neighbour = neighbour(&other, &[]);
    let lifeboat = Lifeboat::new(&store, "db").custom("cat /text");
    let network = format!("container:{}", neighbour.name);
    let shared = ["--network", &network, "--cgroupns", cgroup];
    let label = project(&own);
    let backup = run(
        &lifeboat,
        &[&shared[..], &["--label", &label]].concat(),
        &["backup"],
    );
    assert_eq!(backup.code, 0, "{}", backup.stderr);
    assert_eq!(lifeboat.succeed(&["get", "latest"]).text(), "ours\n");
    // Without a project of its own, it has none.
    run(&lifeboat, &shared, &["backup"]).assert_failed(3, "no container has this name");
    // With a network of its own, all is as ever.
    let label = project(&other);
    let alone = ["--network", "host", "--cgroupns", cgroup, "--label", &label];
    let backup = run(&lifeboat, &alone, &["backup"]);
    assert_eq!(backup.code, 0, "{}", backup.stderr);
    let theirs = lifeboat.succeed(&["list", "--json"]).text();
    assert_eq!(theirs.matches("\"key\"").count(), 2, "{theirs}");
    assert_eq!(lifeboat.succeed(&["get", "latest"]).text(), "theirs\n");
}

/// Whether it would run in an endless loop is its own restart policy's matter.
fn means_its_own_restart_policy() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = service(&unique("own"), "ours");
    let lifeboat = Lifeboat::new(&store, &target.name).custom("cat /text");
    let restarted = neighbour(&unique("other"), &["--restart", "always"]);
    let network = format!("container:{}", restarted.name);
    let ran = run(&lifeboat, &["--network", &network], &[]);
    assert!(!ran.stderr.contains("SCHEDULE"), "{}", ran.stderr);
    let neighbour = neighbour(&unique("other"), &[]);
    let network = format!("container:{}", neighbour.name);
    let detached = Container {
        name: unique("restarted"),
    };
    let options = [
        "--detach",
        "--network",
        &network,
        "--restart",
        "always",
        "--name",
        &detached.name,
    ];
    let args = arguments(&lifeboat, &options, &[]);
    docker(&args.iter().map(String::as_str).collect::<Vec<_>>());
    wait_until("its word", LONG, || detached.log().contains("SCHEDULE"));
}

rows! {
    project_by_the_control_group: means_its_own_project("host");
    project_by_the_layer: means_its_own_project("private");
    restart_policy: means_its_own_restart_policy();
}
