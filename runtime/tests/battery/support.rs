//! A service written by hand, a server for it, and bare connections.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use seapink::client::Pending;
use seapink::codegen::{Call, CallContext, Error, Outcome, Service};
use seapink::config::{Dispatch, Model, ReplyOrder};
use seapink::server::{ServerHandle, ServerStats, ShutdownReport};
use seapink::{
    ApplicationCode, Client, ClientConfig, ErrorKind, MessageKind, Processor, Result, Server,
    ServerConfig,
};

/// No test waits longer for anything; only one that fails waits so long.
pub(crate) const AGES: Duration = Duration::from_secs(20);

/// How much later than it should something may happen on a busy machine. What is tested would do it
/// after [`AGES`], or never.
pub(crate) const SLACK: Duration = Duration::from_secs(3);

/// Ways to serve several connections at the same time, each with a name for what a test says.
pub(crate) fn ways() -> [(&'static str, ServerConfig); 5] {
    let config = ServerConfig::new("tcp://127.0.0.1:0");
    let pool = config.clone().model(Model::ThreadPool).workers(8);
    let loops = config.clone().model(Model::Nonblocking).io_threads(2);
    [
        ("threaded", config.model(Model::Threaded)),
        ("thread-pool", pool),
        ("nonblocking", loops.clone().workers(8)),
        ("inline", loops.clone().dispatch(Dispatch::Inline)),
        ("any order", loops.workers(8).reply_order(ReplyOrder::Any)),
    ]
}

/// The same, and the one that serves one connection after the other.
pub(crate) fn all_ways() -> impl Iterator<Item = (&'static str, ServerConfig)> {
    let simple = ServerConfig::new("tcp://127.0.0.1:0").model(Model::Simple);
    ways().into_iter().chain([("simple", simple)])
}

/// Nothing is declared.
pub(crate) enum Failure {
    Other(Error),
}

seapink::impl_method_error!(Failure {});

/// What the functions of the service share.
#[derive(Default)]
pub(crate) struct Handler {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    /// How often `keep` ran with each text.
    kept: HashMap<String, usize>,
    /// Calls that have come to the gate.
    waiting: usize,
    /// Whether the gate is open.
    open: bool,
}

impl Handler {
    /// Every function takes a text, and all but the oneway `hold` return one.
    fn run(&self, method: &str, text: String) -> Result<String, Failure> {
        match method {
            "keep" => *self.seen.lock().kept.entry(text.clone()).or_default() += 1,
            "hold" | "wait" => self.pass_gate(),
            // So many bytes.
            "big" => return Ok("x".repeat(text.parse().unwrap())),
            "panic" => panic!("{text}"),
            "fail" => return Err(Error::handler("try later", "the disk is full").into()),
            _ => {}
        }
        Ok(text)
    }

    fn pass_gate(&self) {
        let mut seen = self.seen.lock();
        seen.waiting += 1;
        self.changed.notify_all();
        while !seen.open {
            self.changed.wait(&mut seen);
        }
    }

    /// Lets everything through that is at the gate or comes there.
    pub(crate) fn open_gate(&self) {
        self.seen.lock().open = true;
        self.changed.notify_all();
    }

    /// Blocks the test until so many have come to the gate.
    pub(crate) fn until_waiting(&self, calls: usize) {
        let deadline = Instant::now() + AGES;
        let mut seen = self.seen.lock();
        while seen.waiting < calls {
            let late = self.changed.wait_until(&mut seen, deadline).timed_out();
            assert!(!late, "only {} have come", seen.waiting);
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.seen.lock().waiting
    }

    /// The texts with which `keep` ran.
    pub(crate) fn kept(&self) -> HashMap<String, usize> {
        self.seen.lock().kept.clone()
    }
}

/// The service.
#[derive(Clone, Default)]
pub(crate) struct Probe(pub(crate) Arc<Handler>);

impl Service for Probe {
    type Handler = Handler;

    const NAME: &'static str = "Probe";

    fn handler(&self) -> &Handler {
        &self.0
    }

    fn dispatch<P: seapink::Protocol>(handler: &Handler, call: Call<'_, P>) -> Outcome {
        let method = call.method();
        let run = move |handler: &Handler, _: &CallContext, text: String| handler.run(method, text);
        match method {
            "echo" | "keep" | "wait" | "big" | "panic" | "fail" => {
                call.reply(handler, run, &[(1, "text")])
            }
            "strict" => call.reply_with(&[1], (String::new(),), handler, run, &[(1, "text")]),
            "hold" => {
                let run = move |handler: &Handler, _: &CallContext, text: String| {
                    handler.run(method, text).map(drop).map_err(Failure::other)
                };
                call.oneway(handler, run, &[(1, "text")])
            }
            _ => call.unknown_method(),
        }
    }
}

impl Failure {
    pub(crate) fn other(self) -> Error {
        let Self::Other(error) = self;
        error
    }
}

/// A client of the service.
#[derive(Clone)]
pub(crate) struct Caller(pub(crate) Client);

impl Caller {
    pub(crate) fn call(&self, method: &'static str, text: &str) -> Result<String> {
        let reply = self.0.call(method, &[(1, "text")], (text,));
        reply.map_err(Failure::other)
    }

    pub(crate) fn send(
        &self,
        method: &'static str,
        text: &str,
    ) -> Result<Pending<String, Failure>> {
        self.0.send(method, &[(1, "text")], (text,))
    }
}

/// A server at work, which is stopped when the test ends.
pub(crate) struct Running {
    pub(crate) handle: ServerHandle,
    pub(crate) handler: Arc<Handler>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Running {
    pub(crate) fn bind(config: &ServerConfig) -> Self {
        Self::bind_with(config, |probe| probe)
    }

    pub(crate) fn bind_with<P: Processor + 'static>(
        config: &ServerConfig,
        around: impl FnOnce(Probe) -> P,
    ) -> Self {
        let probe = Probe::default();
        let handler = Arc::clone(&probe.0);
        let server = Server::bind(config, around(probe)).unwrap();
        Self::run(server, handler)
    }

    pub(crate) fn run(server: Server, handler: Arc<Handler>) -> Self {
        let handle = server.handle();
        let thread = Some(thread::spawn(move || server.run()));
        Self {
            handle,
            handler,
            thread,
        }
    }

    pub(crate) fn stats(&self) -> ServerStats {
        self.handle.stats()
    }

    pub(crate) fn client_config(&self) -> ClientConfig {
        ClientConfig::new(self.handle.local_addr().to_string())
    }

    pub(crate) fn client(&self) -> Caller {
        Caller(Client::connect(&self.client_config()).unwrap())
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer::connect(&self.handle.local_addr().to_string()).unwrap()
    }

    pub(crate) fn stop(&mut self, deadline: Duration) -> ShutdownReport {
        let report = self.handle.shutdown(deadline);
        let thread = self.thread.take().unwrap();
        eventually("it returns", || thread.is_finished());
        thread.join().unwrap().unwrap();
        report
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handler.open_gate();
        if self.thread.is_some() && !thread::panicking() {
            self.stop(AGES);
        } else {
            self.handle.shutdown(SLACK);
        }
    }
}

/// A bare connection, which speaks framed binary.
pub(crate) struct Peer(pub(crate) TcpStream);

impl Peer {
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address.strip_prefix("tcp://").unwrap())?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(AGES))?;
        stream.set_write_timeout(Some(AGES))?;
        Ok(Self(stream))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// The next reply. `None` when the server has closed the connection.
    pub(crate) fn try_reply(&mut self) -> Option<Reply> {
        let mut prefix = [0; 4];
        match self.0.read_exact(&mut prefix) {
            Err(error) if is_timeout(&error) => panic!("neither a reply nor the end"),
            Err(_) => return None,
            Ok(()) => {}
        }
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(prefix)).unwrap()];
        self.0.read_exact(&mut frame).ok()?;
        Some(Reply::parse(&frame))
    }

    pub(crate) fn reply(&mut self) -> Reply {
        self.try_reply().expect("a reply")
    }

    pub(crate) fn call(&mut self, method: &str, id: i32, text: &str) -> Reply {
        self.send(&call(method, id, text));
        self.reply()
    }

    /// Waits until the server has closed it. What was still to be read is lost.
    pub(crate) fn until_closed(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.0.read(&mut buffer) {
                Err(error) if is_timeout(&error) => panic!("it is not closed"),
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// Ends it by a reset.
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(&self.0);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) id: i32,
    /// The result, or the code of an application exception.
    pub(crate) result: Result<String, ApplicationCode>,
}

