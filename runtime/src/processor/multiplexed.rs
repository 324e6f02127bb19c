//! Several services on one port.

use std::borrow::Cow;
use std::collections::HashMap;
#[cfg(feature = "tokio")]
use std::future::ready;

use crate::error::ApplicationCode;
#[cfg(feature = "tokio")]
use crate::processor::{Answer, AsyncProcessor};
use crate::processor::{CallContext, Outcome, Processor, Request};
use crate::protocol::{ProtocolSet, Standard, WireProtocol};

/// Routes calls by the service that stands before the function's name, as in `Calculator:add`.
///
/// Names without a service go to the default one, so that old clients of a single service keep
/// working. Replies carry the function's name alone.
#[derive(Default)]
pub struct Multiplexed(Routes<dyn Processor>);

/// The same for services whose handlers are futures. Needs the feature `tokio`.
#[cfg(feature = "tokio")]
#[derive(Default)]
pub struct AsyncMultiplexed(Routes<dyn AsyncProcessor>);

type Protocols = &'static [&'static dyn WireProtocol];

/// Which service is where.
struct Routes<P: ?Sized> {
    services: HashMap<String, Route<P>>,
    default: Option<Route<P>>,
    /// Those of the processor that was added first.
    protocols: Option<Protocols>,
}

struct Route<P: ?Sized> {
    processor: Box<P>,
    protocols: Protocols,
}

impl<P: ?Sized> Default for Routes<P> {
    fn default() -> Self {
        Self {
            services: HashMap::new(),
            default: None,
            protocols: None,
        }
    }
}

impl Multiplexed {
    /// Without any service.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another service under this name.
    ///
    /// The server has the protocols of the processor that is added first. A call in a protocol
    /// that another does not have is answered with an exception.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>, processor: impl Processor + 'static) -> Self {
        let protocols = processor.protocols();
        self.0.add(name.into(), Box::new(processor), protocols);
        self
    }

    /// The same with a service for names that have no service before them.
    #[must_use]
    pub fn default_service(mut self, processor: impl Processor + 'static) -> Self {
        let protocols = processor.protocols();
        self.0.add_default(Box::new(processor), protocols);
        self
    }
}

impl Processor for Multiplexed {
    fn protocols(&self) -> Protocols {
        self.0.protocols()
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        match self.0.find(request, reply, cx) {
            Ok((processor, request)) => processor.process(&request, reply, cx),
            Err(refused) => refused,
        }
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.0
            .service_of(name, |processor| processor.service_of(name))
    }
}

#[cfg(feature = "tokio")]
impl AsyncMultiplexed {
    /// Without any service.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Multiplexed::service`].
    #[must_use]
    pub fn service(
        mut self,
        name: impl Into<String>,
        processor: impl AsyncProcessor + 'static,
    ) -> Self {
        let protocols = processor.protocols();
        self.0.add(name.into(), Box::new(processor), protocols);
        self
    }

    /// The same for a service whose handlers are no futures. They run in the task of the connection,
    /// which they must not block for long: that of an [`Introspector`](crate::introspection::Introspector), for
    /// example.
    #[must_use]
    pub fn service_inline(
        self,
        name: impl Into<String>,
        processor: impl Processor + 'static,
    ) -> Self {
        self.service(name, Inline(processor))
    }

    /// As [`Multiplexed::default_service`].
    #[must_use]
    pub fn default_service(mut self, processor: impl AsyncProcessor + 'static) -> Self {
        let protocols = processor.protocols();
        self.0.add_default(Box::new(processor), protocols);
        self
    }
}

#[cfg(feature = "tokio")]
impl AsyncProcessor for AsyncMultiplexed {
    fn protocols(&self) -> Protocols {
        self.0.protocols()
    }

    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a> {
        match self.0.find(request, reply, cx) {
            Ok((processor, request)) => {
                Box::pin(async move { processor.process(&request, reply, cx).await })
            }
            Err(refused) => Box::pin(ready(refused)),
        }
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.0
            .service_of(name, |processor| processor.service_of(name))
    }
}

