//! Stores whose listings come in pages and lack a word: every page is asked for, or the store's fault is named.

use crate::support::engine::SHELL;
use crate::support::front::Script;
use crate::support::{Container, Front, Lifeboat, Request, Store, Verdict, start};
use lifeboat::store::memory::Op;
use std::sync::Arc;

/// The rows of a page.
const PAGE: usize = 4;

/// Cuts listings into pages. `truncated` is what a page says of whether it is the last, and `token` how it leads on.
struct Pages {
    truncated: &'static str,
    token: bool,
}

impl Script for Pages {
    fn request(&self, request: &Request) -> Verdict {
        if request.op() != Op::ListPage {
            return Verdict::Pass;
        }
        let (truncated, token) = (self.truncated, self.token);
        Verdict::Change(Arc::new(move |reply| {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            let rows: Vec<_> = text
                .split("<Contents>")
                .skip(1)
                .map(|row| format!("<Contents>{}", &row[..=row.find("</Contents>").unwrap() + 10]))
                .collect();
            assert!(text.contains("<IsTruncated>false</IsTruncated>"), "{text}");
            if rows.len() <= PAGE {
                return;
            }
            for row in &rows[PAGE..] {
                reply.replace(row, "");
            }
            let last = &rows[PAGE - 1];
            let key = &last[last.find("<Key>").unwrap() + 5..last.find("</Key>").unwrap()];
            let token = if token {
                format!("<NextContinuationToken>{key}</NextContinuationToken>")
            } else {
                String::new()
            };
            reply.replace("<IsTruncated>false</IsTruncated>", &format!("{truncated}{token}"));
        }))
    }
}

/// Five backups, and a lifeboat that sees them through such a store.
fn paged(pages: Pages) -> Option<(Store, Front, Container, Lifeboat, Vec<String>)> {
    let store = start(&[SHELL])?;
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name)
        .custom("date +%N")
        .with("COMPRESSION", "none");
    for _ in 0..5 {
        lifeboat.succeed(&["backup"]);
    }
    let front = Front::before(&store.server.endpoint, pages);
    let lifeboat = lifeboat.with("S3_ENDPOINT", &front.endpoint);
    let backups = store.backups("_all");
    assert_eq!(backups.len(), 5);
    Some((store, front, target, lifeboat, backups))
}

rows! {
    with_every_word: goes_on("<IsTruncated>true</IsTruncated>");
    without_a_word_of_being_cut: goes_on("");
}

fn goes_on(truncated: &'static str) {
    let Some((store, _front, _target, lifeboat, backups)) = paged(Pages {
        truncated,
        token: true,
    }) else {
        return;
    };
    let listed = lifeboat.succeed(&["list"]).text();
    assert!(backups.iter().all(|key| listed.contains(key)), "{listed}");
    let newest = backups.last().unwrap();
    let verified = lifeboat.succeed(&["verify", "latest"]).text();
    assert!(verified.contains(newest), "{verified}");
    // What is not the newest on the first page is the newest of nothing.
    lifeboat.fail(&["delete", newest], 7, "newest");
    lifeboat.succeed(&["delete", &backups[1]]);
    lifeboat
        .clone()
        .with("KEEP_LAST", "2")
        .succeed(&["prune", "--apply"]);
    assert_eq!(store.backups("_all"), backups[3..]);
    lifeboat.clone().with("KEEP_LAST", "1").succeed(&["backup"]);
    assert_eq!(store.backups("_all").len(), 1);
}

#[test]
fn one_that_is_cut_and_does_not_lead_on_is_the_stores_fault() {
    let pages = Pages {
        truncated: "<IsTruncated>true</IsTruncated>",
        token: false,
    };
    let Some((store, _front, _target, lifeboat, backups)) = paged(pages) else {
        return;
    };
    for args in [
        &["list"][..],
        &["verify", "latest"],
        &["prune", "--apply"],
        &["delete", &backups[0]],
        &["backup"],
    ] {
        let ran = lifeboat
            .clone()
            .with("KEEP_LAST", "1")
            .fail(args, 5, "NextContinuationToken");
        assert!(ran.stderr.contains("the store"), "{}", ran.stderr);
    }
    assert_eq!(store.backups("_all"), backups);
}
