//! A service written by hand, and what the tests need around it.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use seapink::client::Pending;
use seapink::codegen::{
    Call, CallContext, DecodeStruct, EncodeStruct, Error, FieldHeader, Input, Outcome, Output,
    Service, Struct, StructReader, StructWriter,
};
use seapink::config::{ClientSasl, Model, ServerSasl};
use seapink::server::{ServerHandle, ShutdownReport};
use seapink::transport::{MemoryConnector, MemoryListener, MemoryStream, SocketStream};
use seapink::{Client, ClientConfig, Processor, Result, Server, ServerConfig};

/// No test waits longer for anything; only one that fails waits so long.
pub(crate) const AGES: Duration = Duration::from_secs(20);

/// Every model.
pub(crate) const MODELS: [Model; 4] = [
    Model::Simple,
    Model::Threaded,
    Model::ThreadPool,
    Model::Nonblocking,
];

/// A declared exception.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Refused {
    pub(crate) why: String,
}

impl Struct for Refused {
    const NAME: &'static str = "Refused";
    const FIELDS: &'static [(i16, &'static str)] = &[(1, "why")];
}

impl EncodeStruct for Refused {
    fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>) {
        fields.field(1, &self.why);
    }
}

impl<'de> DecodeStruct<'de> for Refused {
    fn decode<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<()> {
        *self = Self::default();
        fields.expect(1, &mut self.why)
    }

    fn decode_field<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()> {
        match field.id {
            1 => fields.read(field, &mut self.why),
            _ => fields.skip(field),
        }
    }
}

seapink::impl_exception!(Refused, why);

/// The errors of every function of the service.
pub(crate) enum Failure {
    Refused(Box<Refused>),
    Other(Error),
}

seapink::impl_method_error!(Failure { 1 "refused" => Refused(Refused) });

/// The handler.
#[derive(Default)]
pub(crate) struct Handler {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    /// Calls of `wait` that have begun.
    waiting: usize,
    /// Texts that `note` got.
    notes: Vec<String>,
    /// Whether `wait` may return.
    released: bool,
}

#[allow(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the shape of a handler's functions"
)]
impl Handler {
    fn echo(&self, _: &CallContext, text: String) -> Result<String, Failure> {
        Ok(text)
    }

    fn fail(&self, _: &CallContext, how: String) -> Result<(), Failure> {
        Err(match how.as_str() {
            "declared" => Failure::Refused(Box::new(Refused { why: how })),
            "chosen" => Error::handler("try later", "the disk is full").into(),
            _ => panic!("{how}"),
        })
    }

    /// Returns when the test says so.
    fn wait(&self, _: &CallContext) -> Result<String, Failure> {
        let mut seen = self.seen.lock();
        seen.waiting += 1;
        self.changed.notify_all();
        while !seen.released {
            self.changed.wait(&mut seen);
        }
        Ok("waited".to_owned())
    }

    fn big(&self, _: &CallContext, bytes: i32) -> Result<Vec<u8>, Failure> {
        Ok(vec![7; usize::try_from(bytes).unwrap()])
    }

    fn note(&self, _: &CallContext, text: String) -> Result<()> {
        self.seen.lock().notes.push(text.clone());
        self.changed.notify_all();
        match text.as_str() {
            "fail" => Err(Error::handler("no", "no")),
            "panic" => panic!("in a oneway"),
            _ => Ok(()),
        }
    }

    /// Blocks the test until so many calls of `wait` have begun.
    pub(crate) fn until_waiting(&self, calls: usize) {
        self.until(|seen| seen.waiting >= calls);
    }

    pub(crate) fn until_noted(&self, text: &str) {
        self.until(|seen| seen.notes.iter().any(|note| note == text));
    }

    pub(crate) fn has_noted(&self, text: &str) -> bool {
        self.seen.lock().notes.iter().any(|note| note == text)
    }

