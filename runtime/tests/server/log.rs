//! What the log says, with the feature `tracing`.

#![cfg(feature = "tracing")]

use std::io::Write;

use seapink::ServerConfig;
use seapink::config::Model;

use crate::log_lines::Log;
use crate::support::{AGES, MODELS, Running, eventually};

#[test]
fn connections_and_what_goes_wrong_on_them_are_logged() {
    let log = Log::listen();
    let logged = |line: &str| eventually(line, || log.has(line));
    let config = ServerConfig::new("tcp://127.0.0.1:0")
        .model(Model::Threaded)
        .connections_max(1);
    let running = Running::bind(&config);
    let client = running.client();
    client.echo("x").unwrap();
    logged("DEBUG message=connected peer=127.0.0.1:");
    logged("DEBUG message=connection opened peer=127.0.0.1:");
    let address = running.handle.local_addr().to_string();
    let connect = || std::net::TcpStream::connect(&address["tcp://".len()..]).unwrap();
    drop(connect());
    logged("WARN message=connection refused: connections_max is reached peer=127.0.0.1:");
    client.fail("panic").unwrap_err();
    logged(
        "WARN message=handler panicked: panic service=\"Probe\" method=\"fail\" peer=127.0.0.1:",
    );
    drop(client);
    logged("DEBUG message=connection closed: the peer closed it peer=127.0.0.1:");
    eventually("there is room", || {
        running.handle.stats().connections_open == 0
    });
    connect().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    logged(
        "WARN message=connection closed: the frame declares 1195725856 bytes, \
         more than frame_bytes_max = 16384000; the peer seems to speak HTTP peer=127.0.0.1:",
    );
    floods_get_one_line(&log);
    ends_have_their_reasons(&log);
}

fn floods_get_one_line(log: &Log) {
    let config = ServerConfig::new("tcp://127.0.0.1:0");
    let running = Running::bind(&config.model(Model::Threaded).connections_max(1));
    let first = running.tcp();
    let address = running.handle.local_addr().to_string();
    let connect = || std::net::TcpStream::connect(&address["tcp://".len()..]).unwrap();
    let refused: Vec<_> = (0..20).map(|_| connect()).collect();
    eventually("all are refused", || {
        running.handle.stats().connections_refused == 20
    });
    drop(first);
    let mut failed = Vec::new();
    for _ in 0..20 {
        eventually("there is room", || {
            running.handle.stats().connections_open == 0
        });
        let mut stream = connect();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let count = failed.len() as u64 + 1;
        eventually("it has failed", || {
            running.handle.stats().connections_failed == count
        });
        failed.push(stream);
    }
    let lines = log.take();
    for (streams, what) in [(&refused, "refused:"), (&failed, "closed:")] {
        let peers: Vec<_> = streams
            .iter()
            .map(|stream| {
                format!(
                    "WARN message=connection {what} | peer={} ",
                    stream.local_addr().unwrap()
                )
            })
            .collect();
        let of_mine = |line: &&String| {
            peers
                .iter()
                .any(|peer| peer.split('|').all(|part| line.contains(part.trim())))
        };
        let lines: Vec<_> = lines.iter().filter(of_mine).collect();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].ends_with("times=1"), "{lines:#?}");
    }
}

fn ends_have_their_reasons(log: &Log) {
    let logged = |line: &str| eventually(line, || log.has(line));
    for model in MODELS {
        let running = Running::bind(&ServerConfig::new("tcp://127.0.0.1:0").model(model));
        let address = running.handle.local_addr().to_string();
        let mut stream = std::net::TcpStream::connect(&address["tcp://".len()..]).unwrap();
        let mut oneway =
            crate::raw::Raw::named("framed", "binary").call(0, |client| client.fail("chosen"));
        oneway[7] = 4;
        stream.write_all(&oneway).unwrap();
        let peer = stream.local_addr().unwrap();
        logged(&format!(
            "WARN message=undeclared error: try later service=\"Probe\" method=\"fail\" peer={peer}"
        ));
        eventually("it is answered", || running.handle.stats().oneways == 1);
        assert!(running.handle.shutdown(AGES).is_clean());
        logged(&format!(
            "DEBUG message=connection closed: the server is shutting down peer={peer}"
        ));
    }
    let config = ServerConfig::new("tcp://127.0.0.1:0").transport("auto");
    let running = Running::bind(&config.limits(seapink::Limits::default().frame_bytes_max(1000)));
    let mut stream = running.tcp();
    let call = crate::raw::Raw::named("framed", "binary").echo(1, &"x".repeat(2000));
    stream.write_all(&call).unwrap();
    logged("more than frame_bytes_max = 1000 peer=127.0.0.1:");
}
