//! Clients that start their servers.

use std::fs;
use std::time::{Duration, Instant};

use seapink::config::{ClientExec, ClientTimeouts, PoolConfig, ReconnectConfig};
use seapink::{Client, ClientConfig, ErrorKind};

use crate::role::{CONFIG, ROLE, command};
use crate::support::{AGES, Failure, ProbeClient, eventually};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    programs_serve_over_every_transport_on_every_model,
    calls_are_in_flight_both_ways,
    a_configuration_says_how_to_start_it,
    one_that_dies_is_named_and_started_again,
    one_that_cannot_live_is_left_alone_for_a_while,
    one_that_only_prints_is_left_alone_for_a_while,
    one_that_cannot_be_started_says_why,
    one_that_does_not_end_is_killed,
    one_that_says_nothing_is_left_in_time,
    one_that_answers_slowly_is_not_to_blame,
    one_that_prints_under_a_layer_is_left_alone_for_a_while,
    a_pool_has_a_child_for_each_connection,
];

/// The children of this process, those that nobody waited for included.
fn children() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let lists = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("children")));
    let count = |list: String| list.split_whitespace().count();
    lists.map(|list| list.map_or(0, count)).sum()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Runs something that must not leave anything behind.
fn cleanly(work: impl FnOnce()) {
    let before = descriptors();
    work();
    assert_eq!(children(), 0);
    eventually("descriptors are back", || descriptors() <= before);
}

fn config() -> ClientConfig {
    ClientConfig::new("").reconnect(ReconnectConfig::default().min_ms(100).max_ms(100))
}

fn spawn(role: &str, server: &str, config: &ClientConfig) -> ProbeClient {
    let toml = format!("[server]\nlisten = 'stdio://'\n{server}");
    ProbeClient(Client::spawn(command(role, &toml), config).unwrap())
}

/// One of a program that ends at once. Where that is seen before the client is made, there is none.
fn doomed(role: &str, config: &ClientConfig) -> ProbeClient {
    let deadline = Instant::now() + AGES;
    loop {
        match Client::spawn(command(role, "[server]\nlisten = 'stdio://'\n"), config) {
            Ok(client) => return ProbeClient(client),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("before it answered"), "{text}");
                assert!(Instant::now() < deadline, "{text}");
            }
        }
    }
}

fn failed<T>(result: Result<T, Failure>) -> seapink::Error {
    result.map(drop).unwrap_err().other()
}

fn talk(client: &ProbeClient) {
    assert_eq!(client.echo("hello").unwrap(), "hello");
    client.note("one").unwrap();
    assert!(client.fail("declared").is_err());
    assert!(client.unknown().is_err());
    let text = "x".repeat(300_000);
    assert_eq!(client.echo(&text).unwrap(), text);
    assert_eq!(client.big(300_000).unwrap().len(), 300_000);
    assert_eq!(client.echo("").unwrap(), "");
}

fn programs_serve_over_every_transport_on_every_model() {
    let mut transports = vec!["framed", "buffered", "header"];
    if cfg!(feature = "zlib") {
        transports.push("zlib+framed");
    }
    if cfg!(feature = "http") {
        transports.push("http");
    }
    for model in ["simple", "threaded", "thread-pool", "nonblocking"] {
        for transport in &transports {
            cleanly(|| {
                let server = format!("model = '{model}'\ntransport = '{transport}'");
                talk(&spawn("serve", &server, &config().transport(*transport)));
            });
        }
    }
    for protocol in ["compact", "json"] {
        let server = format!("protocol = '{protocol}'");
        talk(&spawn("serve", &server, &config().protocol(protocol)));
    }
}

fn calls_are_in_flight_both_ways() {
    cleanly(|| {
        let client = spawn("serve", "", &config());
        let texts: Vec<_> = (0..20)
            .map(|turn| turn.to_string().repeat(60_000))
            .collect();
        let sent: Vec<_> = texts
            .iter()
            .map(|text| client.send_echo(text).unwrap())
            .collect();
        for (pending, text) in sent.into_iter().zip(&texts) {
            assert!(pending.wait().unwrap() == *text);
        }
    });
}

fn a_configuration_says_how_to_start_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let path = folder.path().join("client.toml");
    fs::create_dir(folder.path().join("inner")).unwrap();
    // A program can tell where it is by opening what is there.
    let toml = format!(
        "[client]\nconnect = 'exec:///usr/bin/env'\n[client.exec]\nargs = ['--', 'sh', '-c', \
         'touch here && exec \"$0\"', '{}']\ndirectory = 'inner'\nexit_ms = 9999\n\
         env = {{ {ROLE} = 'serve', {CONFIG} = \"[server]\\nlisten = 'stdio://'\" }}",
        program.display()
    );
    fs::write(&path, &toml).unwrap();
    cleanly(|| {
        let config = ClientConfig::from_file(&path).unwrap();
        talk(&ProbeClient::connect(&config).unwrap());
        assert!(folder.path().join("inner/here").exists());
        // By its name alone it is looked up.
        let config = ClientConfig::from_toml(&toml.replace("/usr/bin/env", "env"));
        let mut config = config.unwrap();
        config.exec = config.exec.directory(folder.path());
        talk(&ProbeClient::connect(&config).unwrap());
        assert!(folder.path().join("here").exists());
    });
}

