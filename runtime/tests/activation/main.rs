//! Sockets that were bound elsewhere: passed as systemd passes them, or handed over by the program.
//!
//! The program starts itself, with sockets as its descriptors 3 and 4, to be the server of a test.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test"
)]

mod served;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod support;

use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

use seapink::config::Model;
use seapink::transport::SocketListener;
use seapink::{ClientConfig, Server, ServerConfig};

use served::{Passed, Served, refusal};
use support::{AGES, MODELS, Probe, ProbeClient, within};

fn main() {
    if served::is_asked_for() {
        return served::serve();
    }
    let tests: [(&str, fn()); 8] = [
        ("every model takes a TCP socket", tcp),
        ("a Unix socket keeps its file", unix),
        ("abstract sockets have their names", abstract_names),
        ("datagrams", datagrams),
        ("sockets have names", names),
        ("what is not there is said", refusals),
        ("async servers", asynchronous),
        ("listeners of the program's own", own),
    ];
    let wanted: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    for (name, test) in tests {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(&**part)) {
            within(test);
            println!("{name} ... ok");
        }
    }
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    (listener, address)
}

/// Calls a server that is started for it.
fn echo(server: &Served, address: &str) {
    assert_eq!(server.address(), address);
    let client = server.client();
    assert_eq!(client.echo("hello").unwrap(), "hello");
}

fn tcp() {
    for model in MODELS {
        let (listener, address) = listener();
        // It is served whoever has connected before.
        let early = ClientConfig::new(&*address);
        let early = ProbeClient::connect(&early).unwrap();
        let server = Served::start("systemd://", model.name(), vec![listener.into()]);
        assert_eq!(early.echo("early").unwrap(), "early");
        drop(early);
        echo(&server, &address);
        server.end();
    }
}

fn unix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calc.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let address = format!("unix://{}", path.display());
    for model in MODELS {
        let copy = listener.try_clone().unwrap();
        let server = Served::start("systemd://", model.name(), vec![copy.into()]);
        echo(&server, &address);
        server.end();
        assert!(path.exists(), "{}", model.name());
    }
    // Whoever has it waits for the next server.
    let client = ProbeClient::connect(&ClientConfig::new(&*address)).unwrap();
    let server = Served::start("systemd://", "simple", vec![listener.into()]);
    assert_eq!(client.echo("waited").unwrap(), "waited");
    drop(client);
    server.end();
}

#[cfg(target_os = "linux")]
fn abstract_names() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    let name = format!("seapink-activation-{}", std::process::id());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap());
    let server = Served::start("systemd://", "simple", vec![listener.unwrap().into()]);
    echo(&server, &format!("abstract://{name}"));
    server.end();
}

#[cfg(not(target_os = "linux"))]
fn abstract_names() {}

fn datagrams() {
    for model in [Model::Simple, Model::ThreadPool] {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = format!("udp://{}", socket.local_addr().unwrap());
        let server = Served::start("systemd://", model.name(), vec![socket.into()]);
        echo(&server, &address);
        server.end();
    }
}

fn names() {
    let ((one, first), (two, second)) = (listener(), listener());
    let sockets = |names| Passed {
        names,
        sockets: vec![
            one.try_clone().unwrap().into(),
            two.try_clone().unwrap().into(),
        ],
        ..Passed::default()
    };
    for (name, address) in [("one", &first), ("two", &second)] {
        let server = sockets("one:two").start(&format!("systemd://{name}"), "simple");
        echo(&server, address);
        server.end();
    }
    // Those of one name are taken in their order.
    let server = sockets("both:both").start("systemd://both", "simple");
    echo(&server, &first);
    server.end();
    for (address, names, expected) in [
        (
            "systemd://",
            "one:two",
            "systemd has passed 2 sockets, `one`, `two`; write the name of one behind `systemd://`",
        ),
        (
            "systemd://three",
            "one:two",
            "systemd has passed no socket of this name; there are `one`, `two`; write `systemd://one`",
        ),
    ] {
        let expected = format!("server.listen: cannot listen at {address}: {expected}");
        assert_eq!(refusal(&sockets(names), address), expected);
    }
}

