//! Calls that are made again, and calls that are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seapink::config::{PoolConfig, ReconnectConfig, RetryConfig};
use seapink::interceptor::{End, Interceptor};
use seapink::{ApplicationCode, CallContext, ClientConfig, Delivery, ErrorKind};

use crate::support::{Server, Switch, wait};

const OVERLOADED: i32 = 11;

fn quick() -> RetryConfig {
    RetryConfig::default().backoff_min_ms(1).backoff_max_ms(5)
}

fn config(retry: RetryConfig) -> ClientConfig {
    let reconnect = ReconnectConfig::default().min_ms(5).max_ms(20);
    ClientConfig::new("").reconnect(reconnect).retry(retry)
}

/// A server whose first replies are others, and how many calls it got.
fn server(
    bad: usize,
    answer: impl Fn(&crate::support::Call) -> Vec<u8> + Send + Sync + 'static,
) -> (Server, Arc<AtomicUsize>) {
    let calls = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&calls);
    let server = Server::answering(move |_, call| {
        if count.fetch_add(1, Ordering::SeqCst) < bad {
            answer(call)
        } else {
            call.reply()
        }
    });
    (server, calls)
}

fn count(calls: &AtomicUsize) -> usize {
    calls.load(Ordering::SeqCst)
}

#[test]
fn what_an_overloaded_server_refuses_is_called_again() {
    let (server, calls) = server(2, |call| call.exception(OVERLOADED));
    let client = server.client(&config(quick()));
    assert_eq!(client.call("x").unwrap(), "x");
    assert_eq!(count(&calls), 3);
}

