//! The typed side of a client, whether its calls block a thread or not: what a call says and what its
//! reply means. Carries no message itself.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::message::{DecodeReply, EncodeCall};
#[cfg(feature = "tokio")]
use super::retry::Attempts;
use super::retry::Retry;
use super::{CALL_TIMEOUT, CallOptions};
use crate::config::{ClientConfig, RetryConfig};
use crate::deadline::Deadline;
use crate::envelope::{Headers, ReplyHeaders};
use crate::error::{Delivery, Result};
use crate::interceptor::{Around, End, Stack};
use crate::limits::Limits;
use crate::processor::{
    CallContext, DecodeResult, EncodeArguments, FieldNames, MethodError, Undeclared,
};
use crate::protocol::{MessageForm, MessageHead, ProtocolSet, WireProtocol};
use crate::trace::{self, TraceContext};
use crate::wire::MessageKind;

/// What every call of a client has in common.
#[derive(Clone)]
pub(super) struct Caller<Set> {
    pub(super) protocol: Set,
    pub(super) form: MessageForm,
    pub(super) limits: Limits,
    pub(super) service: Option<Arc<str>>,
    pub(super) timeout: Duration,
    pub(super) deadline: Option<Instant>,
    pub(super) retry: Option<Arc<Retry>>,
    pub(super) stack: Stack,
    pub(super) headers: Option<Arc<Headers>>,
}

impl<Set: ProtocolSet> Caller<Set> {
    pub(super) fn new(protocol: Set) -> Self {
        Self {
            protocol,
            form: MessageForm::default(),
            limits: Limits::default(),
            service: None,
            timeout: CALL_TIMEOUT,
            deadline: None,
            retry: None,
            stack: Stack::default(),
            headers: None,
        }
    }

