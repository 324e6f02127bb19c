//! A channel over several connections, each of which has a bounded number of calls.
//!
//! A call has a connection from before it is sent until its reply is read; between the two, a
//! `Pending` has it. Calls that find none wait in line, and get theirs in the order in which they
//! came. A connection that a call has left in an unknown state is closed before another call gets it.
//!
//! Why no thread that makes connections before they are needed, and closes them when they are not?
//! Because a library that starts threads has to be stopped; what is idle is closed by the next call.

mod members;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::connection::Connection;
use super::dialer::Dialer;
use crate::client::{CallOptions, Channel, Sent};
use crate::config::{PoolConfig, ReplyOrder};
use crate::deadline::Deadline;
use crate::error::{Delivery, Error, ErrorKind, Result};
use members::Members;

pub(super) struct Pool {
    dialer: Arc<Dialer>,
    config: PoolConfig,
    reply_order: ReplyOrder,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    members: Members,
    /// Calls that have a connection, or are just about to take one.
    calls: usize,
    /// Calls that wait for their turn, each at a place of its own. None waits unless as many calls
    /// as may have a connection.
    waiting: VecDeque<Arc<Condvar>>,
}

impl Pool {
    /// Connects at once, so that a wrong address is noticed early.
    pub(super) fn connect(
        dialer: Arc<Dialer>,
        config: &PoolConfig,
        reply_order: ReplyOrder,
    ) -> Result<Self> {
        let pool = Self {
            dialer,
            config: config.clone(),
            reply_order,
            state: Mutex::default(),
        };
        for _ in 0..config.connections_min.max(1) {
            let connection = pool.make();
            connection.connect()?;
            pool.state.lock().members.add(connection);
        }
        Ok(pool)
    }

    fn make(&self) -> Connection {
        let dialer = Arc::clone(&self.dialer);
        Connection::new(dialer, self.config.calls_per_connection, self.reply_order)
    }

    /// Takes a connection for a call.
    fn borrow(&self, deadline: &Deadline) -> Result<Borrowed<'_>> {
        let mut state = self.state.lock();
        self.wait(&mut state, deadline)?;
        let members = &mut state.members;
        let index = members.take(&self.config, Instant::now(), || self.make());
        self.borrowed(members, index)
    }

    /// Waits for the turn of a call.
    fn wait(&self, state: &mut MutexGuard<'_, State>, deadline: &Deadline) -> Result<()> {
        let PoolConfig {
            connections_max,
            calls_per_connection,
            waiters_max,
            wait_ms,
            ..
        } = self.config;
        if state.calls < connections_max * calls_per_connection {
            state.calls += 1;
            return Ok(());
        }
        if state.waiting.len() >= waiters_max {
            let text = format!("{waiters_max} calls wait for a connection of the pool already");
            return Err(Error::new(ErrorKind::Overloaded, text));
        }
        let begun = Instant::now();
        let until = deadline.at().min(begun + Duration::from_millis(wait_ms));
        let turn = Arc::new(Condvar::new());
        state.waiting.push_back(Arc::clone(&turn));
        loop {
            let late = turn.wait_until(state, until).timed_out();
            let place = state.waiting.iter().position(|it| Arc::ptr_eq(it, &turn));
            let Some(place) = place else {
                // Whoever took it out of the line has left its own right to a connection to it.
                return Ok(());
            };
            if late {
                state.waiting.remove(place);
                let ms = until.saturating_duration_since(begun).as_millis();
                let text = format!("no connection of the pool was free within {ms} ms");
                return Err(Error::new(ErrorKind::Timeout, text));
            }
        }
    }

    fn borrowed(&self, members: &Members, index: usize) -> Result<Borrowed<'_>> {
        let connection = members.get(index).ok_or_else(|| {
            let text = "the call was sent by another channel";
            Error::new(ErrorKind::Config, text)
        })?;
        Ok(Borrowed {
            pool: self,
            index,
            connection,
            kept: false,
        })
    }

    /// The connection of a call that was sent, and what that knows of it.
    fn sent(&self, sent: Sent) -> Result<(Borrowed<'_>, Sent)> {
        let per_connection = self.config.calls_per_connection;
        let (index, sent) = match sent {
            Sent::InFlight { slot, sequence_id } => {
                let (index, slot) = (slot / per_connection, slot % per_connection);
                (index, Sent::InFlight { slot, sequence_id })
            }
            // No connection brings it before it is asked for it.
            replied @ Sent::Replied { .. } => (usize::MAX, replied),
        };
        Ok((self.borrowed(&self.state.lock().members, index)?, sent))
    }
}

