//! Many threads and a server that stalls, forgets, drips and hangs up: replies are those of their calls,
//! in time, and it never ends in a client that cannot be used.

use std::thread;
use std::time::{Duration, Instant};

use seapink::config::ReplyOrder;
use seapink::transport::Stream;
use seapink::{ClientConfig, Result};

use crate::support::{Call, Echo, Server, Whole, until, wait};

/// A thing that happens once in so many times.
fn once_in(times: u32) -> bool {
    fastrand::u32(0..times) == 0
}

fn pause(ms_max: u64) {
    thread::sleep(Duration::from_millis(fastrand::u64(0..ms_max)));
}

fn serve(stream: &mut dyn Stream) {
    let mut stalls = once_in(4);
    while let Some(call) = Call::read(stream) {
        if stalls && once_in(20) {
            pause(60);
            stalls = fastrand::bool();
        }
        if once_in(200) {
            return;
        }
        if call.oneway {
            continue;
        }
        if once_in(6) {
            pause(8);
        }
        let reply = call.reply();
        let at = if once_in(10) {
            fastrand::usize(1..reply.len())
        } else {
            0
        };
        let (begin, rest) = reply.split_at(at);
        if at > 0 && stream.write_all(begin).is_ok() {
            pause(5);
            if once_in(30) {
                return;
            }
        }
        if stream.write_all(rest).is_err() {
            return;
        }
    }
}

/// Makes a call in one of many ways. `None` when nobody waits for the reply.
fn call(client: &Echo, text: &str) -> Result<Option<String>> {
    match fastrand::u32(0..10) {
        0 => client.note(text).map(|()| None),
        1 => {
            let pending = client.send(text)?;
            if fastrand::bool() {
                pause(10);
            }
            if fastrand::bool() {
                return Ok(None);
            }
            wait(pending).map(Some)
        }
        _ => client.call(text).map(Some),
    }
}

fn make_calls(client: &Echo, thread: usize, end: Instant) {
    for number in 0.. {
        if Instant::now() >= end {
            return;
        }
        let ms = fastrand::u64(1..40);
        let large = if once_in(50) { 200_000 } else { 0 };
        let text = format!("{thread} {number} {}", "x".repeat(large));
        let begun = Instant::now();
        if let Ok(Some(reply)) = call(&client.within(ms), &text) {
            assert!(reply == text, "another's reply");
        }
        // One that is not woken never ends.
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?} of {ms} ms");
    }
}

#[test]
fn whatever_the_server_does_replies_are_those_of_their_calls() {
    for order in [ReplyOrder::Any, ReplyOrder::Sent] {
        for whole in [false, true] {
            let server = Server::new(|_, stream| serve(stream));
            let config = ClientConfig::new("").in_flight_max(4).reply_order(order);
            let client = if whole {
                Whole::client(&server, &config)
            } else {
                server.client(&config)
            };
            let end = Instant::now() + Duration::from_millis(250);
            thread::scope(|scope| {
                for thread in 0..10 {
                    let client = &client;
                    scope.spawn(move || make_calls(client, thread, end));
                }
            });
            until("a call is answered", || {
                client.within(1_000).call("last").is_ok()
            });
        }
    }
}
