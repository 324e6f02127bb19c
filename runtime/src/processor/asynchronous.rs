//! Processors whose handlers are futures. They know no runtime: whoever polls them is one.
//!
//! Why is an answer a box? Because each function of a service has a future of its own, and a dispatch
//! table that returned one type for all of them would take the room of all of them.

use std::any::Any;
use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use crate::error::{ApplicationCode, Error, Result};
use crate::processor::arguments::read_arguments;
use crate::processor::{
    Call, CallContext, DecodeArguments, EncodeResult, FieldNames, Functions, MethodError, Outcome,
    Request, WithProtocols,
};
use crate::protocol::{Protocol, ProtocolSet, ProtocolVisitor, Standard, WireProtocol};
use crate::wire::MessageKind;

/// What comes of a message, once it is known.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Answers messages without blocking. Needs the feature `tokio`.
///
/// The same as [`Processor`](crate::Processor), for handlers that are futures. An answer that is
/// dropped before it is ready gives up the call where it waits.
pub trait AsyncProcessor: Send + Sync {
    /// The protocols that it was compiled for.
    fn protocols(&self) -> &'static [&'static dyn WireProtocol];

    /// Processes one message. Appends the answer, if there is one, to `reply`, and nothing else.
    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a>;

    /// The service that a call of this name reaches; the same as
    /// [`Processor::service_of`](crate::Processor::service_of).
    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        name.split_once(':').map_or("", |(service, _)| service)
    }
}

/// A service with async functions, as emitted code describes it.
///
/// Every one is an [`AsyncProcessor`] for the [`Standard`] protocols; [`WithProtocols`] makes it one
/// for another set.
pub trait AsyncService: Send + Sync {
    /// The user's type.
    type Handler: Send + Sync;

    /// The name in the IDL, which is also the name for multiplexing.
    const NAME: &'static str;

    /// The functions that it answers.
    const FUNCTIONS: Functions = &[];

    /// The user's value.
    fn handler(&self) -> &Self::Handler;

    /// Finds the function and calls the handler.
    fn dispatch<'a, P: Protocol>(handler: &'a Self::Handler, call: AsyncCall<'a, P>) -> Answer<'a>;
}

impl<S: AsyncService> AsyncProcessor for S {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        Standard::WIRE
    }

    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a> {
        process::<S, Standard>(self, request, reply, cx)
    }

    fn service_of<'a>(&'a self, _: &'a str) -> &'a str {
        S::NAME
    }
}

impl<Set: ProtocolSet, S: AsyncService> AsyncProcessor for WithProtocols<Set, S> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        Set::WIRE
    }

    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a> {
        process::<S, Set>(self.service(), request, reply, cx)
    }

    fn service_of<'a>(&'a self, _: &'a str) -> &'a str {
        S::NAME
    }
}

impl<P: AsyncProcessor + ?Sized> AsyncProcessor for Arc<P> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        (**self).protocols()
    }

    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a> {
        (**self).process(request, reply, cx)
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        (**self).service_of(name)
    }
}

fn process<'a, S: AsyncService, Set: ProtocolSet>(
    service: &'a S,
    request: &'a Request<'a>,
    reply: &'a mut Vec<u8>,
    cx: &'a mut CallContext,
) -> Answer<'a> {
    struct Dispatch<'a, S> {
        service: &'a S,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a CallContext,
    }

    impl<'a, S: AsyncService> ProtocolVisitor for Dispatch<'a, S> {
        type Output = Answer<'a>;

        fn visit<P: Protocol>(self) -> Answer<'a> {
            let call = Call::<P>::new(S::NAME, self.request, self.reply, self.cx);
            if matches!(
                self.request.head.kind,
                MessageKind::Call | MessageKind::Oneway
            ) {
                S::dispatch(self.service.handler(), AsyncCall(call))
            } else {
                let text = "a server takes calls, not replies";
                at_once(call.refuse(ApplicationCode::INVALID_MESSAGE_TYPE, text))
            }
        }
    }

    cx.enter(S::NAME, &request.head.name);
    Set::ALL[request.protocol].visit(Dispatch {
        service,
        request,
        reply,
        cx,
    })
}

fn at_once<'a>(outcome: Outcome) -> Answer<'a> {
    Box::pin(ready(outcome))
}

/// What a future comes to, or the panic that ends it.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

/// A call whose head is read and whose arguments are not: the same as [`Call`] for handlers that are
/// futures. The arguments are read at once, and the handler runs when the answer is polled.
pub struct AsyncCall<'a, P>(Call<'a, P>);

