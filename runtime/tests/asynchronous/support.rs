//! A service with handlers of both styles, and servers of every kind for it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use seapink::codegen::{CallContext, Error};
use seapink::config::{Dispatch, Model};
use seapink::server::ServerStats;
use seapink::{
    AsyncServer, AsyncServerHandle, ClientConfig, Result, Server, ServerConfig, ServerHandle,
};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::golden::acme::shared::{Health, HealthAsync, HealthUptimeError, Place};
use crate::golden::asynchronous as idl;
use idl::{
    Calculator, CalculatorAddError, CalculatorAsync, CalculatorAsyncClient,
    CalculatorAsyncProcessor, CalculatorClient, CalculatorEchoError, CalculatorFailError,
    CalculatorProcessor, CalculatorRepeatError, CalculatorResetError, CalculatorSumError,
    CalculatorWaitError, Scratched,
};

/// No test waits longer for anything; only one that fails waits so long.
pub(crate) const AGES: Duration = Duration::from_secs(20);

/// How much later than its deadline a call may end on a busy machine. What is tested would end it
/// after seconds, or never.
pub(crate) const SLACK: Duration = Duration::from_millis(500);

/// What handlers of both styles do.
#[derive(Default)]
pub(crate) struct Calc {
    seen: Mutex<Seen>,
    changed: Condvar,
    notify: Notify,
}

#[derive(Default)]
struct Seen {
    /// Calls of `wait` that run now, and those that were dropped while they did.
    waiting: usize,
    dropped: usize,
    notes: Vec<String>,
    released: bool,
}

impl Calc {
    fn sum(numbers: &[i64]) -> Result<i64, CalculatorSumError> {
        let sum = numbers.iter().try_fold(0_i64, |sum, n| sum.checked_add(*n));
        let why = "too much".to_owned();
        sum.ok_or_else(|| CalculatorSumError::Scratched(Box::new(Scratched { why })))
    }

    fn fail(how: &str) -> Result<(), CalculatorFailError> {
        let why = how.to_owned();
        Err(match how {
            "declared" => CalculatorFailError::Scratched(Box::new(Scratched { why })),
            "again" => CalculatorFailError::Again(Box::new(Scratched { why })),
            "chosen" => Error::handler("try later", "the disk is full").into(),
            _ => panic!("{how}"),
        })
    }

    fn note(&self, text: String) -> Result<()> {
        let how = text.clone();
        self.change(|seen| seen.notes.push(text));
        match how.as_str() {
            "fail" => Err(Error::handler("no", "no")),
            "panic" => panic!("in a oneway"),
            _ => Ok(()),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock());
        self.changed.notify_all();
        self.notify.notify_waiters();
    }

    /// Lets calls of `wait` return.
    pub(crate) fn release(&self) {
        self.change(|seen| seen.released = true);
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.seen.lock().notes.clone()
    }

    pub(crate) async fn until_waiting(&self, calls: usize) {
        self.until(|seen| seen.waiting >= calls).await;
    }

    pub(crate) async fn until_dropped(&self, calls: usize) {
        self.until(|seen| seen.dropped >= calls).await;
    }

    pub(crate) async fn until_noted(&self, text: &str) {
        self.until(|seen| seen.notes.iter().any(|note| note == text))
            .await;
    }

    async fn until(&self, is: impl Fn(&Seen) -> bool) {
        in_time(async {
            loop {
                let change = self.notify.notified();
                if is(&self.seen.lock()) {
                    return;
                }
                change.await;
            }
        })
        .await;
    }
}

/// A call of `wait`, until it returns or is dropped.
struct Waiting<'a>(&'a Calc, bool);

impl<'a> Waiting<'a> {
    fn begin(calc: &'a Calc) -> Self {
        calc.change(|seen| seen.waiting += 1);
        Self(calc, false)
    }

    fn end(mut self) {
        self.1 = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let ended = self.1;
        self.0.change(|seen| {
            seen.waiting -= 1;
            seen.dropped += usize::from(!ended);
        });
    }
}

/// The handler, of both styles.
#[derive(Clone, Default)]
pub(crate) struct Handler(pub(crate) Arc<Calc>);

impl Health for Handler {
    fn uptime(&self, _: &CallContext) -> Result<i64, HealthUptimeError> {
        Ok(42)
    }
}

impl Calculator for Handler {
    fn add(&self, _: &CallContext, left: i32, right: i32) -> Result<i32, CalculatorAddError> {
        Ok(left + right)
    }

    fn sum(&self, _: &CallContext, numbers: Vec<i64>) -> Result<i64, CalculatorSumError> {
        Calc::sum(&numbers)
    }