    fn until(&self, is: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + AGES;
        let mut seen = self.seen.lock();
        while !is(&seen) {
            let late = self.changed.wait_until(&mut seen, deadline).timed_out();
            assert!(!late, "it does not happen");
        }
    }

    pub(crate) fn release(&self) {
        self.seen.lock().released = true;
        self.changed.notify_all();
    }
}

/// The service.
#[derive(Clone, Default)]
pub(crate) struct Probe(pub Arc<Handler>);

impl Service for Probe {
    type Handler = Handler;

    const NAME: &'static str = "Probe";

    fn handler(&self) -> &Handler {
        &self.0
    }

    fn dispatch<P: seapink::Protocol>(handler: &Handler, call: Call<'_, P>) -> Outcome {
        match call.method() {
            "echo" => call.reply(handler, Handler::echo, &[(1, "text")]),
            "fail" => call.reply(handler, Handler::fail, &[(1, "how")]),
            "wait" => call.reply(handler, Handler::wait, &[]),
            "big" => call.reply(handler, Handler::big, &[(1, "bytes")]),
            "note" => call.oneway(handler, Handler::note, &[(1, "text")]),
            _ => call.unknown_method(),
        }
    }
}

/// The client of the service.
#[derive(Clone)]
pub(crate) struct ProbeClient(pub Client);

impl ProbeClient {
    pub(crate) fn connect(config: &ClientConfig) -> Result<Self> {
        Client::connect(config).map(Self)
    }

    pub(crate) fn echo(&self, text: &str) -> Result<String, Failure> {
        self.0.call("echo", &[(1, "text")], (text,))
    }

    pub(crate) fn send_echo(&self, text: &str) -> Result<Pending<String, Failure>> {
        self.0.send("echo", &[(1, "text")], (text,))
    }

    pub(crate) fn send_wait(&self) -> Result<Pending<String, Failure>> {
        self.0.send("wait", &[], ())
    }

    /// The same with a client of other properties.
    pub(crate) fn with(&self, change: impl FnOnce(Client) -> Client) -> Self {
        Self(change(self.0.clone()))
    }

    pub(crate) fn fail(&self, how: &str) -> Result<(), Failure> {
        self.0.call("fail", &[(1, "how")], (how,))
    }

    pub(crate) fn wait(&self) -> Result<String, Failure> {
        self.0.call("wait", &[], ())
    }

    pub(crate) fn big(&self, bytes: i32) -> Result<Vec<u8>, Failure> {
        self.0.call("big", &[(1, "bytes")], (&bytes,))
    }

    pub(crate) fn note(&self, text: &str) -> Result<()> {
        self.0.oneway("note", &[(1, "text")], (text,))
    }

    pub(crate) fn unknown(&self) -> Result<(), Failure> {
        self.0.call("nope", &[(1, "text")], ("x",))
    }
}

impl Failure {
    /// What went wrong, when it was nothing declared.
    pub(crate) fn other(self) -> Error {
        match self {
            Self::Other(error) => error,
            Self::Refused(refused) => panic!("declared: {refused}"),
        }
    }
}

/// Who lets in `alice` with the password `wonderland`.
pub(crate) fn wonderland() -> ServerSasl {
    ServerSasl::new().plain(|login| match (login.user(), login.password()) {
        ("alice", "wonderland") => login.accept(),
        ("alice", _) => login.deny("wrong password"),
        _ => login.deny("unknown"),
    })
}

/// Says who it is where a transport asks for it.
pub(crate) trait WithUser {
    fn with_user(self, transport: &str) -> Self;
}

impl WithUser for ClientConfig {
    fn with_user(self, transport: &str) -> Self {
        if transport.split('+').any(|layer| layer == "sasl") {
            self.sasl(ClientSasl::plain("alice", "wonderland"))
        } else {
            self
        }
    }
}

