//! Peers that do what they like with the memory and the socket.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::thread;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

use super::*;
use crate::transport::Split;
use memory::Memory;
use ring::{Consumer, Direction, Producer, bytes_with};

const RING: usize = RING_BYTES_MIN;
const SOON: Duration = Duration::from_millis(20);
const AGES: Duration = Duration::from_secs(20);

/// Both ends of a connection: the server's, and the client's with what it could do by hand.
fn pair() -> (ShmStream, ShmStream, std::sync::Arc<Memory>) {
    let (near, far) = UnixStream::pair().unwrap();
    let server = served(OwnedFd::from(near), RING).unwrap();
    let (memory, ring_bytes) = Greeting::default().read(far.as_fd()).unwrap();
    assert_eq!(ring_bytes, RING);
    let bell = Bell::new(OwnedFd::from(far), ASKED, &[]);
    let client = ShmStream::new(&memory, RING, bell, Side::Client);
    (server, client, memory)
}

fn bytes(count: usize) -> Vec<u8> {
    (0..=250).cycle().take(count).collect()
}

#[test]
fn carries_more_than_fits_both_ways_at_the_same_time() {
    let (server, client, _) = pair();
    let sent = bytes(20 * RING + 17);
    let halves = [server, client].map(|stream| match Box::new(stream).split() {
        Split::Halves(reader, writer) => (reader, writer),
        Split::Whole(_) => panic!("it cannot be taken apart"),
    });
    thread::scope(|scope| {
        for (mut reader, mut writer) in halves {
            let sent = &sent;
            scope.spawn(move || {
                let mut read = Vec::new();
                let mut buffer = [0; 1000];
                while read.len() < sent.len() {
                    let count = reader.read(&mut buffer, AGES).unwrap();
                    assert_ne!(count, 0);
                    read.extend_from_slice(&buffer[..count]);
                }
                assert!(read == *sent);
            });
            scope.spawn(move || {
                let mut written = 0;
                while written < sent.len() {
                    written += writer.write(&sent[written..], AGES).unwrap();
                }
                writer
            });
        }
    });
}

#[test]
fn wraps_at_every_place() {
    let (mut server, mut client, _) = pair();
    let mut buffer = vec![0; RING];
    for count in (1..RING).step_by(97) {
        let sent = bytes(count);
        client.write_all(&sent).unwrap();
        server.read_exact(&mut buffer[..count]).unwrap();
        assert!(buffer[..count] == sent);
    }
}

#[test]
fn reads_and_writes_end_by_their_time_outs() {
    let (mut server, mut client, _) = pair();
    server.set_read_timeout(Some(SOON)).unwrap();
    client.set_write_timeout(Some(SOON)).unwrap();
    let kind = |done: io::Result<usize>| done.unwrap_err().kind();
    assert_eq!(kind(server.read(&mut [0])), io::ErrorKind::WouldBlock);
    assert_eq!(client.write(&bytes(2 * RING)).unwrap(), RING);
    assert_eq!(kind(client.write(&[1])), io::ErrorKind::WouldBlock);
    assert_eq!(client.has_room(), Some(false));
    assert_eq!(server.read(&mut [0; 10]).unwrap(), 10);
    assert_eq!(client.has_room(), Some(true));
    assert_eq!(client.write(&[1; 20]).unwrap(), 10);
}

#[test]
fn an_end_comes_after_what_was_written_before() {
    let (mut server, mut client, _) = pair();
    client.write_all(b"last").unwrap();
    assert!(server.is_quiet() || server.has_more());
    drop(client);
    assert!(!server.is_quiet());
    let mut text = String::new();
    server.read_to_string(&mut text).unwrap();
    assert_eq!(text, "last");
    // The first one is taken by nobody, which the bell finds out.
    let mut writes = (0..3).map(|_| server.write(b"x"));
    assert!(writes.any(|written| written.is_err()));
}

