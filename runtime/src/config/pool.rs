//! How many connections a client has.

use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::config::{IN_FLIGHT_MAX, TIMEOUT_MS_MAX};
use crate::error::Result;

/// The most connections of a pool, and the most calls that may wait for one.
const CONNECTIONS_MAX: usize = 10_000;
const WAITERS_MAX: usize = 1_000_000;

/// Several connections instead of one: the section `[client.pool]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolConfig {
    /// Connections at the same time, 1 to 10 000. Default 16.
    pub connections_max: usize,
    /// Connections that are made at once and kept although they are idle, at most
    /// [`connections_max`](Self::connections_max). Default 0: one is made at once, and none is kept.
    pub connections_min: usize,
    /// Calls at the same time on one connection, 1 to 1024. Default 1, for servers that answer the
    /// calls of a connection one after the other.
    pub calls_per_connection: usize,
    /// How long a connection may be idle, in milliseconds. Default 300 000 (five minutes).
    pub idle_ms: u64,
    /// How old a connection may get, in milliseconds, a tenth more or less at random. Default
    /// 3 600 000 (an hour).
    pub age_ms: u64,
    /// Calls that may wait for a connection, 0 to 1 000 000. Default 1024.
    pub waiters_max: usize,
    /// How long a call may wait for a connection, in milliseconds, and never longer than it has.
    /// Default 30 000.
    pub wait_ms: u64,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            connections_max: 16,
            connections_min: 0,
            calls_per_connection: 1,
            idle_ms: 300_000,
            age_ms: 3_600_000,
            waiters_max: 1024,
            wait_ms: 30_000,
        }
    }
}

impl PoolConfig {
    pub(super) fn read(mut section: Section<'_>) -> Result<Option<Self>> {
        if !section.is_present() {
            return Ok(None);
        }
        let mut pool = Self::default();
        let ms = || 1..=TIMEOUT_MS_MAX;
        let connections_max = &mut pool.connections_max;
        section.number("connections_max", 1..=CONNECTIONS_MAX, connections_max)?;
        let connections_min = &mut pool.connections_min;
        section.number("connections_min", 0..=CONNECTIONS_MAX, connections_min)?;
        let calls = &mut pool.calls_per_connection;
        section.number("calls_per_connection", 1..=IN_FLIGHT_MAX, calls)?;
        section.number("idle_ms", ms(), &mut pool.idle_ms)?;
        section.number("age_ms", ms(), &mut pool.age_ms)?;
        section.number("waiters_max", 0..=WAITERS_MAX, &mut pool.waiters_max)?;
        section.number("wait_ms", ms(), &mut pool.wait_ms)?;
        section.finish()?;
        Ok(Some(pool))
    }

    /// Refuses what a builder can get wrong as well as a file.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        let (max, min) = (self.connections_max, self.connections_min);
        origin.check_number("client.pool.connections_max", 1, CONNECTIONS_MAX, max)?;
        let calls = self.calls_per_connection;
        origin.check_number("client.pool.calls_per_connection", 1, IN_FLIGHT_MAX, calls)?;
        let waiters = self.waiters_max;
        origin.check_number("client.pool.waiters_max", 0, WAITERS_MAX, waiters)?;
        origin.check_ms("client.pool.idle_ms", self.idle_ms)?;
        origin.check_ms("client.pool.age_ms", self.age_ms)?;
        origin.check_ms("client.pool.wait_ms", self.wait_ms)?;
        let (min, max) = (("connections_min", min), ("connections_max", max));
        origin.check_order("client.pool", min, max)?;
        let waits = self.wait_ms != Self::default().wait_ms;
        if waiters == 0 {
            let text = "with waiters_max = 0 no call waits; remove it, or raise that";
            origin.check_useful("client.pool.wait_ms", waits, text)?;
        }
        let (key, idle_ms, age_ms) = ("client.pool.idle_ms", self.idle_ms, self.age_ms);
        if idle_ms > age_ms {
            let text = format!(
                "{idle_ms} is more than age_ms = {age_ms}, after which a connection is closed in any case; \
                 write {age_ms} or less"
            );
            let changed = idle_ms != Self::default().idle_ms;
            origin.check_useful(key, changed, text)?;
        }
        Ok(())
    }

    /// The same with another [`connections_max`](Self::connections_max).
    #[must_use]
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections;
        self
    }

    /// The same with another [`connections_min`](Self::connections_min).
    #[must_use]
    pub fn connections_min(mut self, connections: usize) -> Self {
        self.connections_min = connections;
        self
    }

    /// The same with another [`calls_per_connection`](Self::calls_per_connection).
    #[must_use]
    pub fn calls_per_connection(mut self, calls: usize) -> Self {
        self.calls_per_connection = calls;
        self
    }

    /// The same with another [`idle_ms`](Self::idle_ms).
    #[must_use]
    pub fn idle_ms(mut self, ms: u64) -> Self {
        self.idle_ms = ms;
        self
    }

    /// The same with another [`age_ms`](Self::age_ms).
    #[must_use]
    pub fn age_ms(mut self, ms: u64) -> Self {
        self.age_ms = ms;
        self
    }

    /// The same with another [`waiters_max`](Self::waiters_max).
    #[must_use]
    pub fn waiters_max(mut self, calls: usize) -> Self {
        self.waiters_max = calls;
        self
    }

    /// The same with another [`wait_ms`](Self::wait_ms).
    #[must_use]
    pub fn wait_ms(mut self, ms: u64) -> Self {
        self.wait_ms = ms;
        self
    }
}
