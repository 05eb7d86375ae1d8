//! Listings, page by page. A store that goes round in circles, or on and on, must not have us list for ever.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct Page<T, M = String> {
    /// The rows, in the store's order.
    pub rows: Vec<T>,
    /// What to pass to get the next page; `None` on the last.
    pub next: Option<M>,
}

/// What a page leads on to. A listing ends by the store's own word alone: some send a marker without saying that there is
/// more, and what is behind it would not exist for whoever asks. More without a marker is a fault of the store.
pub(super) fn leads_on<M>(
    truncated: Option<bool>,
    marker: Option<M>,
    lost: &'static str,
) -> Result<Option<M>, &'static str> {
    match (truncated, marker) {
        // AWS S3 numbers the last part of the last page too.
        (Some(false), _) => Ok(None),
        (Some(true), None) => Err(lost),
        (_, marker) => Ok(marker),
    }
}

/// A row of a listing.
pub trait Row {
    /// What stays the same when it is listed again: a key, but not the time that is told with it.
    fn identity(&self) -> impl Hash;
}

/// So many pages in a row may be without rows. AWS S3 sends such pages too, for keys that were deleted.
const EMPTY_PAGES: usize = 10_000;

/// So many pages a listing may have: at S3's 1000 rows a page, a hundred million objects. No bucket that backups are
/// kept in comes near; a store that makes up new rows for ever would never be done with.
const PAGES: usize = 100_000;

