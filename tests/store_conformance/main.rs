//! One suite over the `Store` trait: on the store in memory, and on every real S3 server at hand.
//!
//! `cargo test --test store_conformance`; the servers come from `tests/setup/s3-servers`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "support/s3_server.rs"]
mod s3_server;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use lifeboat::config::{Checksum, Credentials, ObjectLockMode, S3};
use lifeboat::secret::Secret;
use lifeboat::store::memory::MemoryStore;
use lifeboat::store::s3::S3Store;
use lifeboat::store::{Head, Kind, Store, StoreError, StoreErrorKind};
use s3_server::{ACCESS_KEY, Certificate, REGION, S3Server, SECRET_KEY};
use std::process::Command;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// Bytes in which no two parts are alike.
fn bytes(len: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(byte).take(len).collect::<Vec<u8>>().into()
}

async fn upload<S: Store>(store: &S, key: &str, body: &Bytes, part_bytes: usize) -> Result<Head, StoreError> {
    let id = store.create_upload(key).await?;
    let mut parts = Vec::new();
    for (number, start) in (1..).zip((0..body.len()).step_by(part_bytes)) {
        let part = body.slice(start..body.len().min(start + part_bytes));
        parts.push(store.upload_part(key, &id, number, part).await?);
    }
    store.complete_upload(key, &id, &parts, body.len() as u64).await
}

/// What every store must do.
async fn suite<S: Store>(store: S) {
    small_objects(&store).await;
    multipart(&store).await;
    ranges(&store).await;
    listing(&store).await;
    aborting(&store).await;
    assert!(
        store.clock_ahead().unwrap().abs().as_secs() < 60,
        "{:?}",
        store.clock_ahead()
    );
}

async fn small_objects<S: Store>(store: &S) {
    let body = Bytes::from_static(b"{\"format\": 1}");
    let missing = store.head("a/small").await.unwrap_err();
    assert_eq!(missing.kind, StoreErrorKind::NotFound, "{missing}");
    let missing = store.get("a/small", 100).await.unwrap_err();
    assert_eq!(missing.kind, StoreErrorKind::NotFound, "{missing}");

    let put = store.put("a/small", Kind::Manifest, body.clone()).await.unwrap();
    let head = store.head("a/small").await.unwrap();
    assert_eq!((put.bytes, &put.etag), (head.bytes, &head.etag));
    assert_eq!(store.get("a/small", body.len() as u64).await.unwrap(), body);
    let too_large = store.get("a/small", body.len() as u64 - 1).await.unwrap_err();
    assert_eq!(too_large.kind, StoreErrorKind::Other, "{too_large}");

    // The same again is what a retry after a lost reply looks like; something else is a conflict.
    store.put("a/small", Kind::Manifest, body.clone()).await.unwrap();
    let conflict = store.put("a/small", Kind::Dump, bytes(100)).await.unwrap_err();
    assert_eq!(conflict.kind, StoreErrorKind::Precondition, "{conflict}");
    assert_eq!(
        store.get("a/small", 1000).await.unwrap(),
        body,
        "nothing was overwritten"
    );

    store.put("a/empty", Kind::Dump, Bytes::new()).await.unwrap();
    assert_eq!(store.get("a/empty", 0).await.unwrap(), Bytes::new());

    for key in ["a/small", "a/empty", "a/never-was"] {
        store.delete(key).await.unwrap();
    }
    let gone = store.head("a/small").await.unwrap_err();
    assert_eq!(gone.kind, StoreErrorKind::NotFound, "{gone}");
}

async fn multipart<S: Store>(store: &S) {
    let part = 5 * MIB;
    for len in [1, part - 1, part, part + 1, 2 * part, 2 * part + 7] {
        let body = bytes(len);
        let key = format!("b/multi-{len}");
        let head = upload(store, &key, &body, part).await.unwrap();
        assert_eq!(head.bytes, len as u64);
        assert_eq!(store.head(&key).await.unwrap().etag, head.etag);
        let back = store.get(&key, len as u64).await.unwrap();
        assert!(back == body, "{key} came back changed");
    }
    let none = store
        .complete_upload("b/none", "no-such-upload", &[], 1)
        .await
        .unwrap_err();
    assert!(
        matches!(none.kind, StoreErrorKind::NotFound | StoreErrorKind::Other),
        "{none}"
    );
    let wrong = store.create_upload("b/wrong").await.unwrap();
    let mut taken = store.upload_part("b/wrong", &wrong, 1, bytes(100)).await.unwrap();
    "\"00000000000000000000000000000000\"".clone_into(&mut taken.etag);
    let refused = store
        .complete_upload("b/wrong", &wrong, &[taken], 100)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Other, "{refused}");
    let absent = store.head("b/wrong").await.unwrap_err();
    assert_eq!(absent.kind, StoreErrorKind::NotFound, "{absent}");
    store.abort_upload("b/wrong", &wrong).await.unwrap();
}

