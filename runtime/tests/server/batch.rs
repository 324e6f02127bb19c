//! Calls that arrive together on one connection: what is answered does not wait for those that take
//! long, and what has waited too long does not begin.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use seapink::config::{Dispatch, Model, ReplyOrder, ServerTimeouts};
use seapink::interceptor::{Intercepted, Interceptor};
use seapink::transport::Stream;
use seapink::{ApplicationCode, CallContext, MessageKind, Result, ServerConfig};

use crate::raw::{Head, Raw, replies, rest};
use crate::support::{AGES, Probe, ProbeClient, Running, eventually};

fn framed() -> Raw {
    Raw::named("framed", "binary")
}

/// Every model, and every way to dispatch. Those that have workers have one.
fn ways() -> [(&'static str, ServerConfig); 6] {
    let config = ServerConfig::new("tcp://127.0.0.1:0");
    let model = |model| config.clone().model(model);
    let loops = model(Model::Nonblocking);
    [
        ("simple", model(Model::Simple)),
        ("threaded", model(Model::Threaded)),
        ("inline", loops.clone().dispatch(Dispatch::Inline)),
        ("thread-pool", model(Model::ThreadPool).workers(1)),
        ("nonblocking", loops.clone().workers(1)),
        ("any order", loops.workers(1).reply_order(ReplyOrder::Any)),
    ]
}

/// Those of them with a queue.
fn with_queue() -> impl Iterator<Item = (&'static str, ServerConfig)> {
    ways().into_iter().skip(3)
}

fn wait(id: i32) -> Vec<u8> {
    framed().call(id, ProbeClient::wait)
}

fn note(id: i32, text: &str) -> Vec<u8> {
    framed().call(id, |client| client.note(text))
}

fn refused(name: &str, id: i32) -> Head {
    (name.to_owned(), MessageKind::Exception, id)
}

fn overloaded(running: &Running) -> u64 {
    let stats = running.handle.stats();
    stats.exceptions_by(ApplicationCode::OVERLOADED)
}

/// Makes calls of `echo` take long.
struct Slow;

impl Interceptor for Slow {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        if cx.method() == "echo" {
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

#[test]
fn what_is_answered_does_not_wait_for_the_next_call() {
    for (name, config) in ways() {
        let probe = Probe::default();
        let handler = Arc::clone(&probe.0);
        let processor = Intercepted::new(probe).with(Slow);
        let running = Running::bind_with(&config, processor, handler);
        let mut stream = running.tcp();
        let calls = [framed().echo(1, "x"), framed().echo(2, "x"), wait(3)];
        stream.write_all(&calls.concat()).unwrap();
        let both = replies(&[("echo", 1), ("echo", 2)]);
        assert_eq!(framed().read(&mut stream, 2), both, "{name}");
        running.handler.release();
        assert_eq!(framed().read(&mut stream, 1), replies(&[("wait", 3)]));
    }
}

#[test]
fn calls_that_have_waited_behind_others_for_too_long_are_not_run() {
    for (name, config) in ways() {
        let config = config.timeouts(ServerTimeouts::default().queue_ms(500));
        let running = Running::bind(&config);
        let mut stream = running.tcp();
        let calls = [wait(1), framed().echo(2, "x"), note(3, "late")];
        stream.write_all(&calls.concat()).unwrap();
        running.handler.until_waiting(1);
        thread::sleep(Duration::from_millis(600));
        running.handler.release();
        let expected = [replies(&[("wait", 1)]), vec![refused("echo", 2)]].concat();
        assert_eq!(framed().read(&mut stream, 2), expected, "{name}");
        eventually("all are over", || running.handle.stats().calls() == 3);
        assert!(!running.handler.has_noted("late"), "{name}");
        assert_eq!(overloaded(&running), 1, "{name}");
        // Others are, and so is the next one.
        stream.write_all(&framed().echo(4, "x")).unwrap();
        assert_eq!(framed().read(&mut stream, 1), replies(&[("echo", 4)]));
    }
}

#[test]
fn nothing_begins_after_the_end_of_a_shutdown() {
    for (name, config) in ways() {
        let mut running = Running::bind(&config);
        let mut stream = running.tcp();
        let calls = [wait(1), note(2, "late"), note(3, "later")];
        stream.write_all(&calls.concat()).unwrap();
        running.handler.until_waiting(1);
        let report = running.shutdown(Duration::from_millis(100));
        assert_eq!(report.connections_cut, 1, "{name}");
        running.handler.release();
        eventually("its thread is done", || {
            let stats = running.handle.stats();
            stats.connections_open == 0 && stats.calls_running == 0
        });
        for text in ["late", "later"] {
            assert!(!running.handler.has_noted(text), "{name}");
        }
    }
}

#[test]
fn in_the_last_moments_of_a_shutdown_what_waits_behind_others_is_refused() {
    // That a call is refused that waits for a worker is how this test sees that the moment has come.
    for (name, config) in with_queue() {
        let running = Running::bind(&config);
        let mut stream = running.tcp();
        let calls = [wait(1), framed().echo(2, "x"), note(3, "late")];
        stream.write_all(&calls.concat()).unwrap();
        running.handler.until_waiting(1);
        let mut queued = running.tcp();
        queued.write_all(&framed().echo(4, "x")).unwrap();
        eventually("it waits for a worker", || {
            let behind = if name == "any order" { 2 } else { 0 };
            running.handle.stats().calls_queued == behind + 1
        });
        let handle = running.handle.clone();
        let stopping = thread::spawn(move || handle.shutdown(Duration::from_secs(1)));
        assert_eq!(framed().read(&mut queued, 1), [refused("echo", 4)]);
        running.handler.release();
        let (heads, _) = framed().heads(&rest(&mut stream));
        stopping.join().unwrap();
        // On a busy machine it is too late for answers.
        let expected = [refused("echo", 2), replies(&[("wait", 1)]).remove(0)];
        assert!(heads.iter().all(|head| expected.contains(head)), "{name}");
        assert!(!running.handler.has_noted("late"), "{name}");
    }
}

/// Lets calls of `echo` pass one by one.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(usize, usize)>, Condvar)>);

impl Gate {
    fn until_come(&self, calls: usize) {
        self.until(|(come, _)| come >= calls);
    }

    fn let_pass(&self, calls: usize) {
        self.0.0.lock().1 = calls;
        self.0.1.notify_all();
    }

    fn until(&self, is: impl Fn((usize, usize)) -> bool) {
        let deadline = Instant::now() + AGES;
        let mut seen = self.0.0.lock();
        while !is(*seen) {
            assert!(!self.0.1.wait_until(&mut seen, deadline).timed_out());
        }
    }
}

impl Interceptor for Gate {
    fn before(&self, _: &mut CallContext) -> Result<()> {
        let mut seen = self.0.0.lock();
        seen.0 += 1;
        let own = seen.0;
        drop(seen);
        self.0.1.notify_all();
        self.until(|(_, passed)| passed >= own);
        Ok(())
    }
}

#[test]
fn a_call_that_comes_late_in_a_shutdown_is_told_so() {
    for (name, config) in ways() {
        let (gate, probe) = (Gate::default(), Probe::default());
        let handler = Arc::clone(&probe.0);
        let processor = Intercepted::new(probe).with(gate.clone());
        let running = Running::bind_with(&config, processor, handler);
        let mut stream = running.tcp();
        stream.write_all(&framed().echo(1, "x")).unwrap();
        gate.until_come(1);
        let handle = running.handle.clone();
        let stopping = thread::spawn(move || handle.shutdown(AGES));
        eventually("it stops", || running.handle.is_stopping());
        // While the first call is answered.
        stream.write_all(&framed().echo(2, "x")).unwrap();
        gate.let_pass(1);
        gate.until_come(2);
        let late = [framed().echo(3, "x"), framed().echo(4, "x")];
        stream.write_all(&late.concat()).unwrap();
        gate.let_pass(9);
        let (heads, _) = framed().heads(&rest(&mut stream));
        let told = [refused("echo", 3), refused("echo", 4)];
        let answered = replies(&[("echo", 1), ("echo", 2)]);
        assert_eq!(heads, [&answered[..], &told].concat(), "{name}");
        assert!(stopping.join().unwrap().is_clean(), "{name}");
    }
}

#[test]
fn a_peer_that_goes_on_for_ever_does_not_hold_up_a_shutdown() {
    for (name, config) in ways() {
        let mut running = Running::bind(&config);
        let mut stream = running.tcp();
        stream.set_write_timeout(Some(AGES)).unwrap();
        let calls = note(1, "x").repeat(100);
        let flood = thread::spawn(move || while stream.write_all(&calls).is_ok() {});
        running.handler.until_noted("x");
        assert!(running.shutdown(AGES).is_clean(), "{name}");
        flood.join().unwrap();
    }
}

/// A reply that nobody takes was not written.
#[test]
fn bytes_that_could_not_be_written_are_not_counted() {
    for (name, config) in ways() {
        let (gate, probe) = (Gate::default(), Probe::default());
        let handler = Arc::clone(&probe.0);
        let processor = Intercepted::new(probe).with(gate.clone());
        let running = Running::bind_with(&config, processor, handler);
        let address = running.handle.local_addr().to_string();
        let mut peer = TcpStream::connect(&address["tcp://".len()..]).unwrap();
        let call = framed().call(1, |client| client.big(5_000_000));
        peer.write_all(&call).unwrap();
        gate.until_come(1);
        let socket = socket2::SockRef::from(&peer);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        gate.let_pass(1);
        eventually("it has gone", || {
            let stats = running.handle.stats();
            stats.connections_open == 0 && stats.replies == 1
        });
        assert_eq!(running.handle.stats().bytes_written, 0, "{name}");
    }
}
