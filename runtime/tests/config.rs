//! Configurations: what they mean, and every sentence that refuses one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::net::TcpListener;

use seapink::codegen::{Call, Outcome, Service};
use seapink::config::{
    ClientTimeouts, Model, PoolConfig, ReconnectConfig, ReplyOrder, RetryConfig, ServerTimeouts,
};
use seapink::transport::{Framed, TcpOptions, Transports};
use seapink::{
    Client, ClientConfig, ErrorKind, Limits, Multiplexed, Protocol, Server, ServerConfig, Standard,
};

struct Nothing;

impl Service for Nothing {
    type Handler = ();
    const NAME: &'static str = "Nothing";

    fn handler(&self) -> &() {
        &()
    }

    fn dispatch<P: Protocol>((): &(), call: Call<'_, P>) -> Outcome {
        call.unknown_method()
    }
}

#[test]
fn every_key_of_a_server_is_read() {
    let text = r#"
        [server]
        listen = "unix:///run/calc.sock"
        model = "thread-pool"
        transport = "auto"
        protocol = "auto"
        workers = 3
        queue = 4
        connections_max = 5
        connections_per_address_max = 4
        in_flight_max = 15
        reply_order = "sent"
        strict_read = true

        [server.limits]
        message_bytes_max = 60
        frame_bytes_max = 70
        string_bytes_max = 8
        container_elements_max = 9
        depth_max = 10

        [server.timeouts]
        idle_ms = 11
        handshake_ms = 16
        header_ms = 7
        queue_ms = 18
        bytes_per_second_min = 19
        read_ms = 12
        write_ms = 13
        drain_ms = 14

        [server.tcp]
        keepalive_ms = 1001
        keepalive_interval_ms = 1002
        keepalive_probes = 20
        user_timeout_ms = 1003
        receive_buffer_bytes = 21
        send_buffer_bytes = 22

        [client]
        connect = "the other half of the file"
    "#;
    let config = ServerConfig::from_toml(text).unwrap();
    let limits = Limits::default()
        .message_bytes_max(60)
        .frame_bytes_max(70)
        .string_bytes_max(8)
        .container_elements_max(9)
        .depth_max(10);
    let timeouts = ServerTimeouts::default();
    let timeouts = timeouts.idle_ms(11).read_ms(12).write_ms(13).drain_ms(14);
    let timeouts = timeouts.handshake_ms(16).header_ms(7);
    let timeouts = timeouts.queue_ms(18).bytes_per_second_min(19);
    let tcp = TcpOptions::default()
        .keepalive_ms(1001)
        .keepalive_interval_ms(1002)
        .keepalive_probes(20)
        .user_timeout_ms(1003)
        .receive_buffer_bytes(21)
        .send_buffer_bytes(22);
    let expected = ServerConfig::new("unix:///run/calc.sock")
        .model(Model::ThreadPool)
        .transport("auto")
        .protocol("auto")
        .workers(3)
        .queue(4)
        .connections_max(5)
        .connections_per_address_max(4)
        .in_flight_max(15)
        .strict_read(true)
        .tcp(tcp)
        .limits(limits)
        .timeouts(timeouts);
    assert_eq!(public(&config), public(&expected));
}

#[test]
fn every_key_of_a_client_is_read() {
    let text = r#"
        [client]
        connect = "abstract://calc"
        transport = "buffered"
        protocol = "binary"
        service = "Calculator"
        strict_write = false
        in_flight_max = 5
        reply_order = "sent"
        limits.message_bytes_max = 1_000
        timeouts = { connect_ms = 1, call_ms = 0x20 }
        reconnect = { min_ms = 3, max_ms = 4 }

        [client.retry]
        attempts_max = 5
        attempt_ms = 6
        budget_percent = 7
        budget_per_second = 8
        backoff_min_ms = 9
        backoff_max_ms = 10
    "#;
    let config = ClientConfig::from_toml(text).unwrap();
    let timeouts = ClientTimeouts::default();
    let expected = ClientConfig::new("abstract://calc")
        .transport("buffered")
        .protocol("binary")
        .service("Calculator")
        .strict_write(false)
        .limits(Limits::default().message_bytes_max(1000))
        .in_flight_max(5)
        .reply_order(ReplyOrder::Sent)
        .reconnect(ReconnectConfig::default().min_ms(3).max_ms(4))
        .retry(
            RetryConfig::default()
                .attempts_max(5)
                .attempt_ms(6)
                .budget_percent(7)
                .budget_per_second(8)
                .backoff_min_ms(9)
                .backoff_max_ms(10),
        )
        .timeouts(timeouts.connect_ms(1).call_ms(32));
    assert_eq!(public(&config), public(&expected));
}

