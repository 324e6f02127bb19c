//! SASL with those that speak it: `thrift_sasl` and Apache's library for Python, Apache's for Java at
//! both ends, and `impyla`, by which Python programs ask Hive and Impala.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

#[allow(dead_code, reason = "each live test uses its part")]
mod interop;

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use seapink::config::{ClientSasl, Model, ServerSasl};
use seapink::{Client, ClientConfig, ErrorKind, Processor, Server, ServerConfig, ServerHandle};

use interop::handler::Handler;
use interop::idl::interop::{InteropProcessor, SecondClient, SecondProcessor};
use support::crates::ScratchCrate;
use support::install;
use support::process::{Running, output, run};
use support::{Result, fresh, repository};

const SESSION: Duration = Duration::from_secs(40);
const BUILD: Duration = Duration::from_mins(5);

const MODELS: [Model; 4] = [
    Model::Simple,
    Model::Threaded,
    Model::ThreadPool,
    Model::Nonblocking,
];

/// A server of ours on a thread, shut down when this is dropped.
struct Serving {
    handle: ServerHandle,
    port: String,
}

impl Serving {
    fn start(model: Model, protocol: &str, processor: impl Processor + 'static) -> Result<Self> {
        let sasl = ServerSasl::new().plain(|login| match (login.user(), login.password()) {
            ("alice", "wonderland") => login.accept(),
            _ => login.deny("unknown user, or wrong password"),
        });
        let config = ServerConfig::new("tcp://127.0.0.1:0")
            .model(model)
            .transport("sasl")
            .protocol(protocol)
            .sasl(sasl);
        let server = Server::bind(&config, processor)?;
        let handle = server.handle();
        let address = server.local_addr().to_string();
        let port = address.rsplit(':').next().unwrap_or_default().to_owned();
        thread::spawn(move || server.run());
        Ok(Self { handle, port })
    }

    fn denied(&self) -> u64 {
        self.handle.stats().connections_failed_by(ErrorKind::Denied)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.shutdown(Duration::from_secs(1));
    }
}

#[test]
fn python_calls_us() -> Result {
    let python = install::python()?;
    let generated = fresh("sasl-python")?;
    let mut compiler = Command::new(install::thrift_compiler()?);
    compiler.args(["-r", "--gen", "py", "-out"]).arg(&generated);
    run(
        compiler.arg(repository().join("testdata/interop/interop.thrift")),
        SESSION,
    )?;
    for model in MODELS {
        for library in ["sasl", "sasl-apache"] {
            for protocol in ["binary", "compact"] {
                let serving =
                    Serving::start(model, protocol, InteropProcessor::new(Handler::default()))?;
                let connections = if model == Model::Simple { "1" } else { "3" };
                let client = || {
                    let mut client = Command::new(&python);
                    client
                        .arg("-B")
                        .arg(repository().join("examples/live/interop_client.py"))
                        .arg("--generated")
                        .arg(&generated)
                        .args(["--transport", library, "--protocol", protocol])
                        .args(["--connections", connections, "--port", &serving.port]);
                    client
                };
                let place = format!("{} {library} {protocol}", model.name());
                run(&mut client(), SESSION).map_err(|error| format!("{place}: {error}"))?;
                assert_eq!(serving.denied(), 0, "{place}");
                let wrong = output(client().env("SASL_PASSWORD", "queen"), SESSION)?;
                assert!(!wrong.status.success(), "{place}");
                assert!(
                    wrong.stderr.contains("invalid credentials"),
                    "{place}: {}",
                    wrong.stderr
                );
                assert!(serving.denied() > 0, "{place}");
            }
        }
    }
    Ok(())
}

/// The program in `examples/live/SaslPeer.java`.
struct Java {
    class_path: String,
}

