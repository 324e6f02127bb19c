//! Calls of async servers, recorded.

use std::time::Duration;

use seapink::server::{Record, RecordOptions, RecordedCall};
use seapink::transport::file::{FileOptions, FileReader, ReadMode};
use seapink::{AsyncServer, ClientConfig, Limits, ProtocolSet, Standard};

use crate::golden::asynchronous::{CalculatorAsyncClient, CalculatorAsyncProcessor};
use crate::support::{Handler, in_time, local, wait};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_recorded_with_their_answers_or_without_when_they_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.log");
    let record = Record::open(&path, RecordOptions::default().answers(true)).unwrap();
    let handler = Handler::default();
    let processor = record.around(CalculatorAsyncProcessor::new(handler.clone()));
    let server = AsyncServer::bind(&local(), processor).unwrap();
    let handle = server.handle();
    let serving = tokio::spawn(server.run());
    let config = ClientConfig::new(handle.local_addr().to_string());
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    assert_eq!(client.echo("text").await.ok().unwrap(), "text");
    // The server goes, and the call with it.
    let waiting = tokio::spawn(async move { wait(&client).await });
    handler.0.until_waiting(1).await;
    handle.shutdown(Duration::from_millis(60)).await;
    assert!(in_time(waiting).await.unwrap().is_err());
    handler.0.until_dropped(1).await;
    serving.await.unwrap().unwrap();
    assert_eq!(record.close().unwrap().recorded, 2);

    let mut reader = FileReader::open(&path, FileOptions::default(), ReadMode::ToEnd).unwrap();
    let mut calls = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        let call = RecordedCall::read(event, Standard::WIRE, &Limits::default()).unwrap();
        calls.push((call.head.name.into_owned(), call.answer.is_some()));
    }
    let expected = [("echo", true), ("wait", false)];
    assert_eq!(
        calls,
        expected.map(|(name, answered)| (name.to_owned(), answered))
    );
}