impl WithUser for ServerConfig {
    fn with_user(self, transport: &str) -> Self {
        if transport.split('+').any(|layer| layer == "sasl") {
            self.sasl(wonderland())
        } else {
            self
        }
    }
}

/// A server at work, which is stopped when the test ends.
pub(crate) struct Running {
    pub(crate) handle: ServerHandle,
    pub(crate) handler: Arc<Handler>,
    pub(crate) config: ServerConfig,
    connector: Option<MemoryConnector>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Running {
    /// In memory.
    pub(crate) fn memory(config: &ServerConfig) -> Self {
        let probe = Probe::default();
        let handler = Arc::clone(&probe.0);
        Self::memory_with(config, probe, handler)
    }

    pub(crate) fn memory_with(
        config: &ServerConfig,
        processor: impl Processor + 'static,
        handler: Arc<Handler>,
    ) -> Self {
        let (listener, connector) = MemoryListener::new();
        let server = Server::with_listener(listener, config, processor).unwrap();
        Self::run(server, config, handler, Some(connector))
    }

    /// At the configured address.
    pub(crate) fn bind(config: &ServerConfig) -> Self {
        let probe = Probe::default();
        let handler = Arc::clone(&probe.0);
        Self::bind_with(config, probe, handler)
    }

    pub(crate) fn bind_with(
        config: &ServerConfig,
        processor: impl Processor + 'static,
        handler: Arc<Handler>,
    ) -> Self {
        let server = Server::bind(config, processor).unwrap();
        Self::run(server, config, handler, None)
    }

    fn run(
        server: Server,
        config: &ServerConfig,
        handler: Arc<Handler>,
        connector: Option<MemoryConnector>,
    ) -> Self {
        let handle = server.handle();
        let thread = thread::spawn(move || server.run());
        Self {
            handle,
            handler,
            config: config.clone(),
            connector,
            thread: Some(thread),
        }
    }

    /// What clients of this server are configured like.
    pub(crate) fn client_config(&self) -> ClientConfig {
        ClientConfig::new(self.handle.local_addr().to_string())
            .transport(&*self.config.transport)
            .protocol(&*self.config.protocol)
            .transports(self.config.transports.clone())
            .with_user(&self.config.transport)
    }

    pub(crate) fn client(&self) -> ProbeClient {
        self.client_with(&self.client_config())
    }

    pub(crate) fn client_with(&self, config: &ClientConfig) -> ProbeClient {
        let client = match &self.connector {
            Some(connector) => Client::with_connector(connector.clone(), config),
            None => Client::connect(config),
        };
        ProbeClient(client.unwrap())
    }

    pub(crate) fn connector(&self) -> &MemoryConnector {
        self.connector.as_ref().unwrap()
    }

    /// A bare connection to a server in memory.
    pub(crate) fn stream(&self) -> MemoryStream {
        self.connector().open().unwrap()
    }

    /// A bare connection to a server that is bound to a port.
    pub(crate) fn tcp(&self) -> SocketStream {
        let address = self.handle.local_addr().to_string();
        let address = address.strip_prefix("tcp://").unwrap();
        SocketStream::tcp(std::net::TcpStream::connect(address).unwrap()).unwrap()
    }

    /// Shuts down, and checks that the server ends.
    pub(crate) fn shutdown(&mut self, deadline: Duration) -> ShutdownReport {
        let report = self.handle.shutdown(deadline);
        self.join();
        report
    }

    pub(crate) fn join(&mut self) {
        let thread = self.thread.take().unwrap();
        within(move || thread.join().unwrap().unwrap());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handler.release();
        self.handle.shutdown(AGES);
        if let Some(thread) = self.thread.take()
            && !thread::panicking()
        {
            within(move || thread.join().unwrap().unwrap());
        }
    }
}

/// Does something that must not hang.
pub(crate) fn within<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
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

/// Waits for what has no event of its own.
pub(crate) fn eventually(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + AGES;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