async fn ranges<S: Store>(store: &S) {
    let body = bytes(3 * MIB);
    let key = "c/ranges";
    let etag = store.put(key, Kind::Dump, body.clone()).await.unwrap().etag;
    for (start, len) in [
        (0, 1),
        (0, 3 * MIB),
        (1, 100),
        (3 * MIB - 1, 1),
        (MIB, MIB),
        (7, 0),
    ] {
        let range = store
            .get_range(key, etag.as_deref(), start as u64, len as u64)
            .await
            .unwrap();
        assert!(range == body.slice(start..start + len), "{start} {len}");
    }
    let beyond = store
        .get_range(key, None, 3 * MIB as u64 - 1, 2)
        .await
        .unwrap_err();
    assert_eq!(beyond.kind, StoreErrorKind::Other, "{beyond}");
    let other = Some("\"00000000000000000000000000000000\"");
    let changed = store.get_range(key, other, 0, 10).await.unwrap_err();
    assert_eq!(changed.kind, StoreErrorKind::Precondition, "{changed}");
    let missing = store.get_range("c/never-was", None, 0, 10).await.unwrap_err();
    assert_eq!(missing.kind, StoreErrorKind::NotFound, "{missing}");
}

async fn listing<S: Store>(store: &S) {
    let odd = [
        "%20",
        "a b",
        "a+b",
        "a%2Fb",
        "ünïcode-日本",
        "q?x=1&y",
        "tilde~",
        "(paren)'",
        "=",
        "a%25b",
    ];
    let mut keys: Vec<String> = odd.iter().map(|name| format!("d/{name}/x%2Fy.sql.bz2")).collect();
    keys.extend((0..1100).map(|n| format!("d/many/{n:04}")));
    stream::iter(&keys)
        .for_each_concurrent(16, |key| async move {
            store
                .put(key, Kind::Manifest, Bytes::from(key.clone()))
                .await
                .unwrap();
        })
        .await;
    keys.sort();

    let first = store.list_page("d/", None).await.unwrap();
    assert_eq!(first.objects.len(), 1000);
    assert!(first.next.is_some());
    let all = store.list("d/").await.unwrap();
    let mut listed: Vec<String> = all.iter().map(|row| row.key.clone()).collect();
    listed.sort();
    assert_eq!(listed, keys);
    for row in all.iter().filter(|row| !row.key.starts_with("d/many/")) {
        assert_eq!(row.bytes, row.key.len() as u64);
        assert_eq!(store.get(&row.key, 1000).await.unwrap(), row.key.as_bytes());
    }
    assert_eq!(
        store.list("d/many/000").await.unwrap().len(),
        10,
        "a prefix need not end at a slash"
    );
    assert_eq!(store.list("d/nothing/").await.unwrap(), []);
    for key in &keys[..20] {
        store.delete(key).await.unwrap();
    }
    assert_eq!(store.list("d/").await.unwrap().len(), keys.len() - 20);
}

async fn aborting<S: Store>(store: &S) {
    let key = "e/aborted.sql.bz2";
    let id = store.create_upload(key).await.unwrap();
    store.upload_part(key, &id, 1, bytes(5 * MIB)).await.unwrap();
    assert_eq!(
        store.list("e/").await.unwrap(),
        [],
        "an upload that is not complete is not an object"
    );
    // The whole key, because MinIO lists the uploads of a key and not of a prefix.
    let open = store.list_uploads(key).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].key.as_str(), open[0].id.as_str()), (key, id.as_str()));
    store.abort_upload(key, &id).await.unwrap();
    store.abort_upload(key, &id).await.unwrap();
    assert_eq!(store.list_uploads(key).await.unwrap(), []);
    let gone = store.upload_part(key, &id, 1, bytes(10)).await.unwrap_err();
    assert_eq!(gone.kind, StoreErrorKind::NotFound, "{gone}");
    assert_eq!(store.head(key).await.unwrap_err().kind, StoreErrorKind::NotFound);
}

