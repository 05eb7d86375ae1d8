//! A store that keeps one answer back until the test has done something meanwhile.

use crate::support::front::Script;
use crate::support::{Front, LONG, Request, Store};
use lifeboat::store::memory::Op;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// A front whose answer to one request for a dump's bytes is held back; let go when dropped.
pub struct Gate {
    front: Front,
    arrival: Receiver<()>,
    open: Option<SyncSender<()>>,
}

struct Holds {
    nth: usize,
    seen: AtomicUsize,
    arrived: SyncSender<()>,
    until: Mutex<Receiver<()>>,
}

impl Script for Arc<Holds> {
    fn reply(&self, request: &Request) {
        if request.op() != Op::GetRange || self.seen.fetch_add(1, Ordering::SeqCst) + 1 != self.nth {
            return;
        }
        let _ = self.arrived.try_send(());
        let _ = self.until.lock().unwrap().recv_timeout(LONG);
    }
}

impl Gate {
    /// Holds the answer to the `nth` request for bytes: a small dump is one request each time it is read.
    pub fn at(store: &Store, nth: usize) -> Self {
        let (arrived, arrival) = sync_channel(1);
        let (open, until) = sync_channel(1);
        let holds = Holds {
            nth,
            seen: AtomicUsize::new(0),
            arrived,
            until: Mutex::new(until),
        };
        Self {
            front: Front::before(&store.server.endpoint, Arc::new(holds)),
            arrival,
            open: Some(open),
        }
    }

    /// Where lifeboat finds the store.
    pub fn endpoint(&self) -> &str {
        &self.front.endpoint
    }

    /// Waits until the request is there.
    pub fn wait(&self) {
        self.arrival.recv_timeout(LONG).unwrap();
    }

    /// Lets the answer go.
    pub fn open(&mut self) {
        self.open = None;
    }
}
