//! An HTTP front before a real S3 server: answers in its place, changes its replies or keeps them back, as a test says.
//!
//! What is passed on is passed on as it came, so the signature holds. One request a connection.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by tests that use parts of it"
)]

use lifeboat::store::memory::Op;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How often in a second a throttled body is read on.
const TICKS: usize = 20;

/// What the front does with a request.
#[derive(Clone)]
pub enum Verdict {
    /// The server answers.
    Pass,
    /// The front answers, with this status and S3 error code. What came is not passed on.
    Refuse(u16, &'static str),
    /// The connection is reset after so many bytes of the body. Nothing is passed on.
    Reset(usize),
    /// No more than so many bytes of the body are taken. Nothing is passed on.
    StallBody(usize),
    /// The body is taken at so many bytes a second, and passed on.
    Throttle(usize),
    /// All is taken and passed on, and its answer is never given; the connection stays.
    Silence,
    /// All is taken and passed on, and the connection is closed without the answer.
    LoseReply,
    /// The server answers, and this is made of it.
    Change(Arc<dyn Fn(&mut Reply) + Send + Sync>),
    /// The server answers, and the answer stops after so many bytes of its body; the connection stays.
    StallReply(usize),
}

/// What the server says.
pub struct Reply {
    /// The status line and the headers, without the empty line behind them.
    pub head: String,
    /// The body. What is changed here is not announced: see [`Reply::announce`].
    pub body: Vec<u8>,
}

impl Reply {
    fn of(mut bytes: Vec<u8>) -> Self {
        if bytes.starts_with(b"HTTP/1.1 100 ") {
            // Said already.
            bytes.drain(..end_of_head(&bytes).unwrap() + 4);
        }
        let end = end_of_head(&bytes).unwrap_or(bytes.len());
        Self {
            head: String::from_utf8_lossy(&bytes[..end]).into_owned(),
            body: bytes.get(end + 4..).unwrap_or_default().to_vec(),
        }
    }

    /// Gives a header this value, whether it was there or not.
    pub fn set(&mut self, name: &str, value: &str) {
        let other = |line: &&str| {
            let pair = line.split_once(':');
            pair.is_none_or(|(header, _)| !header.eq_ignore_ascii_case(name))
        };
        let kept: Vec<_> = self.head.split("\r\n").filter(other).collect();
        self.head = format!("{}\r\n{name}: {value}", kept.join("\r\n"));
    }

    /// Puts text in the place of other text, and announces the new length.
    pub fn replace(&mut self, from: &str, to: &str) {
        self.body = String::from_utf8_lossy(&self.body).replace(from, to).into_bytes();
        self.announce();
    }

    /// Sets `Content-Length` to what the body has.
    pub fn announce(&mut self) {
        self.set("Content-Length", &self.body.len().to_string());
    }

    fn bytes(&self, most: usize) -> Vec<u8> {
        let mut bytes = format!("{}\r\n\r\n", self.head).into_bytes();
        bytes.extend_from_slice(&self.body[..self.body.len().min(most)]);
        bytes
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}

/// A request's first line, and what it asks for.
pub struct Request {
    pub method: String,
    pub path: String,
    /// The first line and the headers.
    head: String,
}

impl Request {
    /// What a header says.
    pub fn header(&self, wanted: &str) -> Option<&str> {
        let mut pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    }

    /// Whether it brings a part of a multipart upload, and which.
    pub fn part(&self) -> Option<u32> {
        let (_, query) = self.path.split_once('?')?;
        let number = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("partNumber="))?;
        (self.method == "PUT").then(|| number.parse().unwrap())
    }

    /// Which of the store's requests this is.
    pub fn op(&self) -> Op {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        match self.method.as_str() {
            "HEAD" => Op::Head,
            "DELETE" if has("uploadId") => Op::AbortUpload,
            "DELETE" => Op::Delete,
            "POST" if has("uploads") => Op::CreateUpload,
            "POST" => Op::CompleteUpload,
            "PUT" if has("partNumber") => Op::UploadPart,
            "PUT" => Op::Put,
            _ if has("uploads") => Op::ListUploads,
            _ if has("list-type") => Op::ListPage,
            _ if self.header("range").is_some() => Op::GetRange,
            _ => Op::Get,
        }
    }
}

/// Decides when the head of a request has come, and hears of each reply before it is given: it may keep it back by
/// not returning.
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
    closing: Arc<Closing>,
}

