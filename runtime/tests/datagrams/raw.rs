//! Datagrams by the byte.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seapink::client::{CallOptions, Channel};
use seapink::server::DatagramFault;
use seapink::{Client, Limits, MessageKind, ProtocolSet, Result, Standard, WireProtocol};

use crate::support::{AGES, ProbeClient, Running, eventually};

/// A socket that talks to the server.
pub(crate) fn socket(server: &Running) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = server.handle.local_addr().to_string();
    socket
        .connect(address.strip_prefix("udp://").unwrap())
        .unwrap();
    socket.set_read_timeout(Some(AGES)).unwrap();
    socket
}

pub(crate) fn protocol(name: &str) -> (Standard, &'static dyn WireProtocol) {
    let all = Standard::ALL.iter().zip(Standard::WIRE);
    let found = all.into_iter().find(|(_, wire)| wire.name() == name);
    let (protocol, wire) = found.unwrap();
    (*protocol, *wire)
}

struct Recorder(Arc<Mutex<Vec<u8>>>);

impl Channel for Recorder {
    fn exchange(
        &self,
        _: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        _: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        encode(7, &mut self.0.lock())
    }
}

/// What a client would send, with the sequence id 7.
pub(crate) fn message(name: &str, call: impl FnOnce(&ProbeClient)) -> Vec<u8> {
    let message = Arc::default();
    let client = Client::new(Recorder(Arc::clone(&message)), protocol(name).0);
    call(&ProbeClient(client));
    let message = message.lock();
    message.clone()
}

pub(crate) fn echo(name: &str, text: &str) -> Vec<u8> {
    message(name, |client| drop(client.echo(text)))
}

/// The next answer, with its kind and sequence id.
pub(crate) fn answer(socket: &UdpSocket, name: &str) -> (MessageKind, i32, Vec<u8>) {
    let mut buffer = vec![0; 65_536];
    let len = socket.recv(&mut buffer).unwrap();
    buffer.truncate(len);
    let (head, _) = protocol(name)
        .1
        .read_head(&buffer, &Limits::default())
        .unwrap();
    (head.kind, head.sequence_id, buffer)
}

/// Whether nothing comes that was not asked for: the next thing that does answers a call of this.
pub(crate) fn is_silent(socket: &UdpSocket, name: &str) {
    socket.send(&echo(name, "still there?")).unwrap();
    let (kind, _, bytes) = answer(socket, name);
    assert_eq!(kind, MessageKind::Reply);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("still there?"), "{text}");
    socket
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    assert!(socket.recv(&mut [0; 16]).is_err());
    socket.set_read_timeout(Some(AGES)).unwrap();
}

/// Waits until so many datagrams were lost for a reason.
pub(crate) fn until_lost(server: &Running, fault: DatagramFault, times: u64) {
    eventually(fault.name(), || {
        server.handle.stats().datagrams_lost_by(fault) >= times
    });
    assert_eq!(server.handle.stats().datagrams_lost_by(fault), times);
}
