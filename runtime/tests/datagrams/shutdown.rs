//! How a server of datagrams ends.

use std::net::UdpSocket;
use std::time::Duration;

use seapink::ErrorKind;
use seapink::config::Model;
use seapink::server::DatagramFault;

use crate::raw::{self, until_lost};
use crate::support::{AGES, Running, eventually, within};
use crate::{MODELS, config};

#[test]
fn what_was_received_is_answered() {
    for model in MODELS {
        let mut server = Running::bind(&config(model, "binary").workers_if(model, 1));
        let client = server.client();
        let running = client.send_wait().unwrap();
        server.handler.until_waiting(1);
        let waiting = (model == Model::ThreadPool).then(|| {
            let waiting = client.send_echo("in the queue").unwrap();
            eventually("it waits", || server.handle.stats().calls_queued == 1);
            waiting
        });
        let handle = server.handle.clone();
        let stopping = std::thread::spawn(move || handle.shutdown(AGES));
        eventually("it stops", || server.handle.is_stopping());
        server.handler.release();
        assert_eq!(running.wait().unwrap(), "waited");
        if let Some(waiting) = waiting {
            assert_eq!(waiting.wait().unwrap(), "in the queue");
        }
        let report = within(move || stopping.join().unwrap());
        assert!(report.is_clean(), "{}", model.name());
        server.join();
        // The port is free.
        let address = server.handle.local_addr().to_string();
        UdpSocket::bind(address.strip_prefix("udp://").unwrap()).unwrap();
    }
}

/// So that its caller may call another server.
#[test]
fn what_still_waits_in_the_end_is_refused() {
    let config = config(Model::ThreadPool, "binary").workers(1);
    let mut server = Running::bind(&config);
    let client = server.client();
    let running = client.send_wait().unwrap();
    server.handler.until_waiting(1);
    let waiting = client.send_echo("never run").unwrap();
    eventually("it waits", || server.handle.stats().calls_queued == 1);
    let report = server.shutdown(Duration::from_millis(400));
    assert_eq!(report.connections_cut, 1, "the call that runs");
    let error = waiting.wait().unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    until_lost(&server, DatagramFault::Overloaded, 1);
    server.handler.release();
    drop(running);
}

#[test]
fn handlers_that_do_not_return_end_nothing() {
    for model in MODELS {
        let mut server = Running::bind(&config(model, "binary"));
        let client = server.client();
        let running = client.send_wait().unwrap();
        server.handler.until_waiting(1);
        let report = server.shutdown(Duration::from_millis(50));
        assert_eq!(report.connections_cut, 1, "{}", model.name());
        drop(running);
    }
}

#[test]
fn an_idle_server_ends_at_once_and_again() {
    for model in MODELS {
        for _ in 0..20 {
            let mut server = Running::bind(&config(model, "binary"));
            let socket = raw::socket(&server);
            socket.send(&raw::echo("binary", "once")).unwrap();
            raw::answer(&socket, "binary");
            assert!(server.shutdown(AGES).is_clean());
        }
    }
}

/// `workers` where there are such.
trait WorkersIf {
    fn workers_if(self, model: Model, workers: usize) -> Self;
}

impl WorkersIf for seapink::ServerConfig {
    fn workers_if(self, model: Model, workers: usize) -> Self {
        match model {
            Model::Simple => self,
            _ => self.workers(workers),
        }
    }
}
