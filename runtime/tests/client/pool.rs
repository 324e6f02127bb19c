//! Several connections, how many and which.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use seapink::config::{Model, PoolConfig};
use seapink::{Client, ClientConfig, Delivery, ErrorKind, ServerConfig};

use crate::in_process::Handler;
use crate::support::{AGES, Call, Echo, Gate, Heard, Server, in_time, until, wait};

fn pool(change: impl FnOnce(PoolConfig) -> PoolConfig) -> ClientConfig {
    ClientConfig::new("").pool(change(PoolConfig::default()))
}

/// Answers with the number of the connection.
fn numbers() -> Server {
    Server::answering(|number, call| call.reply_with(&number.to_string()))
}

#[test]
fn one_connection_is_made_at_once_and_others_when_they_are_needed() {
    let server = numbers();
    let client = server.client(&pool(|pool| pool));
    until("connected", || server.accepted() == 1);
    let pending: Vec<_> = (0..3).map(|_| client.send("x").unwrap()).collect();
    let numbers: Vec<_> = pending.into_iter().map(|it| wait(it).unwrap()).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    assert_eq!(server.accepted(), 3);
}

#[test]
fn no_more_connections_than_allowed_and_the_others_wait() {
    let (gate, running, most) = (Gate::default(), AtomicUsize::new(0), Arc::default());
    let (inner, seen) = (gate.clone(), Arc::<AtomicUsize>::clone(&most));
    let server = Server::answering(move |_, call| {
        seen.fetch_max(1 + running.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
        inner.pass();
        running.fetch_sub(1, Ordering::SeqCst);
        call.reply()
    });
    let client = server.client(&pool(|pool| pool.connections_max(2)));
    let threads: Vec<_> = (0..6)
        .map(|index| {
            let client = client.clone();
            thread::spawn(move || client.call(&index.to_string()).unwrap())
        })
        .collect();
    gate.until(2);
    gate.open();
    for (index, thread) in threads.into_iter().enumerate() {
        assert_eq!(in_time(|| thread.join().unwrap()), index.to_string());
    }
    assert_eq!(server.accepted(), 2);
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[test]
fn connections_are_shared_by_as_many_calls_as_allowed() {
    let server = numbers();
    let config = pool(|pool| pool.connections_max(2).calls_per_connection(3));
    let client = server.client(&config);
    let pending: Vec<_> = (0..6).map(|_| client.send("x").unwrap()).collect();
    let error = client.within(20).call("x").unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Timeout, Delivery::NotSent)
    );
    let numbers: Vec<_> = pending.into_iter().map(|it| wait(it).unwrap()).collect();
    assert_eq!(numbers.iter().filter(|number| *number == "1").count(), 3);
    assert_eq!(server.accepted(), 2);
}

/// Those that are not needed become idle, since it is always the same one that is used.
#[test]
fn the_connection_that_was_used_last_is_used_first_and_the_others_are_closed() {
    let (server, heard) = (numbers(), Heard::default());
    let config = pool(|pool| pool.idle_ms(30).connections_min(1));
    let client = server.client(&heard.by(config));
    let mut pending: Vec<_> = (0..4).map(|_| client.send("x").unwrap()).collect();
    let last = pending.remove(2);
    for pending in pending {
        wait(pending).unwrap();
    }
    let number = wait(last).unwrap();
    until("they are closed", || {
        assert_eq!(client.call("x").unwrap(), number);
        heard.count("down: Cancelled: it was idle for `idle_ms`") == 3
    });
    assert_eq!(server.accepted(), 4);
    thread::sleep(Duration::from_millis(40));
    assert_eq!(client.call("x").unwrap(), number, "one is kept");
}

#[test]
fn so_many_are_made_at_once_and_kept() {
    let (server, heard) = (numbers(), Heard::default());
    let config = pool(|pool| pool.idle_ms(1).connections_min(3));
    let client = server.client(&heard.by(config));
    until("connected", || server.accepted() == 3);
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(2));
        client.call("x").unwrap();
    }
    assert_eq!(server.accepted(), 3);
    assert_eq!(heard.count("down"), 0);
}

#[test]
fn without_a_least_number_the_last_idle_one_is_closed_too() {
    let (server, heard) = (numbers(), Heard::default());
    let client = server.client(&heard.by(pool(|pool| pool.idle_ms(1))));
    thread::sleep(Duration::from_millis(2));
    assert_eq!(client.call("x").unwrap(), "2");
    let idle = "1 down: Cancelled: it was idle for `idle_ms`";
    assert_eq!(heard.count(idle), 1);
}

#[test]
fn an_old_connection_gets_no_more_calls() {
    let (server, heard) = (numbers(), Heard::default());
    let client = server.client(&heard.by(pool(|pool| pool.age_ms(5))));
    until("there are others", || {
        client.call("x").unwrap();
        server.accepted() == 4
    });
    // The last one may have become too old during its call.
    let old = heard.count("down: Cancelled: it was as old as `age_ms` allows");
    assert!((3..=4).contains(&old), "{old}");
}

