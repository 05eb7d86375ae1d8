//! Before the first answer: nobody listens, the name is unknown, the certificate is not trusted.

use crate::s3_server::{self, Certificate, S3Server};
use crate::subject::config;
use lifeboat::config::S3;
use lifeboat::store::s3::S3Store;
use lifeboat::store::{Store as _, StoreErrorKind};
use std::process::Command;
use std::time::{Duration, Instant};

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
        crate::skip::skip(
            "openssl",
            &format!("openssl: {}", String::from_utf8_lossy(&made.stderr)),
        );
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
