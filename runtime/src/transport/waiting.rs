//! Waiting for what a socket has that does not block, until somebody ends it.

use std::io;
use std::sync::Arc;

use mio::event::Source;
use mio::{Events, Interest, Poll, Token};

use crate::transport::Waker;

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);

pub(super) struct Waiting {
    poll: Poll,
    events: Events,
    waker: Arc<mio::Waker>,
}

impl Waiting {
    /// For a socket from which to take.
    pub(super) fn new(socket: &mut impl Source) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry()
            .register(socket, SOCKET, Interest::READABLE)?;
        Ok(Self {
            waker: Arc::new(mio::Waker::new(poll.registry(), WAKER)?),
            poll,
            events: Events::with_capacity(2),
        })
    }

    /// Makes [`take`](Self::take) return `None`: the one that waits, or else the next that would.
    pub(super) fn waker(&self) -> Waker {
        let waker = Arc::clone(&self.waker);
        Arc::new(move || {
            // It can only fail for want of kernel memory, and there is no other way to wake it.
            let _ = waker.wake();
        })
    }

    /// Waits until something can be taken, and returns that.
    ///
    /// # Errors
    /// Those of `now`, and of the operating system.
    pub(super) fn take<T>(
        &mut self,
        mut now: impl FnMut() -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        loop {
            // Before waiting: the system tells of what has come only once, and the last attempt to
            // take it may have failed.
            match now() {
                Ok(taken) => return Ok(Some(taken)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            match self.poll.poll(&mut self.events, None) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            if self.events.iter().any(|event| event.token() == WAKER) {
                return Ok(None);
            }
        }
    }
}