impl<'a, P: Protocol> AsyncCall<'a, P> {
    /// The function's name.
    pub fn method(&self) -> &'a str {
        self.0.method()
    }

    /// Looks in the service that this one extends.
    pub fn inherited<S: AsyncService>(self, handler: &'a S::Handler) -> Answer<'a> {
        S::dispatch(handler, self)
    }

    /// Reads the arguments, calls the handler, and writes what it returns.
    ///
    /// A function with a reply that was called as oneway runs, and is not answered.
    pub fn reply<H, A, T, E>(
        self,
        handler: &'a H,
        function: impl AsyncHandlerFn<'a, H, A, T, E>,
        ids: FieldNames,
    ) -> Answer<'a>
    where
        A: DecodeArguments<'a>,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        self.reply_with(&[], A::defaults(), handler, function, ids)
    }

    /// The same for arguments that borrow from the message.
    pub fn reply_views<H, A, T, E>(
        mut self,
        handler: &'a H,
        function: impl AsyncHandlerFn<'a, H, A, T, E>,
        ids: FieldNames,
    ) -> Answer<'a>
    where
        A: DecodeArguments<'a>,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        self.0.views = true;
        self.reply_with(&[], A::defaults(), handler, function, ids)
    }

    /// The same for arguments of which some are required or have defaults.
    pub fn reply_with<H, A, T, E>(
        self,
        required: &[i16],
        defaults: A,
        handler: &'a H,
        function: impl AsyncHandlerFn<'a, H, A, T, E>,
        ids: FieldNames,
    ) -> Answer<'a>
    where
        A: DecodeArguments<'a>,
        T: EncodeResult + 'static,
        E: MethodError,
    {
        let (cx, call) = (self.0.cx, self.0);
        let arguments = match Self::arguments(&call, required, defaults, ids) {
            Ok(arguments) => arguments,
            Err(error) => return at_once(call.unreadable(&error)),
        };
        let called = catch_unwind(AssertUnwindSafe(|| function.call(handler, cx, arguments)));
        match called {
            Ok(running) => Box::pin(async move {
                match caught(running).await {
                    Ok(result) => call.finish(result),
                    Err(panic) => call.panicked(&*panic),
                }
            }),
            Err(panic) => at_once(call.panicked(&*panic)),
        }
    }

    /// Reads the arguments and calls the handler, whose result is only logged. Never answered, as with
    /// [`Call::oneway`].
    pub fn oneway<H, A>(
        self,
        handler: &'a H,
        function: impl AsyncHandlerFn<'a, H, A, (), Error>,
        ids: FieldNames,
    ) -> Answer<'a>
    where
        A: DecodeArguments<'a>,
    {
        self.oneway_with(&[], A::defaults(), handler, function, ids)
    }

    /// The same for arguments that borrow from the message.
    pub fn oneway_views<H, A>(
        self,
        handler: &'a H,
        function: impl AsyncHandlerFn<'a, H, A, (), Error>,
        ids: FieldNames,
    ) -> Answer<'a>
    where
        A: DecodeArguments<'a>,
    {
        self.oneway_with(&[], A::defaults(), handler, function, ids)
    }

    /// The same for arguments of which some are required or have defaults.
    pub fn oneway_with<H, A>(
        self,
        required: &[i16],
        defaults: A,
        handler: &'a H,
        function: impl AsyncHandlerFn<'a, H, A, (), Error>,
        ids: FieldNames,
    ) -> Answer<'a>
    where
        A: DecodeArguments<'a>,
    {
        let (cx, call) = (self.0.cx, self.0);
        let arguments = match Self::arguments(&call, required, defaults, ids) {
            Ok(arguments) => arguments,
            Err(error) => return at_once(call.finish_oneway(Ok(Err(error)))),
        };
        let called = catch_unwind(AssertUnwindSafe(|| function.call(handler, cx, arguments)));
        match called {
            Ok(running) => Box::pin(async move {
                let result = caught(running).await;
                call.finish_oneway(result)
            }),
            Err(panic) => at_once(call.finish_oneway(Err(panic))),
        }
    }

    /// Answers that the service has no such function.
    pub fn unknown_method(self) -> Answer<'a> {
        at_once(self.0.unknown_method())
    }

    fn arguments<A: DecodeArguments<'a>>(
        call: &Call<'a, P>,
        required: &[i16],
        defaults: A,
        ids: FieldNames,
    ) -> Result<A> {
        call.arguments(defaults, |input, arguments| {
            read_arguments(arguments, ids, required, input)
        })
    }
}

/// A handler's async function, as emitted dispatch tables name it: `H::add`.
pub trait AsyncHandlerFn<'a, H, Arguments, T, E> {
    /// What it returns.
    type Future: Future<Output = Result<T, E>> + Send + 'a;

    /// Calls it.
    fn call(self, handler: &'a H, cx: &'a CallContext, arguments: Arguments) -> Self::Future;
}

macro_rules! tuples {
    ($(($($member:ident)*))*) => {$(
        #[allow(non_snake_case, reason = "each value is named after its type")]
        impl<'a, Function, Handler: 'a, $($member,)* Value, Failure, Running>
            AsyncHandlerFn<'a, Handler, ($($member,)*), Value, Failure> for Function
        where
            Function: FnOnce(&'a Handler, &'a CallContext, $($member),*) -> Running,
            Running: Future<Output = Result<Value, Failure>> + Send + 'a,
        {
            type Future = Running;

            fn call(
                self,
                handler: &'a Handler,
                cx: &'a CallContext,
                ($($member,)*): ($($member,)*),
            ) -> Running {
                self(handler, cx, $($member),*)
            }
        }
    )*};
}

// 32 is the IDL compiler's bound on the arguments of a function.
tuples! {
    ()
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
    (A B C D E F G H I)
    (A B C D E F G H I J)
    (A B C D E F G H I J K)
    (A B C D E F G H I J K L)
    (A B C D E F G H I J K L M)
    (A B C D E F G H I J K L M N)
    (A B C D E F G H I J K L M N O)
    (A B C D E F G H I J K L M N O P)
    (A B C D E F G H I J K L M N O P Q)
    (A B C D E F G H I J K L M N O P Q R)
    (A B C D E F G H I J K L M N O P Q R S)
    (A B C D E F G H I J K L M N O P Q R S T)
    (A B C D E F G H I J K L M N O P Q R S T U)
    (A B C D E F G H I J K L M N O P Q R S T U V)
    (A B C D E F G H I J K L M N O P Q R S T U V W)
    (A B C D E F G H I J K L M N O P Q R S T U V W X)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB AC)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB AC AD)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB AC AD AE)
    (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB AC AD AE AF)
}