/// A connection, as long as a call has it.
struct Borrowed<'a> {
    pool: &'a Pool,
    index: usize,
    connection: Arc<Connection>,
    /// The call has it still, though this is dropped.
    kept: bool,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut state = self.pool.state.lock();
        state.members.put_back(self.index, Instant::now());
        match state.waiting.pop_front() {
            Some(turn) => {
                turn.notify_one();
            }
            None => state.calls -= 1,
        }
    }
}

impl Channel for Pool {
    fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let _later = self.dialer.events.later();
        let borrowed = self.borrow(&options.deadline).map_err(not_sent)?;
        borrowed.connection.exchange(options, encode, decode)
    }

    fn send(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Sent> {
        let _later = self.dialer.events.later();
        let mut borrowed = self.borrow(&options.deadline).map_err(not_sent)?;
        let sent = borrowed.connection.send(options, encode)?;
        let Sent::InFlight { slot, sequence_id } = sent else {
            return Ok(sent);
        };
        borrowed.kept = true;
        let slot = borrowed.index * self.config.calls_per_connection + slot;
        Ok(Sent::InFlight { slot, sequence_id })
    }

    fn receive(
        &self,
        sent: Sent,
        deadline: &Deadline,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let _later = self.dialer.events.later();
        let (borrowed, sent) = self.sent(sent)?;
        borrowed.connection.receive(sent, deadline, decode)
    }

    fn abandon(&self, sent: Sent) {
        let _later = self.dialer.events.later();
        if let Ok((borrowed, sent)) = self.sent(sent) {
            borrowed.connection.abandon(sent);
        }
    }
}

fn not_sent(error: Error) -> Error {
    error.with_delivery(Delivery::NotSent)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A failed expectation is a failed test.
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;
    use crate::config::ClientConfig;
    use crate::protocol::{ProtocolSet, Standard};
    use crate::transport::MemoryListener;

    /// Two connections of one call each, to a server that says nothing.
    fn pool() -> (Pool, MemoryListener) {
        let (listener, connector) = MemoryListener::new();
        let pool = PoolConfig::default().connections_max(2);
        let config = ClientConfig::new("").pool(pool.clone());
        let dialer = Dialer::new(Box::new(connector), Standard::WIRE[0], &config, None, None);
        let pool = Pool::connect(Arc::new(dialer.unwrap()), &pool, config.reply_order);
        (pool.unwrap(), listener)
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    fn until_waiting(pool: &Pool, count: usize) {
        while pool.state.lock().waiting.len() < count {
            thread::yield_now();
        }
    }

    #[test]
    fn those_who_wait_get_their_turn_in_the_order_in_which_they_came() {
        let (pool, _listener) = pool();
        let (told, order) = channel();
        let held = [pool.borrow(&soon()).unwrap(), pool.borrow(&soon()).unwrap()];
        thread::scope(|scope| {
            for number in 0..6 {
                let (pool, told) = (&pool, told.clone());
                scope.spawn(move || {
                    let borrowed = pool.borrow(&soon()).unwrap();
                    told.send(number).unwrap();
                    // The next one is only let in once this one was heard.
                    drop(borrowed);
                });
                until_waiting(pool, number + 1);
            }
            let [one, other] = held;
            drop(one);
            let order: Vec<_> = (0..6).map(|_| order.recv().unwrap()).collect();
            assert_eq!(order, [0, 1, 2, 3, 4, 5]);
            drop(other);
        });
        assert_eq!(pool.state.lock().calls, 0);
    }

    /// Nobody overtakes those in line, and who gives up leaves no gap in it.
    #[test]
    fn who_comes_later_waits_behind_and_who_gives_up_is_skipped() {
        let (pool, _listener) = pool();
        let held = [pool.borrow(&soon()).unwrap(), pool.borrow(&soon()).unwrap()];
        let late = Deadline::after(Duration::from_millis(5));
        assert!(pool.borrow(&late).is_err());
        assert_eq!(pool.state.lock().waiting.len(), 0);
        thread::scope(|scope| {
            let patient = scope.spawn(|| pool.borrow(&soon()).map(|borrowed| borrowed.index));
            until_waiting(&pool, 1);
            let late = Deadline::after(Duration::from_millis(5));
            assert!(pool.borrow(&late).is_err());
            let [one, _other] = held;
            let index = one.index;
            drop(one);
            assert_eq!(patient.join().unwrap().unwrap(), index);
        });
        assert_eq!(pool.state.lock().calls, 0);
    }
}
