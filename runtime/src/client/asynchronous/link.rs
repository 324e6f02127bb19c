//! One connected stream, as calls see it: what is to be written, and how far that is.

use std::mem;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::client::CallOptions;
use crate::client::connection::links::Numbered;
use crate::error::Result;
use crate::transport::{Encoder, append};

/// A connection, as long as it is good for calls.
pub(super) struct Link {
    pub(super) number: u64,
    encoder: Box<dyn Encoder>,
    /// Only one call at a time, and oneway calls are answered, too, by empty messages.
    pub(super) exclusive: bool,
    /// It carries datagrams, as a link of a client that blocks.
    pub(super) lossy: bool,
    /// What the driver has not taken yet.
    out: Vec<u8>,
    /// How many calls that holds.
    waiting: usize,
    /// How many bytes of the stream have left, how many the driver has taken, and how many there are.
    pub(super) sent: u64,
    pub(super) taken: u64,
    pub(super) appended: u64,
    /// How many replies have come.
    pub(super) replies: u64,
    /// Wakes the driver.
    pub(super) driver: Option<Waker>,
    /// Oneway calls whose last byte has not left, by slot.
    pub(super) leaving: Vec<usize>,
    /// Whether anybody is there has to be found out.
    pub(super) doubt: Option<Doubt>,
}

/// A call was dropped before its reply came. If none has come by its deadline, there is nobody.
#[derive(Clone, Copy)]
pub(super) struct Doubt {
    pub(super) at: Instant,
    pub(super) replies: u64,
    /// For how long the next one is.
    pub(super) time: Duration,
}

impl Link {
    pub(super) fn new(
        number: u64,
        encoder: Box<dyn Encoder>,
        exclusive: bool,
        lossy: bool,
    ) -> Self {
        Self {
            number,
            encoder,
            exclusive,
            lossy,
            out: Vec::new(),
            sent: 0,
            taken: 0,
            appended: 0,
            waiting: 0,
            replies: 0,
            driver: None,
            leaving: Vec::new(),
            doubt: None,
        }
    }

    /// Appends a message, and returns where in the stream it starts and ends.
    pub(super) fn append(
        &mut self,
        options: &CallOptions,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<(u64, u64)> {
        let headers = options.headers_over(&*self.encoder);
        let bytes = append(&mut *self.encoder, &mut self.out, &headers, encode)?;
        let place = self.appended;
        self.waiting += 1;
        self.appended += bytes as u64;
        Ok((place, self.appended))
    }

    /// Takes a message out of what is to be written. `false` when the driver has taken it.
    pub(super) fn cut(&mut self, (start, end): (u64, u64)) -> bool {
        let place = |at: u64| at.checked_sub(self.taken).map(usize::try_from);
        let (Some(Ok(start)), Some(Ok(end))) = (place(start), place(end)) else {
            return false;
        };
        self.appended -= (end - start) as u64;
        self.waiting -= 1;
        self.out.drain(start..end);
        true
    }

    pub(super) fn has_out(&self) -> bool {
        !self.out.is_empty()
    }

    /// Takes what is to be written, in exchange for an empty buffer.
    pub(super) fn take(&mut self, writing: &mut Vec<u8>) {
        mem::swap(&mut self.out, writing);
        self.taken += writing.len() as u64;
        self.waiting = 0;
    }

    /// Whether of so many calls that are in flight none has been written.
    pub(super) fn is_idle(&self, calls: usize) -> bool {
        calls == self.waiting
    }

    pub(super) fn wake(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}

impl Numbered for Link {
    fn number(&self) -> u64 {
        self.number
    }
}
