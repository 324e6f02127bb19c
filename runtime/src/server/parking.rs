//! Where connections wait without a thread: one poll for all of them, and one list of deadlines.

use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use mio::{Events, Poll, Token};
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::server::connection::Connection;
use crate::server::end::End;
use crate::server::shared::Shared;
use crate::server::thread_pool::Ways;
use crate::transport::Readiness;

const WAKER: Token = Token(0);

/// Where other threads leave connections.
pub(super) struct Lot {
    #[allow(clippy::vec_box, reason = "they move on to the queue as they are")]
    arrived: Mutex<Vec<Box<Connection>>>,
    signalled: Mutex<Vec<usize>>,
    waker: mio::Waker,
}

impl Lot {
    /// Leaves a connection until it has something to read.
    pub(super) fn park(&self, connection: Box<Connection>) {
        self.arrived.lock().push(connection);
        self.wake();
    }

    fn wake(&self) {
        // It can only fail for want of kernel memory, and there is no other way to wake it.
        let _ = self.waker.wake();
    }
}

/// The thread that watches over the lot.
pub(super) struct Parking {
    shared: Arc<Shared>,
    ways: Ways,
    lot: Arc<Lot>,
    poll: Poll,
    parked: HashMap<usize, Parked>,
    deadlines: BTreeSet<(Instant, usize)>,
    /// Never used twice, so an event that comes late is an event for nobody.
    number: usize,
}

struct Parked {
    connection: Box<Connection>,
    deadline: Instant,
}

impl Parking {
    pub(super) fn new(shared: Arc<Shared>, ways: Ways) -> Result<Self> {
        let poll = Poll::new()?;
        let lot = Arc::new(Lot {
            arrived: Mutex::default(),
            signalled: Mutex::default(),
            waker: mio::Waker::new(poll.registry(), WAKER)?,
        });
        let woken = Arc::downgrade(&lot);
        shared.on_change(Arc::new(move || {
            if let Some(lot) = woken.upgrade() {
                lot.wake();
            }
        }));
        Ok(Self {
            shared,
            ways,
            lot,
            poll,
            parked: HashMap::new(),
            deadlines: BTreeSet::new(),
            number: 0,
        })
    }

    pub(super) fn lot(&self) -> Arc<Lot> {
        Arc::clone(&self.lot)
    }

    /// Watches until the server has shut down.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        loop {
            let arrived = mem::take(&mut *self.lot.arrived.lock());
            for connection in arrived {
                self.take(connection);
            }
            let signalled = mem::take(&mut *self.lot.signalled.lock());
            for number in signalled {
                self.ready(number);
            }
            if !self.shared.is_running() && self.is_done() {
                return;
            }
            self.expire();
            let first = self.deadlines.first();
            let wait = first.map(|(at, _)| at.saturating_duration_since(Instant::now()));
            // It fails when a signal interrupts it, and then there are no events.
            if self.poll.poll(&mut events, wait).is_ok() {
                for event in &events {
                    if event.token() != WAKER {
                        self.ready(event.token().0);
                    }
                }
            }
        }
    }

    /// While shutting down: closes what waits for its next message, and says whether nothing is
    /// left.
    fn is_done(&mut self) -> bool {
        let cut = self.shared.is_cut();
        let idle = |parked: &Parked| cut || parked.connection.is_between_messages();
        let parked = self.parked.iter().filter(|(_, parked)| idle(parked));
        let numbers: Vec<_> = parked.map(|(number, _)| *number).collect();
        for number in numbers {
            if let Some(mut connection) = self.leave(number) {
                if cut || connection.is_quiet() {
                    connection.finish(End::Shutdown);
                } else {
                    self.ways.take(connection);
                }
            }
        }
        cut || self.shared.open() == 0
    }

    fn take(&mut self, connection: Box<Connection>) {
        let goes_on = if connection.has_unwritten() {
            connection.has_room() == Some(true)
        } else {
            connection.has_more()
        };
        if goes_on {
            return self.ways.take(connection);
        }
        self.number += 1;
        let number = self.number;
        if let Err(error) = self.watch(&connection, number) {
            return connection.finish(End::Failed(error));
        }
        connection.set_idle(connection.is_between_messages());
        let deadline = connection.deadline();
        self.deadlines.insert((deadline, number));
        let parked = Parked {
            connection,
            deadline,
        };
        self.parked.insert(number, parked);
    }

    fn watch(&self, connection: &Connection, number: usize) -> Result<(), Error> {
        match connection.readiness() {
            #[cfg(unix)]
            Readiness::Descriptor(descriptor) => {
                use std::os::fd::AsRawFd;

                let descriptor = descriptor.as_raw_fd();
                let mut source = mio::unix::SourceFd(&descriptor);
                let mut interest = mio::Interest::READABLE;
                let writable = || connection.has_room().is_none();
                if connection.has_unwritten() && writable() {
                    // There may well be something to read, but nothing is read meanwhile.
                    interest = mio::Interest::WRITABLE;
                } else if connection.wants_write() && writable() {
                    interest |= mio::Interest::WRITABLE;
                }
                self.poll
                    .registry()
                    .register(&mut source, Token(number), interest)?;
            }
            Readiness::Signal(signal) => {
                let lot = Arc::downgrade(&self.lot);
                signal.notify(Arc::new(move || {
                    if let Some(lot) = lot.upgrade() {
                        lot.signalled.lock().push(number);
                        lot.wake();
                    }
                }));
            }
            // Never parked.
            Readiness::Unknown => {}
        }
        Ok(())
    }

    fn ready(&mut self, number: usize) {
        if let Some(connection) = self.leave(number) {
            self.ways.take(connection);
        }
    }

    fn leave(&mut self, number: usize) -> Option<Box<Connection>> {
        let Parked {
            connection,
            deadline,
        } = self.parked.remove(&number)?;
        self.deadlines.remove(&(deadline, number));
        #[cfg(unix)]
        if let Readiness::Descriptor(descriptor) = connection.readiness() {
            use std::os::fd::AsRawFd;

            let descriptor = descriptor.as_raw_fd();
            // It fails only for a descriptor that is not watched.
            let _ = self
                .poll
                .registry()
                .deregister(&mut mio::unix::SourceFd(&descriptor));
        }
        Some(connection)
    }

    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(&(deadline, number)) = self.deadlines.first()
            && deadline <= now
        {
            if let Some(mut connection) = self.leave(number) {
                if connection.renew() {
                    self.take(connection);
                    continue;
                }
                let end = connection.timed_out();
                connection.finish(end);
            } else {
                self.deadlines.remove(&(deadline, number));
            }
        }
    }
}
