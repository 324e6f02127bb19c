//! `tshark` as a decoder that nobody here has written: it has to see the same in our traffic as in that of
//! Apache's library.
//!
//! Each call has a connection of its own. It takes some good messages for bad ones, and is out of step after
//! that; so what it makes of one is compared with what it makes of the other, call by call.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

mod capture;
#[allow(dead_code, reason = "each live test uses its part")]
mod interop;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use seapink::{ClientConfig, ServerConfig};

use capture::dissected::{Dissected, dissect};
use capture::recorder::Recorder;
use capture::{calls, recorder::Conversation};
use interop::handler::Handler;
use interop::idl::interop::InteropProcessor;
use interop::serving::Serving;
use support::process::{Running, run};
use support::{Result, fresh, install, repository};

const SESSION: Duration = Duration::from_secs(40);

#[test]
fn tshark_sees_the_same_in_our_traffic_as_in_that_of_apache() -> Result {
    let generated = fresh("tshark-python")?;
    let mut compiler = Command::new(install::thrift_compiler()?);
    compiler.args(["-r", "--gen", "py", "-out"]).arg(&generated);
    let idl = repository().join("testdata/interop/interop.thrift");
    run(compiler.arg(idl), SESSION)?;
    let captures = fresh("captures")?;
    for transport in ["framed", "buffered"] {
        for protocol in ["binary", "compact"] {
            let name = format!("{transport}-{protocol}");
            let ours = ours(transport, protocol)?;
            let theirs = theirs(&generated, transport, protocol, ours.len())?;
            let ours = dissect(&ours, &captures.join(format!("{name}-seapink.pcap")))?;
            let theirs = dissect(&theirs, &captures.join(format!("{name}-apache.pcap")))?;
            compare(&ours, &theirs, &name);
        }
    }
    Ok(())
}

/// Our client calls our server.
fn ours(transport: &str, protocol: &str) -> Result<Vec<Conversation>> {
    let config = ServerConfig::new("tcp://127.0.0.1:0")
        .transport(transport)
        .protocol(protocol);
    let serving = Serving::start(&config, InteropProcessor::new(Handler::default()))?;
    let recorder = Recorder::start(&serving.port)?;
    let config = ClientConfig::new(format!("tcp://127.0.0.1:{}", recorder.port))
        .transport(transport)
        .protocol(protocol);
    let count = calls::make(&config)?;
    recorder.conversations(count)
}

/// Python's client calls Python's server.
fn theirs(
    generated: &PathBuf,
    transport: &str,
    protocol: &str,
    count: usize,
) -> Result<Vec<Conversation>> {
    let script = |name: &str| -> Result<Command> {
        let mut command = Command::new(install::python()?);
        // It would cache bytecode beside the scripts.
        command
            .arg("-B")
            .arg(repository().join("examples/live").join(name));
        command.arg("--generated").arg(generated);
        command.args(["--transport", transport, "--protocol", protocol]);
        Ok(command)
    };
    let mut server = Running::start(&mut script("interop_server.py")?)?;
    let port = server.announced("listening on ", SESSION)?;
    let recorder = Recorder::start(&port)?;
    let mut client = script("capture_client.py")?;
    run(client.args(["--port", &recorder.port]), SESSION)?;
    recorder.conversations(count)
}

fn compare(ours: &Dissected, theirs: &Dissected, name: &str) {
    // It takes the sequence ids of compact for zigzag, where 1 is -1.
    let first = if name.ends_with("compact") { "-1" } else { "1" };
    assert!(ours.keys().eq(theirs.keys()), "{name}");
    for (which, found) in ours {
        let expected = &theirs[which];
        assert_eq!(found.methods, expected.methods, "{name} {which:?}");
        assert_eq!(found.structure, expected.structure, "{name} {which:?}");
        assert_eq!(found.complaints, expected.complaints, "{name} {which:?}");
        if name.ends_with("binary") {
            let exception = "The application was not able to handle the request.";
            assert!(
                found.complaints.iter().all(|text| text == exception),
                "{found:?}"
            );
        }
        // Each connection begins to count, ours with 1 and Python with 0.
        let all = |ids: &[String], one| !ids.is_empty() && ids.iter().all(|id| id == one);
        assert!(
            all(&found.sequence_ids, first),
            "{name} {which:?}: {found:?}"
        );
        assert!(all(&expected.sequence_ids, "0"), "{name} {which:?}");
        assert!(!found.methods.is_empty(), "{name} {which:?}");
        // What fails has other words here and there.
        let is_echo = |method: &String| method.starts_with("echo_");
        if found.methods.iter().all(is_echo) {
            assert_eq!(found.values, expected.values, "{name} {which:?}");
        }
    }
}
