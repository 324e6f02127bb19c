//! The example `quickstart`, over whatever it can be configured to.

use std::process::Command;

use crate::{failure, output, write};

/// What the quickstart says is the same whatever it runs on.
#[track_caller]
fn check_quickstart(stdout: &str) {
    for line in [
        "  receipt no. 1: 8.40 EUR",
        "  SoldOut: sorry, Ben, no TEA today",
        "  the same connection goes on: 8.90 EUR taken so far",
        "  they spent 20.00 EUR, the bar has 28.90 EUR",
        "The bar is closed: every call was answered.",
        "or make a service of your own, as docs/getting-started.md shows.",
    ] {
        assert!(stdout.contains(line), "no line {line:?} in\n{stdout}");
    }
}

#[test]
fn quickstart_shows_a_result_an_exception_a_oneway_call_and_concurrency() {
    check_quickstart(&output(&mut program!("quickstart")));
}

#[test]
fn quickstart_runs_every_model_transport_and_protocol() {
    let folder = tempfile::tempdir().unwrap();
    for model in ["simple", "threaded", "thread-pool", "nonblocking"] {
        for transport in ["framed", "buffered"] {
            for protocol in ["binary", "compact", "json"] {
                let socket = folder.path().join("socket");
                for listen in [
                    "tcp://127.0.0.1:0".to_owned(),
                    format!("unix://{}", socket.display()),
                ] {
                    let config = format!(
                        "[server]\nlisten = \"{listen}\"\nmodel = \"{model}\"\n\
                         transport = \"{transport}\"\nprotocol = \"{protocol}\"\n"
                    );
                    let config = write(folder.path(), "server.toml", &config);
                    let stdout = output(program!("quickstart").arg("--config").arg(config));
                    check_quickstart(&stdout);
                    let layers = format!("({model}, {transport}, {protocol})");
                    assert!(stdout.contains(&layers), "{stdout}");
                    for layer in [model, transport, protocol] {
                        assert!(stdout.contains(&format!("  {layer}: ")), "{stdout}");
                    }
                    assert!(!stdout.contains("a layer of your own"), "{stdout}");
                }
            }
        }
    }
}

/// With the features of their names, for which `.ci/run` calls this.
#[test]
fn quickstart_takes_other_transports() {
    let mut transports = vec!["header", "framed+header"];
    if cfg!(feature = "http") {
        transports.push("http");
    }
    if cfg!(feature = "websocket") {
        transports.push("websocket");
    }
    if cfg!(feature = "zlib") {
        transports.extend(["zlib", "zlib+framed"]);
    }
    let folder = tempfile::tempdir().unwrap();
    for transport in transports {
        let config =
            format!("[server]\nlisten = \"tcp://127.0.0.1:0\"\ntransport = \"{transport}\"\n");
        let config = write(folder.path(), "server.toml", &config);
        let stdout = output(program!("quickstart").arg("--config").arg(config));
        check_quickstart(&stdout);
        for layer in transport.split('+') {
            assert!(stdout.contains(&format!("  {layer}: ")), "{stdout}");
        }
        assert!(!stdout.contains("a layer of your own"), "{stdout}");
    }
}

#[test]
fn quickstart_says_what_is_wrong_with_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = write(
        folder.path(),
        "bar.toml",
        "[server]\nlisten = \"tcp://127.0.0.1:0\"\nmodle = \"simple\"\n",
    );
    let stderr = failure(program!("quickstart").arg("--config").arg(config));
    for word in ["bar.toml", "modle", "model"] {
        assert!(stderr.contains(word), "{stderr}");
    }
    let stderr = failure(program!("quickstart").args(["--config", "missing.toml"]));
    assert!(stderr.contains("missing.toml"), "{stderr}");
}
