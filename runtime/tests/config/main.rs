//! Configurations: what they mean, and every sentence that refuses one.

#![allow(clippy::unwrap_used, reason = "tests")]

mod addresses;
mod in_code;

use std::fs;

use seapink::codegen::{Call, Outcome, Service};
use seapink::config::{
    ClientExec, ClientSasl, ClientTimeouts, ClientUdp, Model, PoolConfig, ReconnectConfig,
    ReplyOrder, RetryConfig, ServerSasl, ServerShm, ServerTimeouts, ServerUdp,
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
fn the_version_of_compact_messages_is_read() {
    let text = "[client]\nconnect = 'abstract://calc'\nprotocol = 'compact'\ncompact_version = 2";
    let config = ClientConfig::from_toml(text).unwrap();
    let expected = ClientConfig::new("abstract://calc").protocol("compact");
    assert_eq!(public(&config), public(&expected.compact_version(2)));
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
fn every_key_of_datagrams_is_read() {
    let text = r#"
        [server]
        listen = "udp://127.0.0.1:0"
        [server.udp]
        datagram_bytes_max = 1
        answer_factor_max = 2
        receive_buffer_bytes = 3
        [client]
        connect = "udp://127.0.0.1:1"
        [client.udp]
        datagram_bytes_max = 4
    "#;
    let udp = ServerUdp::default().datagram_bytes_max(1);
    let udp = udp.answer_factor_max(2).receive_buffer_bytes(3);
    assert_eq!(ServerConfig::from_toml(text).unwrap().udp, udp);
    let udp = ClientUdp::default().datagram_bytes_max(4);
    assert_eq!(ClientConfig::from_toml(text).unwrap().udp, udp);
}

#[test]
fn datagrams_are_buffered_unless_a_configuration_says_otherwise() {
    let config = ServerConfig::from_toml("[server]\nlisten = 'udp://127.0.0.1:0'").unwrap();
    assert_eq!(config.transport, "buffered");
    assert_eq!(
        ServerConfig::new("udp://127.0.0.1:0").transport,
        config.transport
    );
    let config = ClientConfig::from_toml("[client]\nconnect = 'udp://127.0.0.1:1'").unwrap();
    assert_eq!(config.transport, "buffered");
    assert_eq!(
        ClientConfig::new("udp://127.0.0.1:1").transport,
        config.transport
    );
    let text = "[client]\nconnect = 'udp://127.0.0.1:1'\ntransport = 'http'";
    assert_eq!(ClientConfig::from_toml(text).unwrap().transport, "http");
}

#[test]
fn every_key_of_shared_memory_and_of_programs_is_read() {
    let text = "[server]\nlisten = 'shm:///run/calc.shm'\nshm.ring_bytes = 8_192";
    let config = ServerConfig::from_toml(text).unwrap();
    assert_eq!(config.shm, ServerShm::default().ring_bytes(8192));
    let text = "[client]\nconnect = 'exec:///usr/bin/calc'\n[client.exec]\nargs = ['a', 'b c']\n\
                directory = '/run'\nenv = { A = 'x' }\nexit_ms = 5";
    let config = ClientConfig::from_toml(text).unwrap();
    let exec = ClientExec::default().arg("a").arg("b c").env("A", "x");
    assert_eq!(config.exec, exec.directory("/run").exit_ms(5));
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
    for line in include_str!("../config_errors.txt").lines().skip(3) {
        let off = |with: &str, on: bool| line.contains(with) && !on;
        if off(" with tls: ", cfg!(feature = "tls"))
            || off(" with http: ", cfg!(feature = "http"))
            || off(" with websocket: ", cfg!(feature = "websocket"))
            || off(" with systemd: ", cfg!(feature = "systemd"))
            || off(" without systemd: ", !cfg!(feature = "systemd"))
            || off(" with shm: ", cfg!(feature = "shm"))
            || off(" with stdio: ", cfg!(feature = "stdio"))
            || off(" without shm: ", cfg!(not(feature = "shm")))
            || off(" without stdio: ", cfg!(not(feature = "stdio")))
        {
            file.clear();
            continue;
        }
        let line = line.replacen(" with tls: ", ": ", 1);
        let line = line.replacen(" with http: ", ": ", 1);
        let line = line.replacen(" with websocket: ", ": ", 1);
        let line = line.replacen(" with systemd: ", ": ", 1);
        let line = line.replacen(" without systemd: ", ": ", 1);
        let line = line.replacen(" with shm: ", ": ", 1);
        let line = line.replacen(" with stdio: ", ": ", 1);
        let line = line.replacen(" without shm: ", ": ", 1);
        let line = &line.replacen(" without stdio: ", ": ", 1);
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
            wrong.extend([format!("in:\n{file}found: {found}\n  not: {expected}\n")]);
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
            if [
                "limits",
                "timeouts",
                "tcp",
                "udp",
                "shm",
                "http",
                "websocket",
                "tls",
            ]
            .contains(&key)
            {
                continue;
            }
            let text = format!("[server]\nlisten = 'a'\n[{elsewhere}]\n{key} = 1");
            let error = ServerConfig::from_toml(&text).unwrap_err().to_string();
            let expected = format!("; `{key}` belongs to [{section}]");
            assert!(error.ends_with(&expected), "{error}");
        }
    }
}

/// A relative name counts from the folder of the configuration, and the first line is the password.
#[test]
fn passwords_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calc.toml");
    let head =
        "[client]\nconnect = 'tcp://127.0.0.1:1'\ntransport = 'sasl'\n[client.sasl]\nuser = 'a'\n";
    fs::write(&path, format!("{head}password_file = 'secret'\n")).unwrap();
    let connect = |content: &[u8]| {
        fs::write(folder.path().join("secret"), content).unwrap();
        let config = ClientConfig::from_file(&path).unwrap();
        Client::<Standard>::connect(&config).err().unwrap()
    };
    // Nobody listens there; the file is read before.
    for content in [&b"hunter2"[..], b"hunter2\nmore\n", b"hunter2\r\n", b" \n"] {
        assert_eq!(connect(content).kind(), ErrorKind::Io);
    }
    for (content, why) in [
        (&b""[..], "has no password in its first line"),
        (b"\nhunter2", "has no password in its first line"),
        (b"hunter\x002", "has a NUL in its first line"),
        (b"hunter\xff", "cannot be read: "),
        (&[b'x'; 4097], "cannot be read: it has more than 4096 bytes"),
    ] {
        let error = connect(content);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = format!("{error:?}");
        assert!(
            text.contains(why) && text.contains(":6: client.sasl.password_file: "),
            "{text}"
        );
        assert!(!text.contains("hunter"), "{text}");
    }
}

