//! Configurations that a program has made or changed are judged as those of files.

use seapink::config::{
    ClientTimeouts, Model, PoolConfig, ReconnectConfig, RetryConfig, ServerTimeouts, ServerUdp,
};
use seapink::transport::TcpOptions;
use seapink::{Client, ClientConfig, ErrorKind, Limits, Server, ServerConfig, Standard};

use crate::Nothing;

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
            tcp().timeouts(ServerTimeouts::default().header_ms(9).read_ms(8)),
            "in code: server.timeouts.header_ms: 9 is more than read_ms = 8, which is for the whole message; write 8 or less",
        ),
        (
            tcp().timeouts(ServerTimeouts::default().handshake_ms(9)),
            "in code: server.timeouts.handshake_ms: this is for TLS, which is off, and for the transport `websocket`; remove it, or write the section [server.tls]",
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
            tcp().udp(ServerUdp::default().answer_factor_max(0)),
            "in code: server.udp.answer_factor_max: must be a number from 1 to 65507, not 0",
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
