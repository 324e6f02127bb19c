//! The socket of a connection in shared memory: one byte for each time that one side wakes the other,
//! and its end when a side is gone.
//!
//! Both halves of a stream wait for the same socket, and a byte says nothing of whom it is for. So one
//! of them listens for both, and the other waits for that one, as the callers of a client do who read
//! replies for each other.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::error::{Error, ErrorKind};

/// What wakes. Nothing that begins a message of Thrift, so that a peer is noticed that speaks past the
/// memory.
pub(super) const WAKE: u8 = b'w';

/// A side waits.
const WAITING: u32 = 1;

/// How long somebody sleeps whom nobody can wake any more, though the peer still reads.
const NAP: Duration = Duration::from_millis(1);

/// Reads at a time. The peer cannot have so much to say.
const READS_MAX: usize = 8;

pub(super) struct Bell {
    socket: Box<dyn Socket>,
    state: Mutex<State>,
    heard: Condvar,
    /// How often this side has said that it waits: so many bytes may come.
    asked: AtomicU64,
    /// The peer cannot be woken any more.
    deaf: AtomicBool,
}

/// A descriptor, whoever else has a use for it.
pub(super) trait Socket: AsFd + Send + Sync {}

impl<S: AsFd + Send + Sync> Socket for S {}

struct State {
    /// How many bytes have come.
    heard: u64,
    /// What may still come before the first of them.
    hail: &'static [u8],
    line: Line,
    /// Somebody waits for the socket.
    listening: bool,
}

/// How the peer's side of the socket is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Open,
    /// No byte comes any more: what the peer has written is all that there is.
    Ended,
    /// Something has come that makes no sense.
    Garbled(&'static str),
}

/// What was known at a moment, to find out later whether more is.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) heard: u64,
    /// The peer writes no more.
    pub(super) ended: bool,
}

impl State {
    /// What follows the hail, or the rest of it.
    fn after_hail<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let pairs = bytes.iter().zip(self.hail);
        let hailed = pairs.take_while(|(byte, own)| byte == own).count();
        let (hail, wakes) = (&self.hail[hailed..], &bytes[hailed..]);
        self.hail = if wakes.is_empty() { hail } else { &[] };
        wakes
    }
}

impl Bell {
    /// `asked` is how often this side counts as waiting from the beginning, and `hail` what the peer may
    /// begin with.
    pub(super) fn new(socket: impl Socket + 'static, asked: u64, hail: &'static [u8]) -> Self {
        let state = State {
            heard: 0,
            hail,
            line: Line::Open,
            listening: false,
        };
        Self {
            socket: Box::new(socket),
            state: Mutex::new(state),
            heard: Condvar::new(),
            asked: AtomicU64::new(asked),
            deaf: AtomicBool::new(false),
        }
    }