#[test]
fn every_key_of_a_pool_is_read() {
    let text = r#"
        [client]
        connect = "abstract://calc"

        [client.pool]
        connections_max = 2
        connections_min = 1
        calls_per_connection = 3
        idle_ms = 4
        age_ms = 5
        waiters_max = 6
        wait_ms = 7
    "#;
    let config = ClientConfig::from_toml(text).unwrap();
    let pool = PoolConfig::default()
        .connections_max(2)
        .connections_min(1)
        .calls_per_connection(3)
        .idle_ms(4)
        .age_ms(5)
        .waiters_max(6)
        .wait_ms(7);
    assert_eq!(config.pool, Some(pool));
    assert_eq!(config.retry, None);
}

#[test]
fn a_section_alone_brings_a_pool_and_retries() {
    let text = "[client]\nconnect = 'abstract://calc'\n[client.pool]\n[client.retry]";
    let config = ClientConfig::from_toml(text).unwrap();
    assert_eq!(config.pool, Some(PoolConfig::default()));
    assert_eq!(config.retry, Some(RetryConfig::default()));
}

#[test]
fn only_the_address_must_be_given() {
    let config = ServerConfig::from_toml("[server]\nlisten = 'tcp://127.0.0.1:9090'").unwrap();
    assert_eq!(public(&config), public(&ServerConfig::default()));
    let config = ClientConfig::from_toml("[client]\nconnect = 'tcp://127.0.0.1:9090'").unwrap();
    assert_eq!(public(&config), public(&ClientConfig::default()));
}

/// What a configuration says, without where it comes from.
fn public(config: &impl std::fmt::Debug) -> String {
    let text = format!("{config:?}");
    text.split(", origin: ").next().unwrap().to_owned()
}

#[test]
fn names_of_models_are_those_of_configurations() {
    for model in [Model::Simple, Model::Threaded, Model::ThreadPool] {
        let text = format!("server = {{ listen = 'x', model = '{}' }}", model.name());
        assert_eq!(ServerConfig::from_toml(&text).unwrap().model, model);
    }
}

