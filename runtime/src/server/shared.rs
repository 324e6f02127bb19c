//! What the threads of a server share: settings, the open connections, and the way to its end.

use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::config::{ServerConfig, ServerTimeouts};
use crate::error::Result;
use crate::limits::Limits;
use crate::processor::{Outcome, Processor};
use crate::protocol::WireProtocol;
use crate::server::events;
use crate::transport::{Closer, Stream, Transport, Waker};

/// What the configuration chose, looked up once.
pub(super) struct Settings {
    pub(super) processor: Arc<dyn Processor>,
    pub(super) protocol: usize,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) transport_name: String,
    pub(super) limits: Limits,
    pub(super) timeouts: ServerTimeouts,
    pub(super) strict_read: bool,
    pub(super) connections_max: usize,
}

impl Settings {
    pub(super) fn new(config: &ServerConfig, processor: Arc<dyn Processor>) -> Result<Self> {
        let name = &config.transport;
        let transport = config.transports.get(name).ok_or_else(|| {
            let names: Vec<_> = config.transports.names().collect();
            config.origin.no_such("server.transport", name, &names)
        })?;
        let protocols = processor.protocols();
        let protocol = protocols
            .iter()
            .position(|protocol| protocol.name() == config.protocol);
        let protocol = protocol.ok_or_else(|| {
            let names: Vec<_> = protocols.iter().map(|protocol| protocol.name()).collect();
            config
                .origin
                .no_such("server.protocol", &config.protocol, &names)
        })?;
        Ok(Self {
            processor,
            protocol,
            transport,
            transport_name: name.clone(),
            limits: config.limits,
            timeouts: config.timeouts,
            strict_read: config.strict_read,
            connections_max: config.connections_max,
        })
    }

    pub(super) fn wire(&self) -> &'static dyn WireProtocol {
        self.processor.protocols()[self.protocol]
    }
}

const RUNNING: u8 = 0;
const DRAINING: u8 = 1;
const CUT: u8 = 2;

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) counters: Counters,
    phase: AtomicU8,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: HashMap<u64, Entry>,
    admitted: u64,
    /// A model is at work.
    running: bool,
    /// Called when the phase changes, and while draining also when a connection ends.
    wakers: Vec<Waker>,
}

struct Entry {
    closer: Closer,
    idle: Arc<AtomicBool>,
}

