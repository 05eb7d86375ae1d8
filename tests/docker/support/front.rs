//! An HTTP front before a real S3 server: answers in its place, or keeps its replies back, as a test says.
//!
//! What is passed on is passed on as it came, so the signature holds. One request a connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the front does with a request.
pub enum Verdict {
    /// The server answers.
    Pass,
    /// The front answers, with this status and S3 error code. What came is not passed on.
    Refuse(u16, &'static str),
}

/// A request's first line.
pub struct Request {
    pub method: String,
    pub path: String,
}

impl Request {
    /// Whether it brings a part of a multipart upload, and which.
    pub fn part(&self) -> Option<u32> {
        let (_, query) = self.path.split_once('?')?;
        let number = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("partNumber="))?;
        (self.method == "PUT").then(|| number.parse().unwrap())
    }
}

/// Decides, before a request is passed on, and hears of each reply before it is given: it may keep it back by not
/// returning.
pub trait Script: Send + Sync + 'static {
    fn request(&self, _request: &Request) -> Verdict {
        Verdict::Pass
    }

    fn reply(&self, _request: &Request) {}
}

/// A front that runs; closed when dropped.
pub struct Front {
    pub endpoint: String,
    address: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl Front {
    /// Before the server at `endpoint`.
    pub fn before(endpoint: &str, script: impl Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let closed = Arc::new(AtomicBool::new(false));
        let server = endpoint.trim_start_matches("http://").to_owned();
        let script: Arc<dyn Script> = Arc::new(script);
        let over = Arc::clone(&closed);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), server, script) = (client, server.clone(), Arc::clone(&script)) else {
                    continue;
                };
                // A client that goes away in the middle is none of the front's business.
                std::thread::spawn(move || serve(client, &server, script.as_ref()));
            }
        });
        Self {
            endpoint: format!("http://{address}"),
            address,
            closed,
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // So that the listener looks.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut client: TcpStream, server: &str, script: &dyn Script) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let mut piece = [0; 4096];
        let read = client.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&piece[..read]);
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let header = |wanted: &str| {
        let mut pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    if header("expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut rest = vec![0; (head_end + 4 + length).saturating_sub(bytes.len())];
    client.read_exact(&mut rest)?;
    bytes.extend(rest);

    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let request = Request {
        method: word(),
        path: word(),
    };
    let answer = match script.request(&request) {
        Verdict::Pass => {
            let mut upstream = TcpStream::connect(server)?;
            let (line, headers) = head.split_once("\r\n").unwrap();
            upstream.write_all(format!("{line}\r\nConnection: close\r\n{headers}\r\n\r\n").as_bytes())?;
            upstream.write_all(&bytes[head_end + 4..])?;
            let mut answer = Vec::new();
            upstream.read_to_end(&mut answer)?;
            if answer.starts_with(b"HTTP/1.1 100 ") {
                // Said already.
                let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
                answer.drain(..end + 4);
            }
            answer
        }
        Verdict::Refuse(status, code) => {
            let body = format!("<Error><Code>{code}</Code><Message>as the test says</Message></Error>");
            let length = body.len();
            format!("HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
                .into_bytes()
        }
    };
    script.reply(&request);
    client.write_all(&answer)
}
