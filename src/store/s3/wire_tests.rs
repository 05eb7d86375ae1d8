//! What real servers do on bad days only: lost replies, 200 with an error inside, wrong tags, cut bodies.

use super::scripted::{self, Answer, Request, SILENCE, cut_reply, error, reply};
use super::{S3Store, TRANSFER_GRACE};
use crate::config::Checksum;
use crate::store::{Kind, Part, Store as _, StoreErrorKind, etag};
use bytes::Bytes;
use jiff::SignedDuration;
use std::time::Duration;

const BODY: &[u8] = b"hello, boat";
const COMPLETED: &str = "<CompleteMultipartUploadResult><ETag>\"x\"</ETag></CompleteMultipartUploadResult>";

fn head(bytes: usize, etag: &str) -> Answer {
    // A HEAD announces the size of what it does not send.
    cut_reply(200, &format!("ETag: {etag}\r\n"), "", bytes)
}

fn tag(body: &[u8]) -> String {
    format!("\"{}\"", etag::hex(&etag::md5(body)))
}

fn parts() -> [Part; 1] {
    [Part {
        number: 1,
        etag: tag(BODY),
        checksum: None,
    }]
}

fn is(request: &Request, method: &str) -> bool {
    request.line.starts_with(method)
}

/// One answer for HEAD, another for the rest.
fn either(request: &Request, to_head: Answer, otherwise: Answer) -> Answer {
    if is(request, "HEAD") { to_head } else { otherwise }
}

#[tokio::test]
async fn a_lost_reply_to_complete_is_settled_by_a_head() {
    let (store, seen) = scripted::store(Checksum::Md5, |_, request| {
        either(request, head(11, "\"whole\""), SILENCE)
    })
    .await;
    let done = store.complete_upload("k", "id", &parts(), 11).await.unwrap();
    assert_eq!(done.etag.as_deref(), Some("\"whole\""));
    assert_eq!(
        seen.lock()
            .unwrap()
            .iter()
            .filter(|request| is(request, "POST"))
            .count(),
        1
    );
}

#[tokio::test]
async fn no_such_upload_may_be_the_answer_to_our_own_success() {
    // The first Complete succeeds and its reply is lost; then the store is down; then it answers.
    let (store, _) = scripted::store(Checksum::Md5, |number, request| {
        match (number, is(request, "HEAD")) {
            (0, _) => SILENCE,
            (_, false) => error(404, "NoSuchUpload"),
            (1..6, true) => reply(503, "", ""),
            (_, true) => head(11, "\"whole\""),
        }
    })
    .await;
    assert!(store.complete_upload("k", "id", &parts(), 11).await.is_ok());

    let (store, _) = scripted::store(Checksum::Md5, |_, request| {
        either(request, reply(404, "", ""), error(404, "NoSuchUpload"))
    })
    .await;
    let gone = store.complete_upload("k", "id", &parts(), 11).await.unwrap_err();
    assert_eq!(gone.kind, StoreErrorKind::NotFound, "{gone}");
}

#[tokio::test]
async fn an_error_inside_a_200_is_an_error() {
    let (store, _) = scripted::store(Checksum::Md5, |number, request| {
        match (number, is(request, "HEAD")) {
            (0, _) => error(200, "InternalError"),
            (1, _) => reply(404, "", ""),
            (_, false) => reply(200, "", COMPLETED),
            (_, true) => head(11, "\"whole\""),
        }
    })
    .await;
    assert!(
        store.complete_upload("k", "id", &parts(), 11).await.is_ok(),
        "and is tried again"
    );
}

#[tokio::test]
async fn an_object_of_another_size_is_not_a_success() {
    let (store, _) = scripted::store(Checksum::Md5, |_, request| {
        either(request, head(10, "\"whole\""), reply(200, "", COMPLETED))
    })
    .await;
    let wrong = store.complete_upload("k", "id", &parts(), 11).await.unwrap_err();
    assert!(wrong.reason.contains("10 bytes instead of 11"), "{wrong}");
}

#[tokio::test]
async fn an_account_that_may_only_write_is_answered_by_the_tag_of_the_parts() {
    let whole = format!("\"{}-1\"", etag::hex(&etag::md5(&etag::md5(BODY))));
    let said = COMPLETED.replace("\"x\"", &whole);
    let (store, _) = scripted::store(Checksum::Md5, move |_, request| {
        either(request, reply(403, "", ""), reply(200, "", &said))
    })
    .await;
    assert_eq!(
        store.complete_upload("k", "id", &parts(), 11).await.unwrap().etag,
        Some(whole)
    );

    let (store, _) = scripted::store(Checksum::Md5, |_, request| {
        either(request, reply(403, "", ""), reply(200, "", COMPLETED))
    })
    .await;
    let unproven = store.complete_upload("k", "id", &parts(), 11).await.unwrap_err();
    assert_eq!(
        (unproven.kind, unproven.operation),
        (StoreErrorKind::Denied, "HeadObject")
    );
}

