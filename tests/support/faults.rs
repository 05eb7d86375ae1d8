//! What a store does on bad days, as rules for the front before it: which request, how often, and what happens then.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by tests that use parts of it"
)]

use crate::front::{Request, Script, Verdict};
use lifeboat::store::memory::Op;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

/// Rules, and the requests that came. Clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<Op>,
}

struct Rule {
    /// `None`: every request.
    op: Option<Op>,
    /// Of those requests since the rule was made, from 1.
    which: RangeInclusive<usize>,
    count: usize,
    verdict: Verdict,
}

impl Faults {
    /// This happens to these requests of that kind, counted from 1 and from now.
    pub fn add(&self, op: Op, which: RangeInclusive<usize>, verdict: Verdict) {
        self.push(Some(op), which, verdict);
    }

    /// This happens to the first request of that kind.
    pub fn once(&self, op: Op, verdict: Verdict) {
        self.add(op, 1..=1, verdict);
    }

    /// This happens to every request of that kind.
    pub fn always(&self, op: Op, verdict: Verdict) {
        self.add(op, 1..=usize::MAX, verdict);
    }

    /// This happens to all requests whatsoever.
    pub fn all(&self, verdict: Verdict) {
        self.push(None, 1..=usize::MAX, verdict);
    }

    fn push(&self, op: Option<Op>, which: RangeInclusive<usize>, verdict: Verdict) {
        self.0.lock().unwrap().rules.push(Rule {
            op,
            which,
            count: 0,
            verdict,
        });
    }

    /// Ends every fault.
    pub fn heal(&self) {
        self.0.lock().unwrap().rules.clear();
    }

    /// How many requests of that kind came.
    pub fn seen(&self, op: Op) -> usize {
        let state = self.0.lock().unwrap();
        state.seen.iter().filter(|seen| **seen == op).count()
    }
}

impl Script for Faults {
    fn request(&self, request: &Request) -> Verdict {
        let op = request.op();
        let mut state = self.0.lock().unwrap();
        state.seen.push(op);
        let mut verdict = Verdict::Pass;
        for rule in &mut state.rules {
            if rule.op.is_none_or(|only| only == op) {
                rule.count += 1;
                if rule.which.contains(&rule.count) {
                    verdict = rule.verdict.clone();
                }
            }
        }
        verdict
    }
}
