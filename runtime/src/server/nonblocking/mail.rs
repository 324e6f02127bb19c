//! What other threads leave for a loop.

use std::mem;
use std::sync::Arc;

use mio::{Registry, Token, Waker};
use parking_lot::Mutex;

use crate::error::Result;
use crate::server::nonblocking::polled::Polled;

/// What a loop finds in its mail.
pub(super) enum Letter {
    /// A new connection.
    Arrived(Box<Polled>),
    /// A connection that a worker has served, or nothing if it ended there.
    Served(usize, Option<Box<Polled>>),
    /// Workers have left answers for a connection, which may have ended.
    Answered(usize),
}

pub(super) struct Mail {
    letters: Mutex<Letters>,
    waker: Waker,
}

#[derive(Default)]
struct Letters {
    waiting: Vec<Letter>,
    /// Nobody reads them any more.
    closed: bool,
}

impl Mail {
    pub(super) fn new(registry: &Registry, token: Token) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            letters: Mutex::default(),
            waker: Waker::new(registry, token)?,
        }))
    }

    pub(super) fn arrived(&self, polled: Box<Polled>) {
        self.send(Letter::Arrived(polled));
    }

    pub(super) fn served(&self, slot: usize, polled: Option<Box<Polled>>) {
        self.send(Letter::Served(slot, polled));
    }

    pub(super) fn answered(&self, slot: usize) {
        self.send(Letter::Answered(slot));
    }

    fn send(&self, letter: Letter) {
        let mut letters = self.letters.lock();
        if letters.closed {
            // All connections were cut, and so is this one.
            drop(letters);
            drop(letter);
            return;
        }
        letters.waiting.push(letter);
        let first = letters.waiting.len() == 1;
        drop(letters);
        // Whoever left the letters before has woken the loop.
        if first {
            self.wake();
        }
    }

    pub(super) fn wake(&self) {
        // It can only fail for want of kernel memory, and there is no other way to wake it.
        let _ = self.waker.wake();
    }

    /// Takes everything, and leaves room for more.
    pub(super) fn take(&self, into: &mut Vec<Letter>) {
        into.clear();
        mem::swap(&mut self.letters.lock().waiting, into);
    }

    pub(super) fn close(&self) {
        let mut letters = self.letters.lock();
        letters.closed = true;
        let left = mem::take(&mut letters.waiting);
        drop(letters);
        drop(left);
    }
}
