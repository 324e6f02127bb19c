//! Which connections a pool has, and which of them the next call gets.
//!
//! The one that was used last comes first, so that those that are not needed become idle and are
//! closed. A connection that is closed stays in the list: its number is that of its calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::connection::Connection;
use crate::config::PoolConfig;

#[derive(Default)]
pub(super) struct Members {
    list: Vec<Member>,
    /// Those that may take another call, the one that was used last at the end.
    ready: Vec<usize>,
    /// Those that have neither a link nor calls, the one that was closed last at the end.
    closed: Vec<usize>,
}

struct Member {
    connection: Arc<Connection>,
    /// Calls that have it.
    calls: usize,
    /// When it was last taken or put back.
    used: Instant,
}

impl Members {
    /// A connection for one more call. There is one whenever fewer calls have one than there may be.
    pub(super) fn take(
        &mut self,
        config: &PoolConfig,
        now: Instant,
        make: impl FnOnce() -> Connection,
    ) -> usize {
        self.close_idle(config, now);
        let index = match self.find(config, now).or_else(|| self.closed.pop()) {
            Some(index) => index,
            None if self.list.len() < config.connections_max => self.push(make()),
            None => self.least_busy(),
        };
        let member = &mut self.list[index];
        member.calls += 1;
        member.used = now;
        self.ready.retain(|&ready| ready != index);
        if member.calls < config.calls_per_connection {
            self.ready.push(index);
        }
        index
    }

    /// What a call goes over that has the connection of this number.
    pub(super) fn get(&self, index: usize) -> Option<Arc<Connection>> {
        Some(Arc::clone(&self.list.get(index)?.connection))
    }

    /// Takes a connection back from a call.
    pub(super) fn put_back(&mut self, index: usize, now: Instant) {
        self.ready.retain(|&ready| ready != index);
        let member = &mut self.list[index];
        member.calls -= 1;
        member.used = now;
        if member.calls > 0 {
            return self.ready.push(index);
        }
        let standing = member.connection.standing(now);
        if standing.calls > 0 {
            self.close(index, "a call on it was given up");
        } else if standing.aged {
            self.close(index, "it was as old as `age_ms` allows");
        } else if standing.open {
            self.ready.push(index);
        } else {
            self.closed.push(index);
        }
    }

    /// Adds one that has no calls.
    pub(super) fn add(&mut self, connection: Connection) {
        let index = self.push(connection);
        self.ready.push(index);
    }

    fn push(&mut self, connection: Connection) -> usize {
        self.list.push(Member {
            connection: Arc::new(connection),
            calls: 0,
            used: Instant::now(),
        });
        self.list.len() - 1
    }

    /// Closes those that nobody has used for long, but for the fewest that are to be kept.
    fn close_idle(&mut self, config: &PoolConfig, now: Instant) {
        let idle = Duration::from_millis(config.idle_ms);
        let mut place = 0;
        while let Some(&index) = self.ready.get(place) {
            let member = &self.list[index];
            let open = self.list.len() - self.closed.len();
            if now.saturating_duration_since(member.used) < idle || open <= config.connections_min {
                return;
            }
            if member.calls > 0 {
                place += 1;
                continue;
            }
            self.ready.remove(place);
            self.close(index, "it was idle for `idle_ms`");
        }
    }

    /// One that is open and has room.
    fn find(&mut self, config: &PoolConfig, now: Instant) -> Option<usize> {
        let mut place = self.ready.len();
        while place > 0 {
            place -= 1;
            let index = self.ready[place];
            let member = &self.list[index];
            let standing = member.connection.standing(now);
            if standing.aged && member.calls == 0 {
                self.ready.remove(place);
                self.close(index, "it was as old as `age_ms` allows");
            } else if !standing.aged && standing.calls < config.calls_per_connection {
                return Some(index);
            }
        }
        None
    }

    /// Where calls that were given up take the room of others, or every connection is old.
    fn least_busy(&self) -> usize {
        let members = self.list.iter().enumerate();
        let least = members.min_by_key(|(_, member)| member.calls);
        least.map_or(0, |(index, _)| index)
    }

    fn close(&mut self, index: usize, why: &'static str) {
        self.list[index].connection.close(why);
        self.closed.push(index);
    }
}
