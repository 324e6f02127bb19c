//! The end that answers requests.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::Arc;

use super::CONTENT_TYPE;
use super::body::Body;
use super::caller::Caller;
use super::fields::Fields;
use super::frames::{Outgoing, put_fields};
use super::head::{Head, malformed, path_of};
use super::progress::Progress;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::explain;
use crate::transport::layer::{CONTENT_MAX, Coded, Coding, Layer, ServerSide};

/// Requests that one connection may have sent without reading an answer.
const PIPELINED_MAX: usize = 1024;

const ONLY_POST: &str = "this is a Thrift server, and calls are requests with the method POST\n";
const TOO_LARGE: &str = "413 Content Too Large";
pub(in crate::transport) const BAD: &str = "400 Bad Request";
pub(in crate::transport) const ELSEWHERE: &str =
    "this is a Thrift server, and calls go to another path of it\n";
pub(in crate::transport) const NOT_NAMED: &str =
    "this is a Thrift server, and its `origins` do not name the page that asks\n";

struct Server {
    path: Option<String>,
    origins: Arc<[String]>,
    frame_bytes_max: usize,
    /// Through the head that arrives.
    progress: Progress,
    /// The body that arrives.
    body: Option<Body>,
    /// Of the head before it.
    fields: Fields,
    /// Of each request that is not answered, whether the connection ends behind its answer.
    unanswered: VecDeque<bool>,
    /// What a request is told that makes no sense, behind the answers to those before it.
    refusal: Option<Vec<u8>>,
    outgoing: Outgoing,
    /// The last request has come.
    last: bool,
    /// Its answer has been made.
    closed: bool,
}

