//! T15: peers that vanish without a word.

use std::time::{Duration, Instant};

use seapink::config::PoolConfig;
use seapink::{ClientConfig, Delivery, ErrorKind};

use crate::support::{Call, SLACK, Server, until_gone};

fn configs() -> [ClientConfig; 3] {
    let pool = PoolConfig::default();
    [
        ClientConfig::new(""),
        ClientConfig::new("").pool(pool.clone()),
        ClientConfig::new("").pool(pool.calls_per_connection(8)),
    ]
}

/// Vanishes before, or in the middle of, the reply to the n-th call of its first connection.
fn vanishing(calls: usize, bytes: usize) -> Server {
    Server::new(move |number, stream| {
        let mut count = 0;
        while let Some(call) = Call::read(stream) {
            count += 1;
            let reply = call.reply();
            if number == 1 && count == calls {
                stream.write_all(&reply[..bytes]).unwrap();
                return until_gone(stream);
            }
            stream.write_all(&reply).unwrap();
        }
    })
}

#[test]
fn t15_a_call_to_a_server_that_has_vanished_ends_at_its_deadline() {
    for (calls, bytes) in [(1, 0), (2, 0), (1, 2), (2, 10)] {
        for config in configs() {
            let server = vanishing(calls, bytes);
            let client = server.client(&config);
            for _ in 1..calls {
                client.call("x").unwrap();
            }
            let begun = Instant::now();
            let error = client.within(60).call("x").unwrap_err();
            let took = begun.elapsed();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert_eq!(error.delivery(), Delivery::Sent);
            assert!(!error.is_retryable());
            let due = Duration::from_millis(60);
            assert!(took >= due && took < due + SLACK, "{took:?}");
            assert_eq!(client.call("y").unwrap(), "y", "on another connection");
            assert_eq!(server.accepted(), 2);
        }
    }
}