impl State {
    fn is_over(&self) -> bool {
        !self.running && self.open.is_empty()
    }
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            counters: Counters::default(),
            phase: AtomicU8::new(RUNNING),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.phase.load(Ordering::SeqCst) == RUNNING
    }

    pub(super) fn is_cut(&self) -> bool {
        self.phase.load(Ordering::SeqCst) == CUT
    }

    pub(super) fn on_change(&self, waker: Waker) {
        self.state.lock().wakers.push(waker);
    }

    /// Notes that a model is at work, until the guard is dropped.
    pub(super) fn start(self: &Arc<Self>) -> RunningGuard {
        self.state.lock().running = true;
        RunningGuard(Arc::clone(self))
    }

    pub(super) fn open(&self) -> usize {
        self.state.lock().open.len()
    }

    /// Counts a new connection in, or refuses it.
    pub(super) fn admit(self: &Arc<Self>, stream: &dyn Stream) -> Option<Permit> {
        let mut state = self.state.lock();
        // Under the lock, so that no connection slips past the beginning of a shutdown.
        let max = self.settings.connections_max;
        if !self.is_running() || state.open.len() >= max {
            drop(state);
            self.refuse(stream, "connections_max is reached");
            return None;
        }
        let id = state.admitted;
        state.admitted += 1;
        let idle = Arc::new(AtomicBool::new(true));
        let entry = Entry {
            closer: stream.closer(),
            idle: Arc::clone(&idle),
        };
        state.open.insert(id, entry);
        drop(state);
        Counters::add(&self.counters.accepted);
        let shared = Arc::clone(self);
        Some(Permit { shared, id, idle })
    }

    pub(super) fn refuse(&self, stream: &dyn Stream, why: &str) {
        Counters::add(&self.counters.refused);
        events::refused(&stream.peer(), why);
    }

    /// Stops accepting, and closes the connections that wait for their next message.
    ///
    /// They are closed for reading only: one that has just got a message can still answer it.
    pub(super) fn drain(&self) {
        let state = self.state.lock();
        let _ = self
            .phase
            .compare_exchange(RUNNING, DRAINING, Ordering::SeqCst, Ordering::SeqCst);
        let idle = |entry: &&Entry| entry.idle.load(Ordering::SeqCst);
        let closers: Vec<_> = state
            .open
            .values()
            .filter(idle)
            .map(|entry| entry.closer.clone())
            .collect();
        let wakers = state.wakers.clone();
        drop(state);
        for closer in closers {
            closer.shutdown(Shutdown::Read);
        }
        self.wake(&wakers);
    }

    /// Closes every connection, whatever it is doing. Returns how many there were.
    pub(super) fn cut(&self) -> usize {
        let state = self.state.lock();
        self.phase.store(CUT, Ordering::SeqCst);
        let closers: Vec<_> = state
            .open
            .values()
            .map(|entry| entry.closer.clone())
            .collect();
        let wakers = state.wakers.clone();
        drop(state);
        for closer in &closers {
            closer.shutdown(Shutdown::Both);
        }
        self.wake(&wakers);
        closers.len()
    }

    fn wake(&self, wakers: &[Waker]) {
        self.changed.notify_all();
        for waker in wakers {
            waker();
        }
    }

    /// Waits until no model and no connection is left. `false` if that takes longer.
    pub(super) fn wait_for(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.state.lock();
        while !state.is_over() {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return state.is_over();
            }
        }
        true
    }

    /// Waits until no model and no connection is left, or until all of them were cut (`true`).
    pub(super) fn wait_until_cut(&self) -> bool {
        let mut state = self.state.lock();
        while !state.is_over() && !self.is_cut() {
            self.changed.wait(&mut state);
        }
        self.is_cut()
    }

    /// Waits until no connection is left (`true`), or until all of them were cut.
    pub(super) fn wait_for_connections(&self) -> bool {
        let mut state = self.state.lock();
        while !state.open.is_empty() && !self.is_cut() {
            self.changed.wait(&mut state);
        }
        !self.is_cut()
    }

    /// Sleeps, but not into the shutdown.
    pub(super) fn sleep(&self, time: Duration) {
        let deadline = Instant::now() + time;
        let mut state = self.state.lock();
        while self.is_running() && !self.changed.wait_until(&mut state, deadline).timed_out() {}
    }
}

/// Says that a model is at work, also when it ends by a panic.
pub(super) struct RunningGuard(Arc<Shared>);

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.state.lock().running = false;
        self.0.drain();
    }
}

/// The right to a connection; dropping it counts the connection out.
pub(super) struct Permit {
    shared: Arc<Shared>,
    id: u64,
    idle: Arc<AtomicBool>,
}

impl Permit {
    /// Says whether the connection waits for its next message, so that a shutdown may close it.
    /// Whoever says yes looks at the phase afterwards.
    pub(super) fn set_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::SeqCst);
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.open.remove(&self.id);
        if self.shared.is_running() {
            return;
        }
        let wakers = state.wakers.clone();
        drop(state);
        self.shared.wake(&wakers);
    }
}

/// How often things happened.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) accept_errors: AtomicU64,
    pub(super) replies: AtomicU64,
    pub(super) exceptions: AtomicU64,
    pub(super) oneways: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn of(&self, outcome: Outcome) -> &AtomicU64 {
        match outcome {
            Outcome::Reply | Outcome::Declared => &self.replies,
            Outcome::Exception => &self.exceptions,
            Outcome::Silent => &self.oneways,
        }
    }
}

/// How often things happened since the server was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections open now.
    pub connections_open: u64,
    /// Connections taken.
    pub connections_accepted: u64,
    /// Connections refused: too many, or calls of too many waiting.
    pub connections_refused: u64,
    /// Connections closed because of an error or a time-out.
    pub connections_failed: u64,
    /// Failures of the system to hand over a connection.
    pub accept_errors: u64,
    /// Calls answered with a result or a declared exception.
    pub replies: u64,
    /// Calls answered with an application exception.
    pub exceptions: u64,
    /// Calls that get no answer.
    pub oneways: u64,
}

impl Shared {
    pub(super) fn stats(&self) -> ServerStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        ServerStats {
            connections_open: self.open().try_into().unwrap_or(u64::MAX),
            connections_accepted: get(&counters.accepted),
            connections_refused: get(&counters.refused),
            connections_failed: get(&counters.failed),
            accept_errors: get(&counters.accept_errors),
            replies: get(&counters.replies),
            exceptions: get(&counters.exceptions),
            oneways: get(&counters.oneways),
        }
    }
}