    /// Says by its flag that this side waits. Whoever does so looks at the ring afterwards: what has
    /// changed before is seen then, and for what changes later the peer sends a byte.
    pub(super) fn ask(&self, flag: &AtomicU32) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if flag.swap(WAITING, Ordering::SeqCst) == WAITING {
            self.forget();
        }
        fence(Ordering::SeqCst);
    }

    /// Takes that back. The byte may be on its way by now.
    pub(super) fn take_back(&self, flag: &AtomicU32) {
        if flag.swap(0, Ordering::SeqCst) == WAITING {
            self.forget();
        }
    }

    /// One byte less may come. A peer that plays with the flags makes that fewer, and not too few.
    fn forget(&self) {
        let less = |asked: u64| asked.checked_sub(1);
        let _ = self
            .asked
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    /// Wakes the peer if it waits, after this side has changed something.
    #[inline]
    pub(super) fn tell(&self, flag: &AtomicU32) {
        fence(Ordering::SeqCst);
        if flag.load(Ordering::Relaxed) != 0 && flag.swap(0, Ordering::SeqCst) != 0 {
            self.ring();
        }
    }

    #[cold]
    fn ring(&self) {
        loop {
            match send(
                self.as_fd(),
                &[WAKE],
                SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
            ) {
                Err(Errno::INTR) => {}
                // There are bytes that the peer has not taken, which wake as well.
                Ok(_) | Err(Errno::AGAIN) => return,
                // Others find out by the end of the socket. What was written stands in the memory,
                // where the peer may still find it.
                Err(_) => return self.deaf.store(true, Ordering::SeqCst),
            }
        }
    }

    /// Whether the peer reads no more.
    pub(super) fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::Relaxed)
    }

    /// What is known by now.
    ///
    /// # Errors
    /// When the peer has sent what makes no sense.
    pub(super) fn seen(&self) -> io::Result<Seen> {
        self.state.lock().seen()
    }

    /// Takes what has come, without waiting, unless somebody else listens.
    ///
    /// # Errors
    /// The same.
    pub(super) fn listen(&self) -> io::Result<Seen> {
        let mut state = self.state.lock();
        if !state.listening {
            // To the end: who is told of changes alone is not told of that again.
            self.hear(&mut state, READS_MAX);
        }
        state.seen()
    }

    /// Waits until more is known than was `seen`.
    ///
    /// # Errors
    /// The same, and [`WouldBlock`](io::ErrorKind::WouldBlock) after the deadline.
    pub(super) fn wait(&self, seen: Seen, deadline: Option<Instant>) -> io::Result<()> {
        let mut state = self.state.lock();
        loop {
            let now = state.seen()?;
            if now.heard != seen.heard || now.ended != seen.ended {
                return Ok(());
            }
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if !state.listening {
                self.listen_for(&mut state, left)?;
            } else if let Some(at) = deadline {
                self.heard.wait_until(&mut state, at);
            } else {
                self.heard.wait(&mut state);
            }
        }
    }

    /// Waits for the socket without the lock. Others take over when this one leaves.
    fn listen_for(
        &self,
        state: &mut MutexGuard<'_, State>,
        left: Option<Duration>,
    ) -> io::Result<()> {
        state.listening = true;
        let ready = MutexGuard::unlocked(state, || wait_for(self, left));
        state.listening = false;
        if matches!(ready, Ok(true)) {
            self.hear(state, 1);
        }
        self.heard.notify_all();
        ready.map(drop)
    }

    /// Reads what is in the socket, by so many reads.
    fn hear(&self, state: &mut State, reads: usize) {
        let bytes = &mut [0_u8; 64];
        for _ in 0..reads {
            if state.line != Line::Open {
                return;
            }
            match recv(self.as_fd(), &mut bytes[..], RecvFlags::DONTWAIT) {
                Ok((_, 0)) => state.line = Line::Ended,
                Ok((_, count)) => {
                    let wakes = state.after_hail(&bytes[..count]);
                    state.heard += wakes.len() as u64;
                    if wakes.iter().any(|byte| *byte != WAKE) {
                        let text = "the peer speaks into the socket of a shared memory; does it connect with `shm://`?";
                        state.line = Line::Garbled(text);
                    } else if state.heard > self.asked.load(Ordering::SeqCst) {
                        state.line = Line::Garbled("the peer wakes this side again and again");
                    }
                    self.heard.notify_all();
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => state.line = Line::Ended,
            }
        }
    }

    /// Sleeps for a moment where the socket has ended, since the peer may still read what is in the
    /// memory. Fails when it is gone.
    ///
    /// # Errors
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe), or [`WouldBlock`](io::ErrorKind::WouldBlock) after
    /// the deadline.
    pub(super) fn nap(&self, deadline: Option<Instant>) -> io::Result<()> {
        if self.is_deaf() || self.is_hung_up()? {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if deadline.is_some_and(|at| at <= Instant::now()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        std::thread::sleep(NAP);
        Ok(())
    }

    pub(super) fn is_hung_up(&self) -> io::Result<bool> {
        let mut polled = [PollFd::new(self, PollFlags::empty())];
        poll(&mut polled, Some(&Timespec::default()))?;
        Ok(polled[0].revents().contains(PollFlags::HUP))
    }

    /// As [`Closer::shutdown`](crate::transport::Closer::shutdown).
    pub(super) fn shutdown(&self, how: Shutdown) {
        use rustix::net::Shutdown as How;

        let how = match how {
            Shutdown::Read => How::Read,
            Shutdown::Write => How::Write,
            Shutdown::Both => How::Both,
        };
        if how != How::Read {
            self.deaf.store(true, Ordering::SeqCst);
        }
        // It fails when the peer has gone already, which is what was wanted.
        let _ = rustix::net::shutdown(self.as_fd(), how);
    }
}

impl State {
    fn seen(&self) -> io::Result<Seen> {
        match self.line {
            Line::Garbled(text) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                Error::new(ErrorKind::Malformed, text),
            )),
            line => Ok(Seen {
                heard: self.heard,
                ended: line == Line::Ended,
            }),
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Waits until a descriptor can be read, at most for so long. `false` if it cannot.
pub(super) fn wait_for(descriptor: impl AsFd, left: Option<Duration>) -> io::Result<bool> {
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    let mut polled = [PollFd::new(&descriptor, PollFlags::IN)];
    match poll(&mut polled, left.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
