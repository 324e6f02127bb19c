//! What each key of a file sets.

use seapink::config::{
    ClientExec, ClientTimeouts, ClientUdp, Model, PoolConfig, ReconnectConfig, ReplyOrder,
    RetryConfig, ServerShm, ServerTimeouts, ServerUdp,
};
use seapink::transport::TcpOptions;
use seapink::{ClientConfig, Limits, ServerConfig};

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
pub(crate) fn public(config: &impl std::fmt::Debug) -> String {
    let text = format!("{config:?}");
    text.split(", origin: ").next().unwrap().to_owned()
}
