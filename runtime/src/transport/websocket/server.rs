//! The end that is asked.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tungstenite::handshake::derive_accept_key;

use super::frame::End;
use super::messages::{Bounds, Messages};
use super::upgrade::Upgrade;
use super::{Handshake, WebSocket};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::explain;
use crate::transport::http::{
    BAD, Caller, ELSEWHERE, Head, NOT_NAMED, line_of, path_of, refuse, status_of,
};
use crate::transport::layer::{Coded, Layer, ServerSide};

/// Which requests a server goes along with.
#[derive(Debug)]
pub(crate) struct WebSocketRules {
    /// Those for other paths are refused; `None` for all.
    pub(crate) path: Option<String>,
    /// The pages that may call, besides programs that are none; `*` for all.
    pub(crate) origins: Vec<String>,
    /// What is chosen among those that a client offers.
    pub(crate) subprotocol: Option<String>,
}

struct Asked(Arc<WebSocketRules>);

/// An answer that says no, what follows its status, a line for who reads it unless that is the next, and why
/// for the log.
type No = (&'static str, &'static str, Option<&'static str>, String);

const ONLY_WEBSOCKET: &str =
    "this is a Thrift server, and its connections begin with GET and `Upgrade: websocket`\n";

impl Handshake for Asked {
    fn read(&mut self, raw: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>> {
        let (mut upgrade, mut caller) = (Upgrade::default(), Caller::default());
        let found = Head::request_with(raw, |name, value| {
            upgrade.note(name, value);
            caller.note(name, value);
        });
        let found = found.map_err(|error| {
            refuse(out, status_of(&error), "", &line_of(&error));
            explain(error, raw, "", "")
        });
        let found = found?;
        let Some((head, bytes)) = found else {
            return Ok(None);
        };
        match self.0.check(&head, &upgrade, &caller) {
            Ok(key) => {
                self.0.accept(key, &upgrade, out);
                Ok(Some(bytes))
            }
            Err((status, more, line, text)) => {
                let error = Error::new(ErrorKind::Malformed, text);
                let why = line_of(&error);
                refuse(out, status, more, line.unwrap_or(&why));
                Err(error)
            }
        }
    }
}

impl WebSocketRules {
    /// The key of a request that asks for what there is.
    fn check<'a>(&self, head: &Head, upgrade: &'a Upgrade, caller: &Caller) -> Result<&'a str, No> {
        let target = head.target.as_ref();
        let (method, target) = target.map_or(("", ""), |(method, target)| (method, target));
        if method != "GET" {
            let text = format!(
                "the peer sent the HTTP request {method} {target}, and a WebSocket begins with GET"
            );
            return Err((
                "405 Method Not Allowed",
                "Allow: GET\r\n",
                Some(ONLY_WEBSOCKET),
                text,
            ));
        }
        if self.path.as_ref().is_some_and(|own| own != path_of(target)) {
            let text = format!("the peer sent a request for {target}, and calls go elsewhere");
            return Err(("404 Not Found", "", Some(ELSEWHERE), text));
        }
        if !upgrade.is_whole() {
            let text =
                format!("the peer sent the HTTP request GET {target}, which asks for no WebSocket");
            let more = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
            return Err(("426 Upgrade Required", more, Some(ONLY_WEBSOCKET), text));
        }
        if upgrade.version.as_deref() != Some("13") {
            let version = upgrade.version.as_deref().unwrap_or("none").escape_debug();
            let text = format!("the peer asks for WebSocket in version {version}, and there is 13");
            let more = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
            return Err(("426 Upgrade Required", more, Some(ONLY_WEBSOCKET), text));
        }
        self.check_origin(caller)?;
        let bad = |text: &str| {
            let text = format!("a request for a WebSocket makes no sense: {text}");
            Err((BAD, "", None, text))
        };
        if head.chunked || head.length.is_some_and(|length| length > 0) {
            return bad("it has a body");
        }
        if head.is_old {
            return bad("it is of HTTP/1.0");
        }
        if let Some(fault) = caller.host_fault(head.is_old) {
            return bad(fault);
        }
        match &upgrade.keys[..] {
            [key] if STANDARD.decode(key).is_ok_and(|key| key.len() == 16) => Ok(key),
            [_] => bad("its key has not 16 bytes"),
            [] => bad("it has no key"),
            _ => bad("it has several keys"),
        }
    }

    fn check_origin(&self, caller: &Caller) -> Result<(), No> {
        let Some(origin) = caller.stranger(&self.origins) else {
            return Ok(());
        };
        let origin = origin.escape_debug();
        let text = format!("a page that `origins` does not name asks for a WebSocket: {origin}");
        Err(("403 Forbidden", "", Some(NOT_NAMED), text))
    }

    fn accept(&self, key: &str, upgrade: &Upgrade, out: &mut Vec<u8>) {
        let key = derive_accept_key(key.as_bytes());
        let chosen = self.subprotocol.as_ref();
        let chosen = chosen.filter(|own| upgrade.subprotocols.contains(own));
        let chosen = chosen.map_or_else(String::new, |name| {
            format!("Sec-WebSocket-Protocol: {name}\r\n")
        });
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {key}\r\n{chosen}\r\n"
        );
        out.extend_from_slice(head.as_bytes());
    }
}

/// What the connections of a server have in common.
pub(crate) struct WebSocketServerSide {
    rules: Arc<WebSocketRules>,
    bounds: Bounds,
}

impl WebSocketServerSide {
    /// Messages have so many bytes at most, by the limit of this name; `text` is for JSON.
    pub(crate) fn new(rules: WebSocketRules, bytes_max: (&'static str, usize), text: bool) -> Self {
        let rules = Arc::new(rules);
        let bounds = Bounds { bytes_max, text };
        Self { rules, bounds }
    }
}

impl ServerSide for WebSocketServerSide {
    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let asked = Asked(Arc::clone(&self.rules));
        let socket = WebSocket::new(asked, Messages::new(End::Server, self.bounds));
        Ok(Box::new(Coded::new(socket, Vec::new())))
    }
}
