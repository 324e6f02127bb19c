//! The built-in service, as tools see it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::thread;
use std::time::Duration;

use seapink::introspection::{
    FunctionInfo, Health, IntrospectionClient, IntrospectionHealthError, IntrospectionIdlError,
    Introspector,
};
use seapink::{ClientConfig, Multiplexed, Server, ServerConfig};

const IDL: &str = include_str!("../emitted/introspection.thrift");

#[test]
fn a_server_gives_an_account_of_itself() {
    let introspector = Introspector::new();
    // It describes itself, for want of another service.
    let itself = introspector.processor();
    let introspector = introspector
        .service("Introspection", &itself, Some(IDL))
        .service("Other", &itself, None);
    let processor = Multiplexed::new().service("Introspection", itself);
    let server = Server::bind(&ServerConfig::new("tcp://127.0.0.1:0"), processor).unwrap();
    let handle = server.handle();
    introspector.watch(&handle);
    let running = thread::spawn(move || server.run());

    let config = ClientConfig::new(handle.local_addr().to_string()).service("Introspection");
    let client = IntrospectionClient::connect(&config).unwrap();

    let services = client.services().unwrap();
    let names: Vec<_> = services.iter().map(|service| &*service.name).collect();
    assert_eq!(names, ["Introspection", "Other"]);
    let functions = ["health", "services", "counters", "idl"].map(|name| FunctionInfo {
        name: name.to_owned(),
        is_oneway: false,
    });
    assert_eq!(services[0].functions, functions);
    assert!(services[0].has_idl && !services[1].has_idl);

    assert_eq!(client.idl("Introspection").unwrap(), IDL);
    for name in ["Other", "Nobody"] {
        match client.idl(name) {
            Err(IntrospectionIdlError::NoSuchService(unknown)) => assert_eq!(unknown.name, name),
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(client.health("").unwrap(), Health::SERVING);
    introspector.set_health("Other", Health::NOT_SERVING);
    assert_eq!(client.health("").unwrap(), Health::NOT_SERVING);
    assert_eq!(client.health("Introspection").unwrap(), Health::SERVING);
    let unknown = client.health("Nobody").unwrap_err();
    assert!(matches!(
        unknown,
        IntrospectionHealthError::NoSuchService(_)
    ));

    let counters = client.counters().unwrap();
    assert_eq!(counters["connections_open"], 1);
    assert_eq!(counters["calls_running"], 1);
    assert_eq!(counters["replies"], 8);
    assert_eq!(counters["exceptions"], 0);
    assert_eq!(counters["exceptions.overloaded"], 0);
    assert_eq!(counters["connections_failed.timeout"], 0);

    drop(client);
    assert!(handle.shutdown(Duration::from_secs(20)).is_clean());
    running.join().unwrap().unwrap();
}

#[test]
fn the_emitted_code_is_up_to_date() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/emitted");
    let fresh = tempfile::tempdir().unwrap();
    seapink_idl::Builder::new()
        .out_dir(fresh.path())
        .compile(&[format!("{directory}/introspection.thrift")])
        .unwrap();
    let file = "introspection.rs";
    let fresh = std::fs::read_to_string(fresh.path().join(file)).unwrap();
    let path = format!("{directory}/{file}");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(checked_in == fresh, "write it again with BLESS=1");
}
