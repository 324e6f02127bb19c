//! A client with two functions, and servers that do what a test says.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use seapink::client::{ConnectionEvent, Pending};
use seapink::codegen::Error;
use seapink::transport::{
    Closer, Connector, Listener, MemoryConnector, MemoryListener, Split, Stream, Waker,
};
use seapink::{Client, ClientConfig, ErrorKind, MessageKind, Peer, Result};

/// No test waits longer for anything; only one that fails waits so long.
pub(crate) const AGES: Duration = Duration::from_secs(20);

/// How much later than its deadline a call may end on a busy machine. What is tested would end it
/// after seconds, or never.
pub(crate) const SLACK: Duration = Duration::from_millis(500);

/// Nothing is declared.
pub(crate) enum Failure {
    Other(Error),
}

seapink::impl_method_error!(Failure {});

/// Calls `echo`, which returns its argument, and `note`, which is oneway.
#[derive(Clone)]
pub(crate) struct Echo(pub(crate) Client);

impl Echo {
    pub(crate) fn call(&self, text: &str) -> Result<String> {
        let reply = self.0.call("echo", &[(1, "text")], (text,));
        reply.map_err(|Failure::Other(error)| error)
    }

    /// The same where the IDL says `(rust.idempotent)`.
    pub(crate) fn call_idempotent(&self, text: &str) -> Result<String> {
        let reply = self.0.call_idempotent("echo", &[(1, "text")], (text,));
        reply.map_err(|Failure::Other(error)| error)
    }

    pub(crate) fn send(&self, text: &str) -> Result<Pending<String, Failure>> {
        self.0.send("echo", &[(1, "text")], (text,))
    }

    pub(crate) fn note(&self, text: &str) -> Result<()> {
        self.0.oneway("note", &[(1, "text")], (text,))
    }

    /// The same, each of whose calls may take so many milliseconds.
    pub(crate) fn within(&self, ms: u64) -> Self {
        Self(self.0.clone().with_timeout(Duration::from_millis(ms)))
    }
}

pub(crate) fn wait(pending: Pending<String, Failure>) -> Result<String> {
    pending.wait().map_err(|Failure::Other(error)| error)
}

/// A call as a server reads it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) id: i32,
    pub(crate) text: String,
    pub(crate) oneway: bool,
}

impl Call {
    /// The next one. `None` when the client is gone.
    pub(crate) fn read(stream: &mut (impl Read + ?Sized)) -> Option<Self> {
        let mut prefix = [0; 4];
        stream.read_exact(&mut prefix).ok()?;
        let mut frame = vec![0; length(prefix)];
        stream.read_exact(&mut frame).ok()?;
        let mut bytes = &frame[..];
        let oneway = take(&mut bytes, 4)[3] == MessageKind::Oneway.byte();
        let name = string(&mut bytes);
        let id = i32::from_be_bytes(take(&mut bytes, 4).try_into().unwrap());
        assert_eq!(take(&mut bytes, 3), [11, 0, 1]);
        let text = string(&mut bytes);
        Some(Self {
            name,
            id,
            text,
            oneway,
        })
    }

    /// The right answer.
    pub(crate) fn reply(&self) -> Vec<u8> {
        self.reply_with(&self.text)
    }

    pub(crate) fn reply_with(&self, text: &str) -> Vec<u8> {
        reply(&self.name, MessageKind::Reply, self.id, text)
    }

    /// An application exception.
    pub(crate) fn exception(&self, code: i32) -> Vec<u8> {
        let mut message = head(&self.name, MessageKind::Exception, self.id);
        message.extend([11, 0, 1]);
        message.extend(text("why"));
        message.extend([8, 0, 2]);
        message.extend(code.to_be_bytes());
        message.push(0);
        frame(&message)
    }
}

fn length(prefix: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(prefix)).unwrap()
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    bytes.split_off(..count).unwrap()
}

fn string(bytes: &mut &[u8]) -> String {
    let length = length(take(bytes, 4).try_into().unwrap());
    String::from_utf8(take(bytes, length).to_vec()).unwrap()
}

fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&length, text.as_bytes()].concat()
}

fn head(name: &str, kind: MessageKind, id: i32) -> Vec<u8> {
    let mut bytes = vec![0x80, 1, 0, kind.byte()];
    bytes.extend(text(name));
    bytes.extend(id.to_be_bytes());
    bytes
}

pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&length, message].concat()
}

/// A message whose result is a text.
pub(crate) fn reply(name: &str, kind: MessageKind, id: i32, result: &str) -> Vec<u8> {
    let mut message = head(name, kind, id);
    message.extend([11, 0, 0]);
    message.extend(text(result));
    message.push(0);
    frame(&message)
}

/// A server in memory, with a thread for each connection. It ends with the test.
pub(crate) struct Server {
    pub(crate) connector: MemoryConnector,
    accepted: Arc<AtomicUsize>,
    waker: Waker,
}

