//! Apache's library for Node, at both ends, with the code that Apache's compiler generates for it.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

#[allow(dead_code, reason = "Node's session is another")]
mod interop;
#[path = "node/session.rs"]
mod node_session;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use seapink::config::{ClientHttp, ClientWebSocket, Model};
use seapink::{
    CallContext, Client, ClientConfig, Processor, Server, ServerConfig, ServerHandle, Uuid,
};

use interop::handler::Handler;
use interop::idl::interop::InteropProcessor;
use marks::uuid;
use node_session::{Peer, session, uuids};
use support::install;
use support::process::{Running, run};
use support::{Result, fresh, repository};

/// What is emitted for `testdata/interop/uuid.thrift`.
pub mod marks {
    include!(concat!(env!("OUT_DIR"), "/uuid.rs"));
}

const SESSION: Duration = Duration::from_secs(40);

const MODELS: [Model; 4] = [
    Model::Simple,
    Model::Threaded,
    Model::ThreadPool,
    Model::Nonblocking,
];

/// What there is in Node. Its heads have no JSON in them, and go over neither HTTP nor `WebSocket`.
fn cells() -> impl Iterator<Item = (&'static str, &'static str)> {
    let transports = ["buffered", "framed", "header", "http", "websocket"];
    let all = transports
        .into_iter()
        .flat_map(|transport| ["binary", "compact", "json"].map(|protocol| (transport, protocol)));
    all.filter(|cell| *cell != ("header", "json"))
}

/// Node's packages and the generated modules.
struct Node {
    packages: PathBuf,
    generated: PathBuf,
}

impl Node {
    fn get() -> Result<&'static Self> {
        static NODE: OnceLock<std::result::Result<Node, String>> = OnceLock::new();
        let node = NODE.get_or_init(|| Self::new().map_err(|error| error.to_string()));
        Ok(node.as_ref().map_err(Clone::clone)?)
    }

    fn new() -> Result<Self> {
        let generated = fresh("interop-node")?;
        let mut compiler = Command::new(install::thrift_compiler()?);
        compiler
            .args(["-r", "--gen", "js:node,es6", "-out"])
            .arg(&generated);
        let idl = repository().join("testdata/interop/interop.thrift");
        run(compiler.arg(idl), SESSION)?;
        Ok(Self {
            packages: install::node()?,
            generated,
        })
    }

    fn script(&self, name: &str, cell: (&str, &str)) -> Command {
        let mut command = Command::new("node");
        command
            .env("NODE_PATH", &self.packages)
            // The library makes its buffers in a way that Node advises against.
            .arg("--no-deprecation")
            .arg(repository().join("examples/live").join(name))
            .arg("--generated")
            .arg(&self.generated)
            .args(["--transport", cell.0, "--protocol", cell.1]);
        command
    }

    /// A server of theirs, and a client of ours that is connected to it.
    fn serve(&self, service: &str, cell: (&str, &str)) -> Result<(Running, Client)> {
        let mut command = self.script("node_server.cjs", cell);
        let mut server = Running::start(command.args(["--service", service]))?;
        let port = server.announced("listening on ", SESSION)?;
        let mut config = ClientConfig::new(format!("tcp://127.0.0.1:{port}"))
            .transport(cell.0)
            .protocol(cell.1);
        config = match cell.0 {
            "http" => config.http(ClientHttp::default().path("/service")),
            "websocket" => config.websocket(ClientWebSocket::default().path("/service")),
            _ => config,
        };
        Ok((server, Client::connect(&config)?))
    }
}

/// A server of ours on a thread, shut down when this is dropped.
struct Serving {
    handle: ServerHandle,
    port: String,
}

impl Serving {
    fn start(config: &ServerConfig, processor: impl Processor + 'static) -> Result<Self> {
        let server = Server::bind(config, processor)?;
        let handle = server.handle();
        let address = server.local_addr().to_string();
        let port = address.rsplit(':').next().unwrap_or_default().to_owned();
        thread::spawn(move || server.run());
        Ok(Self { handle, port })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.shutdown(Duration::from_secs(1));
    }
}

fn config((transport, protocol): (&str, &str)) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .transport(transport)
        .protocol(protocol)
}

/// The service with the type that Apache's compiler does not know.
struct Echo;

impl uuid::Marked for Echo {
    fn echo_uuid(
        &self,
        _: &CallContext,
        value: Uuid,
    ) -> std::result::Result<Uuid, uuid::MarkedEchoUuidError> {
        Ok(value)
    }

    fn echo_marks(
        &self,
        _: &CallContext,
        value: uuid::Marks,
    ) -> std::result::Result<uuid::Marks, uuid::MarkedEchoMarksError> {
        Ok(value)
    }
}

#[test]
fn node_calls_us_with_every_model() -> Result {
    let node = Node::get()?;
    let mut failures = String::new();
    for model in MODELS {
        for cell in cells() {
            let config = config(cell).model(model);
            let serving = Serving::start(&config, InteropProcessor::new(Handler::default()))?;
            // The model `simple` serves one connection at a time.
            let connections = if model == Model::Simple { "1" } else { "3" };
            let mut client = node.script("node_client.cjs", cell);
            client.args(["--connections", connections, "--port", &serving.port]);
            if let Err(error) = run(&mut client, SESSION) {
                failures.push_str(&format!("{} {cell:?}: {error}\n", model.name()));
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    Ok(())
}

#[test]
fn we_call_node() -> Result {
    let node = Node::get()?;
    let mut failures = String::new();
    for cell in cells() {
        let (mut server, client) = node.serve("interop", cell)?;
        if let Err(error) = session(client, &Peer::over(cell)) {
            failures.push_str(&format!("{cell:?}: {error}\n{}", server.stop()));
        }
    }
    assert!(failures.is_empty(), "{failures}");
    Ok(())
}

#[test]
fn both_know_uuids() -> Result {
    let node = Node::get()?;
    let mut failures = String::new();
    for cell in cells() {
        let serving = Serving::start(&config(cell), uuid::MarkedProcessor::new(Echo))?;
        let mut client = node.script("node_client.cjs", cell);
        client.args(["--service", "uuid", "--port", &serving.port]);
        if let Err(error) = run(&mut client, SESSION) {
            failures.push_str(&format!("node calls us, {cell:?}: {error}\n"));
        }
        let (mut server, client) = node.serve("uuid", cell)?;
        if let Err(error) = uuids(client) {
            failures.push_str(&format!(
                "we call node, {cell:?}: {error}\n{}",
                server.stop()
            ));
        }
    }
    assert!(failures.is_empty(), "{failures}");
    Ok(())
}