fn config(endpoint: &str, bucket: &str) -> S3 {
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
    }
}

/// The suite, and what only a real server can show.
async fn real(name: &str) {
    let Some(server) = S3Server::start(name).await else {
        return;
    };
    server.make_bucket("backups").await;
    let config = config(&server.endpoint, "backups");
    suite(S3Store::connect(&config).await.unwrap()).await;
    checksums(&config).await;
    refusals(&config).await;
    attributes(&server, &config).await;
}

async fn checksums(config: &S3) {
    use Checksum::{Crc32, Crc32c, Crc64Nvme, Md5, None, Sdk, Sha256};
    for checksum in [Sdk, Crc32, Crc32c, Crc64Nvme, Sha256, Md5, None] {
        let store = S3Store::connect(&S3 {
            checksum,
            ..config.clone()
        })
        .await
        .unwrap();
        let body = bytes(5 * MIB + 1);
        let key = format!("f/{checksum:?}");
        let head = upload(&store, &key, &body, 5 * MIB)
            .await
            .unwrap_or_else(|error| panic!("{checksum:?}: {error}"));
        assert_eq!(head.bytes, body.len() as u64);
        assert!(store.get(&key, head.bytes).await.unwrap() == body, "{checksum:?}");
        store
            .put(&format!("{key}.json"), Kind::Manifest, Bytes::from_static(b"{}"))
            .await
            .unwrap();
    }
}

async fn refusals(config: &S3) {
    let begun = Instant::now();
    let keys = |id: &str, secret: &str| {
        Some(Credentials {
            access_key_id: Secret::new(id),
            secret_access_key: Secret::new(secret),
            session_token: None,
        })
    };
    for (credentials, hint) in [
        (keys("AKIANOBODYKNOWS12345", "whatever"), "AWS_ACCESS_KEY_ID"),
        (keys(ACCESS_KEY, "not-the-secret"), "AWS_SECRET_ACCESS_KEY"),
    ] {
        let config = S3 {
            credentials,
            ..config.clone()
        };
        let store = S3Store::connect(&config).await.unwrap();
        for error in [
            store.list_page("", None).await.unwrap_err(),
            store.put("g/x", Kind::Manifest, bytes(10)).await.unwrap_err(),
            store.create_upload("g/x").await.unwrap_err(),
        ] {
            assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
            assert!(error.hint.as_deref().unwrap().contains(hint), "{error:?}");
            assert!(!format!("{error:?}").contains("AKIANOBODY"), "{error:?}");
        }
        // To a HEAD with an unknown key versitygw says 404 and no more: not to be told from an absent object.
        let head = store.head("g/x").await.unwrap_err();
        assert!(
            head.kind == StoreErrorKind::Denied || hint == "AWS_ACCESS_KEY_ID",
            "{head}"
        );
    }
    let nowhere = S3 {
        bucket: "no-such-bucket".to_owned(),
        ..config.clone()
    };
    let store = S3Store::connect(&nowhere).await.unwrap();
    for error in [
        store.list_page("", None).await.unwrap_err(),
        store.put("g/x", Kind::Manifest, bytes(10)).await.unwrap_err(),
        store.create_upload("g/x").await.unwrap_err(),
    ] {
        assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
        assert!(
            error
                .hint
                .as_deref()
                .unwrap()
                .contains("create the bucket no-such-bucket"),
            "{error:?}"
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "refusals took {:?}",
        begun.elapsed()
    );
}

/// Tags and locks arrive; a locked object survives a delete of its version.
async fn attributes(server: &S3Server, config: &S3) {
    server.make_locking_bucket("locked").await;
    let locking = S3 {
        bucket: "locked".to_owned(),
        tags: vec![("team".to_owned(), "a b/+".to_owned())],
        object_lock: Some((ObjectLockMode::Governance, Duration::from_hours(1))),
        ..config.clone()
    };
    let store = S3Store::connect(&locking).await.unwrap();
    let client = server.client();
    upload(&store, "h/multi", &bytes(100), 100).await.unwrap();
    let put = store.put("h/put", Kind::Manifest, bytes(100)).await.unwrap();
    assert!(put.version_id.is_some(), "a bucket with locks has versions");
    for key in ["h/multi", "h/put"] {
        let head = client
            .head_object()
            .bucket("locked")
            .key(key)
            .send()
            .await
            .unwrap();
        let until = head.object_lock_retain_until_date().expect("a lock").secs();
        let expected = lifeboat::clock::now().as_second() + 3600;
        assert!((until - expected).abs() < 60, "{until} instead of {expected}");
        let tags = client
            .get_object_tagging()
            .bucket("locked")
            .key(key)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (tags.tag_set()[0].key(), tags.tag_set()[0].value()),
            ("team", "a b/+")
        );
    }
    // What lifeboat sends is a delete marker: the version stays.
    store.delete("h/put").await.unwrap();
    assert_eq!(
        store.head("h/put").await.unwrap_err().kind,
        StoreErrorKind::NotFound
    );
}

