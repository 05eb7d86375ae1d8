//! A bucket with one backup in it, seen through a front and past it.

use crate::faults::Faults;
use crate::front::Front;
use crate::local::{LocalRuntime, Shell, directory};
use crate::noise::noise;
use crate::s3_server::{ACCESS_KEY, REGION, S3Server, SECRET_KEY};
use crate::world;
use lifeboat::cli::{RestoreArgs, VerifyArgs};
use lifeboat::commands::backup::{self, Summary};
use lifeboat::commands::{Cancel, Context, restore, verify};
use lifeboat::error::{Error, Result};
use lifeboat::exit::Exit;
use lifeboat::store::Store as _;
use lifeboat::store::s3::S3Store;
use std::path::PathBuf;

/// Three parts of 5 MiB, the last one smaller; it can't be compressed.
const DUMP_BYTES: usize = 12_000_000;
/// A store that says nothing for so long is given up: no test waits for it, and no slow machine gets there.
const PATIENT: &str = "2m";

pub struct Bucket {
    pub faults: Faults,
    /// `STALL_TIMEOUT` of what runs through the front.
    pub stall: &'static str,
    /// What stands in the place of a database.
    file: PathBuf,
    /// Past the front.
    direct: S3Store,
    endpoint: String,
    before: Vec<(String, Option<String>)>,
    // Dropped in this order.
    _front: Front,
    _server: S3Server,
}

impl Bucket {
    /// `None` when there is no server to be had, which has been said.
    pub async fn with_a_backup() -> Option<Self> {
        let server = S3Server::start("versitygw").await?;
        server.make_bucket("backups").await;
        let faults = Faults::default();
        let front = Front::before(&server.endpoint, faults.clone());
        let direct = connect(&server.endpoint).await;
        let mut bucket = Self {
            faults,
            stall: PATIENT,
            file: directory("database").join("data"),
            direct,
            endpoint: front.endpoint.clone(),
            before: Vec::new(),
            _front: front,
            _server: server,
        };
        std::fs::write(&bucket.file, noise(DUMP_BYTES)).unwrap();
        let context = bucket.context_of(&bucket.direct, &[]);
        world::attempt(&context).await.unwrap();
        bucket.before = bucket.objects().await;
        assert_eq!(bucket.before.len(), 2);
        Some(bucket)
    }

    fn context_of(&self, store: &S3Store, env: &[(&str, &str)]) -> Context<LocalRuntime, S3Store> {
        let (file, runtime) = (self.file.display(), LocalRuntime::new(&Shell::any()));
        let dump = format!("cat {file}");
        let restore = format!("cat >{file}.new && mv {file}.new {file}");
        let env = [
            &environment(&self.endpoint)[..],
            &[("DUMP_COMMAND", &dump), ("RESTORE_COMMAND", &restore)],
            env,
        ]
        .concat();
        world::context(runtime, store, &env)
    }

    /// Through the front.
    async fn context(&self, env: &[(&str, &str)]) -> Context<LocalRuntime, S3Store> {
        let env = [&[("STALL_TIMEOUT", self.stall)], env].concat();
        self.context_of(&connect(&self.endpoint).await, &env)
    }

    /// `backup` through the front, pruning included.
    pub async fn backup(&self, env: &[(&str, &str)]) -> Summary {
        backup::run(&self.context(env).await).await
    }

    /// One backup through the front that must fail; the error as it is.
    pub async fn fails(&self) -> Error {
        let context = self.context(&[]).await;
        let error = world::attempt(&context).await.err().expect("the backup fails");
        assert_eq!(error.exit, Exit::Storage, "{}", error.chain());
        error
    }

    /// One backup through the front that must succeed, and be whole.
    pub async fn succeeds(&self) {
        self.succeeds_with(&[]).await;
    }

