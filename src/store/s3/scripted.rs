//! A server that answers by a script, for what real ones do on bad days only.

use super::S3Store;
use crate::config::{Checksum, Credentials, S3};
use crate::secret::Secret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server makes of a request: the bytes of its answer.
pub(super) type Answer = String;

/// No answer, and a closed connection.
pub(super) const SILENCE: Answer = String::new();

/// A request: `GET /bucket/key?query`, and headers in lower case.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) line: String,
    pub(super) headers: HashMap<String, String>,
}

/// An answer with a body.
pub(super) fn reply(status: u16, headers: &str, body: &str) -> Answer {
    cut_reply(status, headers, body, body.len())
}

/// An answer that announces more bytes than come.
pub(super) fn cut_reply(status: u16, headers: &str, body: &str, announced: usize) -> Answer {
    format!("HTTP/1.1 {status} -\r\nContent-Length: {announced}\r\nConnection: close\r\n{headers}\r\n{body}")
}

/// An error as S3 writes it.
pub(super) fn error(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>because</Message></Error>");
    reply(status, "Content-Type: application/xml\r\n", &body)
}

/// A store whose server answers request `n` (from 0) with `script(n, request)`, and the requests so far.
pub(super) async fn store(
    checksum: Checksum,
    script: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static,
) -> (S3Store, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            serve(connection, &log, &script).await;
        }
    });
    let config = S3 {
        bucket: "bucket".to_owned(),
        prefix: String::new(),
        endpoint: Some(endpoint),
        endpoint_scheme_guessed: false,
        region: Some("us-east-1".to_owned()),
        credentials: Some(Credentials {
            access_key_id: Secret::new("the-key-id"),
            secret_access_key: Secret::new("the-secret"),
            session_token: None,
        }),
        path_style: true,
        ca_pem: None,
        storage_class: Some("GLACIER_IR".to_owned()),
        sse: None,
        sse_kms_key_id: None,
        tags: Vec::new(),
        object_lock: None,
        checksum,
        part_bytes: None,
        concurrency: 1,
        side_by_side: 1,
    };
    let mut store = S3Store::connect(&config).await.unwrap();
    Arc::get_mut(&mut store.0).unwrap().first_pause = Duration::from_millis(1);
    (store, seen)
}

async fn serve(
    connection: TcpStream,
    log: &Mutex<Vec<Request>>,
    script: &(impl Fn(usize, &Request) -> Answer + Sync),
) {
    let mut connection = BufReader::new(connection);
    let mut line = String::new();
    connection.read_line(&mut line).await.unwrap();
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        connection.read_line(&mut header).await.unwrap();
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let bytes = headers
        .get("content-length")
        .map_or(0, |bytes| bytes.parse().unwrap());
    let mut body = vec![0; bytes];
    connection.read_exact(&mut body).await.unwrap();
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let request = Request { line, headers };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    let answer = script(number, &request);
    // Whoever has read enough may be gone already.
    let _ = connection.write_all(answer.as_bytes()).await;
    let _ = connection.shutdown().await;
}
