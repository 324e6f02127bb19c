//! Async clients and blocking servers.

use seapink::{AsyncClient, ServerConfig};

use crate::blocking::{Failure, MODELS, Running};

#[tokio::test]
async fn smoke() {
    for model in MODELS {
        let running = Running::bind(&ServerConfig::new("tcp://127.0.0.1:0").model(model));
        let client: AsyncClient = AsyncClient::connect(&running.client_config())
            .await
            .unwrap();
        let handles: Vec<_> = (0..1000)
            .map(|n| {
                let client = client.clone();
                tokio::spawn(async move {
                    let text = format!("t{n}");
                    let r: Result<String, Failure> =
                        client.call("echo", &[(1, "text")], (&text,)).await;
                    assert_eq!(r.unwrap(), text);
                })
            })
            .collect();
        for h in handles {
            h.await.unwrap();
        }
        drop(client);
    }
}
