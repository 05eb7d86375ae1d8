//! Real S3 servers for tests: started on a free port of the loopback, gone when dropped.
//!
//! The programs are those that `tests/setup/s3-servers` installs. Where one is missing the test is skipped, by name.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by tests that use parts of it"
)]

use super::skip;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The account every server is started with.
pub const ACCESS_KEY: &str = "lifeboat-test";
/// Its secret.
pub const SECRET_KEY: &str = "lifeboat-test-secret";
/// The region every server is started with.
pub const REGION: &str = "us-east-1";

/// A running server and its data.
pub struct S3Server {
    /// `http://127.0.0.1:PORT`, or `https://`.
    pub endpoint: String,
    process: Child,
    directory: PathBuf,
}

/// A certificate and its key, both PEM files.
pub struct Certificate {
    /// The server's certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl S3Server {
    /// Starts `s3s-fs`, `versitygw` or `minio`; `None` when it is not installed, which has been said.
    pub async fn start(name: &str) -> Option<Self> {
        let program = installed(name)?;
        // Between finding a free port and listening on it, another test may take it.
        for _ in 0..5 {
            let server = Self::spawn(name, &program, None);
            if let Some(server) = server.ready().await {
                return Some(server);
            }
        }
        panic!("{name} does not start");
    }

    /// Starts versitygw with TLS. It is up once its port is open; nothing here trusts its certificate.
    pub async fn start_tls(certificate: &Certificate) -> Option<Self> {
        let program = installed("versitygw")?;
        let mut server = Self::spawn("versitygw", &program, Some(certificate));
        let address = server.endpoint.trim_start_matches("https://").to_owned();
        let deadline = Instant::now() + Duration::from_secs(30);
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            assert!(
                server.process.try_wait().unwrap().is_none(),
                "versitygw ended: {}",
                server.log()
            );
            assert!(
                Instant::now() < deadline,
                "versitygw does not listen: {}",
                server.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(server)
    }

    fn spawn(name: &str, program: &Path, tls: Option<&Certificate>) -> Self {
        let port = free_port();
        let directory = temporary_directory(name);
        let data = directory.join("data");
        fs::create_dir(&data).unwrap();
        let log = File::create(directory.join("log")).unwrap();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(program);
        match name {
            "versitygw" => {
                command.args([
                    "--access", ACCESS_KEY, "--secret", SECRET_KEY, "--region", REGION, "--port", &address,
                ]);
                command.arg("--quiet");
                if let Some(tls) = tls {
                    command
                        .arg("--cert")
                        .arg(&tls.certificate)
                        .arg("--key")
                        .arg(&tls.key);
                }
                // Not every file system has the extended attributes it keeps metadata in.
                let metadata = directory.join("metadata");
                let versions = directory.join("versions");
                fs::create_dir(&metadata).unwrap();
                fs::create_dir(&versions).unwrap();
                command
                    .arg("posix")
                    .arg("--sidecar")
                    .arg(metadata)
                    .arg("--versioning-dir")
                    .arg(versions)
                    .arg(&data);
            }
            "s3s-fs" => {
                command
                    .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
                    .args(["--host", "127.0.0.1", "--port", &port.to_string()])
                    .arg(&data);
            }
            "minio" => {
                command
                    .env("MINIO_ROOT_USER", ACCESS_KEY)
                    .env("MINIO_ROOT_PASSWORD", SECRET_KEY);
                command
                    .env("MINIO_BROWSER", "off")
                    .env("MINIO_CI_CD", "1")
                    .env("HOME", &directory);
                command
                    .args(["server", "--quiet", "--address", &address])
                    .arg(&data);
            }
            other => panic!("no such server: {other}"),
        }
        let process = command
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self {
            endpoint: format!("{scheme}://{address}"),
            process,
            directory,
        }
    }

    /// Waits until it answers; `None` when it ended instead.
    async fn ready(mut self) -> Option<Self> {
        let client = self.client();
        let deadline = Instant::now() + Duration::from_mins(1);
        while client.list_buckets().send().await.is_err() {
            if self.process.try_wait().unwrap().is_some() {
                let _ = writeln!(std::io::stderr(), "a server ended at its start: {}", self.log());
                return None;
            }
            assert!(Instant::now() < deadline, "no answer in a minute: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(self)
    }

    /// The SDK's own client, for what lifeboat does not do: buckets.
    pub fn client(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.endpoint)
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Creates a bucket.
    pub async fn make_bucket(&self, bucket: &str) {
        self.client().create_bucket().bucket(bucket).send().await.unwrap();
    }

    /// Creates a bucket whose objects can be locked.
    pub async fn make_locking_bucket(&self, bucket: &str) {
        let create = self
            .client()
            .create_bucket()
            .bucket(bucket)
            .object_lock_enabled_for_bucket(true);
        create.send().await.unwrap();
    }

    /// The folder in which versitygw keeps each object as a file.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// What it printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // By its process id, and waited for, so that neither it nor a zombie outlives the test.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The program of that name, or a word about why there is none.
fn installed(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("LIFEBOAT_TEST_BIN").map_or_else(default_directory, PathBuf::from);
    let program = directory.join(name);
    if program.is_file() {
        return Some(program);
    }
    skip::for_want_of(name);
    None
}

fn default_directory() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    cache.unwrap_or_else(home).join("lifeboat-tests/bin")
}

/// A port of the loopback nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A new, empty directory; whoever asks removes it.
pub fn temporary_directory(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("lifeboat-{name}-{}-{count}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    directory
}
