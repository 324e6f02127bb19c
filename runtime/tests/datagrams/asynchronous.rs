//! Async clients.

use std::time::Duration;

use seapink::config::Model;
use seapink::{AsyncClient, AsyncServer, Delivery, ErrorKind, Standard};

use crate::support::{Failure, Probe, Running};
use crate::{PROTOCOLS, config};

type Echoed = Result<String, Failure>;

async fn echo(client: &AsyncClient, text: &str) -> Echoed {
    client.call("echo", &[(1, "text")], (text,)).await
}

#[tokio::test]
async fn calls_in_every_protocol() {
    for protocol in PROTOCOLS {
        let server = Running::bind(&config(Model::ThreadPool, protocol));
        let client = AsyncClient::<Standard>::connect(&server.client_config()).await;
        let client = client.unwrap();
        let (one, two) = tokio::join!(echo(&client, "one"), echo(&client, "two"));
        assert_eq!((one.unwrap(), two.unwrap()), ("one".into(), "two".into()));
        let text = "x".repeat(60_000);
        assert_eq!(echo(&client, &text).await.unwrap(), text);
        client
            .oneway("note", &[(1, "text")], ("noted",))
            .await
            .unwrap();
        server.handler.until_noted("noted");
        let error = echo(&client, &"x".repeat(65_000))
            .await
            .unwrap_err()
            .other();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Limit, Delivery::NotSent)
        );
    }
}

#[tokio::test]
async fn what_is_lost_ends_in_time_and_harms_no_other() {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let config = seapink::ClientConfig::new(format!("udp://{address}")).transport("buffered");
    let client = AsyncClient::<Standard>::connect(&config).await.unwrap();
    let quick = client.clone().with_timeout(Duration::from_millis(50));
    let error = echo(&quick, "lost").await.unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Timeout, Delivery::Sent)
    );
    let hint = "does it use the transport `buffered` and the protocol `binary`?";
    assert!(error.to_string().ends_with(hint), "{error}");
    // Junk, and an answer to nobody.
    let mut buffer = [0; 1000];
    let (_, from) = socket.recv_from(&mut buffer).await.unwrap();
    let answers = tokio::spawn(async move {
        for junk in [
            &b""[..],
            b"junk",
            b"\x80\x01\0\x02\0\0\0\x04echo\0\0\x7f\x7f\0",
        ] {
            socket.send_to(junk, from).await.unwrap();
        }
        let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
        socket.send_to(b"junk", from).await.unwrap();
        let mut reply = buffer[..len].to_vec();
        // A call becomes its reply, and its first argument the result.
        reply[3] = 2;
        reply[18] = 0;
        socket.send_to(&reply, from).await.unwrap();
        socket.send_to(&reply, from).await.unwrap();
        socket
    });
    assert_eq!(echo(&client, "found").await.unwrap(), "found");
    drop(answers.await.unwrap());
    let error = echo(&client, "anybody?").await.unwrap_err().other();
    let expected = format!("nobody takes datagrams at udp://{address}");
    assert!(error.to_string().ends_with(&expected), "{error}");
}

#[tokio::test]
async fn async_servers_take_connections() {
    let config = config(Model::ThreadPool, "binary");
    let error = AsyncServer::bind_blocking(&config, Probe::default()).unwrap_err();
    let expected = "cannot listen at udp://127.0.0.1:0: datagrams are for the blocking `Server`";
    assert!(error.to_string().ends_with(expected), "{error}");
}
