//! What an entry of TARGET means where several containers answer to it: the service of lifeboat's own project, else the
//! container of that very name, else the one with that id.

use crate::support::engine::{SHELL, docker, unique};
use crate::support::{Container, Lifeboat, start};

/// A container of any name, which holds the text.
fn target(name: &str, labels: &[&str], text: &str) -> Container {
    let write = format!("echo {text} >/text; exec sleep 3600");
    let mut args = vec![
        "run",
        "--detach",
        "--init",
        "--network",
        "none",
        "--label",
        "test.lifeboat=1",
        "--name",
        name,
    ];
    for label in labels {
        args.extend(["--label", label]);
    }
    args.extend([SHELL, "sh", "-c", &write]);
    docker(&args);
    Container {
        name: name.to_owned(),
    }
}

/// A stranger bears the name of the service: the service is backed up, and the stranger named, once.
fn the_service_comes_first(label: bool) {
    let Some(store) = start(&[SHELL]) else { return };
    let (name, project) = (unique("db"), unique("project"));
    let labels = [
        format!("com.docker.compose.project={project}"),
        format!("com.docker.compose.service={name}"),
    ];
    let stranger = target(&name, &[], "strange");
    let own = target(&unique("own"), &[&labels[0], &labels[1]], "own");
    let lifeboat = Lifeboat::new(&store, &name)
        .custom("cat /text")
        .with("COMPOSE_PROJECT_NAME", &project);
    let ran = lifeboat.succeed(&["backup"]);
    let said = ran.stderr.matches("has exactly the name").count();
    assert_eq!(said, 1, "{}", ran.stderr);
    assert_eq!(lifeboat.succeed(&["get", "latest"]).text(), "own\n");
    if label {
        // The service's own container has the name: nobody else is meant.
        drop(own);
        drop(stranger);
        let _named = target(&name, &[&labels[0], &labels[1]], "named");
        let ran = lifeboat.succeed(&["backup"]);
        assert!(!ran.stderr.contains("has exactly the name"), "{}", ran.stderr);
        assert_eq!(lifeboat.succeed(&["get", "latest"]).text(), "named\n");
    }
}

/// Without a service, the name comes before an id that begins so.
fn a_name_comes_before_an_id() {
    let Some(store) = start(&[SHELL]) else { return };
    let other = target(&unique("other"), &[], "other");
    let id = docker(&["inspect", "--format", "{{.Id}}", &other.name])[..12].to_owned();
    let lifeboat = Lifeboat::new(&store, &id).custom("cat /text");
    lifeboat.succeed(&["backup"]);
    assert_eq!(lifeboat.succeed(&["get", "latest"]).text(), "other\n");
    let _named = target(&id, &[], "named");
    lifeboat.succeed(&["backup"]);
    assert_eq!(lifeboat.succeed(&["get", "latest"]).text(), "named\n");
}

rows! {
    a_stranger_with_the_name_of_a_service: the_service_comes_first(false);
    a_service_in_a_container_of_that_name: the_service_comes_first(true);
    a_name_that_begins_an_id: a_name_comes_before_an_id();
}
