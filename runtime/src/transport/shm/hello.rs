//! How two processes come to share memory: the server makes it when it takes a connection, and passes
//! it over the socket with a few bytes that say what it is.
//!
//! ```text
//! client   S E A P N K S M
//! server   S E A P N K S M  │ version, u32 │ bytes of a ring, u32 │  and one descriptor (SCM_RIGHTS)
//! ```
//!
//! A server need not wait for the client's word, which is for servers of another kind: they close the
//! connection at once and can name the client, where both would else wait for each other.
//!
//! Why does the server make it? So that it maps nothing that it has not made itself: what a client can
//! do is to send bytes and to write into the memory. The client, which has chosen whom to connect to,
//! looks whether the memory is of the right kind and size, and whether that is sealed.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::cmsg_space;
use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, fstatfs, ftruncate,
    memfd_create,
};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::memory::Memory;
use super::ring::{Consumer, Direction, bytes_with};
use super::{RING_BYTES_MAX, RING_BYTES_MIN};

pub(super) const MAGIC: [u8; 8] = *b"SEAPNKSM";
const VERSION: u32 = 1;
const BYTES: usize = 16;

/// The kind of files that `memfd_create` makes. What lies on huge pages has another, and could be
/// taken away in spite of the seals.
const TMPFS_MAGIC: i128 = 0x0102_1994;

/// Makes the memory of a new connection and passes it to the client, without waiting.
///
/// # Errors
/// Those of the system; [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) when the client has
/// gone.
pub(super) fn offer(socket: BorrowedFd<'_>, ring_bytes: usize) -> io::Result<Arc<Memory>> {
    let bytes = bytes_with(ring_bytes);
    let file = memfd_create("seapink", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&file, bytes as u64)?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    let memory = Arc::new(Memory::map(file.as_fd(), bytes)?);
    // Both sides count as waiting, so that the first bytes wake whoever is not there yet.
    for direction in [Direction::ToServer, Direction::ToClient] {
        let ring = Consumer::new(&memory, direction, ring_bytes);
        ring.own_flag()
            .store(1, std::sync::atomic::Ordering::SeqCst);
    }
    send(socket, &hello(VERSION, ring_bytes), file.as_fd())?;
    Ok(memory)
}

pub(super) fn hello(version: u32, ring_bytes: usize) -> [u8; BYTES] {
    let ring_bytes = u32::try_from(ring_bytes).unwrap_or(u32::MAX);
    let mut hello = [0; BYTES];
    hello[..8].copy_from_slice(&MAGIC);
    hello[8..12].copy_from_slice(&version.to_le_bytes());
    hello[12..].copy_from_slice(&ring_bytes.to_le_bytes());
    hello
}

fn send(socket: BorrowedFd<'_>, hello: &[u8], file: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = [file];
    control.push(SendAncillaryMessage::ScmRights(&files));
    let slices = [IoSlice::new(hello)];
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    loop {
        return match sendmsg(socket, &slices, &mut control, flags) {
            Ok(sent) if sent == hello.len() => Ok(()),
            Err(Errno::INTR) => continue,
            Ok(_) | Err(Errno::PIPE | Errno::CONNRESET) => {
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Err(error) => Err(error.into()),
        };
    }
}

/// Says what this client is, without waiting. If that fails, reading will say so too.
pub(super) fn hail(socket: BorrowedFd<'_>) {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let _ = rustix::net::send(socket, &MAGIC, flags);
}

/// What a client has got of a server's hello.
#[derive(Default)]
pub(super) struct Greeting {
    bytes: [u8; BYTES],
    filled: usize,
    file: Option<OwnedFd>,
}

impl Greeting {
    /// Reads more of it, without waiting. The memory and the size of its rings, once all of it is
    /// here.
    ///
    /// # Errors
    /// [`InvalidData`](io::ErrorKind::InvalidData) with what is wrong with it;
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no more yet.
    pub(super) fn read(&mut self, socket: BorrowedFd<'_>) -> io::Result<(Arc<Memory>, usize)> {
        while self.filled < BYTES {
            let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut slices = [IoSliceMut::new(&mut self.bytes[self.filled..])];
            let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
            let received = match recvmsg(socket, &mut slices, &mut control, flags) {
                Err(Errno::INTR) => continue,
                received => received?,
            };
            self.filled += received.bytes;
            let mut files = Vec::new();
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(passed) = message {
                    files.extend(passed);
                }
            }
            files.extend(self.file.take());
            if files.len() > 1 || received.flags.contains(ReturnFlags::CTRUNC) {
                return wrong("passed more than one descriptor");
            }
            self.file = files.pop();
            if received.bytes == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.open()
    }

    fn open(&mut self) -> io::Result<(Arc<Memory>, usize)> {
        let (magic, numbers) = self.bytes.split_at(MAGIC.len());
        if magic != MAGIC {
            return wrong("began with something else than shared memory");
        }
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
        let (version, ring_bytes) = (number(&numbers[..4]), number(&numbers[4..]));
        if version != VERSION {
            return wrong(&format!("speaks version {version} and not {VERSION}"));
        }
        let ring_bytes = usize::try_from(ring_bytes).unwrap_or(usize::MAX);
        let bounds = RING_BYTES_MIN..=RING_BYTES_MAX;
        if !bounds.contains(&ring_bytes) || !ring_bytes.is_power_of_two() {
            return wrong(&format!("has rings of {ring_bytes} bytes"));
        }
        let Some(file) = self.file.take() else {
            return wrong("passed no descriptor");
        };
        let bytes = bytes_with(ring_bytes);
        check(&file, bytes)?;
        Ok((Arc::new(Memory::map(file.as_fd(), bytes)?), ring_bytes))
    }
}

/// Refuses what could be taken away while it is mapped.
fn check(file: &OwnedFd, bytes: usize) -> io::Result<()> {
    // It fails for descriptors of most other kinds.
    let seals = fcntl_get_seals(file).unwrap_or(SealFlags::empty());
    if i128::from(fstatfs(file)?.f_type) != TMPFS_MAGIC || !seals.contains(SealFlags::SHRINK) {
        return wrong("passed something else than sealed memory");
    }
    if u64::try_from(fstat(file)?.st_size).ok() != Some(bytes as u64) {
        return wrong("passed memory of another size than it says");
    }
    Ok(())
}

fn wrong<T>(text: &str) -> io::Result<T> {
    let text = format!("the server {text}");
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}
