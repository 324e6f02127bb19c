//! Apache's library for Node, at both ends, with the code that Apache's compiler generates for it.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

#[allow(dead_code, reason = "Node's session is another")]
mod interop;
#[path = "node/session.rs"]
mod node_session;
mod uuid;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use seapink::config::{ClientHttp, ClientWebSocket, Model};
use seapink::{Client, ClientConfig, Processor, Server, ServerConfig, ServerHandle};

use interop::handler::Handler;
use interop::idl::interop::InteropProcessor;
use node_session::{Peer, session};
use support::install;
use support::process::{Running, run};
use support::{Result, fresh, repository};

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

#[test]
fn node_calls_us_with_every_model() -> Result {
    let node = Node::get()?;
    for model in MODELS {
        for cell in cells() {
            let config = config(cell).model(model);
            let serving = Serving::start(&config, InteropProcessor::new(Handler::default()))?;
            // The model `simple` serves one connection at a time.
            let connections = if model == Model::Simple { "1" } else { "3" };
            let mut client = node.script("node_client.cjs", cell);
            client.args(["--connections", connections, "--port", &serving.port]);
            run(&mut client, SESSION)
                .map_err(|error| format!("{} {cell:?}: {error}", model.name()))?;
        }
    }
    Ok(())
}

#[test]
fn we_call_node() -> Result {
    let node = Node::get()?;
    for cell in cells() {
        let (mut server, client) = node.serve("interop", cell)?;
        session(client, &Peer::over(cell))
            .map_err(|error| format!("{cell:?}: {error}\n{}", server.stop()))?;
    }
    Ok(())
}

#[test]
fn both_know_uuids() -> Result {
    let node = Node::get()?;
    for cell in cells() {
        let serving = Serving::start(
            &config(cell),
            uuid::UuidInteropProcessor::new(uuid::Handler),
        )?;
        let mut client = node.script("node_client.cjs", cell);
        client.args(["--service", "uuid", "--port", &serving.port]);
        run(&mut client, SESSION).map_err(|error| format!("{cell:?}: {error}"))?;
        let (mut server, client) = node.serve("uuid", cell)?;
        uuid::session(client).map_err(|error| format!("{cell:?}: {error}\n{}", server.stop()))?;
    }
    Ok(())
}