#[test]
fn a_writer_without_room_sees_the_end() {
    let (mut server, mut client, _) = pair();
    client.write_all(&bytes(RING)).unwrap();
    let waiting = thread::spawn(move || client.write(b"x").unwrap_err().kind());
    thread::sleep(SOON);
    server.read_exact(&mut [0; 0]).unwrap();
    drop(server);
    assert_eq!(waiting.join().unwrap(), io::ErrorKind::BrokenPipe);
}

#[test]
fn shutdown_of_reading_leaves_what_arrived_and_lets_answer() {
    let (mut server, mut client, _) = pair();
    client.write_all(b"call").unwrap();
    server.closer().shutdown(std::net::Shutdown::Read);
    let mut text = String::new();
    server.read_to_string(&mut text).unwrap();
    assert_eq!(text, "call");
    server.write_all(b"reply").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
}

#[test]
fn a_closer_wakes_both_halves() {
    let (server, mut client, _) = pair();
    client.write_all(&bytes(RING)).unwrap();
    let closer = client.closer();
    let Split::Halves(mut reader, mut writer) = Box::new(client).split() else {
        panic!("it cannot be taken apart");
    };
    let reading = thread::spawn(move || reader.read(&mut [0], AGES));
    let writing = thread::spawn(move || writer.write(b"x", AGES));
    thread::sleep(SOON);
    closer.shutdown(std::net::Shutdown::Both);
    assert_eq!(reading.join().unwrap().unwrap(), 0);
    let kind = writing.join().unwrap().unwrap_err().kind();
    assert_eq!(kind, io::ErrorKind::BrokenPipe);
    drop(server);
}

/// Positions that no honest peer can be at.
#[test]
fn positions_beyond_the_ring_and_backwards_are_refused() {
    const WRITTEN: usize = 0;
    const READ: usize = 512 + 128;
    for position in [RING as u64 + 101, u64::MAX, 1 << 63, 99] {
        let (mut server, mut client, memory) = pair();
        client.write_all(&[7; 100]).unwrap();
        server.read_exact(&mut [0; 100]).unwrap();
        memory.number(WRITTEN).store(position, Ordering::SeqCst);
        let error = server.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{position}");
        let error = Error::from(error);
        assert_eq!(error.kind(), ErrorKind::Malformed);
        let text = "the peer has put a position into the shared memory that it cannot be at";
        assert_eq!(error.to_string(), text);
    }
    for position in [RING as u64 + 101, u64::MAX, 1 << 63, 99] {
        let (mut server, mut client, memory) = pair();
        server.write_all(&[7; 100]).unwrap();
        client.read_exact(&mut [0; 100]).unwrap();
        server.write_all(&bytes(RING)).unwrap();
        memory.number(READ).store(position, Ordering::SeqCst);
        let error = server.write(&[0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{position}");
    }
}

/// What it scribbles into is its own messages.
#[test]
fn scribbling_over_everything_is_survived() {
    let (mut server, mut client, memory) = pair();
    server.set_read_timeout(Some(SOON)).unwrap();
    server.set_write_timeout(Some(SOON)).unwrap();
    client.write_all(&[7; 1000]).unwrap();
    for round in 0..2000_u64 {
        let noise = round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = usize::try_from(noise % 512).unwrap() * 8;
        memory.number(place).store(noise, Ordering::SeqCst);
        memory.copy_in(memory::HEAD_BYTES, &noise.to_le_bytes().repeat(64));
        if round % 50 == 0 {
            let _ = server.read(&mut [0; 300]);
            let _ = server.write(&[1; 300]);
            let _ = (server.has_more(), server.has_room(), server.is_quiet());
        }
    }
}

#[test]
fn who_speaks_past_the_memory_or_wakes_without_a_reason_is_refused() {
    for (noise, text) in [
        (
            &b"\x80\x01\0\x01"[..],
            "the peer speaks into the socket of a shared memory; does it connect with `shm://`?",
        ),
        (&[bell::WAKE; 9], "the peer wakes this side again and again"),
        (
            &[bell::WAKE; 9999],
            "the peer wakes this side again and again",
        ),
    ] {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut server = served(OwnedFd::from(near), RING).unwrap();
        far.write_all(noise).unwrap();
        server.set_read_timeout(Some(AGES)).unwrap();
        let error = Error::from(server.read(&mut [0]).unwrap_err());
        assert_eq!(error.to_string(), text);
        assert!(!server.is_quiet());
    }
}

#[test]
fn as_many_wake_ups_as_were_asked_for_are_fine() {
    let (mut server, mut client, _) = pair();
    for turn in 0..5000_usize {
        server.set_nonblocking(true).unwrap();
        assert!(server.read(&mut [0]).is_err());
        assert!(!server.has_more());
        client.write_all(&bytes(turn % 100 + 1)).unwrap();
        if turn % 3 == 0 {
            server.set_nonblocking(false).unwrap();
        }
        server
            .read_exact(&mut bytes(turn % 100 + 1))
            .unwrap_or_else(|error| panic!("{turn}: {error}"));
    }
}

/// What polls is told of it once, and may have had another reason to look.
#[test]
fn who_looks_for_more_does_not_overlook_nonsense() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut server = served(OwnedFd::from(near), RING).unwrap();
    server.set_nonblocking(true).unwrap();
    assert!(!server.has_more());
    far.write_all(b"x").unwrap();
    assert!(server.has_more());
    let kind = server.read(&mut [0]).unwrap_err().kind();
    assert_eq!(kind, io::ErrorKind::InvalidData);
}

/// What polls is told of the last byte and of the end at once, and never again.
#[test]
fn an_end_behind_a_byte_is_found_by_one_read() {
    let (mut server, mut client, _) = pair();
    server.set_nonblocking(true).unwrap();
    assert!(server.read(&mut [0; 8]).is_err());
    client.write_all(b"last").unwrap();
    drop(client);
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 4);
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
}

