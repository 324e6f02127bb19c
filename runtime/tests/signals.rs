//! Stopping a server by a signal. In a process of its own, whose signals are nobody else's.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use seapink::{Multiplexed, Server, ServerConfig};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::raise;

const AGES: Duration = Duration::from_secs(20);

#[test]
fn a_signal_drains_and_another_cuts() {
    for (busy, signals) in [(false, &[SIGTERM][..]), (true, &[SIGTERM, SIGINT][..])] {
        let config = ServerConfig::new("tcp://127.0.0.1:0");
        let server = Server::bind(&config, Multiplexed::new()).unwrap();
        let handle = server.handle();
        handle.shutdown_on_signals().unwrap();
        let address = handle.local_addr().to_string();
        let running = thread::spawn(move || server.run());
        let mut stream = TcpStream::connect(address.strip_prefix("tcp://").unwrap()).unwrap();
        while handle.stats().connections_open == 0 {
            thread::yield_now();
        }
        if busy {
            // A message that never ends: draining waits for it.
            use std::io::Write;
            stream.write_all(&[0, 0, 0, 50, 0x80]).unwrap();
            while handle.stats().bytes_read == 0 {
                thread::yield_now();
            }
        }
        for &signal in signals {
            raise(signal).unwrap();
            while !handle.is_stopping() {
                thread::yield_now();
            }
        }
        stream.set_read_timeout(Some(AGES)).unwrap();
        assert_eq!(stream.read(&mut [0; 8]).unwrap_or(0), 0);
        running.join().unwrap().unwrap();
    }
}
