//! Makes the connections of a client, and not too often when the server cannot be reached: in the
//! pause after a [failure](super::failures) nobody tries. After the pause one call tries for all, and
//! the others wait to see what comes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::backoff::Backoff;
use super::connection::Link;
use super::events::{Event, Events};
use super::failures::{Failures, not_connected};
use super::greeting::Greeted;
use crate::config::ClientConfig;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::WireProtocol;
use crate::transport::{Address, Connector, Setup, Stream, Transport};

pub(super) struct Dialer {
    connector: Box<dyn Connector>,
    transport: Arc<dyn Transport>,
    pub(super) transport_name: String,
    pub(super) wire: &'static dyn WireProtocol,
    pub(super) limits: Limits,
    pub(super) events: Events,
    connect: Duration,
    /// How old connections may get.
    age: Option<Duration>,
    backoff: Option<Backoff>,
    /// How many connections were begun.
    begun: AtomicU64,
    attempts: Mutex<Attempts>,
    tried: Condvar,
}

/// What threads that want to connect have to know of each other.
#[derive(Default)]
struct Attempts {
    failures: Failures,
    /// One call tries for all.
    trying: bool,
}

impl Dialer {
    /// `address` is where the connector connects to, if it has one. `backoff` is `None` when there is
    /// no other way to learn that a connection cannot be made than to try.
    pub(super) fn new(
        connector: Box<dyn Connector>,
        wire: &'static dyn WireProtocol,
        config: &ClientConfig,
        address: Option<&Address>,
        backoff: Option<Backoff>,
    ) -> Result<Self> {
        let pool = config.pool.as_ref();
        Ok(Self {
            connector,
            transport: config.chosen_transport(address)?,
            transport_name: config.transport.clone(),
            wire,
            limits: config.limits,
            events: Events::new(config.listeners.clone()),
            connect: Duration::from_millis(config.timeouts.connect_ms),
            age: pool.map(|pool| Duration::from_millis(pool.age_ms)),
            backoff,
            begun: AtomicU64::new(0),
            attempts: Mutex::default(),
            tried: Condvar::new(),
        })
    }

    /// The time for the first connection, which no call waits for.
    pub(super) fn first(&self) -> Deadline {
        Deadline::after(self.connect)
    }

    /// Makes a connection by a deadline. Not to be called while a lock is held. That it is up is told
    /// by the caller, who can use it then.
    pub(super) fn open(&self, deadline: &Deadline) -> Result<Link> {
        let attempt = self.begin(deadline)?;
        let Some(left) = deadline.left() else {
            return Err(not_connected(deadline));
        };
        let timeout = left.min(self.connect);
        let number = 1 + self.begun.fetch_add(1, Ordering::Relaxed);
        self.events.note(number, || Event::Connecting);
        self.events.tell();
        let result = match self.connector.connect(timeout) {
            Ok(stream) => Ok(self.link(number, stream)),
            Err(error) => Err(self.failed(number, attempt.began, timeout, error)),
        };
        if result.is_ok() {
            self.succeeded();
        }
        drop(attempt);
        result
    }

    fn link(&self, number: u64, stream: Box<dyn Stream>) -> Link {
        let peer = stream.peer();
        #[cfg(feature = "tracing")]
        tracing::debug!(%peer, "connected");
        self.events.note(number, || Event::Up(peer));
        let setup = Setup::new(&self.limits, self.wire);
        let ends = self.age.map(|age| Instant::now() + jittered(age));
        match stream.first_message() {
            None => Link::new(number, stream, &*self.transport, &setup, ends),
            Some(tell) => {
                let transport = &*self.transport;
                let greeted = Greeted {
                    transport,
                    tell,
                    misunderstood: stream.misunderstood(),
                };
                Link::new(number, stream, &greeted, &setup, ends)
            }
        }
    }

    /// Waits until it may be tried.
    fn begin(&self, deadline: &Deadline) -> Result<Attempt<'_>> {
        let mut attempts = self.attempts.lock();
        loop {
            let began = Instant::now();
            attempts.failures.check(began)?;
            let alone = attempts.failures.are_known();
            if !(alone && attempts.trying) {
                attempts.trying |= alone;
                return Ok(Attempt {
                    dialer: self,
                    alone,
                    began,
                });
            }
            if self
                .tried
                .wait_until(&mut attempts, deadline.at())
                .timed_out()
            {
                return Err(not_connected(deadline));
            }
        }
    }

    fn succeeded(&self) {
        self.attempts.lock().failures = Failures::default();
    }

    /// Notes a failure, after which there is a pause.
    #[cold]
    fn failed(&self, number: u64, began: Instant, timeout: Duration, error: Error) -> Error {
        let (kind, text) = (error.kind(), error.to_string());
        #[cfg(feature = "tracing")]
        tracing::warn!("not connected: {text}");
        self.events
            .note(number, || Event::Down(Error::new(kind, text.clone())));
        let Some(backoff) = self.backoff else {
            return error;
        };
        if kind == ErrorKind::Timeout && timeout < backoff.min().min(self.connect) {
            // The call was in a hurry, which says nothing about the server.
            return error;
        }
        self.attempts.lock().failures.note(backoff, began, error)
    }
}

/// An attempt to connect, as long as it takes.
struct Attempt<'a> {
    dialer: &'a Dialer,
    /// Others wait for it.
    alone: bool,
    began: Instant,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.alone {
            self.dialer.attempts.lock().trying = false;
            self.dialer.tried.notify_all();
        }
    }
}

/// A tenth more or less, so that connections that were made together do not end together.
fn jittered(age: Duration) -> Duration {
    let fifth = u64::try_from((age / 5).as_nanos()).unwrap_or(u64::MAX);
    age * 9 / 10 + Duration::from_nanos(fastrand::u64(0..=fifth))
}