/// A hello as a server might send it, and what the client says of it.
fn greeted(hello: &[u8], files: &[&OwnedFd]) -> String {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    let (near, far) = UnixStream::pair().unwrap();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files: Vec<_> = files.iter().map(|file| file.as_fd()).collect();
    if !files.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(&files)));
    }
    let slices = [io::IoSlice::new(hello)];
    sendmsg(&near, &slices, &mut control, SendFlags::empty()).unwrap();
    drop(near);
    let deadline = Instant::now() + SOON;
    let met = meet(far.into(), Some(deadline));
    let address = Address::Shm("/run/calc.shm".into());
    let error = not_met(&address, met.map(drop).unwrap_err());
    let text = error.to_string();
    let why = text.strip_prefix("cannot connect to shm:///run/calc.shm: ");
    let why = why.unwrap().split("; does the server").next();
    why.unwrap().to_owned()
}

fn file(bytes: usize, seals: SealFlags) -> OwnedFd {
    let file = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    ftruncate(&file, bytes as u64).unwrap();
    fcntl_add_seals(&file, seals).unwrap();
    file
}

#[test]
fn clients_refuse_memory_that_is_not_what_it_should_be() {
    use super::hello::hello;

    let good = file(bytes_with(RING), SealFlags::SHRINK);
    let open = file(bytes_with(RING), SealFlags::GROW);
    let small = file(bytes_with(RING) - 1, SealFlags::SHRINK);
    let large = file(bytes_with(RING) + 1, SealFlags::SHRINK);
    let socket = OwnedFd::from(UnixStream::pair().unwrap().0);
    let regular = OwnedFd::from(tempfile::tempfile().unwrap());
    let mut magic = hello(1, RING);
    magic[0] = b'X';
    let unsealed = "the server passed something else than sealed memory";
    let size = "the server passed memory of another size than it says";
    let more = "the server passed more than one descriptor";
    for (hello, files, why) in [
        (
            &hello(1, RING)[..],
            &[][..],
            "the server passed no descriptor",
        ),
        (&hello(1, RING), &[&good, &good], more),
        (&hello(1, RING), &[&good; 8], more),
        (
            &magic,
            &[&good],
            "the server began with something else than shared memory",
        ),
        (
            &hello(0, RING),
            &[&good],
            "the server speaks version 0 and not 1",
        ),
        (
            &hello(2, RING),
            &[&good],
            "the server speaks version 2 and not 1",
        ),
        (&hello(1, 0), &[&good], "the server has rings of 0 bytes"),
        (&hello(1, 1), &[&good], "the server has rings of 1 bytes"),
        (
            &hello(1, 5000),
            &[&good],
            "the server has rings of 5000 bytes",
        ),
        (
            &hello(1, 1 << 31),
            &[&good],
            "the server has rings of 2147483648 bytes",
        ),
        (&hello(1, 2 * RING), &[&good], size),
        (&hello(1, RING), &[&small], size),
        (&hello(1, RING), &[&large], size),
        (&hello(1, RING), &[&open], unsealed),
        (&hello(1, RING), &[&socket], unsealed),
        (&hello(1, RING), &[&regular], unsealed),
        (
            &hello(1, RING)[..15],
            &[&good],
            "the server closed the connection before it passed memory",
        ),
    ] {
        assert_eq!(greeted(hello, files), why);
    }
}

