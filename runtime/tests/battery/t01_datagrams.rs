//! T01, T02 and T08 for datagrams: however many come and whatever they declare, nothing of them stays.
//! What each is counted and answered as is tested in `runtime/tests/datagrams`.

use std::net::UdpSocket;

use seapink::ServerConfig;
use seapink::config::Model;

use crate::meter::{alone, descriptors, heap};
use crate::support::{Running, call, eventually};

/// What a server may hold more than before: what it keeps of itself.
const DRIFT: usize = 64 * 1024;

fn socket(server: &Running) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = server.handle.local_addr().to_string();
    let address = address.strip_prefix("udp://").unwrap();
    socket.connect(address).unwrap();
    socket
}

/// Sends it, and waits until it was received, so that none is dropped on its way.
fn send(server: &Running, socket: &UdpSocket, bytes: &[u8]) {
    let before = server.handle.stats().datagrams;
    socket.send(bytes).unwrap();
    eventually("it is received", || {
        server.handle.stats().datagrams > before
    });
}

/// A message that ends where a size of this many bytes was declared, and so many bytes of it.
fn bomb(size: u32, field: &[u8], rest: usize) -> Vec<u8> {
    let head = b"\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x07";
    [&head[..], field, &size.to_be_bytes(), &vec![0; rest]].concat()
}

/// All kinds of what makes no sense.
fn nonsense() -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(), b"GET / HTTP/1.1\r\n\r\n".to_vec()];
    let whole = call("echo", 1, "some text")[4..].to_vec();
    all.extend((1..whole.len()).map(|len| whole[..len].to_vec()));
    all.push(whole.repeat(2));
    all.push(vec![0x80; 65_507]);
    for size in [127, 1 << 15, 1 << 24, i32::MAX.unsigned_abs(), u32::MAX] {
        for field in [&b"\x0b\0\x01"[..], b"\x0f\0\x01\x0b", b"\x0d\0\x01\x0b\x0b"] {
            all.extend([0, 1, 16, 50_000].map(|rest| bomb(size, field, rest)));
        }
    }
    all
}

#[test]
fn nothing_stays_of_datagrams_that_make_no_sense() {
    let _alone = alone();
    for model in [Model::Simple, Model::ThreadPool] {
        let config = ServerConfig::new("udp://127.0.0.1:0").model(model);
        let config = config.transport("buffered");
        let server = Running::bind(&config);
        let socket = socket(&server);
        let all = nonsense();
        let flood = |times: usize| {
            for _ in 0..times {
                for bytes in &all {
                    send(&server, &socket, bytes);
                }
            }
            eventually("they are served", || {
                server.handle.stats().calls_queued == 0
            });
        };
        // The first ones make buffers as large as they need to be.
        flood(2);
        let (bytes, open) = (heap(), descriptors());
        flood(20);
        eventually("the memory is given back", || heap() <= bytes + DRIFT);
        assert_eq!(descriptors(), open);
        let lost = 22 * all.len() as u64;
        eventually("all are counted", || {
            server.handle.stats().datagrams_lost == lost
        });
        let stats = server.handle.stats();
        assert_eq!(stats.replies, 0);
        // What is in order is answered nevertheless.
        let quiet = UdpSocket::bind("127.0.0.1:0").unwrap();
        quiet.connect(socket.peer_addr().unwrap()).unwrap();
        send(&server, &quiet, &call("echo", 1, "still there")[4..]);
        let mut buffer = [0; 100];
        quiet.set_read_timeout(Some(crate::support::AGES)).unwrap();
        let len = quiet.recv(&mut buffer).unwrap();
        assert!(buffer[..len].ends_with(b"still there\0"));
    }
}