/// Its length is said to be 0.
#[cfg(target_os = "linux")]
#[test]
fn files_without_an_end_are_refused() {
    let error = ServerConfig::from_file("/dev/zero").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read /dev/zero: it has more than 1048576 bytes"
    );

    let sasl = ClientSasl::plain_with_file("alice", "/dev/zero");
    let config = ClientConfig::new("tcp://127.0.0.1:1");
    let error = Client::<Standard>::connect(&config.transport("sasl").sasl(sasl)).err();
    assert_eq!(
        error.unwrap().to_string(),
        "in code: client.sasl.password_file: /dev/zero cannot be read: it has more than 4096 bytes"
    );

    #[cfg(feature = "tls")]
    {
        let tls = seapink::config::ServerTls::new("/dev/zero", "/dev/zero");
        let config = ServerConfig::new("tcp://127.0.0.1:0").tls(tls);
        let error = Server::bind(&config, Nothing).unwrap_err();
        assert_eq!(
            error.to_string(),
            "in code: server.tls.certificates: cannot read /dev/zero: it has more than 16777216 bytes"
        );
    }
}

#[test]
fn a_password_leaves_the_machine_only_with_leave() {
    let plain = || ClientSasl::plain("alice", "wonderland");
    let connect = |address: &str, sasl: ClientSasl| {
        let config = ClientConfig::new(address).transport("sasl").sasl(sasl);
        let timeouts = ClientTimeouts::default().connect_ms(100);
        Client::<Standard>::connect(&config.timeouts(timeouts))
            .err()
            .unwrap()
    };
    // Nobody answers there: it is for documentation.
    for address in ["tcp://192.0.2.1:9", "tcp://[2001:db8::1]:9"] {
        let error = connect(address, plain());
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(
            error
                .to_string()
                .starts_with("in code: client.sasl: would send"),
            "{error}"
        );
        let error = connect(address, plain().allow_plaintext(true));
        assert_ne!(error.kind(), ErrorKind::Config, "{error}");
    }
    for address in [
        "tcp://127.0.0.1:1",
        "tcp://127.9.9.9:1",
        "tcp://[::1]:1",
        "tcp://[::ffff:127.0.0.1]:1",
        "tcp://localhost:1",
        "unix:///no/such/socket",
    ] {
        let error = connect(address, plain());
        assert_ne!(error.kind(), ErrorKind::Config, "{address} {error}");
    }
}