/// Where there is no other, an old one is better than none.
#[test]
fn an_old_connection_with_calls_goes_on_if_it_is_the_only_one() {
    let (server, heard) = (numbers(), Heard::default());
    let config = pool(|pool| pool.age_ms(1).connections_max(1).calls_per_connection(4));
    let client = server.client(&heard.by(config));
    let (first, second) = (client.send("x").unwrap(), client.send("x").unwrap());
    thread::sleep(Duration::from_millis(5));
    let number = client.call("x").unwrap();
    assert_eq!(wait(first).unwrap(), number);
    assert_eq!(wait(second).unwrap(), number);
    let next = client.call("x").unwrap();
    assert_ne!(next, number, "it has no calls any more");
}

#[test]
fn only_so_many_wait() {
    let server = numbers();
    let config = pool(|pool| pool.connections_max(1).waiters_max(0));
    let client = server.client(&config);
    let pending = client.send("x").unwrap();
    let error = client.call("x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.is_retryable());
    let text = "overloaded: 0 calls wait for a connection of the pool already";
    assert_eq!(error.to_string(), text);
    wait(pending).unwrap();
    client.call("x").unwrap();
}

#[test]
fn they_wait_no_longer_than_they_may() {
    let server = numbers();
    let config = pool(|pool| pool.connections_max(1).wait_ms(20));
    let client = server.client(&config);
    let pending = client.send("x").unwrap();
    for (client, text) in [
        (&client, "no connection of the pool was free within 20 ms"),
        (
            &client.within(5),
            "no connection of the pool was free within ",
        ),
    ] {
        let error = client.call("x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(error.to_string().starts_with(text), "{error}");
    }
    wait(pending).unwrap();
    client.call("x").unwrap();
}

#[test]
fn what_the_server_has_closed_is_noticed_before_a_call_is_sent() {
    let (closed, until_closed) = channel();
    let closed = Mutex::new(closed);
    let server = Server::new(move |number, stream| {
        let call = Call::read(stream).unwrap();
        stream
            .write_all(&call.reply_with(&number.to_string()))
            .unwrap();
        stream.closer().shutdown(std::net::Shutdown::Both);
        closed.lock().send(()).unwrap();
    });
    let heard = Heard::default();
    let client = server.client(&heard.by(pool(|pool| pool)));
    for number in 1..5 {
        assert_eq!(client.call("x").unwrap(), number.to_string());
        until_closed.recv().unwrap();
    }
    assert_eq!(heard.count("down: Closed: the server has closed it"), 3);
}

#[test]
fn a_call_that_is_given_up_costs_its_connection() {
    let gate = Gate::default();
    let inner = gate.clone();
    let server = Server::answering(move |number, call| {
        if number == 1 {
            inner.pass();
        }
        call.reply_with(&number.to_string())
    });
    let heard = Heard::default();
    let client = server.client(&heard.by(pool(|pool| pool.connections_max(1))));
    drop(client.send("x").unwrap());
    assert_eq!(
        heard.count("1 down: Cancelled: a call on it was given up"),
        1
    );
    assert_eq!(client.call("x").unwrap(), "2");
    gate.open();
    assert_eq!(client.call("x").unwrap(), "2");
}

/// Another call may get its connection only after its reply was read.
#[test]
fn a_call_that_is_sent_has_its_connection_until_its_reply_is_read() {
    let server = numbers();
    let client = server.client(&pool(|pool| pool.connections_max(2)));
    let first = client.send("x").unwrap();
    for _ in 0..3 {
        assert_eq!(client.call("x").unwrap(), "2");
    }
    assert_eq!(wait(first).unwrap(), "1");
    assert_eq!(client.call("x").unwrap(), "1");
}

#[test]
fn everybody_gets_a_connection_in_the_end() {
    let server = Server::answering(|_, call| call.reply());
    let config = pool(|pool| pool.connections_max(2));
    let client = server.client(&config);
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let client = client.clone();
            thread::spawn(move || {
                for call in 0..100 {
                    let text = format!("{thread}/{call}");
                    assert_eq!(client.call(&text).unwrap(), text);
                }
            })
        })
        .collect();
    for thread in threads {
        in_time(|| thread.join().unwrap());
    }
    assert!(server.accepted() <= 2);
}

/// Each model, over TCP; some of them answer the calls of a connection one after the other.
#[test]
fn servers_of_every_model_serve_a_pool() {
    for model in [Model::Threaded, Model::ThreadPool, Model::Nonblocking] {
        let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
        let server = seapink::Server::bind(&config, Handler::default()).unwrap();
        let handle = server.handle();
        let serving = thread::spawn(move || server.run());
        let config = ClientConfig::new(handle.local_addr().to_string());
        let pool = PoolConfig::default().connections_max(4);
        for pool in [pool.clone(), pool.calls_per_connection(2)] {
            let client = Echo(Client::connect(&config.clone().pool(pool)).unwrap());
            thread::scope(|scope| {
                for thread in 0..8 {
                    let client = &client;
                    scope.spawn(move || {
                        for call in 0..50 {
                            let text = format!("{thread}/{call}");
                            assert_eq!(client.call(&text).unwrap(), text);
                        }
                    });
                }
            });
        }
        assert!(handle.stats().connections_accepted <= 8, "{model:?}");
        handle.shutdown(AGES);
        in_time(|| serving.join().unwrap().unwrap());
    }
}
