//! Apache's library for Python, at both ends, with the code that Apache's compiler generates for it.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

mod interop;
mod simple_json;
mod uuid;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use seapink::config::Model;
use seapink::transport::{Header, Transports};
use seapink::{Client, ClientConfig, ErrorKind, Multiplexed, ServerConfig};

use interop::handler::Handler;
use interop::idl::interop::{
    InteropClient, InteropEchoDoubleError, InteropProcessor, SecondClient, SecondProcessor,
};
use interop::serving::Serving;
use interop::session::{session, special_doubles};
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
const TRANSPORTS: [&str; 6] = [
    "framed",
    "buffered",
    "zlib",
    "header",
    "header-zlib",
    "http",
];
/// Those that a server finds out by itself.
const DETECTED: [&str; 4] = ["framed", "buffered", "header", "header-zlib"];
/// Ours, and what Python calls its implementations of it. The accelerated ones are written in C.
const PROTOCOLS: [(&str, &str); 5] = [
    ("binary", "binary"),
    ("compact", "compact"),
    ("json", "json"),
    ("binary", "binary-accelerated"),
    ("compact", "compact-accelerated"),
];

/// Whether both can go together. Heads know of two protocols, and Python has no part in C for them. Over
/// zlib, Python's JSON reads escapes wrongly, and its part in C waits for bytes that do not come.
fn fits(transport: &str, protocol: &str) -> bool {
    match transport {
        "header" | "header-zlib" | "zlib" => ["binary", "compact"].contains(&protocol),
        _ => true,
    }
}

/// What we call it. Whether messages are compressed is up to who sends them.
fn ours(transport: &str) -> &str {
    if transport == "header-zlib" {
        "header"
    } else {
        transport
    }
}

/// The same for a client.
fn client_config(port: &str, transport: &str, protocol: &str) -> ClientConfig {
    let mut config = ClientConfig::new(format!("tcp://127.0.0.1:{port}"))
        .transport(ours(transport))
        .protocol(protocol);
    if transport == "header-zlib" {
        config.transports = Transports::standard().with("header", Header::compressed());
    }
    config
}

/// Python's interpreter and the generated modules.
struct Python {
    interpreter: PathBuf,
    generated: PathBuf,
}

impl Python {
    fn get() -> Result<&'static Self> {
        static PYTHON: OnceLock<std::result::Result<Python, String>> = OnceLock::new();
        let python = PYTHON.get_or_init(|| Self::new().map_err(|error| error.to_string()));
        Ok(python.as_ref().map_err(Clone::clone)?)
    }

    fn new() -> Result<Self> {
        let generated = fresh("interop-python")?;
        let mut compiler = Command::new(install::thrift_compiler()?);
        compiler.args(["-r", "--gen", "py", "-out"]).arg(&generated);
        let idl = repository().join("testdata/interop/interop.thrift");
        run(compiler.arg(idl), SESSION)?;
        Ok(Self {
            interpreter: install::python()?,
            generated,
        })
    }

    fn script(&self, name: &str, transport: &str, protocol: &str) -> Command {
        let mut command = Command::new(&self.interpreter);
        command
            // It would cache bytecode beside the scripts.
            .arg("-B")
            .arg(repository().join("examples/live").join(name))
            .arg("--generated")
            .arg(&self.generated)
            .args(["--transport", transport, "--protocol", protocol]);
        command
    }
}

fn config(transport: &str, protocol: &str) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .transport(ours(transport))
        .protocol(protocol)
}

#[test]
fn python_calls_us_with_every_model() -> Result {
    let python = Python::get()?;
    for model in MODELS {
        for transport in TRANSPORTS {
            for (protocol, theirs) in PROTOCOLS {
                if !fits(transport, theirs) {
                    continue;
                }
                let config = config(transport, protocol).model(model);
                let serving = Serving::start(&config, InteropProcessor::new(Handler::default()))?;
                // The model `simple` serves one connection at a time.
                let connections = if model == Model::Simple { "1" } else { "3" };
                let mut client = python.script("interop_client.py", transport, theirs);
                client.args(["--connections", connections, "--port", &serving.port]);
                run(&mut client, SESSION)
                    .map_err(|error| format!("{} {transport} {theirs}: {error}", model.name()))?;
            }
        }
    }
    Ok(())
}

#[test]
fn python_calls_one_port_that_takes_all() -> Result {
    let python = Python::get()?;
    for model in MODELS {
        let config = config("auto", "auto").model(model);
        let serving = Serving::start(&config, InteropProcessor::new(Handler::default()))?;
        for transport in DETECTED {
            for (_, theirs) in PROTOCOLS {
                if !fits(transport, theirs) {
                    continue;
                }
                let mut client = python.script("interop_client.py", transport, theirs);
                client.args(["--connections", "1", "--port", &serving.port]);
                run(&mut client, SESSION)
                    .map_err(|error| format!("{} {transport} {theirs}: {error}", model.name()))?;
            }
        }
    }
    Ok(())
}

