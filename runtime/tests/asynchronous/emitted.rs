//! What the compiler emits for `--async`, beyond the plain functions.

use std::sync::Arc;

use parking_lot::Mutex;
use seapink::codegen::{CallContext, ListView};
use seapink::{AsyncServer, ClientConfig, ErrorKind, Result};

use crate::golden::asynchronous::{
    EverythingAsync, EverythingAsyncClient, EverythingAsyncProcessor, EverythingConnectError,
    NothingAsync, NothingAsyncProcessor, RecorderAsync2, RecorderKeepError, RecorderPlayError,
    Track, TrackView,
};
use crate::support::{eventually, in_time, local};

#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<String>>>);

impl RecorderAsync2 for Tape {
    async fn play(
        &self,
        cx: &CallContext,
        track: TrackView<'_>,
        by: std::borrow::Cow<'_, str>,
    ) -> Result<i32, RecorderPlayError> {
        // What is borrowed from the message is there across an await.
        tokio::task::yield_now().await;
        let line = format!("{} {} by {by}", cx.method(), track.title);
        self.0.lock().push(line);
        let mut sum = 0;
        for sample in &track.samples {
            sum += sample;
        }
        Ok(sum)
    }

    async fn heard(&self, _: &CallContext, tracks: ListView<'_, TrackView<'_>>) -> Result<()> {
        for track in &tracks {
            self.0.lock().push(track?.title.into_owned());
        }
        Ok(())
    }

    async fn keep(
        &self,
        _: &CallContext,
        track: Track,
        r#type: String,
    ) -> Result<i32, RecorderKeepError> {
        let line = format!("{} {type}", track.title);
        tokio::task::yield_now().await;
        self.0.lock().push(line);
        Ok(1)
    }
}

impl EverythingAsync for Tape {
    async fn connect_2(
        &self,
        _: &CallContext,
        r#async: i32,
        a_rather_long_name_of_an_argument: i32,
        another_long_name_of_one: i32,
    ) -> Result<i32, EverythingConnectError> {
        Ok(r#async + a_rather_long_name_of_an_argument + another_long_name_of_one)
    }
}

impl NothingAsync for Tape {}

fn track(title: &str) -> Track {
    Track {
        title: title.to_owned(),
        samples: vec![1, 2, 3],
    }
}

#[tokio::test]
async fn views_borrowed_arguments_and_inherited_functions() {
    let tape = Tape::default();
    let server = AsyncServer::bind(&local(), EverythingAsyncProcessor::new(tape.clone())).unwrap();
    let config = ClientConfig::new(server.local_addr().to_string());
    tokio::spawn(server.run());
    let client = EverythingAsyncClient::connect(&config).await.unwrap();
    assert_eq!(client.connect_2(1, 2, 3).await.unwrap(), 6);
    assert_eq!(client.play(&track("a"), "b").await.unwrap(), 6);
    assert_eq!(client.keep(&track("c"), "d").await.unwrap(), 1);
    client.heard(&[track("e"), track("f")]).await.unwrap();
    eventually("the oneway call is run", || tape.0.lock().len() == 4).await;
    assert_eq!(*tape.0.lock(), ["play a by b", "c d", "e", "f"]);
}

#[tokio::test]
async fn calls_can_be_made_in_any_task() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }

    let server = AsyncServer::bind(&local(), EverythingAsyncProcessor::new(Tape::default()));
    let server = server.unwrap();
    let config = ClientConfig::new(server.local_addr().to_string());
    tokio::spawn(is_send(server.run()));
    let client = is_send(EverythingAsyncClient::connect(&config))
        .await
        .unwrap();
    let borrowed = track("x");
    let (first, second) = tokio::join!(
        is_send(client.play(&borrowed, "y")),
        is_send(client.keep(&borrowed, "y")),
    );
    assert_eq!((first.unwrap(), second.unwrap()), (6, 1));
    in_time(is_send(client.heard(&[]))).await.unwrap();
}

#[tokio::test]
async fn a_service_without_functions_has_none() {
    let server = AsyncServer::bind(&local(), NothingAsyncProcessor::new(Tape::default())).unwrap();
    let config = ClientConfig::new(server.local_addr().to_string());
    tokio::spawn(server.run());
    let client = EverythingAsyncClient::connect(&config).await.unwrap();
    let EverythingConnectError::Other(error) = client.connect_2(1, 2, 3).await.unwrap_err();
    let unknown = seapink::ApplicationCode::UNKNOWN_METHOD;
    assert_eq!(error.kind(), ErrorKind::Application(unknown));
}
