//! The end that asks.

use std::io;

use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use super::frame::End;
use super::messages::{Bounds, Messages};
use super::upgrade::Upgrade;
use super::{Handshake, WebSocket};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::explain_reply;
use crate::transport::http::{Head, refused};
use crate::transport::layer::{ClientSide, Coded, Layer};

struct Asking {
    /// What the server's key has to be.
    accept: String,
    path: String,
    subprotocol: Option<String>,
}

impl Handshake for Asking {
    fn read(&mut self, raw: &[u8], _: &mut Vec<u8>) -> Result<Option<usize>> {
        let mut upgrade = Upgrade::default();
        let found = Head::response_with(raw, |name, value| upgrade.note(name, value));
        let found = found.map_err(|error| explain_reply(error, raw, "", ""))?;
        let Some((head, bytes)) = found else {
            return Ok(None);
        };
        let (status, reason) = head.status.unwrap_or_default();
        if status != 101 {
            let hint = match status {
                405 => "; is it an HTTP server (`transport = \"http\"`)?".to_owned(),
                404 => {
                    let path = &self.path;
                    format!(" for `{path}`; is `[client.websocket] path` the server's?")
                }
                _ => String::new(),
            };
            return Err(refused(status, &reason, &hint));
        }
        self.check(&upgrade)?;
        Ok(Some(bytes))
    }
}

impl Asking {
    fn check(&self, upgrade: &Upgrade) -> Result<()> {
        let bad = |text: &str| {
            let text = format!("the server's answer makes no sense: {text}");
            Err(Error::new(ErrorKind::Malformed, text))
        };
        if !upgrade.is_whole() {
            return bad("it goes on with something else");
        }
        match &upgrade.accept {
            None => return bad("it has no key"),
            Some(accept) if *accept != self.accept => {
                return bad("its key is not that for this request");
            }
            Some(_) => {}
        }
        if upgrade.has_extensions {
            return bad("it has extensions that nobody has asked for");
        }
        match (&upgrade.subprotocols[..], &self.subprotocol) {
            ([], None) => Ok(()),
            ([named], Some(offered)) if named == offered => Ok(()),
            ([], Some(offered)) => bad(&format!("it does not take the subprotocol {offered}")),
            (named, _) => {
                let named = named.join(", ");
                bad(&format!(
                    "it takes the subprotocol {}, which nobody has offered",
                    named.escape_debug()
                ))
            }
        }
    }
}

/// What the connections of a client have in common.
pub(crate) struct WebSocketClientSide {
    /// The request up to its key, and what follows that.
    head: (String, String),
    path: String,
    host: String,
    subprotocol: Option<String>,
    bounds: Bounds,
}

impl WebSocketClientSide {
    /// Asks for a path at a host, with more fields in the head. Messages have so many bytes at most, by the
    /// limit of this name; `text` is for JSON. All that is named can stand in a head.
    pub(crate) fn new(
        (host, path): (&str, &str),
        fields: &[(String, String)],
        subprotocol: Option<&str>,
        bytes_max: (&'static str, usize),
        text: bool,
    ) -> Self {
        let begin = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        );
        let mut end = "\r\nUser-Agent: seapink\r\n".to_owned();
        if let Some(name) = subprotocol {
            end.extend(["Sec-WebSocket-Protocol: ", name, "\r\n"]);
        }
        for (name, value) in fields {
            end.extend([name, ": ", value, "\r\n"]);
        }
        end.push_str("\r\n");
        Self {
            head: (begin, end),
            path: path.to_owned(),
            host: host.to_owned(),
            subprotocol: subprotocol.map(str::to_owned),
            bounds: Bounds { bytes_max, text },
        }
    }
}

impl ClientSide for WebSocketClientSide {
    fn names(&self) -> (&'static str, String) {
        ("WebSocket", format!("`{}`", self.host))
    }

    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let key = generate_key();
        let (begin, end) = &self.head;
        let greeting = [begin, &*key, end].concat();
        let asking = Asking {
            accept: derive_accept_key(key.as_bytes()),
            path: self.path.clone(),
            subprotocol: self.subprotocol.clone(),
        };
        let socket = WebSocket::new(asking, Messages::new(End::Client, self.bounds));
        Ok(Box::new(Coded::new(socket, greeting.into_bytes())))
    }
}