fn refusals() {
    let socket = || -> Vec<OwnedFd> { vec![listener().0.into()] };
    let listening = |text: &str| format!("server.listen: cannot listen at systemd://: {text}");
    let none = Passed {
        pid: Some("1"),
        sockets: socket(),
        ..Passed::default()
    };
    let text = refusal(&none, "systemd://");
    let expected = listening("systemd has passed no socket to this process, which is ");
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.ends_with(": LISTEN_PID = 1"), "{text}");
    for (pid, count, expected) in [
        (
            Some(""),
            "1",
            "systemd has passed no socket: LISTEN_PID is not set",
        ),
        (None, "0", "systemd has passed no socket: LISTEN_FDS = 0"),
        (None, "many", "LISTEN_FDS = many is no number of sockets"),
        (
            None,
            "99999999999",
            "LISTEN_FDS = 99999999999 is no number of sockets",
        ),
    ] {
        let passed = Passed {
            pid,
            count: Some(count),
            sockets: socket(),
            ..Passed::default()
        };
        assert_eq!(refusal(&passed, "systemd://"), listening(expected));
    }
    let refused = |socket: OwnedFd| {
        let passed = Passed {
            sockets: vec![socket],
            ..Passed::default()
        };
        refusal(&passed, "systemd://")
    };
    let file = std::fs::File::open(Path::new("/dev/null")).unwrap();
    let expected =
        "descriptor 3 is no socket for connections over TCP or Unix, nor for UDP datagrams";
    assert_eq!(refused(file.into()), listening(expected));
    let (_near, far) = std::os::unix::net::UnixDatagram::pair().unwrap();
    assert_eq!(refused(far.into()), listening(expected));
    let (listener, _) = listener();
    let connection = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let expected = "systemd has passed a socket that does not listen; remove `Accept=yes`";
    assert_eq!(refused(connection.into()), listening(expected));
    let expected = "server.transport: over UDP a message is one datagram, with nothing around it; \
                    write `transport = \"buffered\"`";
    let passed = Passed {
        transport: Some("framed"),
        sockets: vec![UdpSocket::bind("127.0.0.1:0").unwrap().into()],
        ..Passed::default()
    };
    assert_eq!(refusal(&passed, "systemd://"), expected);
    // Each is given out once.
    let twice = Passed {
        sockets: socket(),
        twice: true,
        ..Passed::default()
    };
    assert_eq!(
        refusal(&twice, "systemd://"),
        listening("the socket was taken before")
    );
}

#[cfg(feature = "tokio")]
fn asynchronous() {
    let (listener, address) = listener();
    let server = Served::start("systemd://", "async", vec![listener.into()]);
    echo(&server, &address);
    server.end();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calc.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = Served::start("systemd://", "async", vec![listener.into()]);
    echo(&server, &format!("unix://{}", path.display()));
    server.end();
    assert!(path.exists());
    let passed = Passed {
        model: Some("async"),
        sockets: vec![UdpSocket::bind("127.0.0.1:0").unwrap().into()],
        ..Passed::default()
    };
    let expected = "server.listen: an async server cannot listen at systemd://: datagrams were passed, \
                    which the blocking `Server` takes";
    assert_eq!(refusal(&passed, "systemd://"), expected);
}

#[cfg(not(feature = "tokio"))]
fn asynchronous() {}

/// Without systemd.
fn own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.sock");
    for model in MODELS {
        let (listener, address) = listener();
        let listener = SocketListener::tcp(listener).unwrap();
        serve_own(listener, model, &address);
        let listener = UnixListener::bind(&path).unwrap();
        let listener = SocketListener::unix(listener).unwrap();
        serve_own(listener, model, &format!("unix://{}", path.display()));
        std::fs::remove_file(&path).unwrap();
    }
}

fn serve_own(listener: SocketListener, model: Model, address: &str) {
    let config = ServerConfig::new("").model(model);
    let server = Server::with_listener(listener, &config, Probe::default()).unwrap();
    assert_eq!(server.local_addr().to_string(), address);
    let handle = server.handle();
    let thread = std::thread::spawn(move || server.run());
    let client = ProbeClient::connect(&ClientConfig::new(address)).unwrap();
    assert_eq!(client.echo("own").unwrap(), "own");
    drop(client);
    assert!(handle.shutdown(AGES).is_clean());
    thread.join().unwrap().unwrap();
}
