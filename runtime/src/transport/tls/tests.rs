//! What streams promise to those who poll them, take them apart, or have little patience.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::transport::layer::LayerStream;
use crate::transport::stream::is_timeout;
use crate::transport::tls::session::Session;
use crate::transport::{MemoryStream, ReadHalf, Split, Stream, WriteHalf};

const SOON: Duration = Duration::from_millis(20);
const AGES: Duration = Duration::from_secs(20);

/// A client and a server, before their handshake.
fn unmet(capacity: usize) -> (LayerStream, LayerStream) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(client), name).unwrap();
    let server = ServerConnection::new(Arc::new(server)).unwrap();
    let (near, far) = MemoryStream::pair_with_capacity(capacity);
    (
        LayerStream::new(Box::new(near), Box::new(Session::new(client.into()))),
        LayerStream::new(Box::new(far), Box::new(Session::new(server.into()))),
    )
}

/// The same after it.
fn met(capacity: usize) -> (LayerStream, LayerStream) {
    let (mut client, mut server) = unmet(capacity);
    thread::scope(|scope| {
        scope.spawn(|| client.handshake(AGES).unwrap());
        server.handshake(AGES).unwrap();
    });
    for stream in [&mut client, &mut server] {
        stream.set_read_timeout(Some(AGES)).unwrap();
        stream.set_write_timeout(Some(AGES)).unwrap();
    }
    (client, server)
}

#[test]
fn quiet_is_open_with_nothing_but_messages_of_tls() {
    let (mut client, mut server) = met(64 * 1024);
    // The server's tickets wait to be read.
    assert!(client.is_quiet() && !client.has_more());
    server.write_all(b"word").unwrap();
    assert!(!client.is_quiet() && client.has_more());
    client.read_exact(&mut [0; 4]).unwrap();
    assert!(client.is_quiet() && !client.has_more());
    drop(server);
    assert!(!client.is_quiet() && client.has_more());
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_small_buffer_gets_everything_in_order() {
    let (mut client, mut server) = met(64 * 1024);
    let sent: Vec<u8> = (0..40_000_u32).flat_map(u32::to_be_bytes).collect();
    let text = sent.clone();
    let thread = thread::spawn(move || {
        server.write_all(&text).unwrap();
        server.flush().unwrap();
        server
    });
    let mut received = Vec::new();
    for size in (1..).step_by(37) {
        let mut buffer = vec![0; size % 9000];
        let bytes = client.read(&mut buffer).unwrap();
        received.extend_from_slice(&buffer[..bytes]);
        if received.len() == sent.len() {
            break;
        }
    }
    assert!(received == sent);
    assert!(client.is_quiet());
    drop(thread.join().unwrap());
}

#[test]
fn the_time_of_a_read_is_for_all_that_it_takes() {
    let (mut client, server) = unmet(64 * 1024);
    drop(server);
    let (near, mut far) = MemoryStream::pair();
    client.below = Box::new(near);
    client.set_read_timeout(Some(SOON)).unwrap();
    let dripping = thread::spawn(move || {
        let record = [0x16, 3, 3, 0x10, 0].into_iter().chain([0; 4096]);
        record
            .take_while(|byte| far.write(&[*byte]).is_ok())
            .for_each(|_| {
                thread::sleep(Duration::from_millis(1));
            });
    });
    let begun = Instant::now();
    let error = client.read(&mut [0; 5000]).unwrap_err();
    assert!(is_timeout(&error), "{error}");
    // Four thousand bytes would take longer.
    assert!(begun.elapsed() < Duration::from_secs(3));
    drop(client);
    dripping.join().unwrap();
}

/// Whoever reads with little patience may not come back before there is something to read.
#[test]
fn a_flight_leaves_though_the_time_is_over() {
    let (mut client, mut server) = unmet(64 * 1024);
    client.flush().unwrap();
    server
        .set_read_timeout(Some(Duration::from_nanos(1)))
        .unwrap();
    let error = server.read(&mut [0; 5000]).unwrap_err();
    assert!(is_timeout(&error), "{error}");
    assert!(!server.wants_write());
    client.handshake(AGES).unwrap();
}

#[test]
fn what_was_not_taken_is_wanted_to_be_written() {
    let (mut client, mut server) = met(1000);
    client.set_write_timeout(Some(SOON)).unwrap();
    assert_eq!(client.write(&[7; 3000]).unwrap(), 3000);
    assert!(client.wants_write());
    assert!(is_timeout(&client.flush().unwrap_err()));
    let thread = thread::spawn(move || {
        let mut bytes = [0; 3000];
        server.read_exact(&mut bytes).unwrap();
        (bytes, server)
    });
    client.set_write_timeout(Some(AGES)).unwrap();
    client.flush().unwrap();
    assert!(!client.wants_write());
    assert_eq!(thread.join().unwrap().0, [7; 3000]);
}

#[test]
fn there_is_a_bound_on_what_waits_to_be_written() {
    let (mut client, server) = met(1000);
    client
        .set_write_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    let mut taken = 0;
    let error = loop {
        match client.write(&[7; 10_000]) {
            Ok(bytes) => taken += bytes,
            Err(error) => break error,
        }
    };
    assert!(is_timeout(&error), "{error}");
    assert!(taken <= 64 * 1024 + 1000, "{taken}");
    drop(server);
}

fn halves(stream: LayerStream) -> (Box<dyn ReadHalf>, Box<dyn WriteHalf>) {
    match Box::new(stream).split() {
        Split::Halves(reader, writer) => (reader, writer),
        Split::Whole(_) => panic!("memory can be taken apart"),
    }
}

#[test]
fn a_half_goes_on_with_the_record_that_did_not_fit() {
    let (client, mut server) = met(1000);
    let (mut reader, mut writer) = halves(client);
    let text = [7; 3000];
    for _ in 0..3 {
        let error = writer.write(&text, Duration::from_millis(1)).unwrap_err();
        assert!(is_timeout(&error), "{error}");
    }
    let thread = thread::spawn(move || {
        let mut bytes = [0; 3000];
        server.read_exact(&mut bytes).unwrap();
        server.write_all(b"reply").unwrap();
        server.flush().unwrap();
        (bytes, server)
    });
    assert_eq!(writer.write(&text, AGES).unwrap(), 3000);
    let mut reply = [0; 5];
    assert_eq!(reader.read(&mut reply, AGES).unwrap(), 5);
    assert_eq!(&reply, b"reply");
    assert!(reader.is_quiet());
    let (bytes, mut server) = thread.join().unwrap();
    assert_eq!(bytes, text);
    drop((reader, writer));
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_record_that_was_given_up_never_leaves() {
    let (client, mut server) = met(1000);
    let (reader, mut writer) = halves(client);
    writer
        .write(&[7; 3000], Duration::from_millis(1))
        .unwrap_err();
    drop((reader, writer));
    let error = server.read(&mut [0; 3000]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_half_that_waits_keeps_nobody_from_writing() {
    let (client, mut server) = met(64 * 1024);
    let (mut reader, mut writer) = halves(client);
    let waiting = thread::spawn(move || {
        let mut reply = [0; 4];
        reader.read(&mut reply, AGES).map(|_| reply)
    });
    assert_eq!(writer.write(b"call", AGES).unwrap(), 4);
    server.read_exact(&mut [0; 4]).unwrap();
    server.write_all(b"word").unwrap();
    server.flush().unwrap();
    assert_eq!(&waiting.join().unwrap().unwrap(), b"word");
}
