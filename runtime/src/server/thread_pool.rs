//! The model `thread-pool`: a fixed number of threads for any number of connections.
//!
//! ```text
//! accept ──► parking ── has something to read ──► queue ──► workers ─┐
//!              ▲                                    └─ full ► refusals ┤
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
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::error::{ErrorKind, Result};
use crate::server::accept::accept;
use crate::server::connection::{Buffers, Connection, Turn};
use crate::server::end::End;
use crate::server::parking::{Lot, Parking};
use crate::server::queue::{Entrance, Exit, Taken, queue};
use crate::server::refusal::Refusal;
use crate::server::shared::Shared;
use crate::server::{Pools, join_all, spawn};
use crate::transport::{Listener, Readiness};

/// How long a worker that is not needed elsewhere waits for the next call of a connection.
const LINGER: Duration = Duration::from_millis(2);

pub(super) fn run(shared: &Arc<Shared>, listener: Box<dyn Listener>, pools: Pools) -> Result<()> {
    let (entrance, exit) = queue(shared, pools.queue);
    let (refused, refusals) = unbounded();
    let ways = Ways {
        queue: entrance,
        refused: Arc::new(refused),
    };
    let woken = Arc::downgrade(&ways.refused);
    shared.on_change(Arc::new(move || {
        if let Some(refused) = woken.upgrade() {
            let _ = refused.send(Refused::Look);
        }
    }));
    let parking = Parking::new(Arc::clone(shared), ways.clone())?;
    let lot = parking.lot();
    let mut threads = Vec::with_capacity(pools.workers + 2);
    let started = start(
        shared,
        parking,
        (exit, refusals),
        pools.workers,
        &mut threads,
    );
    if started.is_ok() {
        accept(shared, listener, |connection| {
            enter(connection, &lot, &ways);
        });
    } else {
        shared.drain();
    }
    drop(ways);
    join_all(shared, threads);
    started
}

/// Where a connection with something to read goes.
#[derive(Clone)]
pub(super) struct Ways {
    queue: Entrance<Box<Connection>>,
    refused: Arc<Sender<Refused>>,
}

/// What the thread that refuses is told.
pub(super) enum Refused {
    /// There was no room in the queue for this one, which bounds how many there are.
    Connection(Box<Connection>),
    /// The server may be at its end.
    Look,
}

impl Ways {
    pub(super) fn take(&self, connection: Box<Connection>) {
        connection.set_idle(false);
        if let Err(connection) = self.queue.enter(connection, Instant::now()) {
            // It fails in the end, when nobody is served any more.
            let _ = self.refused.send(Refused::Connection(connection));
        }
    }
}

type Exits = (Exit<Box<Connection>>, Receiver<Refused>);

fn start(
    shared: &Arc<Shared>,
    parking: Parking,
    (queue, refusals): Exits,
    workers: usize,
    threads: &mut Vec<JoinHandle<()>>,
) -> Result<()> {
    let spare = Arc::new(AtomicUsize::new(0));
    let lot = parking.lot();
    threads.push(spawn("seapink-parking", move || parking.run())?);
    let worker = Worker {
        queue,
        lot: Arc::clone(&lot),
        spare: Arc::clone(&spare),
    };
    let (refuser, of) = (worker.clone(), Arc::clone(shared));
    threads.push(spawn("seapink-refusals", move || {
        refuser.refuse(&of, &refusals);
    })?);
    for number in 1..=workers {
        let worker = worker.clone();
        let shared = Arc::clone(shared);
        threads.push(spawn(&format!("seapink-worker-{number}"), move || {
            worker.run(&shared);
        })?);
    }
    Ok(())
}

/// Parks a new connection until its first bytes arrive.
fn enter(connection: Connection, lot: &Lot, ways: &Ways) {
    if matches!(connection.readiness(), Readiness::Unknown) {
        // Nobody can tell when it has something to read, so it keeps a worker.
        ways.take(Box::new(connection));
    } else {
        lot.park(Box::new(connection));
    }
}

#[derive(Clone)]
struct Worker {
    queue: Exit<Box<Connection>>,
    lot: Arc<Lot>,
    /// Workers that wait for something to do.
    spare: Arc<AtomicUsize>,
}

impl Worker {
    fn run(&self, shared: &Shared) {
        let mut buffers = Buffers::default();
        loop {
            self.spare.fetch_add(1, Ordering::Relaxed);
            let next = self.queue.next();
            self.spare.fetch_sub(1, Ordering::Relaxed);
            let Some(taken) = next else {
                return;
            };
            self.serve(shared, taken, &mut buffers);
        }
    }

    /// Answers calls for which there was no room in the queue or, in the end, no time.
    fn refuse(&self, shared: &Shared, refused: &Receiver<Refused>) {
        let mut buffers = Buffers::default();
        for refused in refused {
            if let Refused::Connection(connection) = refused {
                let taken = Taken {
                    item: connection,
                    since: Instant::now(),
                    refusal: Some(Refusal::QueueFull),
                };
                self.serve(shared, taken, &mut buffers);
            }
            while shared.is_refusing()
                && let Some(taken) = self.queue.try_next()
            {
                self.serve(shared, taken, &mut buffers);
            }
        }
    }

    fn serve(&self, shared: &Shared, taken: Taken<Box<Connection>>, buffers: &mut Buffers) {
        // The processor's panics are caught further in; this is for a stream or transport of a
        // user's own. What it served is dropped.
        let take_turns = || self.take_turns(taken, buffers);
        if catch_unwind(AssertUnwindSafe(take_turns)).is_err() {
            *buffers = Buffers::default();
            shared.counters.failed(ErrorKind::Handler);
        }
    }

    fn take_turns(&self, taken: Taken<Box<Connection>>, buffers: &mut Buffers) {
        let Taken {
            item: mut connection,
            since,
            refusal,
        } = taken;
        if matches!(connection.readiness(), Readiness::Unknown) {
            if let Some(why) = refusal {
                return connection.finish(End::refused(why));
            }
            return connection.run();
        }
        connection.has_waited(since);
        connection.borrow(buffers);
        let end = loop {
            match connection.turn(Some(LINGER), refusal) {
                Ok(Turn::Active) if refusal.is_none() && self.may_linger() => {}
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