/// Whether the front is about to end; what it holds back, it holds until then.
#[derive(Default)]
struct Closing {
    over: Mutex<bool>,
    changed: Condvar,
}

impl Closing {
    fn is_over(&self) -> bool {
        *self.over.lock().unwrap()
    }

    fn wait(&self) {
        let over = self.over.lock().unwrap();
        drop(self.changed.wait_while(over, |over| !*over).unwrap());
    }

    fn wait_for(&self, duration: Duration) {
        let over = self.over.lock().unwrap();
        let waited = self.changed.wait_timeout_while(over, duration, |over| !*over);
        drop(waited.unwrap());
    }

    fn end(&self) {
        *self.over.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl Front {
    /// Before the server at `endpoint`.
    pub fn before(endpoint: &str, script: impl Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let closing = Arc::new(Closing::default());
        let server = endpoint.trim_start_matches("http://").to_owned();
        let script: Arc<dyn Script> = Arc::new(script);
        let over = Arc::clone(&closing);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if over.is_over() {
                    return;
                }
                let (server, script, over) = (server.clone(), Arc::clone(&script), Arc::clone(&over));
                let Ok(client) = client else { continue };
                // A client that goes away in the middle is none of the front's business.
                std::thread::spawn(move || serve(client, &server, script.as_ref(), &over));
            }
        });
        Self {
            endpoint: format!("http://{address}"),
            address,
            closing,
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.closing.end();
        // So that the listener looks.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut client: TcpStream, server: &str, script: &dyn Script, closing: &Closing) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = end_of_head(&bytes) {
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
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let request = Request {
        method: word(),
        path: word(),
        head: head.clone(),
    };
    let length: usize = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let verdict = script.request(&request);
    if request.header("expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let taken = match verdict {
        Verdict::Reset(bytes) | Verdict::StallBody(bytes) => bytes.min(length),
        _ => length,
    };
    let mut rest = vec![0; (head_end + 4 + taken).saturating_sub(bytes.len())];
    match verdict {
        Verdict::Throttle(per_second) => {
            for piece in rest.chunks_mut(per_second.div_ceil(TICKS).max(1)) {
                client.read_exact(piece)?;
                closing.wait_for(Duration::from_secs(1) / u32::try_from(TICKS).unwrap());
            }
        }
        _ => client.read_exact(&mut rest)?,
    }
    bytes.extend(rest);
    let pass = || {
        let mut upstream = TcpStream::connect(server)?;
        let (line, headers) = head.split_once("\r\n").unwrap();
        upstream.write_all(format!("{line}\r\nConnection: close\r\n{headers}\r\n\r\n").as_bytes())?;
        upstream.write_all(&bytes[head_end + 4..])?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer)?;
        std::io::Result::Ok(Reply::of(answer))
    };
    let (reply, most) = match verdict {
        Verdict::Pass | Verdict::Throttle(_) => (pass()?, usize::MAX),
        Verdict::Refuse(status, code) => {
            let body = format!("<Error><Code>{code}</Code><Message>as the test says</Message></Error>");
            let length = body.len();
            let head = format!("HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: {length}");
            // A HEAD has no body.
            let body = if request.method == "HEAD" {
                Vec::new()
            } else {
                body.into_bytes()
            };
            (Reply { head, body }, usize::MAX)
        }
        // What was not read makes the system answer with a reset.
        Verdict::Reset(_) => return Ok(()),
        Verdict::StallBody(_) => {
            closing.wait();
            return Ok(());
        }
        Verdict::Silence => {
            pass()?;
            closing.wait();
            return Ok(());
        }
        Verdict::LoseReply => return pass().map(drop),
        Verdict::Change(change) => {
            let mut reply = pass()?;
            change(&mut reply);
            (reply, usize::MAX)
        }
        Verdict::StallReply(most) => (pass()?, most),
    };
    script.reply(&request);
    client.write_all(&reply.bytes(most))?;
    if most < reply.body.len() {
        closing.wait();
    }
    Ok(())
}
