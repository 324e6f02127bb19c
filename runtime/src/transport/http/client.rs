//! The end that makes requests.

use std::io;
use std::mem;
use std::sync::Arc;

use super::CONTENT_TYPE;
use super::body::Body;
use super::fields::{self, Fields};
use super::frames::{Outgoing, put_fields};
use super::head::Head;
use super::progress::Progress;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::explain_reply;
use crate::transport::layer::{CONTENT_MAX, ClientSide, Coded, Coding, Layer};

struct Client {
    /// What stands before the fields in each head.
    head: String,
    /// Those of each head, unless a call has others of the name.
    more: Arc<[(String, String)]>,
    path: String,
    frame_bytes_max: usize,
    /// Through the head that arrives.
    progress: Progress,
    /// The body that arrives.
    body: Option<Body>,
    /// Of the head before it.
    fields: Fields,
    outgoing: Outgoing,
    /// Nothing comes behind the response that arrives.
    last: bool,
    closed: bool,
}

impl Client {
    /// Begins with a head. `None` while it is not whole.
    fn begin(&mut self, raw: &[u8], content: &mut Vec<u8>) -> Result<Option<usize>> {
        if matches!(raw, b"\r" | b"\r\n") || !self.progress.of_head(raw) {
            return Ok(None);
        }
        let mut fields = Fields::default();
        let found = Head::response_with(raw, |name, value| fields.note(name, value));
        let found = found.map_err(|error| explain_reply(error, raw, "", ""))?;
        let Some((head, bytes)) = found else {
            return Ok(None);
        };
        self.progress = Progress::default();
        match &head.status {
            // 100 Continue and the like, which nobody has asked for. Behind 101 is no HTTP.
            Some((100 | 102..=199, _)) => return Ok(Some(bytes)),
            Some((200..=299, _)) | None => {}
            Some((status, reason)) => {
                let hint = match status {
                    405 | 426 => {
                        "; is it a WebSocket server (`transport = \"websocket\"`)?".to_owned()
                    }
                    404 => {
                        let path = &self.path;
                        format!(" for `{path}`; is `[client.http] path` the server's?")
                    }
                    _ => String::new(),
                };
                return Err(refused(*status, reason, &hint));
            }
        }
        let body = Body::of(&head, self.frame_bytes_max, content)?;
        self.last = head.close || matches!(body, Body::ToEnd { .. });
        self.fields = fields;
        if matches!(body, Body::Sized(0)) {
            self.end_body(content);
        } else {
            self.body = Some(body);
        }
        Ok(Some(bytes))
    }

    fn end_body(&mut self, content: &mut Vec<u8>) {
        (self.body, self.closed) = (None, self.last);
        put_fields(&mem::take(&mut self.fields).lines(), content);
    }
}

impl Coding for Client {
    fn decode(&mut self, raw: &[u8], content: &mut Vec<u8>, _: &mut Vec<u8>) -> Result<usize> {
        let mut taken = 0;
        while taken < raw.len() && !self.closed {
            let rest = &raw[taken..];
            let Some(body) = &mut self.body else {
                let Some(bytes) = self.begin(rest, content)? else {
                    return Ok(taken);
                };
                taken += bytes;
                continue;
            };
            let (bytes, whole) = body.take(rest, self.frame_bytes_max, content)?;
            taken += bytes;
            if whole {
                self.end_body(content);
            } else if bytes == 0 {
                return Ok(taken);
            }
            if content.len() >= CONTENT_MAX {
                return Ok(taken);
            }
        }
        Ok(if self.closed { raw.len() } else { taken })
    }

    fn encode(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let (head, more) = (&self.head, &self.more);
        self.outgoing.take(content, out, |length, _, lines, out| {
            out.extend_from_slice(head.as_bytes());
            for (name, value) in &**more {
                if !fields::has(lines, name) {
                    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
                }
            }
            out.extend_from_slice(lines);
            out.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
        });
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn end(&mut self, content: &mut Vec<u8>) -> Result<()> {
        let whole = match &mut self.body {
            Some(body) => body.end(content)?,
            None if self.progress.is_begun() => false,
            None => return Ok(()),
        };
        if !whole {
            let text = "the server closed the connection in the middle of an HTTP response";
            return Err(Error::new(ErrorKind::Truncated, text));
        }
        self.last = true;
        self.end_body(content);
        Ok(())
    }
}

/// What the connections of a client have in common.
pub(crate) struct HttpClientSide {
    head: String,
    more: Arc<[(String, String)]>,
    path: String,
    host: String,
    frame_bytes_max: usize,
}

impl HttpClientSide {
    /// Requests for a path at a host, with more fields in their heads. All of these can stand there.
    pub(crate) fn new(
        host: &str,
        path: &str,
        fields: &[(String, String)],
        frame_bytes_max: usize,
    ) -> Self {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {CONTENT_TYPE}\r\n\
             Accept: {CONTENT_TYPE}\r\n"
        );
        let agent = ("User-Agent".to_owned(), "seapink".to_owned());
        let is_agent = |(name, _): &(String, String)| name.eq_ignore_ascii_case(&agent.0);
        let agent = (!fields.iter().any(is_agent)).then_some(&agent);
        Self {
            head,
            more: agent.into_iter().chain(fields).cloned().collect(),
            path: path.to_owned(),
            host: host.to_owned(),
            frame_bytes_max,
        }
    }
}

/// What a client says of a status that is no answer to its request, and of what to look at.
#[cold]
pub(in crate::transport) fn refused(status: u16, reason: &str, hint: &str) -> Error {
    let text = format!("the server answered with HTTP status {status} {reason}");
    let text = text.trim_end();
    Error::new(ErrorKind::Closed, format!("{text}{hint}"))
}

impl ClientSide for HttpClientSide {
    fn names(&self) -> (&'static str, String) {
        ("HTTP", format!("`{}`", self.host))
    }

    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let client = Client {
            head: self.head.clone(),
            more: Arc::clone(&self.more),
            path: self.path.clone(),
            frame_bytes_max: self.frame_bytes_max,
            progress: Progress::default(),
            body: None,
            fields: Fields::default(),
            outgoing: Outgoing::default(),
            last: false,
            closed: false,
        };
        Ok(Box::new(Coded::new(client, Vec::new())))
    }
}