#[tokio::test]
async fn memory() {
    suite(MemoryStore::new()).await;
}

#[tokio::test]
async fn versitygw() {
    real("versitygw").await;
}

#[tokio::test]
async fn minio() {
    real("minio").await;
}

#[tokio::test]
async fn refused_connection_is_reported_soon() {
    let endpoint = format!("http://127.0.0.1:{}", s3_server::free_port());
    let store = S3Store::connect(&config(&endpoint, "backups")).await.unwrap();
    let begun = Instant::now();
    let error = store.list_page("", None).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    assert!(
        error
            .hint
            .as_deref()
            .unwrap()
            .contains("localhost is the container itself"),
        "{error:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(store.clock_ahead(), None);
}

#[tokio::test]
async fn unknown_host_is_said() {
    let store = S3Store::connect(&config("http://no-such-host.invalid", "backups"))
        .await
        .unwrap();
    let error = store.list_page("", None).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    assert!(error.hint.as_deref().unwrap().contains("host name"), "{error:?}");
}

/// An authority of our own and a certificate of it for 127.0.0.1.
fn certificate() -> Option<(Vec<u8>, Certificate)> {
    let directory = s3_server::temporary_directory("tls");
    let script = r"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
            -keyout ca.key -out ca.pem &&
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout key.pem -out csr.pem &&
        printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >extensions &&
        openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert.pem
    ";
    let made = Command::new("sh")
        .args(["-c", script])
        .current_dir(&directory)
        .output()
        .unwrap();
    if !made.status.success() {
        s3_server::skip(&format!("openssl: {}", String::from_utf8_lossy(&made.stderr)));
        return None;
    }
    let certificate = Certificate {
        certificate: directory.join("cert.pem"),
        key: directory.join("key.pem"),
    };
    Some((std::fs::read(directory.join("ca.pem")).unwrap(), certificate))
}

#[tokio::test]
async fn tls_and_its_usual_failures() {
    let Some((authority, certificate)) = certificate() else {
        return;
    };
    let Some(server) = S3Server::start_tls(&certificate).await else {
        return;
    };
    let begun = Instant::now();
    let hint = async |config: S3| {
        let error = S3Store::connect(&config)
            .await
            .unwrap()
            .list_page("", None)
            .await
            .unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error:?}");
        error.hint.unwrap()
    };
    let plain = config(&server.endpoint, "backups");
    assert!(hint(plain.clone()).await.contains("S3_CA_FILE"));
    let http = S3Server::start("versitygw").await.unwrap();
    let guessed = S3 {
        endpoint: Some(http.endpoint.replace("http://", "https://")),
        endpoint_scheme_guessed: true,
        ..plain.clone()
    };
    assert!(
        hint(guessed)
            .await
            .contains(&format!("try S3_ENDPOINT={}", http.endpoint))
    );
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    let trusting = S3 {
        ca_pem: Some(authority),
        ..plain
    };
    let store = S3Store::connect(&trusting).await.unwrap();
    let missing = store.list_page("", None).await.unwrap_err();
    let _ = std::fs::remove_dir_all(certificate.key.parent().unwrap());
    assert_eq!(
        missing.kind,
        StoreErrorKind::NotFound,
        "trusted, and no bucket: {missing}"
    );
}
