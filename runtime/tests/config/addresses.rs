//! Addresses that cannot be used, and what is said of them.

use std::fs;
use std::net::TcpListener;

use seapink::{Client, ClientConfig, Server, ServerConfig, Standard};

use crate::Nothing;

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
