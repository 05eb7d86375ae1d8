//! Keys: odd ones, and more than fit one page of a listing.

use crate::subject::Subject;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use lifeboat::store::{Kind, Store};

/// What database and target names can bring into a key, encoded as catalog does it and not.
const ODD: [&str; 14] = [
    "%20",
    "a b",
    "a+b",
    "a%2Fb",
    "a%25b",
    "a&b;c",
    "a,b:c@d",
    "ünïcode-日本",
    "q?x=1&y",
    "tilde~",
    "(paren)'",
    "=",
    "$!*",
    "#",
];

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let store = &subject.store;
    let odd = ODD.map(|name| subject.key(&format!("d/odd/{name}/x%2Fy.sql.bz2")));
    fill(store, &odd).await;
    let mut listed: Vec<String> = Vec::new();
    for row in store.list(&subject.key("d/odd/")).await.unwrap() {
        assert_eq!(row.bytes, row.key.len() as u64);
        assert_eq!(store.get(&row.key, 1000).await.unwrap(), row.key.as_bytes());
        listed.push(row.key);
    }
    assert_eq!(sorted(listed), sorted(odd.to_vec()));
    for key in &odd {
        store.delete(key).await.unwrap();
    }
    assert_eq!(store.list(&subject.key("d/odd/")).await.unwrap(), []);
    subject.must("odd characters in keys");

    let store = &subject.store;
    let many: Vec<String> = (0..1100)
        .map(|n| subject.key(&format!("d/many/{n:04}")))
        .collect();
    fill(store, &many).await;
    let folder = subject.key("d/many/");
    let first = store.list_page(&folder, None).await.unwrap();
    assert!(first.next.is_some() && first.rows.len() <= 1000);
    let all = store.list(&folder).await.unwrap();
    assert_eq!(sorted(all.into_iter().map(|row| row.key).collect()), many);
    let ten = store.list(&subject.key("d/many/000")).await.unwrap();
    assert_eq!(ten.len(), 10, "a prefix need not end at a slash");
    assert_eq!(store.list(&subject.key("d/nothing/")).await.unwrap(), []);
    for key in &many[..20] {
        store.delete(key).await.unwrap();
    }
    assert_eq!(store.list(&folder).await.unwrap().len(), many.len() - 20);
    subject.must("listing more than 1,000 keys");
}

/// Each key holds its own name.
async fn fill<S: Store>(store: &S, keys: &[String]) {
    stream::iter(keys)
        .for_each_concurrent(16, |key| async move {
            let body = Bytes::from(key.clone());
            store.put(key, Kind::Manifest, body).await.unwrap();
        })
        .await;
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort();
    keys
}
