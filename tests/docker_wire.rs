//! The real Docker client against an engine that is cut off at any byte: never a backup, always a clear error.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "support/local.rs"]
mod local;
#[path = "support/skip.rs"]
mod skip;
#[path = "support/world.rs"]
mod world;

use lifeboat::config::{self, TargetEntry};
use lifeboat::engine::Words;
use lifeboat::exit::Exit;
use lifeboat::runtime::docker::DockerRuntime;
use lifeboat::runtime::wholeness::{Listen, WholenessError};
use lifeboat::runtime::{Container, Exec, Runtime, RuntimeError, RuntimeErrorKind};
use lifeboat::store::memory::MemoryStore;
use local::{container, directory};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// What is sent behind the upgrade, given the nonce.
type Script = fn(&str) -> Vec<u8>;

/// What the engine answers to the start of an exec.
#[derive(Clone)]
enum Start {
    /// The upgrade, then what this makes of the nonce, then nothing more.
    Stream(Script),
    /// This status line and message instead.
    Refuse(&'static str, &'static str),
}

/// A frame as the engine sends it: 1 is stdout, 2 stderr, 3 its own errors.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind, 0, 0, 0][..], &length, payload].concat()
}

fn whole(nonce: &str) -> Vec<u8> {
    [frame(1, b"a dump"), frame(1, format!("{nonce} 000\n").as_bytes())].concat()
}

/// The real client, and an engine that knows one exec.
fn engine(start: Start) -> DockerRuntime {
    let socket = directory("engine").join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, start.clone()));
        }
    });
    DockerRuntime::connect(&docker_at(&socket.display().to_string())).unwrap()
}

fn docker_at(socket: &str) -> config::Docker {
    let host = format!("unix://{socket}");
    let env = [("TARGET", "db"), ("S3_BUCKET", "backups"), ("DOCKER_HOST", &host)];
    let pairs = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    config::load(pairs, &|_| Err(std::io::ErrorKind::NotFound.into()))
        .unwrap()
        .config
        .docker
}

