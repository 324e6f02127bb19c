//! A server of datagrams: each is one message, and there are no connections.
//!
//! ```text
//! receive ──► queue ──► workers ──► answer, to where the call came from      thread-pool
//!    │          └─ full ► refused by the thread that receives
//!    └──────────────────────────► answer                                     simple
//! ```
//!
//! What is wrong with a datagram says nothing of the next: it is counted by its [fault](DatagramFault).
//!
//! Why don't the workers receive for themselves? Because what is full then is the system's buffer, which
//! drops what comes without a word: no caller would hear that the server is overloaded, none of its
//! numbers would show it, and what waits too long would be run nevertheless.
//!
//! Whoever sends a datagram can write any address into it, and the answer goes there. So answers are
//! [bounded](crate::config::ServerUdp::answer_factor_max) by what has come, and what is no call is never
//! answered: two servers would answer each other for ever.

mod desk;
mod fault;
mod message;

pub use fault::DatagramFault;
pub(super) use fault::FAULTS;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::config::Model;
use crate::error::Result;
use crate::server::accept::Failures;
use crate::server::counters::Counters;
use crate::server::queue::{Exit, Taken, queue};
use crate::server::refusal::Refusal;
use crate::server::shared::{InHand, Shared};
use crate::server::{Pools, join_all, spawn};
use crate::transport::DatagramSocket;
use desk::Desk;

/// A datagram that waits for a worker.
struct Waiting {
    bytes: Box<[u8]>,
    from: SocketAddr,
    /// Until it is answered.
    in_hand: InHand,
}

pub(super) fn run(
    shared: &Arc<Shared>,
    mut socket: DatagramSocket,
    model: Model,
    pools: Pools,
) -> Result<()> {
    let desk = Desk::new(shared, socket.answers());
    if model == Model::Simple {
        receive(shared, &mut socket, |bytes, from| {
            let in_hand = shared.take_in_hand();
            desk.serve(bytes, from, None);
            drop(in_hand);
        });
        return Ok(());
    }
    run_pool(shared, &mut socket, &desk, pools)
}

fn run_pool(
    shared: &Arc<Shared>,
    socket: &mut DatagramSocket,
    desk: &Desk,
    pools: Pools,
) -> Result<()> {
    let (entrance, exit) = queue(shared, pools.queue);
    // One word is enough: whoever hears it looks.
    let (change, changes) = bounded(1);
    let change = Arc::new(change);
    let told = Arc::downgrade(&change);
    shared.on_change(Arc::new(move || {
        if let Some(change) = told.upgrade() {
            let _ = change.try_send(());
        }
    }));
    let mut threads = Vec::with_capacity(pools.workers);
    let started = start(desk, &exit, &change, pools.workers, &mut threads);
    drop(change);
    if started.is_ok() {
        receive(shared, socket, |bytes, from| {
            let waiting = Waiting {
                bytes: bytes.into(),
                from,
                in_hand: shared.take_in_hand(),
            };
            if let Err(waiting) = entrance.enter(waiting, Instant::now()) {
                desk.take(waiting, Some(Refusal::QueueFull));
            }
        });
    } else {
        shared.drain();
    }
    drop(entrance);
    refuse(shared, desk, &exit, &changes);
    join_all(shared, threads);
    started
}

/// The workers end when the queue is empty and nothing more can enter it, and let go of `change` then.
fn start(
    desk: &Desk,
    exit: &Exit<Waiting>,
    change: &Arc<Sender<()>>,
    workers: usize,
    threads: &mut Vec<JoinHandle<()>>,
) -> Result<()> {
    for number in 1..=workers {
        let (desk, exit, change) = (desk.clone(), exit.clone(), Arc::clone(change));
        threads.push(spawn(&format!("seapink-worker-{number}"), move || {
            while let Some(Taken { item, refusal, .. }) = exit.next() {
                desk.take(item, refusal);
            }
            drop(change);
        })?);
    }
    Ok(())
}

/// While workers are still busy: refuses what waits once there is no time left for it.
fn refuse(shared: &Shared, desk: &Desk, exit: &Exit<Waiting>, changes: &Receiver<()>) {
    for () in changes {
        while shared.is_refusing()
            && let Some(Taken { item, refusal, .. }) = exit.try_next()
        {
            desk.take(item, refusal);
        }
    }
}

/// Hands over datagrams until the server is shut down. What has not been received by then is lost, or
/// left to whoever has the socket next.
fn receive(shared: &Shared, socket: &mut DatagramSocket, mut take: impl FnMut(&[u8], SocketAddr)) {
    // One more than may be, so that it shows what is too long.
    let mut buffer = vec![0; shared.settings.udp.datagram_bytes_max + 1];
    let mut failures = Failures::default();
    while shared.is_running() {
        match socket.receive(&mut buffer) {
            Ok(Some((len, from))) => {
                failures = Failures::default();
                Counters::add(&shared.counters.datagrams);
                Counters::add_bytes(&shared.counters.bytes_read, len);
                take(&buffer[..len], from);
            }
            // Woken: perhaps to shut down.
            Ok(None) => {}
            Err(error) => {
                Counters::add(&shared.counters.accept_errors);
                shared.events.receive_failed(&error);
                if let Some(pause) = failures.pause(&error) {
                    shared.sleep(pause);
                }
            }
        }
    }
}
