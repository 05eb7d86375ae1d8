//! Listings, page by page. A store that goes round in circles, or on and on, must not have us list for ever.

use std::collections::HashSet;
use std::hash::Hash;

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct Page<T, M = String> {
    /// The rows, in the store's order.
    pub rows: Vec<T>,
    /// What to pass to get the next page; `None` on the last.
    pub next: Option<M>,
}

/// So many pages in a row may be without rows. AWS S3 sends such pages too, for keys that were deleted.
const EMPTY_PAGES: usize = 10_000;

/// The rows of all pages. `page` asks for the one at a marker; `lost` makes an error of why the listing can't go on.
pub async fn follow<T, M, E, F>(
    page: impl Fn(Option<M>) -> F,
    lost: impl Fn(&'static str) -> E,
) -> Result<Vec<T>, E>
where
    T: Clone + Eq + Hash,
    M: Clone + Eq + Hash,
    F: Future<Output = Result<Page<T, M>, E>>,
{
    let mut all = Vec::new();
    let mut trail = Trail::default();
    let mut next = None;
    loop {
        let page = page(next).await?;
        trail.step(&page).map_err(&lost)?;
        all.extend(page.rows);
        match page.next {
            None => return Ok(all),
            more => next = more,
        }
    }
}

/// The pages so far, by what is small of them: there are circles that repeat a marker, and circles that give out new
/// ones for the same rows.
struct Trail<T, M> {
    markers: HashSet<M>,
    first_rows: HashSet<T>,
    empty: usize,
}

impl<T, M> Default for Trail<T, M> {
    fn default() -> Self {
        Self {
            markers: HashSet::new(),
            first_rows: HashSet::new(),
            empty: 0,
        }
    }
}

impl<T: Clone + Eq + Hash, M: Clone + Eq + Hash> Trail<T, M> {
    fn step(&mut self, page: &Page<T, M>) -> Result<(), &'static str> {
        let first = page.rows.first().cloned();
        self.empty = if first.is_some() { 0 } else { self.empty + 1 };
        let new = first.is_none_or(|row| self.first_rows.insert(row))
            && page.next.clone().is_none_or(|marker| self.markers.insert(marker));
        match new {
            false => Err("the store repeats a page of its listing"),
            true if self.empty > EMPTY_PAGES => Err("the store's listing goes on without any rows"),
            true => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

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
        follow(at, |why| why).await
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
        let error = follow(empty, |why| why).await.unwrap_err();
        assert!(error.contains("without any rows"), "{error}");
        assert_eq!(next.get() as usize, EMPTY_PAGES + 1);
    }
}