#[test]
fn a_server_that_says_nothing_or_drips_is_left_in_time() {
    let (mut near, far) = UnixStream::pair().unwrap();
    near.write_all(&hello::hello(1, RING)[..3]).unwrap();
    let error = meet(far.into(), Some(Instant::now() + SOON)).map(drop);
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn memory_that_is_shared_cannot_be_taken_away() {
    let (near, far) = UnixStream::pair().unwrap();
    let _server = served(OwnedFd::from(near), RING).unwrap();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = rustix::net::RecvAncillaryBuffer::new(&mut space);
    let mut hello = [0; 16];
    let mut slices = [io::IoSliceMut::new(&mut hello)];
    let flags = rustix::net::RecvFlags::empty();
    rustix::net::recvmsg(&far, &mut slices, &mut control, flags).unwrap();
    for message in control.drain() {
        let rustix::net::RecvAncillaryMessage::ScmRights(files) = message else {
            continue;
        };
        for file in files {
            for bytes in [0, 1, bytes_with(RING) - 1, bytes_with(RING) + 1] {
                assert!(ftruncate(&file, bytes as u64).is_err(), "{bytes}");
            }
            assert!(fcntl_add_seals(&file, SealFlags::WRITE).is_err());
        }
    }
}

#[test]
fn a_ring_by_itself() {
    let memory = file(bytes_with(RING), SealFlags::SHRINK);
    let memory = std::sync::Arc::new(Memory::map(memory.as_fd(), bytes_with(RING)).unwrap());
    let mut producer = Producer::new(&memory, Direction::ToClient, RING);
    let mut consumer = Consumer::new(&memory, Direction::ToClient, RING);
    assert!(consumer.is_empty() && !producer.is_full());
    assert_eq!(producer.put(&bytes(RING + 5)).unwrap(), RING);
    assert!(!consumer.is_empty() && producer.is_full());
    assert_eq!(producer.put(&[1]).unwrap(), 0);
    let mut read = vec![0; RING + 5];
    assert_eq!(consumer.take(&mut read).unwrap(), RING);
    assert!(read[..RING] == bytes(RING)[..]);
    assert_eq!(consumer.take(&mut read).unwrap(), 0);
    assert_eq!(producer.put(&[]).unwrap(), 0);
}

/// What a client says first is no nonsense, in whichever pieces it comes, and nothing but that.
#[test]
fn a_hail_is_taken_once() {
    for (said, taken) in [
        (&[&b"SEAPNKSM"[..]][..], true),
        (&[b"SEA", b"PNKSM", b"w"], true),
        (&[b"SEA", b"PNKSMw"], true),
        (&[b"w"], true),
        (&[b"SEAPNKSMS"], false),
        (&[b"w", b"S"], false),
        (&[b"EAPNKSM"], false),
    ] {
        let (near, far) = UnixStream::pair().unwrap();
        let bell = Bell::new(OwnedFd::from(near), ASKED, &hello::MAGIC);
        for part in said {
            (&far).write_all(part).unwrap();
            let _ = bell.listen();
        }
        assert_eq!(bell.seen().is_ok(), taken, "{said:?}");
    }
}