    fn echo(&self, _: &CallContext, text: String) -> Result<String, CalculatorEchoError> {
        Ok(text)
    }

    fn repeat(
        &self,
        _: &CallContext,
        text: String,
        times: i32,
    ) -> Result<String, CalculatorRepeatError> {
        Ok(text.repeat(usize::try_from(times).unwrap()))
    }

    fn wait(
        &self,
        _: &CallContext,
        for_what: String,
        milliseconds: i64,
        _: HashMap<String, Vec<Place>>,
        _: bool,
    ) -> Result<idl::Future, CalculatorWaitError> {
        let waiting = Waiting::begin(&self.0);
        if for_what == "time" {
            thread::sleep(Duration::from_millis(milliseconds.try_into().unwrap()));
        } else {
            let mut seen = self.0.seen.lock();
            while !seen.released {
                self.0.changed.wait(&mut seen);
            }
        }
        waiting.end();
        Ok(idl::Future { year: 2000 })
    }

    fn fail(&self, _: &CallContext, how: String) -> Result<(), CalculatorFailError> {
        Calc::fail(&how)
    }

    fn reset(&self, _: &CallContext) -> Result<(), CalculatorResetError> {
        Ok(())
    }

    fn note(&self, _: &CallContext, text: String) -> Result<()> {
        self.0.note(text)
    }
}

impl HealthAsync for Handler {
    async fn uptime(&self, cx: &CallContext) -> Result<i64, HealthUptimeError> {
        assert_eq!(cx.method(), "uptime");
        tokio::task::yield_now().await;
        Ok(42)
    }
}

impl CalculatorAsync for Handler {
    // A function may return any future.
    fn add(
        &self,
        _: &CallContext,
        left: i32,
        right: i32,
    ) -> impl Future<Output = Result<i32, CalculatorAddError>> + Send {
        std::future::ready(Ok(left + right))
    }

    async fn sum(&self, _: &CallContext, numbers: Vec<i64>) -> Result<i64, CalculatorSumError> {
        tokio::task::yield_now().await;
        Calc::sum(&numbers)
    }

    async fn echo(&self, cx: &CallContext, text: String) -> Result<String, CalculatorEchoError> {
        tokio::task::yield_now().await;
        assert_eq!(cx.method(), "echo");
        Ok(text)
    }

    async fn repeat(
        &self,
        _: &CallContext,
        text: String,
        times: i32,
    ) -> Result<String, CalculatorRepeatError> {
        Ok(text.repeat(usize::try_from(times).unwrap()))
    }

    async fn wait(
        &self,
        _: &CallContext,
        for_what: String,
        milliseconds: i64,
        _: HashMap<String, Vec<Place>>,
        _: bool,
    ) -> Result<idl::Future, CalculatorWaitError> {
        let waiting = Waiting::begin(&self.0);
        if for_what == "time" {
            sleep(Duration::from_millis(milliseconds.try_into().unwrap())).await;
        } else {
            loop {
                let change = self.0.notify.notified();
                if self.0.seen.lock().released {
                    break;
                }
                change.await;
            }
        }
        waiting.end();
        Ok(idl::Future { year: 2000 })
    }

    async fn fail(&self, _: &CallContext, how: String) -> Result<(), CalculatorFailError> {
        tokio::task::yield_now().await;
        Calc::fail(&how)
    }

    async fn reset(&self, _: &CallContext) -> Result<(), CalculatorResetError> {
        Ok(())
    }

    async fn note(&self, _: &CallContext, text: String) -> Result<()> {
        self.0.note(text)
    }
}

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Blocking(Model),
    Async,
    /// An async server whose handlers block, on threads for that.
    Workers,
    /// The same in the tasks of the connections.
    Inline,
}

/// Those that are async servers.
pub(crate) const ASYNC: [Kind; 3] = [Kind::Async, Kind::Workers, Kind::Inline];

pub(crate) const ALL: [Kind; 7] = [
    Kind::Blocking(Model::Simple),
    Kind::Blocking(Model::Threaded),
    Kind::Blocking(Model::ThreadPool),
    Kind::Blocking(Model::Nonblocking),
    Kind::Async,
    Kind::Workers,
    Kind::Inline,
];

/// A server at work, which is stopped when the test ends.
pub(crate) struct Running {
    pub(crate) calc: Arc<Calc>,
    config: ServerConfig,
    address: String,
    server: Served,
}

enum Served {
    Blocking(ServerHandle, Option<JoinHandle<Result<()>>>),
    Async(
        AsyncServerHandle,
        Option<tokio::task::JoinHandle<Result<()>>>,
    ),
}

