//! The end of a server: in time, and without losing a call.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seapink::config::Model;
use seapink::transport::MemoryListener;
use seapink::{Server, ServerConfig};

use crate::raw::{Raw, replies, rest};
use crate::support::{AGES, MODELS, Probe, Running, eventually, within};

const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_millis(50);

fn config(model: Model) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0").model(model)
}

fn framed() -> Raw {
    Raw::named("framed", "binary")
}

#[test]
fn idle_connections_are_closed_at_once() {
    for model in MODELS {
        for mut running in [
            Running::memory(&config(model)),
            Running::bind(&config(model)),
        ] {
            let client = running.client();
            client.echo("x").unwrap();
            let start = Instant::now();
            assert!(running.shutdown(AGES).is_clean());
            assert!(start.elapsed() < AGES / 2);
            assert_eq!(running.handle.stats().connections_open, 0);
            let error = client.echo("x").unwrap_err().other();
            assert_eq!(error.delivery(), seapink::Delivery::NotSent);
        }
    }
}

#[test]
fn running_calls_finish_and_are_answered() {
    for model in MODELS {
        for mut running in [
            Running::memory(&config(model)),
            Running::bind(&config(model)),
        ] {
            let client = running.client();
            let call = std::thread::spawn(move || client.wait());
            running.handler.until_waiting(1);
            let handle = running.handle.clone();
            let shutdown = std::thread::spawn(move || handle.shutdown(AGES));
            // Nobody can tell that the shutdown has begun, but when somebody is refused it has. The
            // model `simple` is busy with the call, and closes its listener after that.
            eventually("it listens no more", || {
                let connect = seapink::Client::<seapink::Standard>::connect;
                model == Model::Simple || connect(&running.client_config()).is_err()
            });
            running.handler.release();
            assert_eq!(call.join().unwrap().unwrap(), "waited");
            assert!(shutdown.join().unwrap().is_clean());
            running.join();
        }
    }
}

#[test]
fn a_message_that_has_begun_to_arrive_is_answered() {
    for model in MODELS {
        let mut running = Running::memory(&config(model));
        let call = framed().echo(1, "x");
        let mut stream = running.stream();
        stream.write_all(&framed().echo(0, "x")).unwrap();
        assert_eq!(framed().read(&mut stream, 1), replies(&[("echo", 0)]));
        // Twice, so that the first part has certainly been read when the pipe takes the second.
        let mut slow = running.connector().clone().capacity(1).open().unwrap();
        if model != Model::Simple {
            slow.write_all(&call[..5]).unwrap();
        }
        let handle = running.handle.clone();
        let shutdown = std::thread::spawn(move || handle.shutdown(AGES));
        assert_eq!(rest(&mut stream), []);
        if model != Model::Simple {
            slow.write_all(&call[5..]).unwrap();
            assert_eq!(framed().read(&mut slow, 1), replies(&[("echo", 1)]));
        }
        assert_eq!(rest(&mut slow), []);
        assert!(shutdown.join().unwrap().is_clean());
        running.join();
    }
}

#[test]
fn whatever_is_still_open_at_the_deadline_is_cut() {
    for model in MODELS {
        let mut running = Running::memory(&config(model));
        let mut middle = running.connector().clone().capacity(1).open().unwrap();
        middle.write_all(&framed().echo(1, "x")[..5]).unwrap();
        let report = running.shutdown(SOON);
        assert_eq!(report.connections_cut, 1);
        assert_eq!(rest(&mut middle), []);

        let mut running = Running::memory(&config(model));
        let mut full = running.stream();
        full.write_all(&framed().call(1, |client| client.big(1_000_000)))
            .unwrap();
        eventually("it writes", || running.handle.stats().replies == 1);
        let report = running.shutdown(SOON);
        assert_eq!(report.connections_cut, 1);
    }
}

#[test]
fn a_handler_that_does_not_return_does_not_keep_the_server() {
    for model in MODELS {
        let mut running = Running::memory(&config(model));
        let client = running.client();
        let call = std::thread::spawn(move || client.wait());
        running.handler.until_waiting(1);
        let report = running.shutdown(SOON);
        assert_eq!(report.connections_cut, 1);
        // Its client is not kept either.
        let error = within(move || call.join().unwrap()).unwrap_err().other();
        assert_eq!(error.kind(), seapink::ErrorKind::Closed);
        assert_eq!(error.delivery(), seapink::Delivery::Sent);
        running.handler.release();
        eventually("its thread ends", || {
            running.handle.stats().connections_open == 0
        });
    }
}

