//! The model `thread-pool`: a fixed number of threads for any number of connections.
//!
//! ```text
//! accept ──► parking ── has something to read ──► queue ──► workers ─┐
//!              ▲                                                     │
//!              └────────────── has gone quiet ◄──────────────────────┘
//! ```
//!
//! A connection that waits for its next message, or for the rest of one, is parked and costs no
//! thread. Workers take turns: they answer what has arrived and, when other connections wait, park
//! the connection again. While there is a worker to spare they stay with a connection a moment
//! longer, which saves two hand-overs for each call of a busy client.
//!
//! Why can't a worker just serve a connection to its end, as Apache's pools do? Because as many
//! idle clients as there are workers would then keep everybody else out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::error::Result;
use crate::server::accept::accept;
use crate::server::connection::{Buffers, Connection, Turn};
use crate::server::parking::{Lot, Parking};
use crate::server::shared::{Counters, Shared};
use crate::server::{Pools, join_all, spawn};
use crate::transport::{Listener, Readiness};

/// How long a worker that is not needed elsewhere waits for the next call of a connection.
const LINGER: Duration = Duration::from_millis(2);

pub(super) fn run(shared: &Arc<Shared>, listener: Box<dyn Listener>, pools: Pools) -> Result<()> {
    let Pools { workers, queue, .. } = pools;
    // A connection is in the queue at most once, so this never blocks. Its real bound, `queue`, is
    // kept where connections enter.
    let (sender, receiver) = bounded(shared.settings.connections_max);
    let parking = Parking::new(Arc::clone(shared), sender.clone())?;
    let lot = parking.lot();
    let mut threads = Vec::with_capacity(workers + 1);
    let started = start(shared, parking, &receiver, workers, &mut threads);
    if started.is_ok() {
        let may_enter = || {
            let full = receiver.len() >= queue;
            if full {
                Err("the queue is full")
            } else {
                Ok(())
            }
        };
        accept(shared, listener, may_enter, |connection| {
            enter(connection, &lot, &sender);
        });
    } else {
        shared.drain();
    }
    drop((sender, receiver));
    join_all(shared, threads);
    started
}

fn start(
    shared: &Arc<Shared>,
    parking: Parking,
    queue: &Receiver<Box<Connection>>,
    workers: usize,
    threads: &mut Vec<JoinHandle<()>>,
) -> Result<()> {
    let spare = Arc::new(AtomicUsize::new(0));
    let lot = parking.lot();
    threads.push(spawn("seapink-parking", move || parking.run())?);
    for number in 1..=workers {
        let worker = Worker {
            queue: queue.clone(),
            lot: Arc::clone(&lot),
            spare: Arc::clone(&spare),
        };
        let shared = Arc::clone(shared);
        threads.push(spawn(&format!("seapink-worker-{number}"), move || {
            worker.run(&shared);
        })?);
    }
    Ok(())
}

/// Parks a new connection until its first bytes arrive.
fn enter(connection: Connection, lot: &Lot, queue: &Sender<Box<Connection>>) {
    if matches!(connection.readiness(), Readiness::Unknown) {
        // Nobody can tell when it has something to read, so it keeps a worker.
        let _ = queue.try_send(Box::new(connection));
    } else {
        lot.park(Box::new(connection));
    }
}

struct Worker {
    queue: Receiver<Box<Connection>>,
    lot: Arc<Lot>,
    /// Workers that wait for something to do.
    spare: Arc<AtomicUsize>,
}

impl Worker {
    fn run(&self, shared: &Shared) {
        let mut buffers = Buffers::default();
        loop {
            self.spare.fetch_add(1, Ordering::Relaxed);
            let next = self.queue.recv();
            self.spare.fetch_sub(1, Ordering::Relaxed);
            let Ok(connection) = next else {
                return;
            };
            // The processor's panics are caught further in; this is for a stream or transport of a
            // user's own. What it served is dropped.
            let served = catch_unwind(AssertUnwindSafe(|| self.serve(connection, &mut buffers)));
            if served.is_err() {
                buffers = Buffers::default();
                Counters::add(&shared.counters.failed);
            }
        }
    }

    fn serve(&self, mut connection: Box<Connection>, buffers: &mut Buffers) {
        if matches!(connection.readiness(), Readiness::Unknown) {
            connection.run();
            return;
        }
        connection.borrow(buffers);
        let end = loop {
            match connection.turn(Some(LINGER)) {
                Ok(Turn::Active) if self.may_linger() => {}
                Ok(_) => break None,
                Err(end) => break Some(end),
            }
        };
        connection.give_back(buffers);
        match end {
            Some(end) => connection.finish(end),
            None => self.lot.park(connection),
        }
    }

    /// Never the last spare worker: somebody must be there for whoever comes next.
    fn may_linger(&self) -> bool {
        self.queue.is_empty() && self.spare.load(Ordering::Relaxed) > 0
    }
}
