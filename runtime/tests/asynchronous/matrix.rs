//! Every client with every server, in every transport and protocol.

use seapink::config::ReplyOrder;

use crate::golden::asynchronous::{
    CalculatorAsyncClient, CalculatorClient, CalculatorFailError, CalculatorSumError,
};
use crate::support::{ALL, ASYNC, Kind, Other, Running, in_time, local};

const TRANSPORTS: [&str; 2] = ["framed", "buffered"];
const PROTOCOLS: [&str; 3] = ["binary", "compact", "json"];

async fn talk(client: &CalculatorAsyncClient, who: &str) {
    assert_eq!(client.add(2, 3).await.unwrap(), 5, "{who}");
    assert_eq!(client.uptime().await.unwrap(), 42, "inherited; {who}");
    assert_eq!(client.echo("ö").await.unwrap(), "ö", "{who}");
    assert_eq!(client.echo("").await.unwrap(), "", "{who}");
    assert_eq!(client.repeat("ab", 3).await.unwrap(), "ababab", "{who}");
    client.reset().await.unwrap();
    client.note("noted").await.unwrap();
    assert_eq!(client.sum(&[1, 2, 3]).await.unwrap(), 6, "{who}");
    let big: Vec<i64> = (0..50_000).collect();
    assert_eq!(client.sum(&big).await.unwrap(), 1_249_975_000, "{who}");
    let failed = client.sum(&[i64::MAX, 1]).await.unwrap_err();
    let CalculatorSumError::Scratched(scratched) = failed else {
        panic!("{failed:?}; {who}");
    };
    assert_eq!(scratched.why, "too much");
    let failed = client.fail("again").await.unwrap_err();
    assert!(matches!(failed, CalculatorFailError::Again(_)), "{who}");
    let error = client.fail("chosen").await.unwrap_err().other();
    assert_eq!(error.message(), "try later", "{who}");
}

fn talk_blocking(client: &CalculatorClient, who: &str) {
    assert_eq!(client.add(2, 3).unwrap(), 5, "{who}");
    assert_eq!(client.uptime().unwrap(), 42, "inherited; {who}");
    client.note("noted").unwrap();
    assert_eq!(client.repeat("ab", 3).unwrap(), "ababab", "{who}");
    let big: Vec<i64> = (0..50_000).collect();
    assert_eq!(client.sum(&big).unwrap(), 1_249_975_000, "{who}");
    let pending: Vec<_> = (0..20).map(|n| client.send_add(n, n).unwrap()).collect();
    for (n, pending) in (0..).zip(pending) {
        assert_eq!(pending.wait().unwrap(), 2 * n, "{who}");
    }
    let failed = client.fail("declared").unwrap_err();
    assert!(matches!(failed, CalculatorFailError::Scratched(_)), "{who}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_clients_and_every_server() {
    for kind in ALL {
        for transport in TRANSPORTS {
            for protocol in PROTOCOLS {
                let config = local().transport(transport).protocol(protocol);
                let running = Running::start(kind, &config);
                let who = format!("{kind:?} {transport} {protocol}");
                let client = running.client().await;
                in_time(talk(&client, &who)).await;
                running.calc.until_noted("noted").await;
            }
        }
    }
}

#[tokio::test]
async fn one_thread_is_enough() {
    for kind in ASYNC {
        for order in [ReplyOrder::Sent, ReplyOrder::Any] {
            let running = Running::start(kind, &local().reply_order(order));
            let client = running.client().await;
            in_time(talk(&client, &format!("{kind:?} {order:?}"))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_clients_and_async_servers() {
    for kind in ASYNC {
        for transport in TRANSPORTS {
            for protocol in PROTOCOLS {
                for order in [ReplyOrder::Sent, ReplyOrder::Any] {
                    let config = local().transport(transport).protocol(protocol);
                    let running = Running::start(kind, &config.reply_order(order));
                    let who = format!("{kind:?} {transport} {protocol} {order:?}");
                    let client = running.blocking_client();
                    let talking = tokio::task::spawn_blocking(move || talk_blocking(&client, &who));
                    in_time(talking).await.unwrap();
                    running.calc.until_noted("noted").await;
                }
            }
        }
    }
}

#[tokio::test]
async fn servers_find_out_what_a_peer_speaks() {
    for kind in ASYNC {
        let running = Running::start(kind, &local().transport("auto").protocol("auto"));
        for transport in TRANSPORTS {
            for protocol in PROTOCOLS {
                let config = running.client_config();
                let config = config.transport(transport).protocol(protocol);
                let client = CalculatorAsyncClient::connect(&config).await.unwrap();
                in_time(talk(&client, &format!("{transport} {protocol}"))).await;
            }
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets_by_path_and_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calc.sock");
    let mut addresses = vec![format!("unix://{}", path.display())];
    if cfg!(target_os = "linux") {
        addresses.push(format!("abstract://seapink-async-{}", std::process::id()));
    }
    for address in addresses {
        for kind in [Kind::Async, Kind::Workers] {
            let config = seapink::ServerConfig::new(&*address);
            let mut running = Running::start(kind, &config);
            assert_eq!(running.handle().local_addr().to_string(), address);
            let client = running.client().await;
            in_time(talk(&client, &address)).await;
            drop(client);
            let report = running.handle().shutdown(crate::support::AGES).await;
            assert!(report.is_clean());
            running.join().await;
            assert!(!path.exists(), "the file of the socket is removed");
        }
    }
}

#[tokio::test]
async fn any_stream_will_do() {
    use seapink::transport::AsyncStream;
    use seapink::{AsyncClient, AsyncServer, ClientConfig, Peer};

    let (here, there) = tokio::io::duplex(100);
    let listener = Once(Some(AsyncStream::new(there, Peer::Local)));
    let handler = crate::support::Handler::default();
    let processor = crate::golden::asynchronous::CalculatorAsyncProcessor::new(handler);
    let server = AsyncServer::with_listener(listener, &local(), processor).unwrap();
    tokio::spawn(server.run());
    let stream = AsyncStream::new(here, Peer::Local);
    let client = AsyncClient::over(stream, &ClientConfig::new("")).unwrap();
    in_time(talk(&CalculatorAsyncClient::new(client), "in memory")).await;
}

/// Has one connection to give.
struct Once(Option<seapink::transport::AsyncStream>);

impl seapink::transport::AsyncListener for Once {
    fn poll_accept(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<seapink::transport::AsyncStream>> {
        match self.0.take() {
            Some(stream) => std::task::Poll::Ready(Ok(stream)),
            None => std::task::Poll::Pending,
        }
    }

    fn local_addr(&self) -> seapink::transport::Address {
        seapink::transport::Address::Memory
    }
}
