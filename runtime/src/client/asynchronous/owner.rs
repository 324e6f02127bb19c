//! The clients' side of a connection.

use std::mem;
use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::connection::{Connection, Reply, State, runtime};
use super::dial::Dialer;
use crate::client::CallOptions;
use crate::client::connection::{SPARE, SPARE_BYTES_MAX, words};
use crate::client::events::Event;
use crate::config::ReplyOrder;
use crate::error::{Delivery, Error, Result};

/// The clients' side of a connection. When the last of them is gone, so is the connection.
pub(super) struct Owner(Arc<Connection>);

impl Owner {
    pub(super) fn new(dialer: Dialer, calls_max: usize, reply_order: ReplyOrder) -> Self {
        let state = State::new(calls_max, reply_order);
        Self(Arc::new(Connection {
            dialer,
            state: Mutex::new(state),
            room: Notify::new(),
        }))
    }

    /// Connects at once, so that a wrong address is noticed early.
    pub(super) async fn connect(&self) -> Result<()> {
        let connection = &self.0;
        let mut joined = None;
        loop {
            let mut room = pin!(connection.room.notified());
            room.as_mut().enable();
            let connected = connection.connected(&mut connection.state.lock(), &mut joined);
            connection.dialer.events.tell();
            if connected.map_err(|error| error.with_delivery(Delivery::NotSent))? {
                return Ok(());
            }
            // The attempt has an end of its own.
            room.await;
        }
    }

    /// Makes a call, and waits for its reply.
    pub(super) async fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Reply> {
        let reply = self.run(options, encode).await?;
        reply.ok_or_else(words::gone)
    }

    /// Makes a oneway call, and waits until it has left.
    pub(super) async fn send(
        &self,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.run(options, encode).await.map(drop)
    }

    async fn run(
        &self,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Option<Reply>> {
        runtime()?;
        let mut again = true;
        loop {
            let entered = self.0.enter(options, encode).await;
            let mut call = entered.map_err(|error| error.with_delivery(Delivery::NotSent))?;
            let link = call.link();
            match call.wait().await {
                // The server had closed the connection before the call was made.
                Err(error)
                    if error.delivery() == Delivery::NotSent
                        && self.0.state.lock().stale == link
                        && mem::take(&mut again) => {}
                ended => return ended,
            }
        }
    }

    /// Takes the memory of a reply back. One that made no sense ends the connection, unless that carries
    /// datagrams.
    pub(super) fn done_with(&self, reply: Reply, error: Option<&Error>) {
        let mut state = self.0.state.lock();
        let lossy = state.links.get(reply.link).is_some_and(|link| link.lossy);
        if let Some(error) = error
            && !lossy
        {
            let told = words::failed(error);
            self.0.fail(&mut state, reply.link, error, told);
        }
        let mut message = reply.message;
        if message.capacity() <= SPARE_BYTES_MAX && state.spare.len() < SPARE {
            message.clear();
            state.spare.push(message);
        }
        drop(state);
        if error.is_some() {
            self.0.dialer.events.tell();
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        let task = state.task.take();
        if let Some(number) = state.connecting.take() {
            let reason = || Event::Down(words::dropped());
            self.0.dialer.events.note(number, reason);
        }
        for number in state.links.numbers() {
            let (dropped, told) = (words::dropped(), |_| words::dropped());
            self.0.fail(&mut state, number, &dropped, told);
        }
        drop(state);
        if let Some(task) = task {
            task.abort();
        }
        self.0.dialer.events.tell();
    }
}