impl Java {
    fn new() -> Result<Self> {
        let libraries = install::java_classes()?;
        let generated = fresh("sasl-java")?;
        let mut compiler = Command::new(install::thrift_compiler()?);
        let java = ["-r", "--gen", "java:generated_annotations=suppress", "-out"];
        compiler.args(java).arg(&generated);
        run(
            compiler.arg(repository().join("testdata/interop/interop.thrift")),
            SESSION,
        )?;
        let classes = fresh("sasl-java-classes")?;
        let mut javac = Command::new("javac");
        javac
            .args(["-nowarn", "-cp", &libraries, "-d"])
            .arg(&classes);
        javac.arg(generated.join("Second.java"));
        javac.arg(repository().join("examples/live/SaslPeer.java"));
        run(&mut javac, BUILD)?;
        let class_path = format!("{}:{libraries}", classes.display());
        Ok(Self { class_path })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut java = Command::new("java");
        java.args(["-cp", &self.class_path, "SaslPeer"]);
        java.args(arguments);
        java
    }
}

#[test]
fn java_calls_us_and_we_call_java() -> Result {
    let java = Java::new()?;
    for model in MODELS {
        let serving = Serving::start(model, "binary", SecondProcessor::new(Handler::default()))?;
        let client = |password| java.command(&["client", &serving.port, "alice", password, "pâté"]);
        let said = run(&mut client("wonderland"), SESSION)?;
        assert_eq!(said.stdout, "PÂTÉ\nPÂTÉ\nPÂTÉ", "{}", model.name());
        let wrong = output(&mut client("queen"), SESSION)?;
        assert!(!wrong.status.success());
        let text = "Peer indicated failure: invalid credentials";
        assert!(wrong.stderr.contains(text), "{}", wrong.stderr);
        assert_eq!(serving.denied(), 1, "{}", model.name());
    }

    let mut server = Running::start(&mut java.command(&["server"]))?;
    let port = server.announced("listening on ", SESSION)?;
    let connect = |password: &str| {
        let config = ClientConfig::new(format!("tcp://127.0.0.1:{port}"))
            .transport("sasl")
            .sasl(ClientSasl::plain("alice", password));
        Client::<seapink::Standard>::connect(&config)
    };
    let second = SecondClient::new(connect("wonderland")?);
    let large = "é".repeat(1 << 20);
    for text in ["a", "", "日本語", &large] {
        assert_eq!(second.upper(text)?, text.to_uppercase());
    }
    let Err(error) = connect("queen") else {
        return Err("Java lets in anybody".into());
    };
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let text = "the server refused: alice has another password";
    assert!(error.to_string().ends_with(text), "{error}");
    assert_eq!(second.upper("still")?, "STILL");
    Ok(())
}

/// Emits code for Hive's IDL into a crate with a server.
fn build_hive() -> Result<PathBuf> {
    let idl = install::python_packages()?.join("impala/thrift/TCLIService.thrift");
    let hive = ScratchCrate::new("hive-server")?;
    seapink_idl::Builder::new()
        .out_dir(hive.dir.join("src"))
        .name("hive")
        .cargo_messages(false)
        .compile(&[idl])?;
    let program = repository().join("examples/live/hive_server.rs");
    std::fs::copy(program, hive.dir.join("src/main.rs"))?;
    run(&mut hive.cargo("build")?, BUILD)?;
    hive.program()
}

#[test]
fn impyla_gets_rows() -> Result {
    let python = install::python()?;
    let mut server = Running::start(&mut Command::new(build_hive()?))?;
    let address = server.announced("listening on ", SESSION)?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let client = || {
        let mut client = Command::new(&python);
        client
            .arg("-B")
            .arg(repository().join("examples/live/impyla_client.py"))
            .args(["--port", port]);
        client
    };
    let said = run(&mut client(), SESSION)?.stdout;
    let expected =
        "[('id', 'INT'), ('name', 'STRING')]\n(1, 'Mercury')\n(2, 'Vénus')\n(3, 'Earth')";
    assert_eq!(said, expected);
    for line in [
        "alice opens a session",
        "select id, name from planets",
        "the session is closed",
    ] {
        server.announced(line, SESSION)?;
    }
    let wrong = output(client().args(["--password", "queen"]), SESSION)?;
    assert!(!wrong.status.success());
    assert!(
        wrong.stderr.contains("invalid credentials"),
        "{}",
        wrong.stderr
    );
    Ok(())
}