    /// As the configuration says, and the protocol that it names.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub(super) fn configured(config: &ClientConfig) -> Result<(Self, &'static dyn WireProtocol)> {
        config.check()?;
        let name = &config.protocol;
        let protocol = Set::named(name);
        let wire = Set::WIRE.iter().find(|wire| wire.name() == name);
        let (Some(protocol), Some(wire)) = (protocol, wire) else {
            let names: Vec<_> = Set::WIRE.iter().map(|wire| wire.name()).collect();
            return Err(config.no_protocol(name, &names));
        };
        let mut caller = Self {
            limits: config.limits,
            service: config.service.as_deref().map(Into::into),
            timeout: Duration::from_millis(config.timeouts.call_ms),
            ..Self::new(protocol)
        };
        if !config.strict_write {
            caller.form = MessageForm::Old;
        }
        if config.compact_version == 2 {
            caller.form = MessageForm::Compact2;
        }
        if let Some(retry) = &config.retry {
            caller.set_retry(retry);
        }
        Ok((caller, *wire))
    }

    pub(super) fn set_retry(&mut self, config: &RetryConfig) {
        self.retry = Some(Arc::new(Retry::new(config)));
    }

    pub(super) fn set_header(&mut self, name: &str, value: &str) {
        let headers = self.headers.get_or_insert_default();
        Arc::make_mut(headers).set(name, value);
    }

    pub(super) fn set_trace(&mut self, trace: &TraceContext) {
        let headers = self.headers.get_or_insert_default();
        trace.set(Arc::make_mut(headers));
    }

    /// Has calls end with another, and hands its trace on unless there is one already.
    pub(super) fn go_under(&mut self, cx: &CallContext) {
        if let Some(deadline) = cx.deadline() {
            let at = deadline.at();
            self.deadline = Some(self.deadline.map_or(at, |own| own.min(at)));
        }
        let headers = self.headers.as_deref();
        let traced = headers.is_some_and(|headers| headers.has(trace::PARENT));
        if let Some(trace) = cx.trace()
            && !traced
        {
            self.set_trace(&trace);
        }
    }

    /// Tells the interceptors of a call, if there are any.
    #[inline]
    pub(super) fn begin(
        &self,
        method: &str,
        options: &mut CallOptions,
    ) -> Result<Option<Observed>> {
        if self.stack.is_empty() {
            return Ok(None);
        }
        let mut cx = CallContext::default();
        cx.call(
            self.service.as_deref().unwrap_or_default(),
            method,
            options.oneway,
        );
        cx.limit_deadline(options.deadline);
        if let Some(headers) = &self.headers {
            cx.set_headers(headers);
        }
        let around = Around::begin(self.stack.clone(), Box::new(cx));
        let around = around.map_err(|error| error.with_delivery(Delivery::NotSent))?;
        if let Some(deadline) = around.cx.deadline() {
            options.deadline = deadline;
        }
        if !around.cx.headers().is_empty() {
            options.headers = Some(Arc::new(around.cx.headers().clone()));
        }
        let reply_headers = ReplyHeaders::default();
        options.reply_headers = Some(Arc::clone(&reply_headers));
        Ok(Some(Observed {
            around,
            reply_headers,
        }))
    }

    /// The attempts of a call, if there may be more than one.
    #[cfg(feature = "tokio")]
    pub(super) fn attempts<'a>(&'a self, options: &'a CallOptions) -> Option<Attempts<'a>> {
        let retry = self.retry.as_ref()?;
        Some(retry.begin(options))
    }

    pub(super) fn options(&self, oneway: bool) -> CallOptions {
        let mut deadline = Deadline::after(self.timeout);
        if let Some(at) = self.deadline {
            deadline = Deadline::until(at).min(deadline);
        }
        let mut options = CallOptions::new(oneway, deadline);
        options.headers.clone_from(&self.headers);
        options
    }

    pub(super) fn encoder<'a, 'v, A: EncodeArguments<'v>>(
        &'a self,
        method: &'static str,
        kind: MessageKind,
        ids: FieldNames,
        arguments: &'a A,
    ) -> impl FnMut(i32, &mut Vec<u8>) -> Result<()> + 'a
    where
        'v: 'a,
    {
        move |sequence_id, buffer| {
            let head = self.head(method, kind, sequence_id);
            self.encode(head, ids, arguments, buffer)
        }
    }

    fn head(
        &self,
        method: &'static str,
        kind: MessageKind,
        sequence_id: i32,
    ) -> MessageHead<'static> {
        let name = match &self.service {
            Some(service) => Cow::Owned(format!("{service}:{method}")),
            None => Cow::Borrowed(method),
        };
        MessageHead {
            name,
            kind,
            sequence_id,
            form: self.form,
        }
    }

    fn encode<'v, A: EncodeArguments<'v>>(
        &self,
        head: MessageHead<'_>,
        ids: FieldNames,
        arguments: &A,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        let start = buffer.len();
        let limits = &self.limits;
        let call = EncodeCall {
            head,
            ids,
            arguments,
            limits,
            buffer: &mut *buffer,
        };
        let written = self.protocol.visit(call);
        if written.is_err() {
            buffer.truncate(start);
        }
        written
    }

    /// Reads a reply. The outer error is one that cannot be trusted, the inner one that of the function.
    pub(super) fn decode<T, E>(
        &self,
        method: &'static str,
        sequence_id: i32,
        message: &[u8],
    ) -> Result<Result<T, E>>
    where
        T: for<'de> DecodeResult<'de>,
        E: MethodError,
    {
        let limits = &self.limits;
        self.protocol.visit(DecodeReply {
            method,
            sequence_id,
            message,
            limits,
            ty: PhantomData,
        })
    }
}

/// A call that interceptors were told of.
pub(super) struct Observed {
    around: Around<Stack, Box<CallContext>>,
    reply_headers: ReplyHeaders,
}

impl Observed {
    /// Tells them how it has ended.
    pub(super) fn end(&mut self, end: &End<'_>) {
        let headers = mem::take(&mut *self.reply_headers.lock());
        self.around.cx.set_reply_headers(headers);
        self.around.end(end);
    }
}

/// Tells interceptors how a call has ended.
pub(super) fn end<T, E: Undeclared>(around: Option<Observed>, result: &Result<T, E>) {
    let Some(mut around) = around else { return };
    around.end(&match result {
        Ok(_) => End::Done,
        Err(error) => match error.undeclared() {
            Some(error) => End::Failed(error),
            None => End::Declared,
        },
    });
}
