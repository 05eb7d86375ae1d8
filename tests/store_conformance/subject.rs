//! A store under test, and what stands around it: a place for keys, its configuration, a client of the SDK's own.

use crate::outcome::Outcome;
use crate::s3_server::{ACCESS_KEY, REGION, S3Server, SECRET_KEY};
use aws_config::{BehaviorVersion, Region};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lifeboat::config::{self, Checksum, Credentials, S3};
use lifeboat::secret::Secret;
use lifeboat::store::Store;
use lifeboat::store::s3::S3Store;
use std::ffi::OsString;

/// What a store that speaks S3 has, and the one in memory has not.
pub struct Wire {
    pub config: S3,
    /// For what lifeboat does not do: buckets, tags, retention.
    pub client: aws_sdk_s3::Client,
    /// A bucket with versions and object lock.
    pub locking: Option<String>,
}

impl Wire {
    /// A store with this changed.
    pub async fn with(&self, change: impl FnOnce(&mut S3)) -> S3Store {
        let mut config = self.config.clone();
        change(&mut config);
        S3Store::connect(&config).await.unwrap()
    }
}

/// One column of the table in the making.
pub struct Subject<S> {
    pub store: S,
    pub wire: Option<Wire>,
    prefix: String,
    musts: Vec<(&'static str, Option<Outcome>)>,
    offers: Vec<(&'static str, Option<Outcome>)>,
}

impl<S: Store> Subject<S> {
    /// Every key begins with `prefix`.
    pub fn new(store: S, wire: Option<Wire>, prefix: &str) -> Self {
        Self {
            store,
            wire,
            prefix: prefix.to_owned(),
            musts: Vec::new(),
            offers: Vec::new(),
        }
    }

    /// A key of this run.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Notes that something works which lifeboat cannot do without.
    pub fn must(&mut self, feature: &'static str) {
        self.musts.push((feature, Some(Outcome::Works)));
    }

    /// Notes what came of something that lifeboat can do without; `None`: it could not be tried.
    pub fn may(&mut self, feature: &'static str, outcome: impl Into<Option<Outcome>>) {
        self.offers.push((feature, outcome.into()));
    }

    /// Everything noted, in the order of the table.
    pub fn seen(&self) -> Vec<(&'static str, Option<Outcome>)> {
        [&self.musts[..], &self.offers].concat()
    }

    /// Removes what this run stored. What is locked stays until its time is over.
    pub async fn clean_up(&self) {
        for listed in self.store.list(&self.prefix).await.unwrap() {
            self.store.delete(&listed.key).await.unwrap();
        }
    }
}

/// The configuration for a server of our own.
pub fn config(endpoint: &str, bucket: &str) -> S3 {
    S3 {
        bucket: bucket.to_owned(),
        prefix: String::new(),
        endpoint: Some(endpoint.to_owned()),
        endpoint_scheme_guessed: false,
        region: Some(REGION.to_owned()),
        credentials: Some(Credentials {
            access_key_id: Secret::new(ACCESS_KEY),
            secret_access_key: Secret::new(SECRET_KEY),
            session_token: None,
        }),
        path_style: true,
        ca_pem: None,
        storage_class: None,
        sse: None,
        sse_kms_key_id: None,
        tags: Vec::new(),
        object_lock: None,
        checksum: Checksum::Md5,
        part_bytes: None,
        concurrency: 2,
        side_by_side: 1,
    }
}

/// A server of our own, with the buckets it will make.
pub async fn own(server: &S3Server) -> Subject<S3Store> {
    server.make_bucket("backups").await;
    server.make_locking_bucket("locked").await;
    let wire = Wire {
        config: config(&server.endpoint, "backups"),
        client: server.client(),
        locking: Some("locked".to_owned()),
    };
    Subject::new(wire.with(|_| {}).await, Some(wire), "")
}

/// The SDK's own client for that store.
async fn client(config: &S3) -> aws_sdk_s3::Client {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls)
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let mut builder = aws_sdk_s3::config::Builder::from(&loader.load().await);
    builder.set_endpoint_url(config.endpoint.clone());
    aws_sdk_s3::Client::from_conf(builder.force_path_style(config.path_style).build())
}

/// The store that the environment names, and the name of its column; `None` when it names none.
///
/// `LIFEBOAT_TEST_S3_BUCKET`, and as they are needed `_ENDPOINT`, `_REGION`, `_PATH_STYLE`, `_CHECKSUM`;
/// `_LOCKING_BUCKET` is a bucket with object lock, `_NAME` the column. Keys are AWS's own variables.
pub async fn given() -> Option<(String, Subject<S3Store>)> {
    let text = |value: OsString| value.into_string().unwrap();
    let of = |name: &str| std::env::var_os(format!("LIFEBOAT_TEST_S3_{name}")).map(text);
    of("BUCKET")?;
    let mut pairs = vec![("TARGET".to_owned(), "none".to_owned())];
    for (name, variable) in [
        ("BUCKET", "S3_BUCKET"),
        ("ENDPOINT", "S3_ENDPOINT"),
        ("REGION", "AWS_REGION"),
        ("PATH_STYLE", "S3_PATH_STYLE"),
        ("CHECKSUM", "S3_CHECKSUM"),
    ] {
        pairs.extend(of(name).map(|value| (variable.to_owned(), value)));
    }
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        pairs.extend(std::env::var_os(name).map(|value| (name.to_owned(), text(value))));
    }
    let read = |path: &std::path::Path| std::fs::read(path);
    let loaded = config::load(pairs, &read).unwrap_or_else(|problems| panic!("{problems}"));
    let config = loaded.config.s3;
    let wire = Wire {
        client: client(&config).await,
        config,
        locking: of("LOCKING_BUCKET"),
    };
    let prefix = format!("lifeboat-conformance-{}/", std::process::id());
    let name = of("NAME").unwrap_or_else(|| "given".to_owned());
    Some((name, Subject::new(wire.with(|_| {}).await, Some(wire), &prefix)))
}