impl Server {
    /// Hands each connection to a function, with its number counted from 1.
    pub(crate) fn new(serve: impl Fn(usize, &mut dyn Stream) + Send + Sync + 'static) -> Self {
        let (mut listener, connector) = MemoryListener::new();
        let accepted = Arc::<AtomicUsize>::default();
        let (waker, count, serve) = (listener.waker(), Arc::clone(&accepted), Arc::new(serve));
        thread::spawn(move || {
            while let Some(mut stream) = listener.accept().unwrap() {
                let number = 1 + count.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(number, &mut *stream));
            }
        });
        Self {
            connector,
            accepted,
            waker,
        }
    }

    /// Answers each call of each connection, unless it is oneway, with the bytes that a function
    /// returns; no bytes close the connection.
    pub(crate) fn answering(
        answer: impl Fn(usize, &Call) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |number, stream| {
            while let Some(call) = Call::read(stream) {
                let answer = answer(number, &call);
                if call.oneway {
                    continue;
                }
                if answer.is_empty() || stream.write_all(&answer).is_err() {
                    return;
                }
            }
        })
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn client(&self, config: &ClientConfig) -> Echo {
        Echo(Client::with_connector(self.connector.clone(), config).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        (self.waker)();
    }
}

/// Reads until the client goes away.
pub(crate) fn until_gone(stream: &mut dyn Stream) {
    let _ = io::copy(stream, &mut io::sink());
}

/// Something that a test opens for others that wait for it.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Gate {
    /// Waits until it is open.
    pub(crate) fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        state.1 += 1;
        changed.notify_all();
        while !state.0 {
            let late = changed.wait_for(&mut state, AGES).timed_out();
            assert!(!late, "nobody opens it");
        }
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().0 = true;
        self.0.1.notify_all();
    }

    /// Waits until so many have come to it.
    pub(crate) fn until(&self, count: usize) {
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        while state.1 < count {
            let late = changed.wait_for(&mut state, AGES).timed_out();
            assert!(!late, "only {} have come", state.1);
        }
    }
}

/// Connects to a server while it is told to.
#[derive(Clone)]
pub(crate) struct Switch {
    connector: MemoryConnector,
    pub(crate) attempts: Arc<AtomicUsize>,
    refuse: Arc<Mutex<Option<ErrorKind>>>,
    /// How long an attempt takes that is refused.
    pub(crate) pause: Duration,
}

impl Switch {
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            connector: server.connector.clone(),
            attempts: Arc::default(),
            refuse: Arc::default(),
            pause: Duration::ZERO,
        }
    }

    pub(crate) fn refuse(&self, kind: impl Into<Option<ErrorKind>>) {
        *self.refuse.lock() = kind.into();
    }

    pub(crate) fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }

    pub(crate) fn client(&self, config: &ClientConfig) -> Echo {
        Echo(Client::with_connector(self.clone(), config).unwrap())
    }
}

impl Connector for Switch {
    fn connect(&self, timeout: Duration) -> Result<Box<dyn Stream>> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let refuse = *self.refuse.lock();
        let Some(kind) = refuse else {
            return self.connector.connect(timeout);
        };
        let pause = if kind == ErrorKind::Timeout {
            timeout
        } else {
            self.pause
        };
        thread::sleep(pause);
        Err(Error::new(kind, "nobody is there"))
    }
}

/// Connects to a server with streams that cannot be split.
pub(crate) struct Whole(MemoryConnector);

impl Whole {
    pub(crate) fn client(server: &Server, config: &ClientConfig) -> Echo {
        let connector = Self(server.connector.clone());
        Echo(Client::with_connector(connector, config).unwrap())
    }
}

impl Connector for Whole {
    fn connect(&self, timeout: Duration) -> Result<Box<dyn Stream>> {
        Ok(Box::new(WholeStream(self.0.connect(timeout)?)))
    }
}

struct WholeStream(Box<dyn Stream>);

impl Read for WholeStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for WholeStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stream for WholeStream {
    fn peer(&self) -> Peer {
        self.0.peer()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_write_timeout(timeout)
    }

    fn closer(&self) -> Closer {
        self.0.closer()
    }

    fn is_quiet(&mut self) -> bool {
        self.0.is_quiet()
    }

    fn split(self: Box<Self>) -> Split {
        Split::Whole(self)
    }
}

/// What a client tells of its connections, each event as a line.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    pub(crate) fn by(&self, config: ClientConfig) -> ClientConfig {
        let heard = self.clone();
        config.on_connection(move |event: &ConnectionEvent<'_>| {
            let line = match event {
                ConnectionEvent::Connecting { connection } => format!("{connection} connecting"),
                ConnectionEvent::Up { connection, peer } => format!("{connection} up: {peer}"),
                ConnectionEvent::Down { connection, reason } => {
                    format!("{connection} down: {:?}: {reason}", reason.kind())
                }
                other => format!("{other:?}"),
            };
            heard.0.lock().push(line);
        })
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    /// How many lines have this in them.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.0
            .lock()
            .iter()
            .filter(|line| line.contains(part))
            .count()
    }
}

/// Does something that must not hang.
pub(crate) fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    let thread = thread::spawn(move || done.send(work()));
    match result.recv_timeout(AGES) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => unreachable!(),
        },
    }
}

/// Does something until it is so, and says how often.
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + AGES;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits for a time of the clock.
pub(crate) fn sleep_until(at: Instant) {
    thread::sleep(at.saturating_duration_since(Instant::now()));
}
