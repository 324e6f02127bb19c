//! Many calls at the same time on one connection.

use std::io::Write;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use seapink::config::{ClientTimeouts, Model, ReplyOrder};
use seapink::transport::{Listener, MemoryConnector, MemoryListener, Stream};
use seapink::{
    ApplicationCode, Client, ClientConfig, Delivery, ErrorKind, MessageKind, ServerConfig,
};

use crate::client::{framed, reply};
use crate::support::{AGES, MODELS, ProbeClient, Running, within};

fn client(connector: &MemoryConnector, config: &ClientConfig) -> ProbeClient {
    ProbeClient(Client::with_connector(connector.clone(), config).unwrap())
}

fn config() -> ClientConfig {
    ClientConfig::new("")
}

/// A server of one connection: it gets the stream.
fn server<T: Send + 'static>(
    serve: impl FnOnce(&mut dyn Stream) -> T + Send + 'static,
) -> (MemoryConnector, thread::JoinHandle<T>) {
    let (mut listener, connector) = MemoryListener::new();
    let thread = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().unwrap();
        serve(&mut *stream)
    });
    (connector, thread)
}

fn good(id: i32, text: &str) -> Vec<u8> {
    reply("echo", MessageKind::Reply, id, text)
}

#[test]
fn threads_get_their_own_replies_over_one_connection() {
    for listen in ["memory", "tcp://127.0.0.1:0"] {
        for model in MODELS {
            let config = ServerConfig::new(listen).model(model);
            let running = match listen {
                "memory" => Running::memory(&config),
                _ => Running::bind(&config),
            };
            let client = running.client();
            thread::scope(|scope| {
                for thread in 0..16 {
                    let client = client.clone();
                    scope.spawn(move || {
                        for call in 0..100 {
                            // Some replies are larger than what one read brings.
                            let text = format!("{thread}/{call}/{}", "x".repeat(call % 7 * 3_000));
                            assert_eq!(client.echo(&text).unwrap(), text);
                        }
                    });
                }
            });
            assert_eq!(running.handle.stats().connections_accepted, 1, "{model:?}");
        }
    }
}

#[test]
fn replies_may_come_in_any_order() {
    let (connector, thread) = server(|stream| {
        let heads = framed().read(stream, 3);
        let replies = heads
            .iter()
            .rev()
            .map(|head| good(head.2, &format!("to {}", head.2)));
        stream
            .write_all(&replies.collect::<Vec<_>>().concat())
            .unwrap();
        framed().read(stream, 1)
    });
    let client = client(&connector, &config());
    let pending: Vec<_> = (0..3).map(|_| client.send_echo("x").unwrap()).collect();
    let texts = pending.into_iter().map(|pending| pending.wait().unwrap());
    assert_eq!(texts.collect::<Vec<_>>(), ["to 1", "to 2", "to 3"]);
    // And one that nobody asked for.
    let late = client.send_echo("y").unwrap();
    drop(late);
    assert_eq!(within(move || thread.join().unwrap()).len(), 1);
}

#[test]
fn a_server_with_ids_of_its_own_answers_in_order() {
    let (connector, thread) = server(|stream| {
        framed().read(stream, 3);
        let replies = ["one", "two", "three"].map(|text| good(0, text));
        stream.write_all(&replies.concat()).unwrap();
    });
    let client = client(&connector, &config().reply_order(ReplyOrder::Sent));
    let [one, two, three] = [1, 2, 3].map(|_| client.send_echo("x").unwrap());
    assert_eq!(three.wait().unwrap(), "three");
    drop(two);
    assert_eq!(one.wait().unwrap(), "one");
    within(move || thread.join().unwrap());
}

#[test]
fn a_late_reply_is_dropped_and_the_connection_goes_on() {
    let (go, wait) = channel();
    let (connector, thread) = server(move |stream| {
        let heads = framed().read(stream, 2);
        let (first, second) = (heads[0].2, heads[1].2);
        stream.write_all(&good(second, "second")).unwrap();
        wait.recv().unwrap();
        let third = framed().read(stream, 1)[0].2;
        stream.write_all(&good(first, "late")).unwrap();
        stream.write_all(&good(third, "third")).unwrap();
    });
    let client = client(&connector, &config());
    let hurried = client.with(|client| client.with_timeout(Duration::from_millis(100)));
    let first = hurried.send_echo("x").unwrap();
    assert_eq!(client.echo("x").unwrap(), "second");
    let error = first.wait().unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Timeout, Delivery::Sent)
    );
    go.send(()).unwrap();
    assert_eq!(client.echo("x").unwrap(), "third");
    within(move || thread.join().unwrap());
}

#[test]
fn a_server_that_has_gone_silent_is_left() {
    let (mut listener, connector) = MemoryListener::new();
    let thread = thread::spawn(move || {
        let mut silent = listener.accept().unwrap().unwrap();
        framed().read(&mut *silent, 1);
        let mut stream = listener.accept().unwrap().unwrap();
        let id = framed().read(&mut *stream, 1)[0].2;
        stream.write_all(&good(id, "here")).unwrap();
        drop(silent);
    });
    let client = client(&connector, &config());
    let hurried = client.with(|client| client.with_timeout(Duration::from_millis(50)));
    assert_eq!(
        hurried.echo("x").unwrap_err().other().kind(),
        ErrorKind::Timeout
    );
    assert_eq!(client.echo("x").unwrap(), "here");
    within(move || thread.join().unwrap());
}