impl Server {
    /// Begins with a head. `None` while it is not whole.
    fn begin(
        &mut self,
        raw: &[u8],
        content: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<Option<usize>> {
        if matches!(raw, b"\r" | b"\r\n") || !self.progress.of_head(raw) {
            return Ok(None);
        }
        let (mut caller, mut fields) = (Caller::default(), Fields::default());
        let found = Head::request_with(raw, |name, value| {
            caller.note(name, value);
            fields.note(name, value);
        });
        let found = found.map_err(|error| {
            let error = self.deny(out, status_of(&error), error);
            explain(error, raw, "", "")
        })?;
        let Some((head, bytes)) = found else {
            return Ok(None);
        };
        self.progress = Progress::default();
        self.check(&head, &caller, out)?;
        let body = Body::of(&head, self.frame_bytes_max, content);
        self.body = Some(body.map_err(|error| self.deny(out, TOO_LARGE, error))?);
        self.fields = fields;
        // Behind unanswered requests it would be taken for an answer to the first of them.
        if head.expects && !head.is_old && self.unanswered.is_empty() {
            out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.last = head.close;
        self.unanswered.push_back(head.close);
        Ok(Some(bytes))
    }

    fn check(&mut self, head: &Head, caller: &Caller, out: &mut Vec<u8>) -> Result<()> {
        let (method, target) = head
            .target
            .as_ref()
            .map_or(("", ""), |(method, target)| (method, target));
        if method != "POST" {
            self.refuse(out, "405 Method Not Allowed", "Allow: POST\r\n", ONLY_POST);
            let text =
                format!("the peer sent the HTTP request {method} {target}, and calls are POST");
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        if self.path.as_ref().is_some_and(|own| own != path_of(target)) {
            self.refuse(out, "404 Not Found", "", ELSEWHERE);
            let text = format!("the peer sent a request for {target}, and calls go elsewhere");
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        if let Some(page) = caller.stranger(&self.origins) {
            let page = page.escape_debug();
            let text = format!("a page that `origins` does not name sent a request: {page}");
            self.refuse(out, "403 Forbidden", "", NOT_NAMED);
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        if let Some(fault) = caller.host_fault(head.is_old) {
            return Err(self.deny(out, BAD, malformed(fault)));
        }
        if self.unanswered.len() >= PIPELINED_MAX {
            let text = format!("{PIPELINED_MAX} HTTP requests of one connection are not answered");
            return Err(Error::new(ErrorKind::Limit, text));
        }
        Ok(())
    }

    /// Answers a request that makes no sense with what is wrong with it.
    #[cold]
    fn deny(&mut self, out: &mut Vec<u8>, status: &str, error: Error) -> Error {
        self.refuse(out, status, "", &line_of(&error));
        error
    }

    /// Answers a request that is none, and says that the connection ends.
    #[cold]
    fn refuse(&mut self, out: &mut Vec<u8>, status: &str, more: &str, line: &str) {
        if self.unanswered.is_empty() {
            refuse(out, status, more, line);
        } else {
            let refusal = self.refusal.get_or_insert_default();
            refuse(refusal, status, more, line);
        }
    }
}

/// How a head is answered that cannot be read.
pub(in crate::transport) fn status_of(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Limit => "431 Request Header Fields Too Large",
        _ => BAD,
    }
}

/// The same for people.
pub(in crate::transport) fn line_of(error: &Error) -> String {
    format!("{error}\n")
}

/// Answers a request that is none, with a line for people, and says that the connection ends.
#[cold]
pub(in crate::transport) fn refuse(out: &mut Vec<u8>, status: &str, more: &str, line: &str) {
    begin_refusal(out, status, more, line.len());
    out.extend_from_slice(line.as_bytes());
}

/// The head of that. What follows says why in so many bytes.
fn begin_refusal(out: &mut Vec<u8>, status: &str, more: &str, length: usize) {
    let head = format!(
        "HTTP/1.1 {status}\r\n{more}Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
}

impl Coding for Server {
    fn decode(&mut self, raw: &[u8], content: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<usize> {
        let mut taken = 0;
        while taken < raw.len() && (self.body.is_some() || !self.last) {
            let rest = &raw[taken..];
            let Some(body) = &mut self.body else {
                let Some(bytes) = self.begin(rest, content, out)? else {
                    return Ok(taken);
                };
                taken += bytes;
                self.end_empty(content);
                continue;
            };
            let part = body.take(rest, self.frame_bytes_max, content);
            let (bytes, whole) = part.map_err(|error| self.refuse_body(error, out))?;
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
        // Nobody is asked for what follows the last request.
        Ok(if self.last && self.body.is_none() {
            raw.len()
        } else {
            taken
        })
    }

    fn encode(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let Self {
            unanswered,
            refusal,
            outgoing,
            body,
            last,
            closed,
            ..
        } = self;
        outgoing.take(content, out, |length, refused, lines, out| {
            if refused {
                // Nothing behind it is answered, nor told what is wrong with it.
                unanswered.clear();
                (*refusal, *body) = (None, None);
                (*last, *closed) = (true, true);
                begin_refusal(out, BAD, "", length);
                return;
            }
            let close = unanswered.pop_front().unwrap_or(true);
            *closed |= close;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {length}\r\n"
            );
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(lines);
            let end = if close {
                "Connection: close\r\n\r\n"
            } else {
                "\r\n"
            };
            out.extend_from_slice(end.as_bytes());
        });
        if self.unanswered.is_empty()
            && self.outgoing.is_whole()
            && let Some(refusal) = self.refusal.take()
        {
            out.extend_from_slice(&refusal);
        }
        Ok(())
    }

    fn encodes_after_errors(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<()> {
        if self.body.is_some() || self.progress.is_begun() {
            let text = "the peer ended in the middle of an HTTP request";
            return Err(Error::new(ErrorKind::Truncated, text));
        }
        Ok(())
    }
}

impl Server {
    /// Refuses one whose body makes no sense, and which waits for an answer itself.
    #[cold]
    fn refuse_body(&mut self, error: Error, out: &mut Vec<u8>) -> Error {
        self.unanswered.pop_back();
        let status = match error.kind() {
            ErrorKind::Limit => TOO_LARGE,
            _ => BAD,
        };
        self.deny(out, status, error)
    }

    fn end_body(&mut self, content: &mut Vec<u8>) {
        self.body = None;
        put_fields(&mem::take(&mut self.fields).lines(), content);
    }

    /// A body of no bytes is whole at once.
    fn end_empty(&mut self, content: &mut Vec<u8>) {
        if let Some(Body::Sized(0)) = self.body {
            self.end_body(content);
        }
    }
}

/// What the connections of a server have in common.
pub(crate) struct HttpServerSide {
    /// Requests for other paths are refused; `None` for all.
    pub(crate) path: Option<String>,
    /// The pages that may call, besides programs that are none; `*` for all.
    pub(crate) origins: Arc<[String]>,
    pub(crate) frame_bytes_max: usize,
}

impl ServerSide for HttpServerSide {
    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let server = Server {
            path: self.path.clone(),
            origins: Arc::clone(&self.origins),
            frame_bytes_max: self.frame_bytes_max,
            progress: Progress::default(),
            body: None,
            fields: Fields::default(),
            unanswered: VecDeque::new(),
            refusal: None,
            outgoing: Outgoing::default(),
            last: false,
            closed: false,
        };
        Ok(Box::new(Coded::new(server, Vec::new())))
    }
}
