//! The model `nonblocking`: a few threads that read and write for all connections.
//!
//! ```text
//! accept ── in turn ──► loops ── what was read ──► queue ──► workers ─┐   dispatch = "workers"
//!                        │ ▲                                          │
//!                        │ └───── connection, replies written ────────┘
//!                        └─ answers it itself                             dispatch = "inline"
//! ```
//!
//! A loop owns the sockets of its connections and the memory for reading and writing, which it
//! lends to a connection that has something to do. Every whole message in what one read brought is
//! answered, and the answers leave in one write. While a peer does not take its replies, nothing
//! more is read from it, so they do not pile up. A connection is either with its loop or with one
//! worker, never with two, which keeps its replies in order.
//!
//! With `reply_order = "any"` it is single calls that go through the queue, and answers that come
//! back (`lane.rs`); connections stay with their loops.
//!
//! Why can't the workers share one poll instead? Then every read would be a race for the next event,
//! and a handler that waits would hold back the events it has taken.

mod event_loop;
mod lane;
mod mail;
mod polled;
mod workers;

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::config::{Dispatch, ReplyOrder};
use crate::error::Result;
use crate::server::accept::accept;
use crate::server::connection::Connection;
use crate::server::queue::{Entrance, Exit, queue};
use crate::server::shared::Shared;
use crate::server::{Pools, join_all, spawn, threaded};
use crate::transport::Listener;
use event_loop::EventLoop;
use mail::Mail;
use polled::Polled;
use workers::Job;

/// What a loop knows of the workers.
#[derive(Clone)]
struct Workers {
    entrance: Entrance<Job>,
    exit: Exit<Job>,
    order: ReplyOrder,
}

pub(super) fn run(shared: &Arc<Shared>, listener: Box<dyn Listener>, pools: Pools) -> Result<()> {
    let mut threads = Vec::new();
    let started = start(shared, pools, &mut threads);
    let result = match started {
        Ok(loops) => {
            let mut number = 0;
            accept(shared, listener, |connection| {
                let turn = usize::try_from(number % loops.len() as u64).unwrap_or(0);
                number += 1;
                enter(shared, connection, &loops[turn], number);
            });
            Ok(())
        }
        Err(error) => {
            shared.drain();
            Err(error)
        }
    };
    join_all(shared, threads);
    result
}

fn start(
    shared: &Arc<Shared>,
    pools: Pools,
    threads: &mut Vec<JoinHandle<()>>,
) -> Result<Vec<Arc<Mail>>> {
    let workers = match pools.dispatch {
        Dispatch::Inline => None,
        Dispatch::Workers => {
            let (entrance, exit) = queue(shared, pools.queue);
            for number in 1..=pools.workers {
                let jobs = exit.clone();
                let shared = Arc::clone(shared);
                threads.push(spawn(&format!("seapink-worker-{number}"), move || {
                    workers::run(&shared, &jobs);
                })?);
            }
            Some(Workers {
                entrance,
                exit,
                order: pools.reply_order,
            })
        }
    };
    let mut loops = Vec::with_capacity(pools.io_threads);
    for number in 1..=pools.io_threads {
        let event_loop = EventLoop::new(Arc::clone(shared), workers.clone())?;
        loops.push(event_loop.mail());
        let name = format!("seapink-io-{number}");
        threads.push(spawn(&name, move || event_loop.run())?);
    }
    Ok(loops)
}

/// Hands a new connection to a loop. A stream that cannot be polled is served by a thread.
fn enter(shared: &Shared, mut connection: Connection, mail: &Mail, number: u64) {
    if connection.make_polled() {
        mail.arrived(Box::new(Polled::new(connection.into_parts())));
    } else {
        threaded::serve(shared, connection, number);
    }
}
