//! T19: oneway and other calls, mixed, keep their order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use seapink::ClientConfig;

use crate::support::{Call, Server, in_time, until};

/// What each thread has sent, in the order in which it came.
type Seen = Arc<Mutex<Vec<(usize, usize)>>>;

/// Answers what wants an answer, and ends each connection after so many calls, without a word.
fn server(seen: &Seen, calls_max: usize) -> Server {
    let seen = Arc::clone(seen);
    Server::new(move |_, stream| {
        for _ in 0..calls_max {
            let Some(call) = Call::read(stream) else {
                return;
            };
            let (thread, number) = call.text.split_once('/').unwrap();
            let sent = (thread.parse().unwrap(), number.parse().unwrap());
            seen.lock().push(sent);
            if !call.oneway && stream.write_all(&call.reply()).is_err() {
                return;
            }
        }
    })
}

const CALLS: usize = 500;

/// Returns how many calls did not fail. A reply that comes must be the right one.
fn mix(server: &Server) -> usize {
    let client = server.client(&ClientConfig::new(""));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let client = client.clone();
            thread::spawn(move || {
                let calls = 0..CALLS;
                let good = calls.filter(|number| {
                    let text = format!("{thread}/{number}");
                    if number % 3 > 0 {
                        return client.note(&text).is_ok();
                    }
                    let reply = client.call(&text);
                    reply.is_ok_and(|reply| {
                        assert_eq!(reply, text);
                        true
                    })
                });
                good.count()
            })
        })
        .collect();
    let good = threads
        .into_iter()
        .map(|thread| in_time(|| thread.join().unwrap()));
    good.sum()
}

#[test]
fn t19_oneway_and_calls_arrive_in_the_order_of_their_thread() {
    let seen = Seen::default();
    let server = server(&seen, usize::MAX);
    assert_eq!(mix(&server), 4 * CALLS);
    until("the last has come", || seen.lock().len() == 4 * CALLS);
    let mut next = BTreeMap::<usize, usize>::new();
    for (thread, number) in &*seen.lock() {
        let next = next.entry(*thread).or_default();
        assert_eq!(number, next);
        *next += 1;
    }
    assert_eq!(server.accepted(), 1);
}

/// What fails is lost or not, but nothing comes twice, and no reply is taken for another's.
#[test]
fn t19_order_is_kept_when_connections_end() {
    let seen = Seen::default();
    let server = server(&seen, 17);
    let good = mix(&server);
    assert!(server.accepted() > 10 && good > 0, "{good}");
    // One connection may still be read while the next one is made, so only the connections of
    // which a thread knows that they are gone are in order: those before a call that was answered.
    let mut numbers = BTreeMap::<usize, Vec<usize>>::new();
    for (thread, number) in &*seen.lock() {
        numbers.entry(*thread).or_default().push(*number);
    }
    for (thread, numbers) in numbers {
        let mut unique = numbers.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), numbers.len(), "{thread}: some came twice");
    }
}