/// A processor whose answers are there at once.
#[cfg(feature = "tokio")]
struct Inline<P>(P);

#[cfg(feature = "tokio")]
impl<P: Processor> AsyncProcessor for Inline<P> {
    fn protocols(&self) -> Protocols {
        self.0.protocols()
    }

    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a> {
        Box::pin(ready(self.0.process(request, reply, cx)))
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.service_of(name)
    }
}

impl<P: ?Sized> Routes<P> {
    fn add(&mut self, name: String, processor: Box<P>, protocols: Protocols) {
        self.protocols.get_or_insert(protocols);
        let route = Route {
            processor,
            protocols,
        };
        self.services.insert(name, route);
    }

    fn add_default(&mut self, processor: Box<P>, protocols: Protocols) {
        self.protocols.get_or_insert(protocols);
        self.default = Some(Route {
            processor,
            protocols,
        });
    }

    fn protocols(&self) -> Protocols {
        self.protocols.unwrap_or(Standard::WIRE)
    }

    /// What answers a request, and the request as that is to see it. `Err` when it is refused.
    fn find<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &mut Vec<u8>,
        cx: &CallContext,
    ) -> Result<(&'a P, Request<'a>), Outcome> {
        let ours = self.protocols();
        let unknown = |request: &Request<'_>, text: &str, reply: &mut Vec<u8>| {
            let code = ApplicationCode::UNKNOWN_METHOD;
            Err(refuse(request, ours, (code, text), reply, cx))
        };
        let name = &*request.head.name;
        let mut request = request.clone();
        let Some((service, method)) = name.split_once(':') else {
            let Some(route) = &self.default else {
                let text = format!(
                    "`{name}` names no service: write `Service:{name}`, or set a default service"
                );
                return unknown(&request, &text, reply);
            };
            return route.take(request, ours, reply, cx);
        };
        request.head.name = Cow::Borrowed(method);
        let Some(route) = self.services.get(service) else {
            let text = format!("there is no service `{service}` here");
            return unknown(&request, &text, reply);
        };
        route.take(request, ours, reply, cx)
    }

    fn service_of<'a>(&'a self, name: &'a str, by: impl FnOnce(&'a P) -> &'a str) -> &'a str {
        match (name.split_once(':'), &self.default) {
            (Some((service, _)), _) => service,
            (None, Some(route)) => by(&route.processor),
            (None, None) => "",
        }
    }
}

impl<P: ?Sized> Route<P> {
    /// The request, with the number that this processor has for its protocol.
    fn take<'a>(
        &'a self,
        mut request: Request<'a>,
        ours: Protocols,
        reply: &mut Vec<u8>,
        cx: &CallContext,
    ) -> Result<(&'a P, Request<'a>), Outcome> {
        if !std::ptr::eq(ours, self.protocols) {
            let name = ours[request.protocol].name();
            let same = |theirs: &&dyn WireProtocol| theirs.name() == name;
            let Some(index) = self.protocols.iter().position(same) else {
                let text = format!("this service does not speak the protocol `{name}`");
                let code = ApplicationCode::INVALID_PROTOCOL;
                return Err(refuse(&request, ours, (code, &text), reply, cx));
            };
            request.protocol = index;
        }
        Ok((&self.processor, request))
    }
}

/// Answers a call that reaches no service or, if it is oneway, notes that.
#[cold]
fn refuse(
    request: &Request<'_>,
    protocols: Protocols,
    (code, text): (ApplicationCode, &str),
    reply: &mut Vec<u8>,
    cx: &CallContext,
) -> Outcome {
    let outcome = request.refuse_in(protocols[request.protocol], code, text, reply);
    if outcome == Outcome::Silent {
        cx.note_failure(code, text);
    }
    outcome
}
