//! More calls than the server can run: what is refused, how, and what goes on meanwhile.

use std::io::Write;
use std::time::Duration;

use seapink::config::{Model, ReplyOrder, ServerTimeouts};
use seapink::{ApplicationCode, ErrorKind, MessageKind, ServerConfig};

use crate::raw::{Raw, replies, rest};
use crate::support::{AGES, MODELS, ProbeClient, Running, eventually};

fn framed() -> Raw {
    Raw::named("framed", "binary")
}

/// The models with a queue, of so many connections or calls, before the only worker.
fn queued(queue: usize) -> impl Iterator<Item = ServerConfig> {
    let config = ServerConfig::new("tcp://127.0.0.1:0")
        .workers(1)
        .queue(queue);
    let nonblocking = config.clone().model(Model::Nonblocking);
    [
        config.model(Model::ThreadPool),
        nonblocking.clone(),
        nonblocking.reply_order(ReplyOrder::Any),
    ]
    .into_iter()
}

fn refused(id: i32) -> [(String, MessageKind, i32); 1] {
    [("echo".to_owned(), MessageKind::Exception, id)]
}

#[test]
fn a_full_queue_refuses_calls_and_keeps_their_connections() {
    for config in queued(2) {
        let mut running = Running::bind(&config);
        let mut streams: Vec<_> = (0..4).map(|_| running.tcp()).collect();
        let wait = framed().call(1, ProbeClient::wait);
        streams[0].write_all(&wait).unwrap();
        running.handler.until_waiting(1);
        for (index, stream) in streams[1..3].iter_mut().enumerate() {
            stream.write_all(&framed().echo(2, "x")).unwrap();
            let waiting = index as u64 + 1;
            eventually("it waits", || {
                running.handle.stats().calls_queued == waiting
            });
        }
        streams[3].write_all(&framed().echo(3, "x")).unwrap();
        assert_eq!(framed().read(&mut streams[3], 1), refused(3));
        assert_eq!(running.handle.stats().calls_running, 1);

        running.handler.release();
        assert_eq!(framed().read(&mut streams[0], 1), replies(&[("wait", 1)]));
        for stream in &mut streams[1..3] {
            assert_eq!(framed().read(stream, 1), replies(&[("echo", 2)]));
        }
        streams[3].write_all(&framed().echo(4, "x")).unwrap();
        assert_eq!(framed().read(&mut streams[3], 1), replies(&[("echo", 4)]));
        let stats = running.handle.stats();
        assert_eq!(stats.connections_refused + stats.connections_failed, 0);
        assert_eq!(stats.exceptions_by(ApplicationCode::OVERLOADED), 1);
        assert_eq!(stats.calls(), 5);
        drop(streams);
        assert!(running.shutdown(AGES).is_clean());
    }
}

#[test]
fn a_refused_call_is_retryable_and_says_why() {
    for config in queued(1) {
        let running = Running::bind(&config);
        let slow = running.client();
        let pending = slow.send_wait().unwrap();
        running.handler.until_waiting(1);
        let queued = running.client();
        let queued = queued.send_echo("x").unwrap();
        eventually("it waits", || running.handle.stats().calls_queued == 1);
        let error = running.client().echo("x").unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Overloaded);
        assert_eq!(error.message(), "the server's queue is full");
        assert!(error.is_retryable());
        running.handler.release();
        assert_eq!(pending.wait().unwrap(), "waited");
        assert_eq!(queued.wait().unwrap(), "x");
    }
}

#[test]
fn calls_that_have_waited_too_long_are_not_run() {
    for config in queued(10) {
        let config = config.timeouts(ServerTimeouts::default().queue_ms(20));
        let running = Running::bind(&config);
        let mut slow = running.tcp();
        let wait = framed().call(1, ProbeClient::wait);
        slow.write_all(&wait).unwrap();
        running.handler.until_waiting(1);
        let mut late = running.tcp();
        let note = framed().call(2, |client| client.note("never"));
        late.write_all(&[note, framed().echo(3, "x")].concat())
            .unwrap();
        eventually("it waits", || running.handle.stats().calls_queued > 0);
        std::thread::sleep(Duration::from_millis(30));
        running.handler.release();
        assert_eq!(framed().read(&mut late, 1), refused(3));
        // The connection is as good as new, and the oneway call was not run either.
        late.write_all(&framed().echo(4, "x")).unwrap();
        assert_eq!(framed().read(&mut late, 1), replies(&[("echo", 4)]));
        assert!(!running.handler.has_noted("never"));
    }
}

#[test]
fn calls_that_wait_at_the_end_are_refused_before_connections_are_cut() {
    for config in queued(10) {
        let mut running = Running::bind(&config);
        let mut slow = running.tcp();
        let wait = framed().call(1, ProbeClient::wait);
        slow.write_all(&wait).unwrap();
        running.handler.until_waiting(1);
        let mut waiting = running.tcp();
        waiting.write_all(&framed().echo(2, "x")).unwrap();
        eventually("it waits", || running.handle.stats().calls_queued == 1);
        let report = running.handle.shutdown(Duration::from_millis(400));
        assert_eq!(framed().read(&mut waiting, 1), refused(2));
        assert_eq!(rest(&mut waiting), []);
        assert_eq!(rest(&mut slow), []);
        assert_eq!(report.connections_cut, 1);
        running.handler.release();
        running.join();
    }
}

#[test]
fn an_address_gets_so_many_connections_and_no_more() {
    // `simple` takes one at a time anyway, and such a bound is an error there.
    for model in MODELS.into_iter().filter(|model| *model != Model::Simple) {
        let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
        let config = config.connections_per_address_max(2);
        let mut running = Running::bind(&config);
        let mut first = running.tcp();
        let second = running.tcp();
        eventually("both are taken", || {
            running.handle.stats().connections_open == 2
        });
        let mut third = running.tcp();
        assert_eq!(rest(&mut third), []);
        assert_eq!(running.handle.stats().connections_refused, 1);
        drop(second);
        eventually("one has gone", || {
            running.handle.stats().connections_open == 1
        });
        let mut fourth = running.tcp();
        for stream in [&mut first, &mut fourth] {
            stream.write_all(&framed().echo(1, "x")).unwrap();
            assert_eq!(framed().read(stream, 1), replies(&[("echo", 1)]));
        }
        drop((first, fourth));
        assert!(running.shutdown(AGES).is_clean());
    }
}

#[test]
fn big_messages_have_time_as_long_as_they_move() {
    for model in MODELS {
        let timeouts = ServerTimeouts::default().read_ms(250).header_ms(250);
        let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
        let running = Running::bind(&config.timeouts(timeouts.bytes_per_second_min(8_000)));
        let text = "x".repeat(100_000);
        let call = framed().echo(1, &text);
        // 2000 bytes in 250 ms are enough, and here they come thirty times as fast, for longer than that.
        let mut stream = running.tcp();
        for part in call.chunks(6_000) {
            stream.write_all(part).unwrap();
            std::thread::sleep(Duration::from_millis(30));
        }
        assert_eq!(framed().read(&mut stream, 1), replies(&[("echo", 1)]));
        drop(stream);
        // Another that stops in the middle.
        let mut stream = running.tcp();
        stream.write_all(&call[..50_000]).unwrap();
        eventually("it is cut", || {
            running
                .handle
                .stats()
                .connections_failed_by(ErrorKind::Timeout)
                == 1
        });
        assert_eq!(rest(&mut stream), []);
    }
}
