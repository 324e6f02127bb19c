//! One call inside a dispatch table.

use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{ApplicationCode, Error, ErrorKind, Result};
use crate::processor::arguments::{read_arguments, read_into_arguments};
use crate::processor::result::write_result;
use crate::processor::{
    BorrowingFn, CallContext, DecodeArguments, EncodeResult, FieldNames, HandlerFn, MethodError,
    Outcome, RecycleArguments, Request, Service, external, recycled,
};
use crate::protocol::{Input, Output, Protocol, wire};
use crate::wire::MessageKind;

/// A call whose head is read and whose arguments are not. Emitted dispatch tables end it in one of
/// three ways: [`reply`](Self::reply), [`oneway`](Self::oneway) or
/// [`unknown_method`](Self::unknown_method).
pub struct Call<'a, P> {
    service: &'static str,
    request: &'a Request<'a>,
    reply: &'a mut Vec<u8>,
    pub(super) cx: &'a CallContext,
    /// The arguments took little memory, so that theirs may be kept.
    is_light: Cell<bool>,
    /// The handler reads some of its arguments itself.
    pub(super) views: bool,
    protocol: PhantomData<fn(P)>,
}

impl<'a, P: Protocol> Call<'a, P> {
    pub(super) fn new(
        service: &'static str,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a CallContext,
    ) -> Self {
        Self {
            service,
            request,
            reply,
            cx,
            is_light: Cell::new(request.message.len() <= recycled::MESSAGE_BYTES_MAX),
            views: false,
            protocol: PhantomData,
        }
    }