    /// The same, with these variables.
    pub async fn succeeds_with(&self, env: &[(&str, &str)]) {
        let context = self.context(env).await;
        world::attempt(&context).await.unwrap();
        let all = self.objects().await;
        assert_eq!(all.len(), self.before.len() + 2, "{all:?}");
        assert!(
            self.before.iter().all(|old| all.contains(old)),
            "what was there is as it was"
        );
        assert_eq!(self.open_uploads().await, 0);
        assert_eq!(verified(&self.context_of(&self.direct, &[])).await, Exit::Done);
    }

    /// `verify` of every backup, through the front.
    pub async fn verify(&self) -> Exit {
        verified(&self.context(&[]).await).await
    }

    /// `restore latest --overwrite` through the front, after the database has changed.
    pub async fn restore(&self) -> Result<()> {
        std::fs::write(&self.file, "newer").unwrap();
        let args = RestoreArgs {
            which: "latest".to_owned(),
            overwrite: true,
            discard: true,
            ..RestoreArgs::default()
        };
        restore::run(&self.context(&[]).await, &args).await
    }

    /// Whether the database is as it was backed up; if not, it must be untouched.
    pub fn is_restored(&self) -> bool {
        let there = std::fs::read(&self.file).unwrap();
        assert!(there == b"newer" || there == noise(DUMP_BYTES));
        there != b"newer"
    }

    /// Every key with its entity tag, past the front.
    async fn objects(&self) -> Vec<(String, Option<String>)> {
        let mut objects = Vec::new();
        for row in self.direct.list("").await.unwrap() {
            let etag = self.direct.head(&row.key).await.unwrap().etag;
            objects.push((row.key, etag));
        }
        objects
    }

    /// Every key, past the front.
    pub async fn keys(&self) -> Vec<String> {
        self.objects().await.into_iter().map(|(key, _)| key).collect()
    }

    /// How many backups are whole.
    pub async fn whole(&self) -> usize {
        let keys = self.keys().await;
        keys.iter()
            .filter(|key| keys.contains(&format!("{key}.json")))
            .count()
    }

    pub async fn open_uploads(&self) -> usize {
        self.direct.list_uploads("").await.unwrap().len()
    }

    /// No object, no manifest, and all that was there is as it was.
    pub async fn assert_nothing_new(&self) {
        assert_eq!(self.objects().await, self.before);
    }

    /// The same, and nothing half-done either.
    pub async fn assert_untouched(&self) {
        self.assert_nothing_new().await;
        assert_eq!(self.open_uploads().await, 0);
    }
}

fn environment(endpoint: &str) -> [(&str, &str); 7] {
    [
        ("S3_ENDPOINT", endpoint),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("COMPRESSION", "none"),
        ("STALL_TIMEOUT", PATIENT),
        ("LOCK_WAIT_TIMEOUT", "1s"),
    ]
}

/// One backup with keys from wherever this process's environment says, part after part; and it is whole.
pub async fn backed_up_with_keys_of_the_chain(endpoint: &str) {
    let file = directory("database").join("data");
    std::fs::write(&file, noise(DUMP_BYTES)).unwrap();
    let dump = format!("cat {}", file.display());
    let mut env = environment(endpoint).to_vec();
    env.retain(|(name, _)| !name.contains("KEY"));
    env.extend([("DUMP_COMMAND", &*dump), ("S3_CONCURRENCY", "1")]);
    let store = S3Store::connect(&world::config(&env).s3).await.unwrap();
    let context = world::context(LocalRuntime::new(&Shell::any()), &store, &env);
    world::attempt(&context).await.unwrap();
    assert_eq!(verified(&context).await, Exit::Done);
}

async fn connect(endpoint: &str) -> S3Store {
    S3Store::connect(&world::config(&environment(endpoint)).s3)
        .await
        .unwrap()
}

async fn verified(context: &Context<LocalRuntime, S3Store>) -> Exit {
    let args = VerifyArgs {
        all: true,
        ..VerifyArgs::default()
    };
    verify::run(&context.bucket, &args, &Cancel::default())
        .await
        .unwrap_or_else(|error| error.exit)
}
