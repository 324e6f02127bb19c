//! What the programs of a language can do, as the reference's `test/tests.json` says.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::cell::{Side, Word};
use super::source;
use super::support::Result;

/// How long the runner waits where the file says nothing.
const USUAL: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Offer {
    pub protocols: Vec<Word>,
    pub transports: Vec<Word>,
    pub sockets: Vec<String>,
    /// Until a server listens.
    pub delay: Duration,
    /// Until a client has ended.
    pub timeout: Duration,
}

impl Offer {
    /// Of one side of a language.
    pub fn of(language: &str, side: Side) -> Result<Self> {
        let text = fs::read_to_string(source::dir()?.join("test/tests.json"))?;
        let languages: Vec<Value> = serde_json::from_str(&text)?;
        let language = languages
            .iter()
            .find(|entry| entry["name"] == language)
            .ok_or_else(|| format!("tests.json has no `{language}`"))?;
        let more = &language[side.name()];
        let words = |key| {
            let both = [strings(&language[key]), strings(&more[key])].concat();
            both.iter().map(|text| Word::new(text)).collect()
        };
        let time = |key| more[key].as_u64().map_or(USUAL, Duration::from_secs);
        Ok(Self {
            protocols: words("protocols"),
            transports: words("transports"),
            sockets: [strings(&language["sockets"]), strings(&more["sockets"])].concat(),
            delay: time("delay"),
            timeout: time("timeout"),
        })
    }

    /// Everything that ours can do.
    pub fn ours() -> Self {
        let words = |all: &[&str]| all.iter().map(|text| Word::new(text)).collect();
        Self {
            protocols: words(&PROTOCOLS),
            transports: words(&TRANSPORTS),
            sockets: [&SOCKETS[..], &["activated"]]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            delay: USUAL,
            timeout: USUAL,
        }
    }
}

/// The matrix.
pub const PROTOCOLS: [&str; 8] = [
    "binary", "compact", "json", "header", "multi", "multic", "multih", "multij",
];
pub const TRANSPORTS: [&str; 5] = ["buffered", "framed", "http", "zlib", "websocket"];
pub const SOCKETS: [&str; 4] = ["ip", "ip-ssl", "domain", "abstract"];

/// The texts of a list; none if it is no list.
pub fn strings(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}