    /// The function's name.
    pub fn method(&self) -> &'a str {
        &self.request.head.name
    }

    /// Looks in the service that this one extends.
    pub fn inherited<S: Service>(self, handler: &S::Handler) -> Outcome {
        S::dispatch(handler, self)
    }

    /// Reads the arguments, calls the handler, and writes what it returns.
    ///
    /// A function with a reply that was called as oneway runs, and is not answered.
    #[inline]
    pub fn reply<H, A, T, E>(
        self,
        handler: &H,
        function: impl HandlerFn<H, A, T, E>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a> + RecycleArguments,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        let arguments = self.recycled_arguments(ids);
        self.answer(arguments, |cx, arguments| {
            function.call(handler, cx, arguments)
        })
    }

    /// The same for arguments that borrow from the message.
    #[inline]
    pub fn reply_views<H, A, T, E>(
        mut self,
        handler: &H,
        function: impl HandlerFn<H, A, T, E>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a>,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        self.views = true;
        self.reply_with(&[], A::defaults(), handler, function, ids)
    }

    /// The same for arguments that the handler borrows, so that the next call is read into them.
    #[inline]
    pub fn reply_borrowed<A, H, T, E>(
        self,
        handler: &H,
        function: impl BorrowingFn<H, A, T, E>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a> + RecycleArguments,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        let arguments = self.recycled_arguments(ids);
        let keep = self.is_light.get();
        self.answer(arguments, |cx, arguments: A| {
            let result = function.call(handler, cx, &arguments);
            if keep {
                arguments.recycle();
            }
            result
        })
    }

    /// The same for arguments of which some are required or have defaults, and so are made anew.
    pub fn reply_borrowed_with<A, H, T, E>(
        self,
        required: &[i16],
        defaults: A,
        handler: &H,
        function: impl BorrowingFn<H, A, T, E>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a>,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        let arguments = self.arguments(defaults, |input, arguments| {
            read_arguments(arguments, ids, required, input)
        });
        self.answer(arguments, |cx, arguments| {
            function.call(handler, cx, &arguments)
        })
    }

    /// The same for arguments of which some are required or have defaults.
    pub fn reply_with<H, A, T, E>(
        self,
        required: &[i16],
        defaults: A,
        handler: &H,
        function: impl HandlerFn<H, A, T, E>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a>,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        let arguments = self.arguments(defaults, |input, arguments| {
            read_arguments(arguments, ids, required, input)
        });
        self.answer(arguments, |cx, arguments| {
            function.call(handler, cx, arguments)
        })
    }

    #[inline]
    fn answer<A, T, E>(
        self,
        arguments: Result<A>,
        function: impl FnOnce(&CallContext, A) -> Result<T, E>,
    ) -> Outcome
    where
        T: EncodeResult + 'static,
        E: MethodError,
    {
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(error) => return self.unreadable(&error),
        };
        let cx = self.cx;
        match catch_unwind(AssertUnwindSafe(|| function(cx, arguments))) {
            Ok(result) => self.finish(result),
            Err(panic) => self.panicked(&*panic),
        }
    }

    /// Writes what the handler has returned.
    #[inline]
    pub(super) fn finish<T, E>(self, result: Result<T, E>) -> Outcome
    where
        T: EncodeResult + 'static,
        E: MethodError,
    {
        if let Err(error) = &result
            && let Some(error) = error.undeclared()
        {
            return self.undeclared(error);
        }
        if self.request.head.kind == MessageKind::Oneway {
            return Outcome::Silent;
        }
        let start = self.reply.len();
        let head = self.request.head.answer(self.method(), MessageKind::Reply);
        let mut out = P::output(mem::take(self.reply), self.request.limits);
        out.message_begin(&head);
        write_result(&result, &mut out);
        out.message_end();
        let written = out.finish();
        *self.reply = written.bytes;
        if let Err(error) = written.result.and_then(|()| self.check_size(start)) {
            self.reply.truncate(start);
            return self.undeclared(&error);
        }
        let outcome = match &result {
            Ok(_) => Outcome::Reply,
            Err(_) => Outcome::Declared,
        };
        if let Ok(value) = result
            && self.reply.len() - start <= recycled::MESSAGE_BYTES_MAX
        {
            recycled::keep(value);
        }
        outcome
    }

    /// Reads the arguments and calls the handler, whose result is only logged.
    ///
    /// A oneway function is never answered, however it was called and whatever happens: an answer
    /// that the client does not read would be taken for the answer to its next call.
    #[inline]
    pub fn oneway<H, A>(
        self,
        handler: &H,
        function: impl HandlerFn<H, A, (), Error>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a> + RecycleArguments,
    {
        let arguments = self.recycled_arguments(ids);
        self.run(arguments, |cx, arguments| {
            function.call(handler, cx, arguments)
        })
    }

    /// The same for arguments that borrow from the message.
    #[inline]
    pub fn oneway_views<H, A>(
        self,
        handler: &H,
        function: impl HandlerFn<H, A, (), Error>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a>,
    {
        self.oneway_with(&[], A::defaults(), handler, function, ids)
    }

    /// The same for arguments that the handler borrows, so that the next call is read into them.
    #[inline]
    pub fn oneway_borrowed<A, H>(
        self,
        handler: &H,
        function: impl BorrowingFn<H, A, (), Error>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a> + RecycleArguments,
    {
        let arguments = self.recycled_arguments(ids);
        let keep = self.is_light.get();
        self.run(arguments, |cx, arguments: A| {
            let result = function.call(handler, cx, &arguments);
            if keep {
                arguments.recycle();
            }
            result
        })
    }

    /// The same for arguments of which some are required or have defaults, and so are made anew.
    pub fn oneway_borrowed_with<A, H>(
        self,
        required: &[i16],
        defaults: A,
        handler: &H,
        function: impl BorrowingFn<H, A, (), Error>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a>,
    {
        let arguments = self.arguments(defaults, |input, arguments| {
            read_arguments(arguments, ids, required, input)
        });
        self.run(arguments, |cx, arguments| {
            function.call(handler, cx, &arguments)
        })
    }

    /// The same for arguments of which some are required or have defaults.
    pub fn oneway_with<H, A>(
        self,
        required: &[i16],
        defaults: A,
        handler: &H,
        function: impl HandlerFn<H, A, (), Error>,
        ids: FieldNames,
    ) -> Outcome
    where
        A: DecodeArguments<'a>,
    {
        let arguments = self.arguments(defaults, |input, arguments| {
            read_arguments(arguments, ids, required, input)
        });
        self.run(arguments, |cx, arguments| {
            function.call(handler, cx, arguments)
        })
    }

    fn run<A>(
        self,
        arguments: Result<A>,
        function: impl FnOnce(&CallContext, A) -> Result<()>,
    ) -> Outcome {
        let cx = self.cx;
        match arguments {
            Ok(arguments) => {
                self.finish_oneway(catch_unwind(AssertUnwindSafe(|| function(cx, arguments))))
            }
            Err(error) => self.finish_oneway(Ok(Err(error))),
        }
    }

    /// Logs what the handler of a oneway function has returned, if that was an error or a panic.
    pub(super) fn finish_oneway(self, result: Result<Result<()>, Box<dyn Any + Send>>) -> Outcome {
        let result =
            result.unwrap_or_else(|panic| Err(Error::new(ErrorKind::Handler, panic_text(&*panic))));
        if let Err(error) = result {
            self.log("oneway call failed", &error);
            let (code, text) = external(&error);
            self.cx.note_failure(code, &text);
        }
        Outcome::Silent
    }

    /// Answers that the service has no such function. The arguments need no skipping: the message
    /// is whole, and the next one starts after it.
    pub fn unknown_method(self) -> Outcome {
        let text = format!("Invalid method name: '{}'", self.method());
        self.refuse(ApplicationCode::UNKNOWN_METHOD, &text)
    }

    pub(super) fn refuse(self, code: ApplicationCode, text: &str) -> Outcome {
        if self.request.head.kind == MessageKind::Oneway {
            self.cx.note_failure(code, text);
            return Outcome::Silent;
        }
        let head = self
            .request
            .head
            .answer(self.method(), MessageKind::Exception);
        wire::<P>().write_exception(&head, code.0, text, self.reply);
        Outcome::Exception
    }

    /// Arguments that are read into those of an earlier call.
    fn recycled_arguments<A>(&self, ids: FieldNames) -> Result<A>
    where
        A: DecodeArguments<'a> + RecycleArguments,
    {
        if !self.is_light.get() {
            return self.arguments(A::defaults(), |input, arguments| {
                read_arguments(arguments, ids, &[], input)
            });
        }
        self.arguments(A::recycled(), |input, arguments| {
            read_into_arguments(arguments, ids, input)
        })
    }

    pub(super) fn arguments<A>(
        &self,
        mut arguments: A,
        read: impl FnOnce(&mut P::Input<'a>, &mut A) -> Result<()>,
    ) -> Result<A> {
        let Request {
            message,
            body,
            limits,
            ..
        } = *self.request;
        self.cx.set_known();
        let mut input = P::input(message, body, limits);
        input.set_form(self.request.head.form);
        read(&mut input, &mut arguments)?;
        input.message_end()?;
        self.is_light.set(self.is_light.get() && input.had_room());
        Ok(arguments)
    }

    fn check_size(&self, start: usize) -> Result<()> {
        let max = self.request.limits.message_bytes_max;
        if self.reply.len() - start <= max {
            return Ok(());
        }
        let text = format!(
            "the reply has {} bytes, more than message_bytes_max = {max}",
            { self.reply.len() - start }
        );
        Err(Error::application(ApplicationCode::INTERNAL_ERROR, text))
    }

    #[cold]
    pub(super) fn unreadable(self, error: &Error) -> Outcome {
        self.log("arguments cannot be read", error);
        let text = format!("cannot read the arguments of `{}`: {error}", self.method());
        self.refuse(ApplicationCode::PROTOCOL_ERROR, &text)
    }

    #[cold]
    fn undeclared(self, error: &Error) -> Outcome {
        if self.views && error.is_late() {
            return self.unreadable(error);
        }
        self.log("undeclared error", error);
        let (code, text) = external(error);
        self.refuse(code, &text)
    }

    #[cold]
    pub(super) fn panicked(self, panic: &(dyn Any + Send)) -> Outcome {
        self.log(
            "handler panicked",
            &Error::new(ErrorKind::Handler, panic_text(panic)),
        );
        self.refuse(ApplicationCode::INTERNAL_ERROR, "internal error")
    }

    #[cold]
    fn log(&self, what: &'static str, error: &Error) {
        let _ = (self.service, what, error);
        #[cfg(feature = "tracing")]
        tracing::warn!(
            service = self.service,
            method = self.method(),
            peer = %self.cx.peer(),
            source = std::error::Error::source(error).map(tracing::field::display),
            "{what}: {error}",
        );
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("panic without a text").to_owned()
}