/// Gives `each` the rows of all pages, page by page, so that nothing is held but what it keeps. `page` asks for the
/// one at a marker; `lost` makes an error of why the listing can't go on.
pub async fn follow<T, M, E, F>(
    page: impl Fn(Option<M>) -> F,
    lost: impl Fn(&'static str) -> E,
    mut each: impl FnMut(T),
) -> Result<(), E>
where
    T: Row,
    M: Clone + Hash,
    F: Future<Output = Result<Page<T, M>, E>>,
{
    let mut trail = Trail::default();
    let mut next = None;
    loop {
        let page = page(next).await?;
        trail.step(&page).map_err(&lost)?;
        page.rows.into_iter().for_each(&mut each);
        match page.next {
            None => return Ok(()),
            more => next = more,
        }
    }
}

/// The pages so far, by what is small of them: there are circles that repeat a marker, and circles that give out new
/// ones for the same rows. Hashes, since a marker may be a KiB; two that are equal by chance end one listing.
#[derive(Default)]
struct Trail {
    hasher: RandomState,
    markers: HashSet<u64>,
    first_rows: HashSet<u64>,
    pages: usize,
    empty: usize,
}

impl Trail {
    fn step<T: Row, M: Hash>(&mut self, page: &Page<T, M>) -> Result<(), &'static str> {
        let first = page.rows.first().map(|row| self.hasher.hash_one(row.identity()));
        let marker = page.next.as_ref().map(|marker| self.hasher.hash_one(marker));
        self.pages += 1;
        self.empty = if first.is_some() { 0 } else { self.empty + 1 };
        let new = first.is_none_or(|row| self.first_rows.insert(row))
            && marker.is_none_or(|marker| self.markers.insert(marker));
        match new {
            false => Err("the store repeats a page of its listing"),
            true if self.empty > EMPTY_PAGES => Err("the store's listing goes on without any rows"),
            true if self.pages > PAGES => Err("the store's listing has no end"),
            true => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Listed;
    use jiff::{SignedDuration, Timestamp};
    use std::cell::Cell;

    impl Row for &'static str {
        fn identity(&self) -> impl Hash {
            *self
        }
    }

    fn page(rows: &[&'static str], next: Option<u32>) -> Page<&'static str, u32> {
        Page {
            rows: rows.to_vec(),
            next,
        }
    }

    /// What a store that has these pages, whatever it is asked, makes of a listing.
    async fn listed(pages: &[Page<&'static str, u32>]) -> Result<Vec<&'static str>, &'static str> {
        let asked = Cell::new(0);
        let at = |_| {
            let at = asked.replace(asked.get() + 1);
            async move { Ok(pages[at].clone()) }
        };
        let mut all = Vec::new();
        follow(at, |why| why, |row| all.push(row)).await.map(|()| all)
    }

    #[test]
    fn a_listing_ends_by_the_stores_word_alone() {
        for (truncated, marker, next) in [
            (Some(true), Some(1), Ok(Some(1))),
            (None, Some(1), Ok(Some(1))),
            (Some(false), Some(1), Ok(None)),
            (Some(false), None, Ok(None)),
            (None, None, Ok(None)),
            (Some(true), None, Err("lost")),
        ] {
            assert_eq!(
                leads_on(truncated, marker, "lost"),
                next,
                "{truncated:?} {marker:?}"
            );
        }
    }

    #[tokio::test]
    async fn circles_are_found_and_other_listings_are_not() {
        const CIRCLE: Result<Vec<&str>, &str> = Err("the store repeats a page of its listing");
        let (a, b) = (page(&["a", "b"], Some(1)), page(&["c"], Some(2)));
        assert_eq!(
            listed(&[a.clone(), b.clone(), page(&["d"], None)]).await,
            Ok(vec!["a", "b", "c", "d"])
        );
        // Not every store lists in order, and some have pages without rows.
        let unordered = [b.clone(), a.clone(), page(&[], Some(3)), page(&[], None)];
        assert_eq!(listed(&unordered).await, Ok(vec!["c", "a", "b"]));
        assert_eq!(
            listed(&[a.clone(), page(&["c"], Some(1))]).await,
            CIRCLE,
            "the same marker"
        );
        let turns = [a.clone(), b.clone(), page(&["d"], Some(1))];
        assert_eq!(listed(&turns).await, CIRCLE, "two that take turns");
        let again = [a, page(&["a", "b"], Some(2))];
        assert_eq!(listed(&again).await, CIRCLE, "new markers for old rows");
    }

    #[tokio::test]
    async fn a_listing_without_rows_ends() {
        let next = Cell::new(0);
        let empty = |_| {
            next.set(next.get() + 1);
            let page = page(&[], Some(next.get()));
            async move { Ok(page) }
        };
        let error = follow(empty, |why| why, drop).await.unwrap_err();
        assert!(error.contains("without any rows"), "{error}");
        assert_eq!(next.get() as usize, EMPTY_PAGES + 1);
    }

    /// What becomes of a listing whose every page has another marker and one row, of this key and another time; and
    /// after how many pages. It would end by itself only beyond what is allowed.
    async fn long(key: impl Fn(usize) -> usize) -> (Result<(), &'static str>, usize) {
        let asked = Cell::new(0);
        let at = |_| {
            let number = asked.get() + 1;
            asked.set(number);
            let row = Listed {
                key: key(number).to_string(),
                bytes: 1,
                modified: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::try_from(number).unwrap()),
            };
            let (rows, next) = (vec![row], (number < 2 * PAGES).then_some(number));
            async move { Ok(Page { rows, next }) }
        };
        (follow(at, |why| why, drop).await, asked.get())
    }

    /// Else all of them would be in memory at once.
    #[tokio::test]
    async fn rows_are_handed_on_before_the_next_page_is_asked_for() {
        let (handed, asked) = (Cell::new(0), Cell::new(0_u32));
        let at = |_| {
            assert_eq!(handed.get(), asked.get());
            let row = ["a", "b", "c"][asked.get() as usize];
            asked.set(asked.get() + 1);
            let page = page(&[row], (asked.get() < 3).then_some(asked.get()));
            async move { Ok::<_, &str>(page) }
        };
        follow(at, |why| why, |_| handed.set(handed.get() + 1))
            .await
            .unwrap();
        assert_eq!(handed.get(), 3);
    }

    #[tokio::test]
    async fn a_row_is_the_same_at_another_time() {
        let circle = Err("the store repeats a page of its listing");
        assert_eq!(long(|_| 1).await, (circle, 2));
    }

    #[tokio::test]
    async fn a_listing_of_ever_new_rows_ends() {
        let ended = Err("the store's listing has no end");
        assert_eq!(long(|number| number).await, (ended, PAGES + 1));
    }
}
