//! Configurations: what they mean, and every sentence that refuses one.

#![allow(clippy::unwrap_used, reason = "tests")]

mod addresses;
mod in_code;
mod keys;
mod sasl;

use std::fs;

use seapink::codegen::{Call, Outcome, Service};
use seapink::config::{ClientSasl, Model};
use seapink::transport::{Framed, Transports};
use seapink::{
    Client, ClientConfig, ErrorKind, Multiplexed, Protocol, Server, ServerConfig, Standard,
};

use keys::public;

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
