//! The service that is called, and its client.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use seapink::client::Pending;
use seapink::codegen::{Call, CallContext, Error, Outcome, Service};
use seapink::{Client, ClientConfig, Result};

/// Tokens of one run are numbered from 0.
const TOKENS_MAX: usize = 100_000_000;

pub(crate) enum Failure {
    Other(Error),
}

seapink::impl_method_error!(Failure {});

/// How often `token` was called with each number.
#[derive(Clone, Default)]
pub(crate) struct Handler(Arc<Mutex<Vec<u8>>>);

impl Handler {
    fn run(&self, method: &str, text: String) -> Result<String, Failure> {
        match method {
            // Returns what it was called with, and counts it.
            "token" => {
                let number = text.split('/').next().unwrap_or_default();
                let number = number.parse().ok().filter(|number| *number < TOKENS_MAX);
                let number = number.ok_or_else(|| Error::handler("no token", text.clone()))?;
                let mut tokens = self.0.lock();
                if tokens.len() <= number {
                    tokens.resize(number + 1, 0);
                }
                tokens[number] = tokens[number].saturating_add(1);
            }
            // Takes so many microseconds.
            "work" => thread::sleep(Duration::from_micros(text.parse().unwrap_or(0))),
            _ => {}
        }
        Ok(text)
    }

    /// How many tokens have come, and how many of them more than once.
    pub(crate) fn tokens(&self) -> (usize, usize) {
        let tokens = self.0.lock();
        let over = |times| tokens.iter().filter(|count| **count > times).count();
        (over(0), over(1))
    }
}

pub(crate) struct Probe(pub(crate) Handler);

impl Service for Probe {
    type Handler = Handler;

    const NAME: &'static str = "Probe";

    fn handler(&self) -> &Handler {
        &self.0
    }

    fn dispatch<P: seapink::Protocol>(handler: &Handler, call: Call<'_, P>) -> Outcome {
        let method = call.method();
        let run = move |handler: &Handler, _: &CallContext, text: String| handler.run(method, text);
        match method {
            "echo" | "token" | "work" => call.reply(handler, run, &[(1, "text")]),
            _ => call.unknown_method(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Caller(pub(crate) Client);

impl Caller {
    pub(crate) fn connect(config: &ClientConfig) -> Self {
        Self(Client::connect(config).unwrap())
    }

    pub(crate) fn call(&self, method: &'static str, text: &str) -> Result<String> {
        let reply = self.0.call(method, &[(1, "text")], (text,));
        reply.map_err(|Failure::Other(error)| error)
    }

    pub(crate) fn send(&self, method: &'static str, text: &str) -> Result<Reply> {
        self.0.send(method, &[(1, "text")], (text,)).map(Reply)
    }
}

/// A call in flight.
pub(crate) struct Reply(Pending<String, Failure>);

impl Reply {
    pub(crate) fn wait(self) -> Result<String> {
        self.0.wait().map_err(|Failure::Other(error)| error)
    }
}