#[test]
fn shutting_down_twice_or_from_several_threads_is_harmless() {
    for model in MODELS {
        let mut running = Running::memory(&config(model));
        let _client = running.client();
        let others: Vec<_> = (0..4)
            .map(|_| {
                let handle = running.handle.clone();
                std::thread::spawn(move || handle.drain())
            })
            .collect();
        assert!(running.shutdown(AGES).is_clean());
        for other in others {
            assert!(other.join().unwrap().is_clean());
        }
        assert!(running.handle.shutdown(NOW).is_clean());
    }
}

#[test]
fn a_server_that_was_shut_down_before_it_ran_ends_at_once() {
    for model in MODELS {
        let server = Server::bind(&config(model), Probe::default()).unwrap();
        assert!(server.handle().shutdown(NOW).is_clean());
        within(move || server.run().unwrap());
    }
}

#[test]
fn a_server_that_is_dropped_gives_its_address_back() {
    let server = Server::bind(&config(Model::ThreadPool), Probe::default()).unwrap();
    let address = server.local_addr().to_string();
    drop(server);
    drop(Server::bind(&ServerConfig::new(address), Probe::default()).unwrap());
}

#[test]
fn the_address_is_free_again_after_a_shutdown() {
    let mut running = Running::bind(&config(Model::ThreadPool));
    let client = running.client();
    client.echo("x").unwrap();
    running.shutdown(AGES);
    let address = running.handle.local_addr().to_string();
    let next = Running::bind(&ServerConfig::new(address));
    // The client connects again by itself.
    assert_eq!(client.echo("x").unwrap(), "x");
    assert_eq!(next.handle.stats().replies, 1);
}

#[test]
fn every_thread_has_ended_when_run_returns() {
    for model in MODELS {
        let handler = Arc::default();
        let probe = Probe(Arc::clone(&handler));
        let mut running = Running::memory_with(&config(model), probe, Arc::clone(&handler));
        let clients: Vec<_> = (0..5).map(|_| running.client()).collect();
        if model != Model::Simple {
            for client in &clients {
                client.echo("x").unwrap();
            }
        }
        assert!(running.shutdown(AGES).is_clean());
        drop(clients);
        // The processor is in the hands of the server's threads; two are ours, and one the handle's.
        eventually("the threads are gone", || Arc::strong_count(&handler) <= 3);
    }
}

#[test]
fn under_load_no_call_that_was_taken_is_lost() {
    for model in [Model::Threaded, Model::ThreadPool, Model::Nonblocking] {
        for round in 0..10 {
            let mut running = match model {
                Model::Nonblocking => Running::bind(&config(model)),
                _ => Running::memory(&config(model)),
            };
            let threads: Vec<_> = (0..6)
                .map(|_| {
                    let client = running.client();
                    std::thread::spawn(move || {
                        let mut answered = 0;
                        while let Ok(text) = client.echo("x") {
                            assert_eq!(text, "x");
                            answered += 1;
                        }
                        answered
                    })
                })
                .collect();
            eventually("it is busy", || running.handle.stats().replies > 50 * round);
            assert!(running.shutdown(AGES).is_clean());
            let answered: u64 = threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum();
            assert_eq!(running.handle.stats().replies, answered);
        }
    }
}

#[test]
fn a_listener_without_connectors_can_still_be_shut_down() {
    let (listener, connector) = MemoryListener::new();
    let server = Server::with_listener(listener, &ServerConfig::new(""), Probe::default());
    let server = server.unwrap();
    drop(connector);
    let handle = server.handle();
    let thread = std::thread::spawn(move || server.run());
    assert!(handle.shutdown(AGES).is_clean());
    within(move || thread.join().unwrap().unwrap());
}

#[test]
fn a_deadline_may_be_as_far_away_as_can_be_said() {
    let mut running = Running::memory(&ServerConfig::new(""));
    running.client().echo("x").unwrap();
    assert!(running.shutdown(Duration::MAX).is_clean());
}
