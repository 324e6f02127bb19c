//! Sockets that listen before there is a server, as those that systemd hands over.

use std::net::TcpListener;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
#[cfg(target_os = "linux")]
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::thread;

use seapink::config::Model;
use seapink::transport::{Address, SocketListener};
use seapink::{ClientConfig, Server, ServerConfig};

use crate::support::{AGES, MODELS, Probe, ProbeClient};

#[test]
fn a_server_takes_over_a_socket_of_any_kind() {
    let dir = tempfile::tempdir().unwrap();
    for model in MODELS {
        let path = dir.path().join(model.name());
        let listener = SocketListener::unix(UnixListener::bind(&path).unwrap()).unwrap();
        assert_eq!(serve(listener, model), Address::Unix(path.clone()));
        // It was not made here.
        assert!(path.exists());

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = "127.0.0.1".to_owned();
        let listener = SocketListener::tcp(listener).unwrap();
        assert_eq!(serve(listener, model), Address::Tcp { host, port });

        #[cfg(target_os = "linux")]
        {
            let name = path.to_string_lossy().into_owned();
            let address = SocketAddr::from_abstract_name(&name).unwrap();
            let listener = UnixListener::bind_addr(&address).unwrap();
            let listener = SocketListener::unix(listener).unwrap();
            assert_eq!(serve(listener, model), Address::Abstract(name));
        }
    }
}

/// Calls a server with this listener, and returns where it is.
fn serve(listener: SocketListener, model: Model) -> Address {
    let config = ServerConfig::new("").model(model);
    let server = Server::with_listener(listener, &config, Probe::default()).unwrap();
    let handle = server.handle();
    let thread = thread::spawn(move || server.run());
    let address = handle.local_addr().clone();
    let config = ClientConfig::new(address.to_string());
    let client = ProbeClient::connect(&config).unwrap();
    assert_eq!(client.echo("hi").unwrap(), "hi");
    drop(client);
    handle.shutdown(AGES);
    thread.join().unwrap().unwrap();
    address
}
