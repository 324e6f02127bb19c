//! A client over shared memory that knows what the page says of it, and no more.

use std::fs::File;
use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::pages::{Page, page};
use crate::support::{AGES, eventually};

/// The rows of the page's table, in their order.
#[derive(Clone, Copy)]
enum Row {
    Written,
    ServerWaits = 2,
    Answered = 4,
    Taken,
    ToServer = 8,
}

pub(crate) struct ShmPeer {
    socket: UnixStream,
    memory: File,
    /// Where the places of the table begin.
    places: Vec<u64>,
    ring_bytes: u64,
    written: u64,
    read: u64,
}

impl ShmPeer {
    pub(crate) fn connect(path: impl AsRef<Path>) -> Self {
        let socket = UnixStream::connect(path).unwrap();
        socket.set_read_timeout(Some(AGES)).unwrap();
        let mut hello = [0; 16];
        let memory = receive(&socket, &mut hello);
        assert_eq!(&hello[..12], b"SEAPNKSM\x01\0\0\0");
        let ring_bytes = u32::from_le_bytes(hello[12..].try_into().unwrap()).into();
        let places = places(&page("shared-memory.md").section("The memory"));
        assert_eq!(memory.metadata().unwrap().len(), 4096 + 2 * ring_bytes);
        Self {
            socket,
            memory,
            places,
            ring_bytes,
            written: 0,
            read: 0,
        }
    }

    /// A message in a frame, with a body that is encoded already.
    pub(crate) fn message(kind: u8, method: &str, id: u8, body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(method.len()).unwrap();
        let head = [&[0x80, 1, 0, kind, 0, 0, 0, length], method.as_bytes()].concat();
        let message = [&head[..], &[0, 0, 0, id], body].concat();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&length[..], &message].concat()
    }

    /// Writes into the ring, which must not end there, and wakes the server if it waits.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let place = self.places[Row::ToServer as usize] + self.written;
        self.memory.write_all_at(bytes, place).unwrap();
        self.written += bytes.len() as u64;
        self.publish(Row::Written, self.written);
        let flag = self.places[Row::ServerWaits as usize];
        let mut waits = [0; 4];
        self.memory.read_exact_at(&mut waits, flag).unwrap();
        if u32::from_ne_bytes(waits) != 0 {
            self.memory.write_all_at(&[0; 4], flag).unwrap();
            self.say(b"w");
        }
    }

    /// Waits until so many bytes are in the other ring, and takes them.
    pub(crate) fn read(&mut self, count: usize) -> Vec<u8> {
        let until = self.read + count as u64;
        eventually("so many have come", || self.number(Row::Answered) >= until);
        let place = self.places[Row::ToServer as usize] + self.ring_bytes + self.read;
        let mut bytes = vec![0; count];
        self.memory.read_exact_at(&mut bytes, place).unwrap();
        self.read = until;
        self.publish(Row::Taken, until);
        bytes
    }

    /// Sends bytes over the socket.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// Whether the server closes the socket.
    pub(crate) fn until_closed(&mut self) -> bool {
        self.socket.read_to_end(&mut Vec::new()).is_ok()
    }

    fn number(&self, row: Row) -> u64 {
        let mut number = [0; 8];
        let place = self.places[row as usize];
        self.memory.read_exact_at(&mut number, place).unwrap();
        u64::from_ne_bytes(number)
    }

    /// Writes a number of which one byte has changed, so that nobody sees the half of it.
    fn publish(&self, row: Row, number: u64) {
        assert!(number < 256, "a test sends little");
        let place = self.places[row as usize];
        self.memory
            .write_all_at(&number.to_ne_bytes(), place)
            .unwrap();
    }
}

/// The first numbers of the rows.
fn places(page: &Page) -> Vec<u64> {
    let first = |row: &str| row.strip_prefix("| ")?.split(' ').next()?.parse().ok();
    page.text().lines().filter_map(first).collect()
}

fn receive(socket: &UnixStream, hello: &mut [u8]) -> File {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let expected = hello.len();
    let mut slices = [IoSliceMut::new(hello)];
    let received = recvmsg(socket, &mut slices, &mut control, RecvFlags::empty()).unwrap();
    assert_eq!(received.bytes, expected);
    let mut messages = control.drain();
    let Some(RecvAncillaryMessage::ScmRights(mut files)) = messages.next() else {
        panic!("no memory is passed")
    };
    files.next().unwrap().into()
}
