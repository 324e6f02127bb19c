//! The server that the program is when it is started with sockets, and how it is started.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::thread;

use seapink::config::Model;
use seapink::{ClientConfig, Server, ServerConfig};

use crate::support::{AGES, Probe, ProbeClient};

/// What a server is told in the end.
const END: &str = "end";

const ADDRESS: &str = "SEAPINK_TEST_ADDRESS";
const MODEL: &str = "SEAPINK_TEST_MODEL";
const TRANSPORT: &str = "SEAPINK_TEST_TRANSPORT";
const TWICE: &str = "SEAPINK_TEST_TWICE";

/// What a server is started with.
#[derive(Default)]
pub(crate) struct Passed {
    pub(crate) sockets: Vec<OwnedFd>,
    /// `LISTEN_FDNAMES`.
    pub(crate) names: &'static str,
    /// `LISTEN_PID`, if it is not that of the server.
    pub(crate) pid: Option<&'static str>,
    /// `LISTEN_FDS`, if it is not how many there are.
    pub(crate) count: Option<&'static str>,
    pub(crate) transport: Option<&'static str>,
    pub(crate) model: Option<&'static str>,
    /// The server listens a second time.
    pub(crate) twice: bool,
}

/// A server at work, which is killed when the test ends.
pub(crate) struct Served {
    child: Child,
    said: BufReader<ChildStderr>,
    address: String,
}

impl Passed {
    /// The shell makes descriptors 3 and 4 of those that a child can be given, and its process becomes
    /// the server.
    fn spawn(&self, address: &str, model: &str) -> (Child, BufReader<ChildStderr>) {
        let count = self
            .count
            .map_or(self.sockets.len().to_string(), str::to_owned);
        let pid = self.pid.unwrap_or("$$");
        let script = format!(
            "LISTEN_PID={pid} LISTEN_FDS={count} LISTEN_FDNAMES={} exec \"$0\" 3<&0 4>&1",
            self.names
        );
        let socket = |index: usize| match self.sockets.get(index) {
            Some(socket) => Stdio::from(socket.try_clone().unwrap()),
            None => Stdio::null(),
        };
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .arg(env::current_exe().unwrap())
            .env(ADDRESS, address)
            .env(MODEL, model)
            .env(TRANSPORT, self.transport.unwrap_or_default())
            .env(TWICE, if self.twice { "1" } else { "" })
            .stdin(socket(0))
            .stdout(socket(1))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        (child, said)
    }

    pub(crate) fn start(&self, address: &str, model: &str) -> Served {
        let (child, mut said) = self.spawn(address, model);
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listens at ");
        let address = address.unwrap_or_else(|| panic!("{line}")).to_owned();
        Served {
            child,
            said,
            address,
        }
    }
}

/// What a server says that does not start.
pub(crate) fn refusal(passed: &Passed, address: &str) -> String {
    let (mut child, mut said) = passed.spawn(address, passed.model.unwrap_or("thread-pool"));
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    assert!(!child.wait().unwrap().success(), "{text}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("refused: in code: "));
    line.unwrap_or_else(|| panic!("{text}")).to_owned()
}

impl Served {
    pub(crate) fn start(address: &str, model: &str, sockets: Vec<OwnedFd>) -> Self {
        let passed = Passed {
            sockets,
            ..Passed::default()
        };
        passed.start(address, model)
    }

    /// Where it says that it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A client of it.
    pub(crate) fn client(&self) -> ProbeClient {
        let transport = if self.address.starts_with("udp") {
            "buffered"
        } else {
            "framed"
        };
        let config = ClientConfig::new(&*self.address).transport(transport);
        ProbeClient::connect(&config).unwrap()
    }

    /// Has it shut down.
    pub(crate) fn end(mut self) {
        self.client().note(END).unwrap();
        let mut text = String::new();
        self.said.read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success(), "{text}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn is_asked_for() -> bool {
    env::var_os(ADDRESS).is_some()
}

pub(crate) fn serve() {
    let variable = |name| env::var(name).unwrap_or_default();
    let mut config = ServerConfig::new(variable(ADDRESS));
    let model = variable(MODEL);
    let models = [
        Model::Simple,
        Model::Threaded,
        Model::ThreadPool,
        Model::Nonblocking,
    ];
    if let Some(model) = models.into_iter().find(|one| one.name() == model) {
        config = config.model(model);
    }
    // A framed message tells itself from one without frames; datagrams have none.
    config = config.transport(match &*variable(TRANSPORT) {
        "" if is_datagrams() => "buffered".to_owned(),
        "" => "framed".to_owned(),
        named => named.to_owned(),
    });
    let result = if model == "async" {
        serve_async(&config)
    } else {
        serve_blocking(&config)
    };
    if let Err(error) = result {
        eprintln!("refused: {error}");
        std::process::exit(1);
    }
}

/// What descriptor 0 is, which is descriptor 3 as well.
fn is_datagrams() -> bool {
    let stdin = std::io::stdin();
    let socket = socket2::SockRef::from(&stdin);
    socket
        .r#type()
        .is_ok_and(|kind| kind == socket2::Type::DGRAM)
}

/// Which of the sockets that were passed a program would have that this process starts.
fn inherited() -> Vec<String> {
    let script = "for fd in 3 4; do [ -S /proc/self/fd/$fd ] && echo $fd; done";
    let said = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}

fn serve_blocking(config: &ServerConfig) -> seapink::Result<()> {
    let probe = Probe::default();
    let handler = Arc::clone(&probe.0);
    let server = Server::bind(config, probe)?;
    if !env::var(TWICE).unwrap_or_default().is_empty() {
        Server::bind(config, Probe::default())?;
    }
    assert!(inherited().is_empty(), "{:?}", inherited());
    eprintln!("listens at {}", server.local_addr());
    let handle = server.handle();
    let serving = thread::spawn(move || server.run());
    // If the test has failed, nobody says it, and this process ends by a panic.
    handler.until_noted(END);
    assert!(handle.shutdown(AGES).is_clean());
    serving.join().unwrap()
}

#[cfg(feature = "tokio")]
fn serve_async(config: &ServerConfig) -> seapink::Result<()> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let probe = Probe::default();
        let handler = Arc::clone(&probe.0);
        let server = seapink::AsyncServer::bind_blocking(config, probe)?;
        eprintln!("listens at {}", server.local_addr());
        let handle = server.handle();
        let ended = tokio::task::spawn_blocking(move || handler.until_noted(END));
        let serving = tokio::spawn(server.run());
        ended.await.unwrap();
        handle.shutdown(AGES).await;
        serving.await.unwrap()
    })
}

#[cfg(not(feature = "tokio"))]
fn serve_async(_: &ServerConfig) -> seapink::Result<()> {
    unreachable!("not asked for")
}