#[test]
fn python_calls_two_services_on_one_port() -> Result {
    let python = Python::get()?;
    for transport in TRANSPORTS {
        for protocol in ["binary", "compact", "json"] {
            if !fits(transport, protocol) {
                continue;
            }
            let handler = Handler::default();
            let both = Multiplexed::new()
                .service("Interop", InteropProcessor::new(handler.clone()))
                .service("Second", SecondProcessor::new(handler));
            let serving = Serving::start(&config(transport, protocol), both)?;
            let mut client = python.script("interop_client.py", transport, protocol);
            client.args(["--multiplexed", "--port", &serving.port]);
            run(&mut client, SESSION)?;
        }
    }
    Ok(())
}

/// A server of theirs, and a client of ours that is connected to it.
fn serve(
    python: &Python,
    transport: &str,
    protocols: (&str, &str),
    multiplexed: bool,
) -> Result<(Running, Client)> {
    let (ours, theirs) = protocols;
    let mut command = python.script("interop_server.py", transport, theirs);
    if multiplexed {
        command.arg("--multiplexed");
    }
    let mut server = Running::start(&mut command)?;
    let port = server.announced("listening on ", SESSION)?;
    let config = client_config(&port, transport, ours);
    Ok((server, Client::connect(&config)?))
}

/// Python reads `"NaN"`, but answers `nan`, which no JSON has, instead of a string.
fn bare_words(client: Client) -> Result {
    let double = InteropClient::new(client).echo_double(f64::NAN);
    let Err(InteropEchoDoubleError::Other(error)) = double else {
        return Err(format!("Python has learnt to write NaN in JSON: {double:?}").into());
    };
    assert_eq!(error.kind(), ErrorKind::Malformed);
    Ok(())
}

#[test]
fn we_call_python() -> Result {
    let python = Python::get()?;
    for transport in TRANSPORTS {
        for protocols in PROTOCOLS {
            if !fits(transport, protocols.1) {
                continue;
            }
            let (mut server, client) = serve(python, transport, protocols, false)?;
            let outcome = session(client.clone(), "python").and_then(|()| match protocols.0 {
                "json" => bare_words(client),
                _ => special_doubles(client),
            });
            outcome.map_err(|error| {
                format!("{transport} {protocols:?}: {error}\n{}", server.stop())
            })?;
        }
    }
    Ok(())
}

#[test]
fn we_call_two_services_of_python_on_one_port() -> Result {
    let python = Python::get()?;
    for transport in TRANSPORTS {
        for protocol in ["binary", "compact", "json"] {
            if !fits(transport, protocol) {
                continue;
            }
            let (_server, client) = serve(python, transport, (protocol, protocol), true)?;
            let second = SecondClient::new(client.service("Second"));
            assert_eq!(second.upper("été")?, "ÉTÉ");
            session(client.service("Interop"), "python")?;
            assert_eq!(second.upper("a")?, "A");
        }
    }
    Ok(())
}

/// What both have of the type that Apache's compiler does not know. Python's part in C is left out: it writes and
/// reads what generated code says, and there is none.
fn cells_with_uuids() -> impl Iterator<Item = (&'static str, &'static str)> {
    let transports = ["framed", "buffered"].into_iter();
    transports
        .flat_map(|transport| ["binary", "compact", "json"].map(|protocol| (transport, protocol)))
}

#[test]
fn python_sends_uuids_to_us() -> Result {
    let python = Python::get()?;
    for (transport, protocol) in cells_with_uuids() {
        let processor = uuid::UuidInteropProcessor::new(uuid::Handler);
        let serving = Serving::start(&config(transport, protocol), processor)?;
        let mut client = python.script("uuid_client.py", transport, protocol);
        run(client.args(["--port", &serving.port]), SESSION)
            .map_err(|error| format!("{transport} {protocol}: {error}"))?;
    }
    Ok(())
}

#[test]
fn we_send_uuids_to_python() -> Result {
    let python = Python::get()?;
    for (transport, protocol) in cells_with_uuids() {
        let mut server = Running::start(&mut python.script("uuid_server.py", transport, protocol))?;
        let port = server.announced("listening on ", SESSION)?;
        let client = Client::connect(&client_config(&port, transport, protocol))?;
        uuid::session(client)
            .map_err(|error| format!("{transport} {protocol}: {error}\n{}", server.stop()))?;
    }
    Ok(())
}