impl Reply {
    pub(crate) fn new(id: i32, text: &str) -> Self {
        let result = Ok(text.to_owned());
        Self { id, result }
    }

    pub(crate) fn refused(id: i32, code: ApplicationCode) -> Self {
        let result = Err(code);
        Self { id, result }
    }

    fn parse(mut bytes: &[u8]) -> Self {
        let kind = take(&mut bytes, 4)[3];
        string(&mut bytes);
        let id = number(&mut bytes);
        let exception = kind == MessageKind::Exception.byte();
        // The text of an exception is field 1, a result field 0.
        assert_eq!(take(&mut bytes, 3), [11, 0, u8::from(exception)]);
        let text = string(&mut bytes);
        let result = if exception {
            assert_eq!(take(&mut bytes, 3), [8, 0, 2]);
            Err(ApplicationCode(number(&mut bytes)))
        } else {
            Ok(text)
        };
        assert_eq!(bytes, [0]);
        Self { id, result }
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    bytes.split_off(..count).unwrap()
}

fn number(bytes: &mut &[u8]) -> i32 {
    i32::from_be_bytes(take(bytes, 4).try_into().unwrap())
}

fn string(bytes: &mut &[u8]) -> String {
    let length = usize::try_from(number(bytes)).unwrap();
    String::from_utf8(take(bytes, length).to_vec()).unwrap()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&length, text.as_bytes()].concat()
}

