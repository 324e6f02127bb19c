//! Servers of every kind, for the service of [`service`](crate::service).

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use seapink::codegen::Error;
use seapink::config::{Dispatch, Model, ReplyOrder};
use seapink::server::{ServerStats, ShutdownReport};
use seapink::{
    AsyncServer, AsyncServerHandle, ClientConfig, Result, Server, ServerConfig, ServerHandle,
};
use tokio::time::{sleep, timeout};

use crate::golden::asynchronous::{
    CalculatorAsyncClient, CalculatorAsyncProcessor, CalculatorClient, CalculatorEchoError,
    CalculatorFailError, CalculatorProcessor, CalculatorSumError, CalculatorWaitError,
};
use crate::service::Calc;
pub(crate) use crate::service::Handler;

/// No test waits longer for anything; only one that fails waits so long.
pub(crate) const AGES: Duration = Duration::from_secs(20);

/// How much later than its deadline a call may end on a busy machine. What is tested would end it
/// after seconds, or never.
pub(crate) const SLACK: Duration = Duration::from_millis(500);

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

/// Each kind with each order in which it can answer.
pub(crate) fn all_orders() -> Vec<(Kind, ReplyOrder)> {
    let sent = ALL.map(|kind| (kind, ReplyOrder::Sent));
    let any = ALL.into_iter().filter(|kind| match kind {
        Kind::Blocking(model) => *model == Model::Nonblocking,
        _ => true,
    });
    sent.into_iter()
        .chain(any.map(|kind| (kind, ReplyOrder::Any)))
        .collect()
}

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

    /// Ends a server of any kind well.
    pub(crate) async fn shutdown(&self) -> ShutdownReport {
        match &self.server {
            Served::Blocking(handle, _) => {
                let handle = handle.clone();
                let shutdown = tokio::task::spawn_blocking(move || handle.shutdown(AGES));
                shutdown.await.unwrap()
            }
            Served::Async(handle, _) => handle.shutdown(AGES).await,
        }
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