async fn serve(mut stream: UnixStream, start: Start) {
    let Some(request) = head(&mut stream).await else {
        return;
    };
    if request.contains("/containers/") && request.contains("/exec ") {
        return answer(&mut stream, "201 Created", r#"{"Id":"e1"}"#).await;
    }
    if !request.contains("/exec/e1/start ") {
        return answer(&mut stream, "404 Not Found", r#"{"message":"page not found"}"#).await;
    }
    match start {
        Start::Refuse(status, message) => {
            answer(&mut stream, status, &format!("{{\"message\":\"{message}\"}}")).await;
        }
        Start::Stream(script) => {
            let upgrade = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\
                           Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
            stream.write_all(upgrade.as_bytes()).await.unwrap();
            let mut nonce = Vec::new();
            while nonce.last() != Some(&b'\n') {
                nonce.push(stream.read_u8().await.unwrap());
            }
            let nonce = String::from_utf8(nonce).unwrap();
            let _ = stream.write_all(&script(nonce.trim())).await;
            let _ = stream.shutdown().await;
            // What the client still says is taken, so that it ends by the stream's end and not by a reset.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    }
}

/// A request's first line; its headers and body are read and not looked at.
async fn head(stream: &mut UnixStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = text
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    String::from_utf8_lossy(&bytes).lines().next().map(str::to_owned)
}

async fn answer(stream: &mut UnixStream, status: &str, body: &str) {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn listen(start: Start) -> Result<Vec<u8>, WholenessError> {
    let words = Words {
        argv: vec!["pg_dump".to_owned()],
        env: Vec::new(),
    };
    let mut listen = Listen::start(&engine(start), &container("db"), &words, Duration::from_mins(1)).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = listen.next().await? {
        bytes.extend_from_slice(&piece);
    }
    listen.succeeded()?;
    Ok(bytes)
}

/// What the engine answers to a nonce.
type Answers = fn(&str) -> Vec<u8>;

#[tokio::test]
async fn a_whole_stream_is_believed_however_it_is_framed() {
    assert_eq!(listen(Start::Stream(whole)).await.unwrap(), b"a dump");
    let one = |nonce: &str| frame(1, format!("a dump{nonce} 000\n").as_bytes());
    assert_eq!(listen(Start::Stream(one)).await.unwrap(), b"a dump");
    let split = |nonce: &str| {
        let text = format!("a dump{nonce} 000\n");
        text.as_bytes()
            .chunks(3)
            .flat_map(|piece| [frame(1, piece), frame(2, b"\0")].concat())
            .collect()
    };
    assert_eq!(listen(Start::Stream(split)).await.unwrap(), b"a dump");
}

#[tokio::test]
async fn a_frame_may_hold_nothing_wherever_it_stands() {
    let empty = |nonce: &str| {
        let record = format!("{nonce} 000\n");
        [&b"a dump"[..], b"", record.as_bytes(), b""]
            .into_iter()
            .flat_map(|payload| [frame(1, b""), frame(1, payload), frame(2, b"")].concat())
            .collect()
    };
    assert_eq!(listen(Start::Stream(empty)).await.unwrap(), b"a dump");
}

#[tokio::test]
async fn a_stream_that_is_cut_is_never_believed() {
    let cases: [(&str, Answers); 8] = [
        ("nothing at all", |_| Vec::new()),
        ("inside the first frame", |nonce| whole(nonce)[..11].to_vec()),
        ("on a frame's boundary", |nonce| whole(nonce)[..14].to_vec()),
        ("inside a header", |nonce| whole(nonce)[..18].to_vec()),
        ("right behind a header", |nonce| whole(nonce)[..22].to_vec()),
        ("inside the record", |nonce| whole(nonce)[..40].to_vec()),
        ("a byte before the end", |nonce| {
            whole(nonce)[..whole(nonce).len() - 1].to_vec()
        }),
        ("behind a record without its newline", |nonce| {
            [frame(1, b"a dump"), frame(1, format!("{nonce} 000").as_bytes())].concat()
        }),
    ];
    for (name, script) in cases {
        let error = listen(Start::Stream(script)).await.expect_err(name);
        let told = match &error {
            WholenessError::NoRecord { .. } => true,
            WholenessError::Runtime(error) => error.kind == RuntimeErrorKind::Broken,
            _ => false,
        };
        assert!(told, "{name}: {error}");
    }
}

#[tokio::test]
async fn what_is_no_output_spoils_the_stream() {
    let cases: [(&str, Answers); 6] = [
        ("a frame of 4 GiB that never comes", |nonce| {
            [&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff][..], &whole(nonce)].concat()
        }),
        ("a kind of frame that nobody knows", |nonce| {
            [frame(9, b"x"), whole(nonce)].concat()
        }),
        ("the engine's own error", |nonce| {
            [frame(1, b"half"), frame(3, b"oops"), whole(nonce)].concat()
        }),
        ("an error behind the record", |nonce| {
            [whole(nonce), frame(3, b"oops")].concat()
        }),
        ("bytes out of step", |nonce| {
            [&b"\xffgarbage"[..], &whole(nonce)].concat()
        }),
        ("output behind the record", |nonce| {
            [whole(nonce), frame(1, b"more")].concat()
        }),
    ];
    for (name, script) in cases {
        let error = listen(Start::Stream(script)).await.expect_err(name);
        assert!(!error.to_string().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_error_on_stdout_is_told_and_is_no_dump() {
    let start = |_: &str| {
        let text = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"sh\": executable \
                    file not found in $PATH: unknown\r\n";
        frame(1, text.as_bytes())
    };
    let error = listen(Start::Stream(start)).await.unwrap_err();
    assert!(error.to_string().contains("OCI runtime exec failed"), "{error}");
    assert!(error.to_string().contains("executable file not found"), "{error}");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_engines_words() {
    for (status, message, kind) in [
        (
            "404 Not Found",
            "No such exec instance: e1",
            RuntimeErrorKind::NotFound,
        ),
        (
            "409 Conflict",
            "Container db is paused",
            RuntimeErrorKind::NotRunning,
        ),
        ("403 Forbidden", "a proxy says no", RuntimeErrorKind::Denied),
        (
            "500 Internal Server Error",
            "cannot fork",
            RuntimeErrorKind::Other,
        ),
    ] {
        let error = listen(Start::Refuse(status, message)).await.unwrap_err();
        let WholenessError::Runtime(error) = error else {
            panic!("{status}: {error}")
        };
        assert_eq!(error.kind, kind, "{status}");
        let cause = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(cause.contains(message), "{status}: {cause}");
    }
    let error = listen(Start::Refuse("200 OK", "no upgrade")).await;
    assert!(error.is_err(), "an answer without the upgrade is no stream");
}

/// The real exec under a `find` that needs no engine.
#[derive(Clone)]
struct Found(DockerRuntime);

impl Runtime for Found {
    async fn find(&self, entry: &TargetEntry) -> Vec<Result<Container, RuntimeError>> {
        vec![Ok(container(&entry.text))]
    }

    async fn exec(&self, container: &Container, argv: &[&str]) -> Result<Exec, RuntimeError> {
        self.0.exec(container, argv).await
    }

    async fn origin(&self) -> Result<String, RuntimeError> {
        Ok("engine-1".to_owned())
    }

    async fn restarts_always(&self) -> Option<bool> {
        None
    }
}

#[tokio::test]
async fn only_the_whole_stream_becomes_a_backup() {
    let store = MemoryStore::new();
    let cut = |nonce: &str| whole(nonce)[..22].to_vec();
    let error = world::attempt(&world::context(Found(engine(Start::Stream(cut))), &store, &[]))
        .await
        .err()
        .unwrap();
    assert_eq!(error.exit, Exit::Tool, "{error}");
    assert_eq!((world::keys(&store).len(), store.open_uploads().len()), (0, 0));
    world::attempt(&world::context(Found(engine(Start::Stream(whole))), &store, &[]))
        .await
        .unwrap();
    assert_eq!(world::whole(&store), 1);
}

/// Podman tells a state of a container that ends which Docker's API does not have, for a moment.
#[tokio::test]
async fn a_list_that_cannot_be_read_for_a_moment_is_asked_for_again() {
    let socket = directory("list").join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        let mut states = ["stopped", "stopped"].into_iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(request) = head(&mut stream).await else {
                continue;
            };
            let state = states.next().unwrap_or("exited");
            let list = format!(r#"[{{"Id":"e1","Names":["/other"],"State":"{state}"}}]"#);
            assert!(request.contains("/containers/json"), "{request}");
            answer(&mut stream, "200 OK", &list).await;
        }
    });
    let runtime = DockerRuntime::connect(&docker_at(&socket.display().to_string())).unwrap();
    let entry = TargetEntry {
        text: "label:a".to_owned(),
        selector: config::Selector::Label {
            key: "a".to_owned(),
            value: None,
        },
    };
    let error = runtime.find(&entry).await.remove(0).unwrap_err();
    assert_eq!(error.kind, RuntimeErrorKind::NotFound, "{error}");
}