/// A field of type string.
pub(crate) fn field(id: i16, value: &str) -> Vec<u8> {
    [&[11][..], &id.to_be_bytes(), &text(value)].concat()
}

pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&length, message].concat()
}

/// A message with a body of so many fields.
pub(crate) fn message(kind: u8, method: &str, id: i32, fields: &[Vec<u8>]) -> Vec<u8> {
    let body = fields.concat();
    frame(
        &[
            &[0x80, 1, 0, kind][..],
            &text(method),
            &id.to_be_bytes(),
            &body,
            &[0],
        ]
        .concat(),
    )
}

pub(crate) fn call(method: &str, id: i32, text: &str) -> Vec<u8> {
    message(MessageKind::Call.byte(), method, id, &[field(1, text)])
}

pub(crate) fn oneway(method: &str, text: &str) -> Vec<u8> {
    message(MessageKind::Oneway.byte(), method, 0, &[field(1, text)])
}

/// Waits for what has no event of its own.
pub(crate) fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + AGES;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Calls until it is dropped, and then checks that every call was answered.
pub(crate) struct Active {
    threads: Vec<JoinHandle<usize>>,
    done: Arc<std::sync::atomic::AtomicBool>,
}

impl Active {
    pub(crate) fn start(running: &Running, clients: usize) -> Self {
        let done = Arc::<std::sync::atomic::AtomicBool>::default();
        let threads = (0..clients).map(|number| {
            let (client, done) = (running.client(), Arc::clone(&done));
            thread::spawn(move || {
                let mut calls = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let text = format!("{number}/{calls}");
                    assert_eq!(client.call("echo", &text).unwrap(), text);
                    calls += 1;
                }
                calls
            })
        });
        Self {
            threads: threads.collect(),
            done,
        }
    }

    /// Ends, and returns how many calls were answered.
    pub(crate) fn stop(self) -> usize {
        self.done.store(true, std::sync::atomic::Ordering::Relaxed);
        let threads = self.threads.into_iter();
        threads.map(|thread| thread.join().unwrap()).sum()
    }
}

/// Connections closed because time ran out.
pub(crate) fn timed_out(running: &Running) -> u64 {
    running.stats().connections_failed_by(ErrorKind::Timeout)
}