fn one_that_dies_is_named_and_started_again() {
    cleanly(|| {
        let client = spawn("serve", "", &config());
        for _ in 0..3 {
            assert_eq!(client.echo("x").unwrap(), "x");
            client.note("die").unwrap();
            // Perhaps it had no time to die yet.
            let error = loop {
                if let Err(error) = client.wait() {
                    break error.other();
                }
            };
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Closed, "{text}");
            assert!(text.contains("has ended (signal: 6 (SIGABRT)"), "{text}");
        }
    });
}

fn one_that_cannot_live_is_left_alone_for_a_while() {
    cleanly(|| {
        let client = doomed("fail", &config());
        let program = std::env::current_exe().unwrap();
        let ended = format!(
            "the program `{}` has ended (exit status: 3)",
            program.display()
        );
        let (mut deaths, mut pauses) = (0, 0);
        let begun = Instant::now();
        while deaths < 4 {
            let text = failed(client.echo("x")).to_string();
            assert!(text.starts_with(&ended) || text.contains(&ended), "{text}");
            if text.contains("before it answered") {
                pauses += 1;
            } else {
                deaths += 1;
            }
        }
        // Between two attempts at least one call was refused, and the pause went by.
        assert!(pauses >= 3);
        assert!(begun.elapsed() >= Duration::from_millis(300));
    });
}

fn one_that_only_prints_is_left_alone_for_a_while() {
    let mut transports = vec!["framed", "buffered", "header"];
    if cfg!(feature = "http") {
        transports.push("http");
    }
    for transport in transports {
        cleanly(|| {
            let client = doomed("print", &config().transport(transport));
            let (mut starts, mut pauses) = (0, 0);
            let begun = Instant::now();
            while starts < 4 {
                let text = failed(client.echo("x")).to_string();
                if text.contains("has sent something else before it answered")
                    || text.contains("has ended (exit status: 0) before it answered")
                {
                    pauses += 1;
                    continue;
                }
                starts += 1;
                // It may have died before it was read.
                if text.contains("plain text") && transport != "http" {
                    let why = "`usage: c`; did its program print that on its standard output";
                    assert!(text.contains(why), "{text}");
                }
            }
            assert!(pauses >= 3, "{transport}");
            assert!(begun.elapsed() >= Duration::from_millis(300));
        });
    }
}

fn one_that_cannot_be_started_says_why() {
    for (address, why) in [
        (
            "exec:///no/such/program",
            "cannot start `/no/such/program`: there is no such program, or no such directory to run it in",
        ),
        (
            "exec://no-such-program",
            "cannot start `no-such-program`: there is no such program, or no such directory to run it in",
        ),
        (
            "exec:///etc/passwd",
            "cannot start `/etc/passwd`: it may not be run",
        ),
    ] {
        let error = Client::<seapink::Standard>::connect(&ClientConfig::new(address));
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), why);
        assert_eq!(error.kind(), ErrorKind::Io);
    }
}

fn one_that_does_not_end_is_killed() {
    cleanly(|| {
        let exec = ClientExec::default().exit_ms(50);
        let client = spawn("hang", "", &config().exec(exec));
        let begun = Instant::now();
        drop(client);
        assert!(begun.elapsed() >= Duration::from_millis(50));
        assert!(begun.elapsed() < AGES);
    });
}

fn one_that_says_nothing_is_left_in_time() {
    cleanly(|| {
        let exec = ClientExec::default().exit_ms(1);
        let timeouts = ClientTimeouts::default().call_ms(100);
        let client = spawn("hang", "", &config().exec(exec).timeouts(timeouts));
        for _ in 0..3 {
            assert_eq!(failed(client.echo("x")).kind(), ErrorKind::Timeout);
            // It does not read all of this either.
            let text = "x".repeat(2_000_000);
            assert_eq!(failed(client.echo(&text)).kind(), ErrorKind::Timeout);
        }
    });
}

fn one_that_answers_slowly_is_not_to_blame() {
    cleanly(|| {
        let timeouts = ClientTimeouts::default().call_ms(300);
        let client = spawn("begin", "", &config().timeouts(timeouts));
        for _ in 0..3 {
            let error = failed(client.echo("x"));
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        }
    });
}

fn one_that_prints_under_a_layer_is_left_alone_for_a_while() {
    if !cfg!(feature = "zlib") {
        return;
    }
    cleanly(|| {
        let client = spawn("begin", "", &config().transport("zlib+framed"));
        eventually("it has sent something else", || {
            let text = failed(client.echo("x")).to_string();
            text.contains("has sent something else before it answered")
        });
    });
}

fn a_pool_has_a_child_for_each_connection() {
    cleanly(|| {
        let pool = PoolConfig::default().connections_max(3).connections_min(3);
        let client = spawn("serve", "", &config().pool(pool));
        assert_eq!(client.echo("x").unwrap(), "x");
        eventually("each has its own", || children() == 3);
    });
}