#[tokio::test]
async fn a_put_that_meets_itself_is_a_success() {
    for (etag, bytes, success) in [
        (tag(BODY), 11, true),
        (tag(b"hello, bout"), 11, false),
        (tag(BODY), 12, false),
    ] {
        let (store, _) = scripted::store(Checksum::Md5, move |number, request| match number {
            0 => SILENCE,
            _ if is(request, "PUT") => error(412, "PreconditionFailed"),
            _ if is(request, "HEAD") => head(bytes, &etag),
            _ => reply(200, "", "hello, bout"),
        })
        .await;
        let put = store.put("k", Kind::Manifest, Bytes::from_static(BODY)).await;
        match put {
            Ok(_) => assert!(success),
            Err(error) => assert_eq!((error.kind, success), (StoreErrorKind::Precondition, false)),
        }
    }
}

#[tokio::test]
async fn a_store_without_conditions_is_asked_once() {
    let (store, seen) = scripted::store(Checksum::Crc32, |_, request| {
        if request.headers.contains_key("if-none-match") {
            error(501, "NotImplemented")
        } else {
            reply(200, &format!("ETag: {}\r\n", tag(BODY)), "")
        }
    })
    .await;
    for kind in [Kind::Manifest, Kind::Dump] {
        store.put("k", kind, Bytes::from_static(BODY)).await.unwrap();
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3, "with, without, and without again");
    assert!(
        seen.iter()
            .all(|request| request.headers.contains_key("x-amz-checksum-crc32"))
    );
    let classes: Vec<bool> = seen
        .iter()
        .map(|put| put.headers.contains_key("x-amz-storage-class"))
        .collect();
    assert_eq!(classes, [false, false, true], "manifests are readable at once");
}

#[tokio::test]
async fn a_part_the_store_has_otherwise_is_sent_again() {
    let sent = async |wrong: usize, headers: &'static str| {
        let (store, seen) = scripted::store(Checksum::Md5, move |number, _| {
            let etag = if number < wrong { tag(b"other") } else { tag(BODY) };
            reply(200, &format!("ETag: {etag}\r\n{headers}"), "")
        })
        .await;
        let part = store.upload_part("k", "id", 1, Bytes::from_static(BODY)).await;
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].headers["content-md5"], "qze5+XTWy35536N9QsmH4A==");
        (part, seen.len())
    };
    let (part, requests) = sent(1, "").await;
    assert_eq!((part.unwrap().etag, requests), (tag(BODY), 2));
    let (part, requests) = sent(9, "").await;
    assert!(part.unwrap_err().reason.contains("the store has MD5"));
    assert_eq!(requests, 3);
    let (part, requests) = sent(9, "x-amz-server-side-encryption: aws:kms\r\n").await;
    assert_eq!(
        (part.unwrap().etag, requests),
        (tag(b"other"), 1),
        "no MD5 under KMS"
    );
}

#[tokio::test]
async fn bodies_are_whole_or_an_error() {
    let range = "Content-Range: bytes 3-5/11\r\n";
    let (store, seen) = scripted::store(Checksum::Md5, move |number, _| match number {
        0 => cut_reply(206, range, "lo", 3),
        1 => reply(206, range, "lo"),
        2 => reply(503, "", ""),
        _ => reply(206, range, "lo,"),
    })
    .await;
    assert_eq!(store.get_range("k", Some("\"e\""), 3, 3).await.unwrap(), "lo,");
    assert_eq!(seen.lock().unwrap()[3].headers["if-match"], "\"e\"");
    assert_eq!(seen.lock().unwrap()[3].headers["range"], "bytes=3-5");

    for (script, says) in [
        (reply(200, "", "hello, boat"), "asked for bytes from 3"),
        (reply(206, range, "lo, boat"), "more than the 3 bytes"),
        (reply(206, range, "lo"), "2 bytes instead of 3"),
    ] {
        let (store, _) = scripted::store(Checksum::Md5, move |_, _| script.clone()).await;
        let error = store.get_range("k", None, 3, 3).await.unwrap_err();
        assert!(error.reason.contains(says), "{error}");
    }
    let (store, _) = scripted::store(Checksum::Md5, |_, _| reply(200, "", "hello, boat")).await;
    assert!(
        store
            .get("k", 10)
            .await
            .unwrap_err()
            .reason
            .contains("11 bytes, 10 at most")
    );
    assert_eq!(store.get("k", 11).await.unwrap(), BODY);
}