#[test]
fn each_error_in_a_file_is_one_sentence_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calc.toml");
    let mut file = String::new();
    let (mut cases, mut wrong) = (0, String::new());
    for line in include_str!("config_errors.txt").lines().skip(3) {
        if line.contains(" with tls: ") && !cfg!(feature = "tls") {
            file.clear();
            continue;
        }
        let line = &line.replacen(" with tls: ", ": ", 1);
        let (bind, expected) = match line
            .strip_prefix("> ")
            .and_then(|rest| rest.split_once(": "))
        {
            Some(("server", expected)) => (true, expected),
            Some(("client", expected)) => (false, expected),
            _ if line.is_empty() || line.starts_with('#') => continue,
            _ => {
                file.push_str(line);
                file.push('\n');
                continue;
            }
        };
        fs::write(&path, &file).unwrap();
        let error = if bind {
            let config = ServerConfig::from_file(&path);
            config
                .and_then(|config| Server::bind(&config, Nothing))
                .unwrap_err()
        } else {
            let config = ClientConfig::from_file(&path);
            config
                .and_then(|config| Client::<Standard>::connect(&config))
                .unwrap_err()
        };
        let found = error
            .to_string()
            .replace(&*path.to_string_lossy(), "calc.toml");
        assert_ne!(error.kind(), ErrorKind::Closed);
        if found != expected {
            wrong.push_str(&format!("in:\n{file}found: {found}\n  not: {expected}\n"));
        }
        file.clear();
        cases += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases > 150, "{cases}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn without_the_feature_there_is_no_tls() {
    let why = "TLS needs the feature `tls` of the crate `seapink`; write `features = [\"tls\"]` in Cargo.toml";
    let error = ServerConfig::from_toml("[server]\nlisten = 'a'\n[server.tls]\nkey = 'a'");
    let expected = format!("line 3: server.tls: {why}");
    assert_eq!(error.unwrap_err().to_string(), expected);
    let error = ClientConfig::from_toml("[client]\nconnect = 'a'\n[client.tls]");
    let expected = format!("line 3: client.tls: {why}");
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn without_a_file_errors_name_line_and_key() {
    let error = ServerConfig::from_toml("[server]\nlisten = 3").unwrap_err();
    let expected = "line 2: server.listen: must be a string, not a whole number; write `listen = \"tcp://127.0.0.1:9090\"`";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn builders_are_checked_as_files_are() {
    let tcp = || ServerConfig::new("tcp://127.0.0.1:0");
    let limits = Limits::default;
    let timeouts = ServerTimeouts::default().read_ms(0);
    let cases = [
        (
            tcp().workers(0),
            "in code: server.workers: must be a number from 1 to 4096, not 0",
        ),
        (
            tcp().connections_max(0),
            "in code: server.connections_max: must be a number from 1 to 1000000, not 0",
        ),
        (
            tcp().model(Model::Simple).workers(1),
            "in code: server.workers: only the models `thread-pool` and `nonblocking` have workers, and the model is `simple`; remove it, or write `model = \"thread-pool\"`",
        ),
        (
            tcp().model(Model::Simple).connections_max(8),
            "in code: server.connections_max: the model `simple` serves one connection at a time; remove it, or choose another model",
        ),
        (
            tcp()
                .model(Model::Threaded)
                .timeouts(ServerTimeouts::default().queue_ms(7)),
            "in code: server.timeouts.queue_ms: only the models `thread-pool` and `nonblocking` have workers, and the model is `threaded`; remove it, or write `model = \"thread-pool\"`",
        ),
        (
            tcp().timeouts(ServerTimeouts::default().header_ms(9).read_ms(8)),
            "in code: server.timeouts.header_ms: 9 is more than read_ms = 8, which is for the whole message; write 8 or less",
        ),
        (
            tcp().timeouts(ServerTimeouts::default().handshake_ms(9)),
            "in code: server.timeouts.handshake_ms: this is for TLS, which is off; remove it, or write the section [server.tls]",
        ),
        (
            tcp().limits(limits().message_bytes_max(2000).frame_bytes_max(1000)),
            "in code: server.limits.message_bytes_max: 2000 is more than frame_bytes_max = 1000, and a message has to fit its frame; write 1000 or less",
        ),
        (
            tcp().limits(limits().message_bytes_max(1000).string_bytes_max(1001)),
            "in code: server.limits.string_bytes_max: 1001 is more than message_bytes_max = 1000, and strings are inside messages; write 1000 or less",
        ),
        (
            tcp()
                .transport("auto")
                .limits(limits().message_bytes_max(usize::MAX)),
            "in code: server.limits.message_bytes_max: 18446744073709551615 is more than frame_bytes_max = 16384000, and a message has to fit its frame; write 16384000 or less",
        ),
        (
            ServerConfig::new("unix:///no/such/calc.sock")
                .tcp(TcpOptions::default().keepalive_ms(5000)),
            "in code: server.tcp: this is for TCP, and the address is a Unix socket; remove it",
        ),
        (
            tcp().limits(Limits::default().frame_bytes_max(1 << 31)),
            "in code: server.limits.frame_bytes_max: must be a number from 1 to 2147483647, not 2147483648",
        ),
        (
            tcp().timeouts(timeouts),
            "in code: server.timeouts.read_ms: must be a number from 1 to 86400000, not 0",
        ),
    ];
    for (config, expected) in cases {
        let error = Server::bind(&config, Nothing).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[test]
fn builders_of_clients_are_checked_too() {
    let config = || ClientConfig::new("tcp://127.0.0.1:1");
    let pool = PoolConfig::default;
    let retry = RetryConfig::default;
    let cases = [
        (
            config().pool(pool().connections_max(0)),
            "in code: client.pool.connections_max: must be a number from 1 to 10000, not 0",
        ),
        (
            config().pool(pool().connections_max(2).connections_min(3)),
            "in code: client.pool.connections_min: is 3, more than connections_max = 2; write 2 or less",
        ),
        (
            config().pool(pool().calls_per_connection(1025)),
            "in code: client.pool.calls_per_connection: must be a number from 1 to 1024, not 1025",
        ),
        (
            config().pool(pool().waiters_max(1_000_001)),
            "in code: client.pool.waiters_max: must be a number from 0 to 1000000, not 1000001",
        ),
        (
            config().pool(pool().age_ms(0)),
            "in code: client.pool.age_ms: must be a number from 1 to 86400000, not 0",
        ),
        (
            config().in_flight_max(8).pool(pool()),
            "in code: client.in_flight_max: has no meaning with [client.pool]; write `calls_per_connection` there instead",
        ),
        (
            config()
                .timeouts(ClientTimeouts::default().call_ms(5))
                .retry(retry().attempt_ms(6)),
            "in code: client.retry.attempt_ms: 6 is more than call_ms = 5, which is for all attempts; write less than 5",
        ),
        (
            config().limits(Limits::default().message_bytes_max(20_000_000)),
            "in code: client.limits.message_bytes_max: 20000000 is more than frame_bytes_max = 16384000, and a message has to fit its frame; write `frame_bytes_max = 20000000` beside it",
        ),
        (
            config().reconnect(ReconnectConfig::default().min_ms(0)),
            "in code: client.reconnect.min_ms: must be a number from 1 to 86400000, not 0",
        ),
        (
            config().reconnect(ReconnectConfig::default().max_ms(1)),
            "in code: client.reconnect.min_ms: is 100, more than max_ms = 1; write 1 or less",
        ),
        (
            config().retry(retry().attempts_max(0)),
            "in code: client.retry.attempts_max: must be a number from 1 to 100, not 0",
        ),
        (
            config().retry(retry().attempt_ms(0)),
            "in code: client.retry.attempt_ms: must be a number from 1 to 86400000, not 0",
        ),
        (
            config().retry(retry().budget_percent(1_001)),
            "in code: client.retry.budget_percent: must be a number from 0 to 1000, not 1001",
        ),
        (
            config().retry(retry().budget_per_second(1_000_001)),
            "in code: client.retry.budget_per_second: must be a number from 0 to 1000000, not 1000001",
        ),
        (
            config().retry(retry().backoff_min_ms(2_000)),
            "in code: client.retry.backoff_min_ms: is 2000, more than backoff_max_ms = 1000; write 1000 or less",
        ),
    ];
    for (config, expected) in cases {
        let error = Client::<Standard>::connect(&config).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

/// What a program has changed is not blamed on the file that said something else.
#[test]
fn a_file_is_not_blamed_for_what_a_program_has_set() {
    let config = ServerConfig::from_toml("[server]\nlisten = 'tcp://127.0.0.1:0'\nworkers = 8");
    let config = config.unwrap().workers(0);
    let error = Server::bind(&config, Nothing).unwrap_err();
    let expected = "in code: server.workers: must be a number from 1 to 4096, not 0";
    assert_eq!(error.to_string(), expected);
    let config = ServerConfig::from_toml(
        "[server]\nlisten = 'tcp://127.0.0.1:0'\n[server.timeouts]\nread_ms = 8",
    );
    let config = config
        .unwrap()
        .timeouts(ServerTimeouts::default().read_ms(0));
    let error = Server::bind(&config, Nothing).unwrap_err();
    let expected = "in code: server.timeouts.read_ms: must be a number from 1 to 86400000, not 0";
    assert_eq!(error.to_string(), expected);
}

/// Every key is told of its place when it stands in another.
#[test]
fn keys_know_where_they_belong() {
    let text = |section: &str| match section.split_once('.') {
        Some(_) => format!("[server]\nlisten = 'a'\n[{section}]\nno_such_key_at_all = 1"),
        None => format!("[{section}]\nno_such_key_at_all = 1"),
    };
    for section in ["server", "server.limits", "server.timeouts", "server.tcp"] {
        let error = ServerConfig::from_toml(&text(section))
            .unwrap_err()
            .to_string();
        let keys = error.split("there are ").nth(1).unwrap();
        let elsewhere = if section == "server.tcp" {
            "server.limits"
        } else {
            "server.tcp"
        };
        for key in keys.split('`').skip(1).step_by(2) {
            if ["limits", "timeouts", "tcp", "tls"].contains(&key) {
                continue;
            }
            let text = format!("[server]\nlisten = 'a'\n[{elsewhere}]\n{key} = 1");
            let error = ServerConfig::from_toml(&text).unwrap_err().to_string();
            let expected = format!("; `{key}` belongs to [{section}]");
            assert!(error.ends_with(&expected), "{error}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = ServerConfig::from_file("/no/such/calc.toml").unwrap_err();
    let expected = "cannot read /no/such/calc.toml: there is no such file";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_transport_of_ones_own_can_be_chosen() {
    let transports = Transports::standard().with("crc", Framed);
    let config =
        ServerConfig::from_toml("server = { listen = 'tcp://127.0.0.1:0', transport = 'crc' }");
    let config = config.unwrap();
    let error = Server::bind(&config, Nothing).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 1: server.transport: `crc` is none of `framed`, `buffered` and `auto`"
    );
    Server::bind(&config.transports(transports), Nothing).unwrap();
}

#[test]
fn a_multiplexer_without_services_speaks_the_standard_protocols() {
    let config = ServerConfig::new("tcp://127.0.0.1:0").protocol("compact");
    Server::bind(&config, Multiplexed::new()).unwrap();
}

/// What `Server::bind` says about an address.
fn bind(listen: &str) -> String {
    match Server::bind(&ServerConfig::new(listen), Nothing) {
        Ok(_) => "fine".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What `Client::connect` says about an address.
fn connect(address: &str) -> String {
    match Client::<Standard>::connect(&ClientConfig::new(address)) {
        Ok(_) => "fine".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn tcp_addresses_that_cannot_be_used_say_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", taken.local_addr().unwrap());
    let expected =
        format!("in code: server.listen: cannot listen at {address}: another server listens there");
    assert_eq!(bind(&address), expected);
    assert_eq!(connect(&address), "fine");
    drop(taken);
    let expected = format!("cannot connect to {address}: nobody listens there");
    assert_eq!(connect(&address), expected);
    for text in [
        bind("tcp://nobody.invalid:1"),
        connect("tcp://nobody.invalid:1"),
    ] {
        let expected = "the host of tcp://nobody.invalid:1 cannot be resolved: ";
        assert!(text.contains(expected), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn unix_addresses_that_cannot_be_used_say_why() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap();
    fs::write(format!("{root}/regular"), "").unwrap();
    let long = "x".repeat(108 - root.len());
    let cases = [
        (
            "absent/calc.sock",
            "cannot listen at {}: the directory does not exist",
        ),
        (
            "regular",
            "cannot listen at {}: there is a file of that name, which is no socket",
        ),
        (
            "regular/calc.sock",
            "cannot listen at {}: a part of the path is no directory",
        ),
        (
            &long,
            "`{}` is too long: the path or name of a Unix socket has at most 107 bytes, this one has 109",
        ),
    ];
    for (name, expected) in cases {
        let address = format!("unix://{root}/{name}");
        let expected = format!(
            "in code: server.listen: {}",
            expected.replace("{}", &address)
        );
        assert_eq!(bind(&address), expected);
    }
    assert!(fs::metadata(format!("{root}/regular")).is_ok());
    let address = format!("unix://{root}/nobody");
    assert_eq!(
        connect(&address),
        format!("cannot connect to {address}: there is no such socket")
    );
}

#[cfg(unix)]
#[test]
fn the_socket_of_a_dead_server_is_replaced_and_that_of_a_live_one_is_not() {
    use std::os::unix::net::UnixListener;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calc.sock");
    let address = format!("unix://{}", path.display());
    let dead = UnixListener::bind(&path).unwrap();
    let expected =
        format!("in code: server.listen: cannot listen at {address}: another server listens there");
    assert_eq!(bind(&address), expected);
    drop(dead);
    assert!(path.exists());
    assert_eq!(
        connect(&address),
        format!("cannot connect to {address}: nobody listens there")
    );
    let server = Server::bind(&ServerConfig::new(&*address), Nothing).unwrap();
    assert_eq!(server.local_addr().to_string(), address);
    assert_eq!(connect(&address), "fine");
    drop(server);
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn a_server_leaves_the_socket_of_its_successor_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calc.sock");
    let config = ServerConfig::new(format!("unix://{}", path.display()));
    let first = Server::bind(&config, Nothing).unwrap();
    fs::remove_file(&path).unwrap();
    let second = Server::bind(&config, Nothing).unwrap();
    drop(first);
    assert!(path.exists());
    drop(second);
    assert!(!path.exists());
}

/// The TOML in the documentation is accepted, and its defaults are the defaults.
#[test]
fn the_documentation_is_right() {
    let pages = [
        include_str!("../../docs/configuration.md"),
        include_str!("../../docs/limits.md"),
        include_str!("../../docs/getting-started.md"),
        include_str!("../../docs/tls.md"),
    ];
    let blocks: Vec<_> = pages
        .iter()
        .flat_map(|page| page.split("```toml\n").skip(1))
        .collect();
    let mut defaults = 0;
    for block in blocks {
        let text = block.split("```").next().unwrap();
        if text.contains(".tls]") && !cfg!(feature = "tls") {
            continue;
        }
        if text.contains("[server.limits]") && !text.contains("[server]") {
            let text = format!("[server]\nlisten = 'x'\n{text}");
            bindable(&ServerConfig::from_toml(&text).unwrap());
            continue;
        }
        if text.contains("[client]") {
            ClientConfig::from_toml(text).unwrap();
        }
        if text.contains("[server]") {
            let mut config = ServerConfig::from_toml(text).unwrap();
            bindable(&config);
            if text.contains("drain_ms") {
                (config.workers, config.queue) = (None, None);
                assert_eq!(public(&config), public(&ServerConfig::default()));
                defaults += 1;
            }
        }
    }
    assert_eq!(defaults, 1);
}

/// What it says can be used, apart from its address and its files.
fn bindable(config: &ServerConfig) {
    let mut config = config.clone();
    config.listen = "tcp://127.0.0.1:0".to_owned();
    #[cfg(feature = "tls")]
    if config.tls.is_some() {
        return;
    }
    Server::bind(&config, Nothing).unwrap();
}

/// What a program sets is judged as what a file says.
#[test]
fn limits_set_by_code_are_checked() {
    let limits = Limits::default();
    for (limits, text) in [
        (
            limits.depth_max(0),
            "depth_max: must be a number from 1 to 256, not 0",
        ),
        (
            limits.depth_max(257),
            "depth_max: must be a number from 1 to 256, not 257",
        ),
        (
            limits.message_bytes_max(0),
            "message_bytes_max: must be a number from 1 to 2147483647, not 0",
        ),
    ] {
        let config = ServerConfig::new("tcp://127.0.0.1:0").limits(limits);
        let error = Server::bind(&config, Nothing).unwrap_err();
        assert_eq!(error.to_string(), format!("in code: server.limits.{text}"));
        let config = ClientConfig::new("tcp://127.0.0.1:1").limits(limits);
        let error = Client::<Standard>::connect(&config).unwrap_err();
        assert_eq!(error.to_string(), format!("in code: client.limits.{text}"));
    }
}
