//! What the threads of a server share: settings, the open connections, and the way to its end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::config::{ServerConfig, ServerTimeouts, ServerUdp};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::peer::Peer;
use crate::processor::Processor;
use crate::server::counters::{Counters, ServerStats};
use crate::server::events::Events;
use crate::server::selection::Selection;
use crate::transport::{Closer, Stream, Waker};

/// What the configuration chose, looked up once.
pub(super) struct Settings {
    pub(super) processor: Arc<dyn Processor>,
    pub(super) selection: Selection,
    pub(super) limits: Limits,
    pub(super) timeouts: ServerTimeouts,
    pub(super) strict_read: bool,
    pub(super) connections_max: usize,
    pub(super) connections_per_address_max: usize,
    pub(super) in_flight_max: usize,
    pub(super) udp: ServerUdp,
}

impl Settings {
    pub(super) fn new(config: &ServerConfig, processor: Arc<dyn Processor>) -> Result<Self> {
        let selection = Selection::new(config, processor.protocols())?;
        Ok(Self {
            processor,
            selection,
            limits: config.limits,
            timeouts: config.timeouts,
            strict_read: config.strict_read,
            connections_max: config.connections_max,
            connections_per_address_max: config.connections_per_address_max.unwrap_or(usize::MAX),
            in_flight_max: config.in_flight_max,
            udp: config.udp.clone(),
        })
    }
}

/// Connections come, and calls are run.
const RUNNING: u8 = 0;
/// No connection comes any more, and those that wait for their next message end. What has arrived by
/// then is run; what arrives on a connection after that is refused where it is seen, and then that
/// connection ends.
const DRAINING: u8 = 1;
/// No call begins any more: what waits for a worker, or behind others of its connection, is refused.
/// Those that run may end.
const REFUSING: u8 = 2;
/// Every connection is closed.
const CUT: u8 = 3;

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) counters: Counters,
    pub(super) events: Events,
    phase: AtomicU8,
    /// Datagrams that were received and are not answered.
    in_hand: Arc<AtomicUsize>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: HashMap<u64, Open>,
    /// How many of them each address has.
    addresses: HashMap<IpAddr, usize>,
    admitted: u64,
    /// A model is at work.
    running: bool,
    /// Called when the phase changes, and while draining also when a connection ends.
    wakers: Vec<Waker>,
}

struct Open {
    closer: Closer,
    idle: Arc<AtomicBool>,
    address: Option<IpAddr>,
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
            events: Events::default(),
            phase: AtomicU8::new(RUNNING),
            in_hand: Arc::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    #[inline]
    pub(super) fn is_running(&self) -> bool {
        self.phase.load(Ordering::SeqCst) == RUNNING
    }

    /// The end is near, and what has not begun will not begin any more.
    #[inline]
    pub(super) fn is_refusing(&self) -> bool {
        self.phase.load(Ordering::SeqCst) >= REFUSING
    }

    #[inline]
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
        self.admit_peer(&stream.peer(), || stream.closer())
    }

    /// The same for what is no such stream.
    pub(super) fn admit_peer(
        self: &Arc<Self>,
        peer: &Peer,
        closer: impl FnOnce() -> Closer,
    ) -> Option<Permit> {
        let address = match peer {
            Peer::Tcp(address) => Some(address.ip().to_canonical()),
            _ => None,
        };
        let mut state = self.state.lock();
        // Under the lock, so that no connection slips past the beginning of a shutdown.
        if let Err(why) = self.may_enter(&mut state, address) {
            drop(state);
            Counters::add(&self.counters.refused);
            self.events.refused(peer, why);
            return None;
        }
        let id = state.admitted;
        state.admitted += 1;
        let idle = Arc::new(AtomicBool::new(true));
        let entry = Open {
            closer: closer(),
            idle: Arc::clone(&idle),
            address,
        };
        state.open.insert(id, entry);
        drop(state);
        Counters::add(&self.counters.accepted);
        let shared = Arc::clone(self);
        Some(Permit { shared, id, idle })
    }

    /// Counts the address of a new connection in, if there is room.
    fn may_enter(&self, state: &mut State, address: Option<IpAddr>) -> Result<(), &'static str> {
        if !self.is_running() {
            return Err("the server is shutting down");
        }
        if state.open.len() >= self.settings.connections_max {
            return Err("connections_max is reached");
        }
        let max = self.settings.connections_per_address_max;
        if let Some(address) = address
            && max < usize::MAX
        {
            let connections = state.addresses.entry(address).or_default();
            if *connections >= max {
                return Err("connections_per_address_max is reached");
            }
            *connections += 1;
        }
        Ok(())
    }

    /// For an error in the first message: counts a peer that speaks something else, and names that.
    #[cold]
    pub(super) fn foreign(&self, error: Error, first: &[u8]) -> Error {
        if self.settings.selection.may_be_own(first) {
            return error;
        }
        Counters::add(&self.counters.foreign);
        self.settings.selection.explain(error, first)
    }

    /// Stops accepting, and closes the connections that wait for their next message.
    ///
    /// They are closed for reading only: one that has just got a message can still answer it.
    pub(super) fn drain(&self) {
        let state = self.state.lock();
        let _ = self
            .phase
            .compare_exchange(RUNNING, DRAINING, Ordering::SeqCst, Ordering::SeqCst);
        let idle = |entry: &&Open| entry.idle.load(Ordering::SeqCst);
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

    /// Has calls refused that have not begun.
    pub(super) fn refuse_waiting(&self) {
        let state = self.state.lock();
        let _ = self
            .phase
            .compare_exchange(DRAINING, REFUSING, Ordering::SeqCst, Ordering::SeqCst);
        let wakers = state.wakers.clone();
        drop(state);
        self.wake(&wakers);
    }

    /// Counts a datagram, until it is answered.
    pub(super) fn take_in_hand(&self) -> InHand {
        self.in_hand.fetch_add(1, Ordering::SeqCst);
        InHand(Arc::clone(&self.in_hand))
    }

    /// Closes every connection, whatever it is doing. Returns how many there were, and how many datagrams
    /// were not answered.
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
        closers.len() + self.in_hand.load(Ordering::SeqCst)
    }

    fn wake(&self, wakers: &[Waker]) {
        self.changed.notify_all();
        for waker in wakers {
            waker();
        }
    }

    /// Whether no model and no connection is left.
    #[cfg(feature = "tokio")]
    pub(super) fn is_over(&self) -> bool {
        self.state.lock().is_over()
    }

    /// Waits until no model and no connection is left. `false` if that takes longer.
    pub(super) fn wait_for(&self, timeout: Duration) -> bool {
        // At most a year: the clock has an end.
        let deadline = Deadline::after(timeout).at();
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

/// A datagram that is not answered, as long as it is not dropped.
pub(super) struct InHand(Arc<AtomicUsize>);

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
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
        if let Some(entry) = state.open.remove(&self.id)
            && let Some(address) = entry.address
            && let Entry::Occupied(mut connections) = state.addresses.entry(address)
        {
            *connections.get_mut() -= 1;
            if *connections.get() == 0 {
                connections.remove();
            }
        }
        if self.shared.is_running() {
            return;
        }
        let wakers = state.wakers.clone();
        drop(state);
        self.shared.wake(&wakers);
    }
}

impl Shared {
    pub(super) fn stats(&self) -> ServerStats {
        self.counters.read(self.open())
    }
}