/// Both directions are full, and nobody but the sender could read.
#[test]
fn who_sends_much_reads_meanwhile() {
    for model in [Model::Threaded, Model::Nonblocking] {
        let running = Running::bind(&ServerConfig::new("tcp://127.0.0.1:0").model(model));
        let client = running.client();
        let text = "x".repeat(2_000_000);
        let pending: Vec<_> = (0..8).map(|_| client.send_echo(&text).unwrap()).collect();
        for pending in pending {
            assert_eq!(pending.wait().unwrap(), text);
        }
        assert_eq!(running.handle.stats().connections_accepted, 1);
    }
}

#[test]
fn when_a_connection_ends_each_call_learns_whether_it_was_sent() {
    let (connector, thread) = server(|stream| {
        framed().read(stream, 2);
    });
    let client = client(&connector.capacity(100), &config());
    let pending: Vec<_> = (0..2).map(|_| client.send_echo("x").unwrap()).collect();
    within(move || thread.join().unwrap());
    for pending in pending {
        let error = pending.wait().unwrap_err().other();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Closed, Delivery::Sent)
        );
    }
    let error = client.echo("x").unwrap_err().other();
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[test]
fn one_wrong_reply_fails_all_calls_of_the_connection() {
    let (connector, thread) = server(|stream| {
        let heads = framed().read(stream, 2);
        stream.write_all(&good(heads[1].2 + 1, "forged")).unwrap();
        stream.set_read_timeout(Some(AGES)).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
    let client = client(&connector, &config());
    let [one, two] = [1, 2].map(|_| client.send_echo("x").unwrap());
    let error = one.wait().unwrap_err().other();
    let code = ApplicationCode::BAD_SEQUENCE_ID;
    assert_eq!(error.kind(), ErrorKind::Application(code));
    let error = two.wait().unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Closed, Delivery::Sent)
    );
    assert_eq!(
        error.to_string(),
        "the connection was closed, since another call on it failed: bad sequence id: a reply has \
         sequence id 3, which no call in flight has"
    );
    within(move || thread.join().unwrap());
}

#[test]
fn no_more_calls_are_in_flight_than_may_be() {
    let (answer, told) = std::sync::mpsc::channel();
    let (connector, thread) = server(move |stream| {
        let ids = framed().read(stream, 2);
        told.recv().unwrap();
        stream.write_all(&good(ids[0].2, "first")).unwrap();
        let third = framed().read(stream, 1)[0].2;
        stream.write_all(&good(third, "third")).unwrap();
    });
    let client = client(&connector, &config().in_flight_max(2));
    let hurried = client.with(|client| client.with_timeout(Duration::from_millis(50)));
    let first = client.send_echo("x").unwrap();
    let second = client.send_echo("x").unwrap();
    let error = hurried.send_echo("x").unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Overloaded, Delivery::NotSent)
    );
    assert!(error.is_retryable());
    assert_eq!(
        error.to_string(),
        "overloaded: 2 calls were in flight on the connection for 50 ms"
    );
    // There is room as soon as one is answered, though nobody has waited for it yet.
    answer.send(()).unwrap();
    assert_eq!(client.echo("x").unwrap(), "third");
    assert_eq!(first.wait().unwrap(), "first");
    drop(second);
    within(move || thread.join().unwrap());
}

#[test]
fn a_deadline_holds_for_every_part_of_a_call() {
    let soon = Duration::from_millis(100);
    // Nobody takes the call, and nobody answers.
    let (_listener, connector) = MemoryListener::new();
    for text in ["x".repeat(1_000_000), String::new()] {
        let client = client(&connector, &config());
        let client = client.with(|client| client.with_deadline(Instant::now() + soon));
        let error = client.echo(&text).unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        // It is over for the next call, too.
        let error = client.echo("").unwrap_err().other();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Timeout, Delivery::NotSent)
        );
    }
    let timeouts = ClientTimeouts::default().call_ms(50);
    let client = client(&connector, &config().timeouts(timeouts));
    let error = client.echo("").unwrap_err().other();
    assert_eq!(error.to_string(), "no reply within 50 ms");
}

#[test]
fn a_call_whose_time_is_over_harms_nobody() {
    let running = Running::bind(&ServerConfig::new("tcp://127.0.0.1:0"));
    let client = running.client();
    let pending = client.send_wait().unwrap();
    running.handler.until_waiting(1);
    let late = client.with(|client| client.with_deadline(Instant::now()));
    let error = late.echo("x").unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::NotSent);
    running.handler.release();
    assert_eq!(pending.wait().unwrap(), "waited");
    assert_eq!(running.handle.stats().connections_accepted, 1);
}
