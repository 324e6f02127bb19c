//! What an encrypted connection holds while nobody calls.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::Duration;

use allocation_counter::measure;
use seapink::transport::{Listener, SocketListener, TlsListener};

use crate::lab::{Lab, echo};
use crate::support::{AGES, ProbeClient};

/// A record of `rustls`, which keeps 4 KiB to read into, its state and its keys.
const BYTES_MAX: u64 = 10 * 1024;

/// More than a record.
const TEXT: usize = 100_000;

#[test]
fn an_idle_connection_of_a_server_is_small() {
    let lab = Lab::new();
    for calls in [0, 1, 3] {
        let listener = SocketListener::bind("tcp://127.0.0.1:0").unwrap();
        let mut listener = TlsListener::new(listener, lab.rustls_server());
        let address = listener.local_addr().to_string();
        let config = seapink::ClientConfig::new(address).tls(lab.client_tls());
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let client = thread::spawn(move || {
            let client = ProbeClient::connect(&config).unwrap();
            for _ in 0..calls {
                client.echo(&"x".repeat(TEXT)).unwrap();
            }
            // Keeps the connection open.
            let _ = wait.recv();
        });
        let mut kept = None;
        let (_, length) = echo(&"x".repeat(TEXT));
        let mut buffer = vec![0; length];
        let used = measure(|| {
            let mut stream = listener.accept().unwrap().unwrap();
            stream.set_read_timeout(Some(AGES)).unwrap();
            for _ in 0..calls {
                stream.read_exact(&mut buffer).unwrap();
                // The call becomes its reply: the kind of the message, and the id of the field.
                (buffer[7], buffer[22]) = (2, 0);
                stream.write_all(&buffer).unwrap();
                stream.flush().unwrap();
            }
            // The handshake, if there was no call.
            stream
                .set_read_timeout(Some(Duration::from_millis(200)))
                .unwrap();
            loop {
                let error = stream.read(&mut buffer).unwrap_err();
                let kinds = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
                assert!(kinds.contains(&error.kind()), "{error}");
                if !stream.is_handshaking() {
                    break;
                }
            }
            kept = Some(stream);
        });
        let bytes = u64::try_from(used.bytes_current).unwrap();
        assert!(bytes <= BYTES_MAX, "{bytes} bytes after {calls} calls");
        drop((done, kept));
        client.join().unwrap();
    }
}
