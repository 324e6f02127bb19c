//! Who clients say they are, and whom servers ask.

use std::fs;

use seapink::config::{ClientSasl, ClientTimeouts, Model, ServerSasl, ServerTimeouts};
use seapink::transport::{Framed, Transports};
use seapink::{Client, ClientConfig, ErrorKind, Server, ServerConfig, Standard};

use crate::Nothing;

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
