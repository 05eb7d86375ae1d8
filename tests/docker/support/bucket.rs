//! A versitygw with one bucket, seen through the stock `aws` command and through its folder on disk.

use super::s3_server::{ACCESS_KEY, REGION, S3Server, SECRET_KEY};
use super::skip;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The bucket.
pub const BUCKET: &str = "backups";

/// A store of its own for each test.
pub struct Store {
    pub server: S3Server,
    aws: PathBuf,
}

impl Store {
    /// Starts it; `None` when one of the programs is missing, which has been said.
    pub fn start() -> Option<Self> {
        let Some(aws) = program("aws") else {
            skip::for_want_of("aws");
            return None;
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(async {
            let server = S3Server::start("versitygw").await?;
            server.make_bucket(BUCKET).await;
            Some(server)
        })?;
        Some(Self { server, aws })
    }

    /// `aws`, ready to be given its arguments.
    pub fn aws_command(&self) -> Command {
        let mut command = Command::new(&self.aws);
        command
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_REGION", REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .args(["--endpoint-url", &self.server.endpoint, "--output", "json"]);
        command
    }

    /// What `aws` says; it has to succeed.
    pub fn aws(&self, args: &[&str]) -> Vec<u8> {
        let output: Output = self.aws_command().args(args).output().unwrap();
        assert!(output.status.success(), "aws {args:?}: {output:?}");
        output.stdout
    }

    fn s3api(&self, verb: &str) -> Value {
        let stdout = self.aws(&["s3api", verb, "--bucket", BUCKET]);
        // Nothing to tell is told as nothing.
        serde_json::from_slice(&stdout).unwrap_or(Value::Null)
    }

    /// Every key with its entity tag, in order.
    pub fn objects(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let listing = self.s3api("list-objects-v2");
        let objects = listing["Contents"].as_array().cloned().unwrap_or_default();
        objects
            .iter()
            .map(|object| (text(&object["Key"]), text(&object["ETag"])))
            .collect()
    }

    /// Every key.
    pub fn keys(&self) -> Vec<String> {
        self.objects().into_iter().map(|(key, _)| key).collect()
    }

    /// The keys of whole backups of a database, the oldest first.
    pub fn backups(&self, database: &str) -> Vec<String> {
        let keys = self.keys();
        let within = format!("/{database}/");
        let whole = |key: &&String| keys.contains(&format!("{key}.json")) && key.contains(&within);
        keys.iter().filter(whole).cloned().collect()
    }

    /// How many multipart uploads are open.
    pub fn open_uploads(&self) -> usize {
        self.s3api("list-multipart-uploads")["Uploads"]
            .as_array()
            .map_or(0, Vec::len)
    }

    /// An object's bytes.
    pub fn get(&self, key: &str) -> Vec<u8> {
        self.aws(&["s3", "cp", &format!("s3://{BUCKET}/{key}"), "-"])
    }

    /// The manifest of a backup.
    pub fn manifest(&self, key: &str) -> Value {
        serde_json::from_slice(&self.get(&format!("{key}.json"))).unwrap()
    }

    /// Changes an object behind the server's back, as failing disks do.
    pub fn damage(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.server.data().join(BUCKET).join(key);
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("LIFEBOAT_TEST_BIN").map(PathBuf::from);
    let directory = directory.unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/lifeboat-tests/bin")
    });
    Some(directory.join(name)).filter(|program| program.is_file())
}