#[tokio::test]
async fn what_will_not_change_is_asked_once_and_told_without_secrets() {
    let refusal = "<Error><Code>AccessDenied</Code><Message>no, the-key-id\n</Message>\
        <AWSAccessKeyId>the-key-id</AWSAccessKeyId><StringToSign>x</StringToSign>\
        <SignatureProvided>abc</SignatureProvided></Error>";
    let (store, seen) = scripted::store(Checksum::Md5, move |_, _| {
        reply(403, "x-amz-request-id: R1\r\n", refusal)
    })
    .await;
    let error = store
        .upload_part("k", "id", 1, Bytes::from_static(BODY))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "UploadPart bucket/k: AccessDenied: no, **** (403), request R1"
    );
    assert!(
        error
            .hint
            .as_deref()
            .unwrap()
            .starts_with("the account needs s3:PutObject;"),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("abc"), "{error:?}");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn usual_refusals_have_hints() {
    for (status, headers, code, says) in [
        (
            301,
            "x-amz-bucket-region: eu-central-1\r\n",
            "PermanentRedirect",
            "AWS_REGION=eu-central-1",
        ),
        (400, "", "AuthorizationHeaderMalformed", "AWS_REGION"),
        (400, "", "ExpiredToken", "AWS_SESSION_TOKEN has expired"),
        (400, "", "InvalidToken", "does not know AWS_SESSION_TOKEN"),
        (403, "", "NotSignedUp", "does not know AWS_ACCESS_KEY_ID"),
        (403, "", "RequestTimeTooSkewed", "clock"),
        (400, "", "InvalidDigest", "S3_CHECKSUM"),
        (404, "", "NoSuchBucket", "create the bucket bucket"),
    ] {
        let (store, _) = scripted::store(Checksum::Md5, move |_, _| {
            let body = format!("<Error><Code>{code}</Code><Message>because</Message></Error>");
            reply(status, headers, &body)
        })
        .await;
        let error = store.create_upload("k").await.unwrap_err();
        assert!(
            error.hint.as_deref().unwrap_or_default().contains(says),
            "{code}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_port_that_is_not_s3_is_said() {
    for status in [200, 404] {
        let (store, _) = scripted::store(Checksum::Md5, move |_, _| {
            reply(status, "", "<html>console</html>")
        })
        .await;
        let listing = store.list_page("", None).await.unwrap_err();
        let put = store
            .put("k", Kind::Dump, Bytes::from_static(BODY))
            .await
            .unwrap_err();
        for error in [listing, put] {
            assert_eq!(error.kind, StoreErrorKind::Other, "{error}");
            assert!(
                error.hint.as_deref().unwrap_or_default().contains("speak S3"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_listing_that_leads_nowhere_is_not_the_end() {
    let page = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
    let (store, _) = scripted::store(Checksum::Md5, move |_, _| reply(200, "", page)).await;
    assert!(
        store
            .list("")
            .await
            .unwrap_err()
            .reason
            .contains("does not lead on")
    );
    let page = "<ListBucketResult><IsTruncated>true</IsTruncated>\
        <NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
    let (store, _) = scripted::store(Checksum::Md5, move |_, _| reply(200, "", page)).await;
    assert!(
        store
            .list("")
            .await
            .unwrap_err()
            .reason
            .contains("repeats a page")
    );
}

/// Two pages of a listing, each with one row; `says` is what the first one says of the second.
fn two_pages(
    element: &'static str,
    rows: [&'static str; 2],
    says: &'static str,
) -> impl Fn(usize, &Request) -> Answer {
    move |number, _| {
        let says = if number == 0 {
            says
        } else {
            "<IsTruncated>false</IsTruncated>"
        };
        let page = format!("<{element}>{says}{}</{element}>", rows[number.min(1)]);
        reply(200, "", &page)
    }
}

#[tokio::test]
async fn a_marker_alone_says_that_there_is_more() {
    const TIME: &str = "2026-11-20T03:00:00Z";
    for (word, pages) in [
        ("<IsTruncated>true</IsTruncated>", 2),
        ("", 2),
        ("<IsTruncated>false</IsTruncated>", 1),
    ] {
        let says = |marker: &str| -> &'static str { format!("{word}{marker}").leak() };
        let row = |key: &str| -> &'static str {
            format!("<Contents><Key>{key}</Key><Size>1</Size><LastModified>{TIME}</LastModified></Contents>")
                .leak()
        };
        let token = says("<NextContinuationToken>t</NextContinuationToken>");
        let script = two_pages("ListBucketResult", [row("a"), row("b")], token);
        let (store, _) = scripted::store(Checksum::Md5, script).await;
        assert_eq!(store.list("").await.unwrap().len(), pages, "{word}");
        let row = |key: &str| -> &'static str {
            format!("<Upload><Key>{key}</Key><UploadId>i</UploadId><Initiated>{TIME}</Initiated></Upload>")
                .leak()
        };
        let marker = says("<NextKeyMarker>a</NextKeyMarker>");
        let script = two_pages("ListMultipartUploadsResult", [row("a"), row("b")], marker);
        let (store, _) = scripted::store(Checksum::Md5, script).await;
        assert_eq!(store.list_uploads("").await.unwrap().len(), pages, "{word}");
        let row = |number: usize| -> &'static str {
            format!("<Part><PartNumber>{number}</PartNumber><LastModified>2026-11-20T03:00:0{number}Z</LastModified></Part>")
                .leak()
        };
        let marker = says("<NextPartNumberMarker>1</NextPartNumberMarker>");
        let script = two_pages("ListPartsResult", [row(1), row(2)], marker);
        let (store, _) = scripted::store(Checksum::Md5, script).await;
        let newest = store.newest_part("k", "i").await.unwrap().unwrap();
        assert_eq!(
            newest.to_string(),
            format!("2026-11-20T03:00:0{pages}Z"),
            "{word}"
        );
    }
}

#[tokio::test]
async fn uploads_and_parts_that_lead_nowhere_are_the_stores_fault() {
    let uploads = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker></NextKeyMarker></ListMultipartUploadsResult>";
    let (store, _) = scripted::store(Checksum::Md5, move |_, _| reply(200, "", uploads)).await;
    let error = store.list_uploads("").await.unwrap_err();
    assert!(error.reason.contains("does not lead on"), "{error}");
    let parts = "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>0</NextPartNumberMarker></ListPartsResult>";
    let (store, _) = scripted::store(Checksum::Md5, move |_, _| reply(200, "", parts)).await;
    let error = store.newest_part("k", "i").await.unwrap_err();
    assert!(error.reason.contains("does not lead on"), "{error}");
}

#[tokio::test]
async fn uploads_listed_in_a_circle_are_an_error() {
    let (store, seen) = scripted::store(Checksum::Md5, |number, _| {
        let marker = format!("<NextKeyMarker>{}</NextKeyMarker>", number % 2);
        let page = format!(
            "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>{marker}</ListMultipartUploadsResult>"
        );
        reply(200, "", &page)
    })
    .await;
    let circle = tokio::time::timeout(Duration::from_mins(1), store.list_uploads("")).await;
    let error = circle.expect("an end").unwrap_err();
    assert!(error.reason.contains("repeats a page"), "{error}");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn gone_is_gone_and_a_stranger_s_404_is_not() {
    let (store, _) = scripted::store(Checksum::Md5, |_, _| error(404, "NoSuchUpload")).await;
    assert!(store.abort_upload("k", "id").await.is_ok());
    for code in ["NoSuchBucket", "PageNotFound"] {
        let (store, _) = scripted::store(Checksum::Md5, move |_, _| error(404, code)).await;
        assert!(store.abort_upload("k", "id").await.is_err(), "{code}");
        assert!(store.delete("k").await.is_err(), "{code}");
    }
}

#[tokio::test]
async fn the_store_s_clock_is_read_off_its_answers() {
    let (store, _) = scripted::store(Checksum::Md5, |_, _| {
        let date = (crate::clock::now() + SignedDuration::from_hours(2)).strftime("%a, %d %b %Y %T GMT");
        cut_reply(200, &format!("Date: {date}\r\n"), "", 1)
    })
    .await;
    store.head("k").await.unwrap();
    let off = store.clock_ahead().unwrap() - SignedDuration::from_hours(2);
    assert!(off.abs() < SignedDuration::from_secs(5), "{off}");
}

#[tokio::test]
async fn what_shares_the_line_has_the_time_for_it() {
    let timeout = async |parts: &str, targets: &str| {
        let env = [
            ("TARGET", "db"),
            ("S3_BUCKET", "bucket"),
            ("S3_ENDPOINT", "http://127.0.0.1:1"),
            ("AWS_ACCESS_KEY_ID", "the-key-id"),
            ("AWS_SECRET_ACCESS_KEY", "the-secret"),
            ("S3_CONCURRENCY", parts),
            ("TARGET_CONCURRENCY", targets),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let loaded = crate::config::load(env, &|_| Err(std::io::ErrorKind::NotFound.into())).unwrap();
        let store = S3Store::connect(&loaded.config.s3).await.unwrap();
        store.0.transfer_timeout(8 << 20).saturating_sub(TRANSFER_GRACE)
    };
    let alone = timeout("1", "1").await;
    assert_eq!(timeout("2", "1").await, alone * 2);
    assert_eq!(timeout("2", "8").await, alone * 16);
}
