//! Several services on one port.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::error::ApplicationCode;
use crate::processor::{CallContext, Outcome, Processor, Request};
use crate::protocol::{ProtocolSet, Standard, WireProtocol};

/// Routes calls by the service that stands before the function's name, as in `Calculator:add`.
///
/// Names without a service go to the default one, so that old clients of a single service keep
/// working. Replies carry the function's name alone.
#[derive(Default)]
pub struct Multiplexed {
    services: HashMap<String, Box<dyn Processor>>,
    default: Option<Box<dyn Processor>>,
    /// Those of the processor that was added first.
    protocols: Option<&'static [&'static dyn WireProtocol]>,
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
        self.protocols.get_or_insert(processor.protocols());
        self.services.insert(name.into(), Box::new(processor));
        self
    }

    /// The same with a service for names that have no service before them.
    #[must_use]
    pub fn default_service(mut self, processor: impl Processor + 'static) -> Self {
        self.protocols.get_or_insert(processor.protocols());
        self.default = Some(Box::new(processor));
        self
    }

    fn route(
        &self,
        mut request: Request<'_>,
        processor: &dyn Processor,
        reply: &mut Vec<u8>,
        cx: &mut CallContext,
    ) -> Outcome {
        let (ours, theirs) = (self.protocols(), processor.protocols());
        if !std::ptr::eq(ours, theirs) {
            let name = ours[request.protocol].name();
            let Some(index) = theirs.iter().position(|protocol| protocol.name() == name) else {
                let text = format!("this service does not speak the protocol `{name}`");
                let code = ApplicationCode::INVALID_PROTOCOL;
                return self.refuse(&request, code, &text, reply, cx);
            };
            request.protocol = index;
        }
        processor.process(&request, reply, cx)
    }

    #[cold]
    fn refuse(
        &self,
        request: &Request<'_>,
        code: ApplicationCode,
        text: &str,
        reply: &mut Vec<u8>,
        cx: &CallContext,
    ) -> Outcome {
        let outcome = request.refuse(self, code, text, reply);
        if outcome == Outcome::Silent {
            cx.note_failure(code, text);
        }
        outcome
    }
}

impl Processor for Multiplexed {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.protocols.unwrap_or(Standard::WIRE)
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        let Some((service, method)) = request.head.name.split_once(':') else {
            let Some(processor) = &self.default else {
                let text = format!(
                    "`{}` names no service: write `Service:{0}`, or set a default service",
                    request.head.name
                );
                let code = ApplicationCode::UNKNOWN_METHOD;
                return self.refuse(request, code, &text, reply, cx);
            };
            return self.route(request.clone(), &**processor, reply, cx);
        };
        let mut inner = request.clone();
        inner.head.name = Cow::Borrowed(method);
        let Some(processor) = self.services.get(service) else {
            let text = format!("there is no service `{service}` here");
            let code = ApplicationCode::UNKNOWN_METHOD;
            return self.refuse(&inner, code, &text, reply, cx);
        };
        self.route(inner, &**processor, reply, cx)
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        match (name.split_once(':'), &self.default) {
            (Some((service, _)), _) => service,
            (None, Some(processor)) => processor.service_of(name),
            (None, None) => "",
        }
    }
}