#[test]
fn only_so_often() {
    let (server, calls) = server(2, |call| call.exception(OVERLOADED));
    let client = server.client(&config(quick().attempts_max(2)));
    let error = client.call("x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(count(&calls), 2);
}

#[test]
fn without_a_configuration_nothing_is_called_again() {
    let (server, calls) = server(1, |call| call.exception(OVERLOADED));
    let client = server.client(&ClientConfig::new(""));
    assert!(client.call_idempotent("x").unwrap_err().is_retryable());
    assert_eq!(count(&calls), 1);
}

#[test]
fn what_was_never_sent_is_called_again_once_the_server_may_be_reached() {
    let (server, calls) = server(1, |_| Vec::new());
    let switch = Switch::new(&server);
    let client = switch.client(&config(quick()));
    client.call("close").unwrap_err();
    switch.refuse(ErrorKind::Io);
    let error = client.call("x").unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    // The first connection, and three attempts, each of which waited until it was due.
    assert_eq!(switch.attempts(), 4);
    switch.refuse(None);
    client.note("x").unwrap();
    assert_eq!(client.call("x").unwrap(), "x");
    assert_eq!(count(&calls), 3);
}

#[test]
fn what_was_sent_is_called_again_only_if_the_idl_says_that_it_may_be() {
    let (server, calls) = server(2, |_| Vec::new());
    let client = server.client(&config(quick()));
    let error = client.call("x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(error.delivery(), Delivery::Sent);
    assert_eq!(count(&calls), 1);
    assert_eq!(client.call_idempotent("x").unwrap(), "x");
    assert_eq!(count(&calls), 3);
}

#[test]
fn an_attempt_may_end_before_the_call() {
    let calls = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&calls);
    let server = Server::new(move |number, stream| {
        while let Some(call) = crate::support::Call::read(stream) {
            count.fetch_add(1, Ordering::SeqCst);
            if number > 1 {
                std::io::Write::write_all(stream, &call.reply()).unwrap();
            }
        }
    });
    let client = server.client(&config(quick().attempt_ms(30)));
    assert_eq!(client.call_idempotent("x").unwrap(), "x");
    assert!(calls.load(Ordering::SeqCst) >= 2);
}

/// The last attempt was not sent, but the one before may have been run.
#[test]
fn an_error_speaks_for_all_attempts() {
    let server = Server::new(|_, stream| {
        crate::support::Call::read(stream);
    });
    let switch = Switch::new(&server);
    let client = switch.client(&config(quick().attempts_max(3)));
    switch.refuse(ErrorKind::Io);
    let error = client.call_idempotent("x").unwrap_err();
    assert_eq!(error.delivery(), Delivery::Sent, "{error}");
    assert!(!error.is_retryable());
    // None of these was.
    let error = client.call_idempotent("x").unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    assert!(error.is_retryable());
}

#[test]
fn an_attempt_of_a_call_that_may_not_be_run_twice_has_all_of_its_time() {
    let (server, calls) = server(1, |call| {
        std::thread::sleep(Duration::from_millis(60));
        call.reply()
    });
    let client = server.client(&config(quick().attempt_ms(5)));
    assert_eq!(client.call("x").unwrap(), "x");
    assert_eq!(count(&calls), 1);
}

#[test]
fn what_the_server_has_decided_stands() {
    for code in [0, 1, 6, 7, 12] {
        let (server, calls) = server(1, move |call| call.exception(code));
        let client = server.client(&config(quick()));
        let error = client.call_idempotent("x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Application(ApplicationCode(code)));
        assert!(!error.is_retryable());
        assert_eq!(count(&calls), 1);
    }
}

#[test]
fn a_reply_that_cannot_be_read_is_no_reason_to_call_again() {
    let (server, calls) = server(1, |_| crate::support::frame(&[0x80, 1, 0, 2]));
    let client = server.client(&config(quick()));
    let error = client.call_idempotent("x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!(count(&calls), 1);
}

/// Each call brings one retry, and nothing else does.
#[test]
fn retries_are_paid_for() {
    let (server, calls) = server(usize::MAX, |call| call.exception(OVERLOADED));
    let retry = quick().budget_per_second(0).budget_percent(100);
    let client = server.client(&config(retry.attempts_max(50)));
    for expected in [2, 4, 6] {
        client.call("x").unwrap_err();
        assert_eq!(count(&calls), expected);
    }
    // Clients that are made of it have the same budget.
    client.within(10_000).call("x").unwrap_err();
    assert_eq!(count(&calls), 8);
    let retry = quick().budget_per_second(0).budget_percent(0);
    let client = crate::support::Echo(client.0.with_retry(&retry));
    client.call("x").unwrap_err();
    assert_eq!(count(&calls), 9);
}

#[test]
fn no_attempt_is_begun_that_could_not_end_in_time() {
    let (server, calls) = server(usize::MAX, |call| call.exception(OVERLOADED));
    let retry = quick().backoff_min_ms(60_000).backoff_max_ms(60_000);
    let client = server.client(&config(retry));
    let begun = Instant::now();
    client.call("x").unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(count(&calls), 1);
}

#[test]
fn a_call_that_is_sent_to_be_waited_for_is_not_made_again() {
    let (server, calls) = server(1, |call| call.exception(OVERLOADED));
    let client = server.client(&config(quick()));
    let error = wait(client.send("x").unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(count(&calls), 1);
}

#[test]
fn a_full_pool_is_a_reason_to_try_again() {
    let (server, calls) = server(0, |_| Vec::new());
    let pool = PoolConfig::default().connections_max(1).waiters_max(0);
    let client = server.client(&config(quick().attempts_max(100)).pool(pool));
    let pending = client.send("x").unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| client.within(10_000).call("y"));
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(wait(pending).unwrap(), "x");
        assert_eq!(second.join().unwrap().unwrap(), "y");
    });
    assert_eq!(count(&calls), 2);
}

/// Counts calls.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>, Arc<AtomicUsize>);

impl Interceptor for Counting {
    fn before(&self, _: &mut CallContext) -> seapink::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn after(&self, _: &mut CallContext, end: &End<'_>) {
        assert!(matches!(end, End::Done));
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn interceptors_see_a_call_and_not_its_attempts() {
    let (server, calls) = server(2, |call| call.exception(OVERLOADED));
    let client = server.client(&config(quick()));
    let counting = Counting::default();
    let client = crate::support::Echo(client.0.with_interceptor(counting.clone()));
    assert_eq!(client.call("x").unwrap(), "x");
    assert_eq!(count(&calls), 3);
    assert_eq!((count(&counting.0), count(&counting.1)), (1, 1));
}
