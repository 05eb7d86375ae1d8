//! The table in docs/stores.md: a row for each feature, a column for each store.
//!
//! It is written from a run and compared with every other. A store that does not run here keeps its column.

use crate::outcome::Outcome;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;

const BEGIN: &str = "<!-- written by tests/store_conformance, from what it saw: begin -->";
const END: &str = "<!-- end -->";
/// Where nothing was tried.
const UNTRIED: &str = "–";
/// The variable that has the table written instead of compared.
const UPDATE: &str = "LIFEBOAT_TEST_UPDATE";

/// What was seen of one store, in the order of the features.
pub type Seen = [(&'static str, Option<Outcome>)];

/// Tests of several stores end at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Compares the store's column with what was seen, or writes it. A store without a column is shown alone.
pub fn settle(store: &str, seen: &Seen) {
    let _one = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/stores.md");
    let page = std::fs::read_to_string(&path).unwrap();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, rewritten(&page, store, seen)).unwrap();
        return;
    }
    if !Table::of(&page).stores.iter().any(|known| known == store) {
        let shown = rewritten(&page, store, seen);
        let _ = writeln!(std::io::stderr(), "{}", between(&shown));
        return;
    }
    if let Err(differs) = compared(&page, store, seen) {
        panic!(
            "docs/stores.md says otherwise of {store}: {differs}\nlook at it, then run again with {UPDATE}=1"
        );
    }
}

fn compared(page: &str, store: &str, seen: &Seen) -> Result<(), String> {
    let new = rewritten(page, store, seen);
    let differing: Vec<_> = between(&new)
        .lines()
        .filter(|line| !between(page).lines().any(|old| old == *line))
        .collect();
    if new == page {
        Ok(())
    } else {
        Err(format!("it should be\n{}", differing.join("\n")))
    }
}

fn rewritten(page: &str, store: &str, seen: &Seen) -> String {
    let mut table = Table::of(page);
    if !table.stores.iter().any(|known| known == store) {
        table.stores.push(store.to_owned());
    }
    table.features = seen.iter().map(|(feature, _)| (*feature).to_owned()).collect();
    for (feature, outcome) in seen {
        let text = outcome.map_or_else(|| UNTRIED.to_owned(), |outcome| outcome.to_string());
        table
            .cells
            .insert(((*feature).to_owned(), store.to_owned()), text);
    }
    let (before, rest) = page.split_once(BEGIN).expect("the marker of the table's begin");
    let (_, after) = rest.split_once(END).expect("the marker of the table's end");
    format!("{before}{BEGIN}{}{END}{after}", table.text())
}

fn between(page: &str) -> &str {
    let (_, rest) = page.split_once(BEGIN).expect("the marker of the table's begin");
    rest.split_once(END).expect("the marker of the table's end").0
}

#[derive(Debug, Default)]
struct Table {
    stores: Vec<String>,
    features: Vec<String>,
    cells: BTreeMap<(String, String), String>,
}

impl Table {
    fn of(page: &str) -> Self {
        let mut table = Self::default();
        for line in between(page).lines().filter(|line| line.starts_with('|')) {
            let mut words = line
                .trim_matches('|')
                .split('|')
                .map(|word| word.trim().to_owned());
            let first = words.next().unwrap_or_default();
            if first.starts_with("---") {
                continue;
            }
            if table.stores.is_empty() {
                table.stores = words.collect();
                continue;
            }
            for (store, cell) in table.stores.iter().zip(words) {
                table.cells.insert((first.clone(), store.clone()), cell);
            }
            table.features.push(first);
        }
        table
    }

    fn text(&self) -> String {
        let line = |first: &str, words: Vec<&str>| format!("| {first} | {} |\n", words.join(" | "));
        let stores: Vec<&str> = self.stores.iter().map(String::as_str).collect();
        let mut text = format!("\n\n{}", line("", stores.clone()));
        text += &line("---", vec!["---"; stores.len()]);
        for feature in &self.features {
            let cell = |store: &&str| {
                let place = (feature.clone(), (*store).to_owned());
                self.cells.get(&place).map_or(UNTRIED, String::as_str)
            };
            text += &line(feature, stores.iter().map(cell).collect());
        }
        text + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{NotOffered, Refused, Works};

    fn page() -> String {
        let empty = format!("# Stores\n\n{BEGIN}\n{END}\n\nmore\n");
        let one = rewritten(
            &empty,
            "one",
            &[("put", Some(Works)), ("locks", Some(NotOffered))],
        );
        rewritten(&one, "two", &[("put", Some(Works)), ("locks", None)])
    }

    #[test]
    fn a_store_keeps_its_column_while_another_is_written() {
        assert_eq!(
            page(),
            format!(
                "# Stores\n\n{BEGIN}\n\n|  | one | two |\n| --- | --- | --- |\n| put | works | works |\n\
                 | locks | not offered | – |\n\n{END}\n\nmore\n"
            )
        );
    }

    #[test]
    fn what_differs_is_found() {
        let same: &Seen = &[("put", Some(Works)), ("locks", Some(NotOffered))];
        assert_eq!(compared(&page(), "one", same), Ok(()));
        let other = compared(
            &page(),
            "one",
            &[("put", Some(Refused)), ("locks", Some(NotOffered))],
        );
        assert_eq!(
            other,
            Err("it should be\n| put | refused by store | works |".to_owned())
        );
        assert!(
            compared(&page(), "one", &[("put", Some(Works))]).is_err(),
            "a row too many"
        );
        let more: &Seen = &[("put", Some(Works)), ("locks", Some(NotOffered)), ("tags", None)];
        assert!(compared(&page(), "one", more).is_err(), "a row is missing");
    }
}
