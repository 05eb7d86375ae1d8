//! Keys that do not live as long as the upload: the place they came from is asked again, as on ECS, EKS and EC2.
//!
//! Where keys come from is told by the environment, which is the process's own. So the backup runs in a process of its
//! own, which is this test again.

use crate::bucket;
use crate::front::{Front, Request, Script, Verdict};
use crate::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The SDK asks for new keys 5 to 10 s before the old ones expire, so it has these for 5 s at most.
const LIFETIME: Duration = Duration::from_secs(10);
/// The first part takes 6 s.
const BYTES_PER_SECOND: usize = 850 << 10;
const ENDPOINT: &str = "LIFEBOAT_TEST_RENEWAL_ENDPOINT";

/// Which keys there are, and which are no longer taken, by the number in their session token.
#[derive(Clone, Default)]
struct Keys {
    given: Arc<AtomicUsize>,
    expired: Arc<AtomicUsize>,
}

impl Keys {
    /// Gives out new keys whenever it is asked; for as long as the test process lives.
    fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let given = Arc::clone(&self.given);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut client = client;
                let _ = client.read(&mut [0; 4096]);
                let number = given.fetch_add(1, Ordering::SeqCst) + 1;
                let until = lifeboat::clock::now() + LIFETIME;
                let keys = format!(
                    r#"{{"AccessKeyId": "{ACCESS_KEY}", "SecretAccessKey": "{SECRET_KEY}", "Token": "{number}", "Expiration": "{until:.0}"}}"#
                );
                let length = keys.len();
                let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n";
                let _ = write!(client, "{head}Content-Length: {length}\r\n\r\n{keys}");
            }
        });
        url
    }
}

impl Script for Keys {
    fn request(&self, request: &Request) -> Verdict {
        let token = request.header("x-amz-security-token").expect("a session token");
        let number: usize = token.parse().unwrap();
        if number <= self.expired.load(Ordering::SeqCst) {
            return Verdict::Refuse(400, "ExpiredToken");
        }
        match request.part() {
            Some(1) => Verdict::Throttle(BYTES_PER_SECOND),
            _ => Verdict::Pass,
        }
    }

    /// Whatever was given out until the first part has arrived is of no use after it.
    fn reply(&self, request: &Request) {
        if request.part() == Some(1) {
            self.expired
                .store(self.given.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn keys_that_expire_on_the_way_are_renewed() {
    // versitygw takes no session tokens.
    let Some(server) = S3Server::start("s3s-fs").await else {
        return;
    };
    server.make_bucket("backups").await;
    let keys = Keys::default();
    let front = Front::before(&server.endpoint, keys.clone());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "renewal::in_a_process_of_its_own", "--include-ignored"])
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", keys.serve())
        .env(ENDPOINT, &front.endpoint)
        // Nothing else that keys could come from.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_WEB_IDENTITY_TOKEN_FILE");
    let ran = tokio::task::spawn_blocking(move || child.output().unwrap())
        .await
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    let listing = server.client().list_objects_v2().bucket("backups").send().await;
    assert_eq!(listing.unwrap().contents().len(), 2, "a dump and its manifest");
    let (given, expired) = (&keys.given, &keys.expired);
    assert!(
        expired.load(Ordering::SeqCst) > 0,
        "the first keys expired on the way"
    );
    assert!(given.load(Ordering::SeqCst) > expired.load(Ordering::SeqCst));
    // Each request for keys of its own would be one too many for the services that give them.
    assert!(given.load(Ordering::SeqCst) < 8, "{given:?}");
}

#[tokio::test]
#[ignore = "run by the test above"]
async fn in_a_process_of_its_own() {
    let Some(endpoint) = std::env::var_os(ENDPOINT) else {
        return;
    };
    bucket::backed_up_with_keys_of_the_chain(endpoint.to_str().unwrap()).await;
}