#[test]
fn a_server_that_should_ask_who_calls_does_not_let_in_everybody() {
    #[allow(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself is for one lifetime"
    )]
    let sasl = || ServerSasl::new().plain(|login| login.accept());
    let config = || ServerConfig::new("tcp://127.0.0.1:0");
    let bind = |config: &ServerConfig| Server::bind(config, Nothing).map(drop);
    bind(&config().transport("sasl").sasl(sasl())).unwrap();
    bind(&config().transport("sasl+auto").sasl(sasl())).unwrap();
    let handshake = ServerTimeouts::default().handshake_ms(99);
    bind(&config().transport("sasl").sasl(sasl()).timeouts(handshake)).unwrap();
    let own = Transports::standard().with("sasl", Framed);
    for (config, expected) in [
        (
            config().sasl(sasl()),
            "in code: server.sasl: this is for the transport `sasl`; remove it, or write `transport = \"sasl\"`",
        ),
        (
            config().transport("sasl").sasl(sasl()).transports(own),
            "in code: server.sasl: this is for the transport `sasl`; remove it, or write `transport = \"sasl\"`",
        ),
        (
            ServerConfig::new("udp://127.0.0.1:0")
                .model(Model::ThreadPool)
                .transport("buffered")
                .sasl(sasl()),
            "in code: server.sasl: SASL takes connections, and UDP has none, so everybody could call; remove it",
        ),
        (
            config().transport("sasl").sasl(ServerSasl::new()),
            "in code: server.sasl: offers no mechanism, so nobody could be let in; call `ServerSasl::plain`",
        ),
        (
            config().transport("sasl"),
            "in code: server.transport: `sasl` asks who calls, and who is let in is said by code; call `ServerConfig::sasl`",
        ),
    ] {
        assert_eq!(bind(&config).unwrap_err().to_string(), expected);
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
        "line 1: server.transport: `crc` is none of `framed`, `buffered`, `header`, `zlib`, `http`, `websocket`, `sasl` and `auto`"
    );
    Server::bind(&config.transports(transports), Nothing).unwrap();
}

#[test]
fn a_multiplexer_without_services_speaks_the_standard_protocols() {
    let config = ServerConfig::new("tcp://127.0.0.1:0").protocol("compact");
    Server::bind(&config, Multiplexed::new()).unwrap();
}

/// The TOML in the documentation is accepted, and its defaults are the defaults.
#[test]
fn the_documentation_is_right() {
    let pages = [
        include_str!("../../../docs/configuration.md"),
        include_str!("../../../docs/limits.md"),
        include_str!("../../../docs/getting-started.md"),
        include_str!("../../../docs/tls.md"),
        include_str!("../../../docs/sasl.md"),
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

#[test]
fn the_documentation_has_every_feature() {
    let manifest = include_str!("../../Cargo.toml");
    let features = manifest.split("[features]\n").nth(1).unwrap();
    let features = features.split("\n\n").next().unwrap().lines();
    let names = features.filter_map(|line| line.split_once(" = [")).skip(1);
    let page = include_str!("../../../docs/configuration.md");
    let table = page.split("## Features").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let mut rows = 0;
    for (name, _) in names {
        assert!(table.contains(&format!("\n| `{name}` |")), "{name}");
        rows += 1;
    }
    assert_eq!(table.matches("\n| `").count(), rows);
}

/// What it says can be used, apart from its address and its files.
fn bindable(config: &ServerConfig) {
    let mut config = config.clone();
    config.listen = "tcp://127.0.0.1:0".into();
    #[cfg(feature = "tls")]
    if config.tls.is_some() {
        return;
    }
    Server::bind(&config, Nothing).unwrap();
}