impl Served {
    fn spawn(server: Result<AsyncServer>) -> Self {
        let server = server.unwrap();
        let handle = server.handle();
        Self::Async(handle, Some(tokio::spawn(server.run())))
    }
}

pub(crate) fn local() -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
}

impl Running {
    pub(crate) fn start(kind: Kind, config: &ServerConfig) -> Self {
        let handler = Handler::default();
        let calc = Arc::clone(&handler.0);
        let processor = CalculatorProcessor::new(handler.clone());
        let server = match kind {
            Kind::Blocking(model) => {
                let server = Server::bind(&config.clone().model(model), processor).unwrap();
                let handle = server.handle();
                let thread = thread::spawn(move || server.run());
                Served::Blocking(handle, Some(thread))
            }
            Kind::Async => {
                let processor = CalculatorAsyncProcessor::new(handler);
                Served::spawn(AsyncServer::bind(config, processor))
            }
            Kind::Inline => {
                let config = config.clone().dispatch(Dispatch::Inline);
                Served::spawn(AsyncServer::bind_blocking(&config, processor))
            }
            Kind::Workers => Served::spawn(AsyncServer::bind_blocking(config, processor)),
        };
        let address = match &server {
            Served::Blocking(handle, _) => handle.local_addr(),
            Served::Async(handle, _) => handle.local_addr(),
        };
        let address = address.to_string();
        Self {
            calc,
            config: config.clone(),
            address,
            server,
        }
    }

    pub(crate) fn client_config(&self) -> ClientConfig {
        let named = |name: &str, otherwise: &str| match name {
            "auto" => otherwise.to_owned(),
            name => name.to_owned(),
        };
        ClientConfig::new(&*self.address)
            .transport(named(&self.config.transport, "framed"))
            .protocol(named(&self.config.protocol, "binary"))
            .transports(self.config.transports.clone())
    }

    pub(crate) async fn client(&self) -> CalculatorAsyncClient {
        let connected = CalculatorAsyncClient::connect(&self.client_config()).await;
        connected.unwrap()
    }

    pub(crate) fn blocking_client(&self) -> CalculatorClient {
        CalculatorClient::connect(&self.client_config()).unwrap()
    }

    /// A bare connection.
    pub(crate) async fn stream(&self) -> tokio::net::TcpStream {
        let address = self.address.strip_prefix("tcp://").unwrap();
        tokio::net::TcpStream::connect(address).await.unwrap()
    }

    pub(crate) fn handle(&self) -> &AsyncServerHandle {
        let Served::Async(handle, _) = &self.server else {
            panic!("it is no async server");
        };
        handle
    }

    pub(crate) fn stats(&self) -> ServerStats {
        match &self.server {
            Served::Blocking(handle, _) => handle.stats(),
            Served::Async(handle, _) => handle.stats(),
        }
    }

    /// Waits until the server has ended by itself.
    pub(crate) async fn join(&mut self) {
        if let Served::Async(_, task) = &mut self.server {
            let task = task.take().unwrap();
            in_time(task).await.unwrap().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.calc.release();
        match &mut self.server {
            Served::Blocking(handle, thread) => {
                handle.shutdown(AGES);
                if let Some(thread) = thread.take()
                    && !thread::panicking()
                {
                    thread.join().unwrap().unwrap();
                }
            }
            // The runtime ends with the test, and the tasks with it.
            Served::Async(..) => {}
        }
    }
}

/// Does something that must not hang.
pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    timeout(AGES, future).await.expect("it hangs")
}

/// Waits for what has no event of its own.
pub(crate) async fn eventually(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + AGES;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(1)).await;
    }
}

/// What went wrong, when it was nothing declared.
pub(crate) trait Other {
    fn other(self) -> Error;
}

macro_rules! other {
    ($($error:ident)*) => {$(
        impl Other for $error {
            fn other(self) -> Error {
                match self {
                    $error::Other(error) => error,
                    #[allow(unreachable_patterns, reason = "of those that declare something")]
                    declared => panic!("declared: {declared:?}"),
                }
            }
        }
    )*};
}

other! { CalculatorEchoError CalculatorWaitError CalculatorFailError CalculatorSumError }

/// Waits until the test releases it.
pub(crate) async fn wait(client: &CalculatorAsyncClient) -> Result<i32, CalculatorWaitError> {
    let future = client.wait("release", 0, &HashMap::new(), false).await?;
    Ok(future.year)
}

/// Waits so many milliseconds.
pub(crate) async fn wait_ms(
    client: &CalculatorAsyncClient,
    ms: i64,
) -> Result<i32, CalculatorWaitError> {
    let future = client.wait("time", ms, &HashMap::new(), false).await?;
    Ok(future.year)
}
