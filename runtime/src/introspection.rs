//! What a server says of itself: a service for tools, health checks and the curious.
//!
//! ```
//! use seapink::introspection::{Health, Introspector};
//! use seapink::{Multiplexed, Server, ServerConfig};
//! # use seapink::codegen::{Call, Outcome, Protocol, Service};
//! # struct CalculatorProcessor;
//! # impl Service for CalculatorProcessor {
//! #     type Handler = ();
//! #     const NAME: &'static str = "Calculator";
//! #     fn handler(&self) -> &() { &() }
//! #     fn dispatch<P: Protocol>(_: &(), call: Call<'_, P>) -> Outcome { call.unknown_method() }
//! # }
//! # fn main() -> seapink::Result<()> {
//! # let calculator = CalculatorProcessor;
//! let introspector = Introspector::new()
//!     .service("Calculator", &calculator, Some("service Calculator { … }"));
//! let processor = Multiplexed::new()
//!     .service("Calculator", calculator)
//!     .service("Introspection", introspector.processor());
//! let server = Server::bind(&ServerConfig::new("tcp://127.0.0.1:0"), processor)?;
//! introspector.watch(&server.handle());
//! // Later, when the database is away:
//! introspector.set_health("Calculator", Health::NOT_SERVING);
//! # Ok(())
//! # }
//! ```
//!
//! Clients in other languages compile `runtime/emitted/introspection.thrift`; those in Rust find an
//! [`IntrospectionClient`] here. Counters and IDL are for whoever reaches the port: what others
//! should not know had better stay behind an [interceptor](crate::interceptor) that refuses them.

#[allow(
    missing_docs,
    reason = "its fields and functions have the comments of the IDL"
)]
mod emitted {
    include!("../emitted/introspection.rs");
}

pub use emitted::introspection::{
    FunctionInfo, Health, Introspection, IntrospectionClient, IntrospectionCountersError,
    IntrospectionHealthError, IntrospectionIdlError, IntrospectionProcessor,
    IntrospectionServicesError, NoSuchService, ServiceInfo,
};

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::processor::{CallContext, Service};
use crate::server::{ServerHandle, WeakHandle};

/// The account that a server gives of itself. Clones share it.
#[derive(Clone, Default)]
pub struct Introspector(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    services: Vec<Known>,
    /// Weak, since their processors hold this.
    servers: Vec<WeakHandle>,
}

struct Known {
    info: ServiceInfo,
    idl: Option<&'static str>,
    health: Health,
}

impl Introspector {
    /// Without any service.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another service under the name that it has on the server, and with its IDL if
    /// that is given: `Some(include_str!("calculator.thrift"))`. It is [`Health::SERVING`] until
    /// [told otherwise](Self::set_health).
    #[must_use]
    pub fn service<S: Service>(
        self,
        name: impl Into<String>,
        _: &S,
        idl: Option<&'static str>,
    ) -> Self {
        let functions = S::FUNCTIONS.iter().map(|(name, is_oneway)| FunctionInfo {
            name: (*name).to_owned(),
            is_oneway: *is_oneway,
        });
        let info = ServiceInfo {
            name: name.into(),
            functions: functions.collect(),
            has_idl: idl.is_some(),
        };
        let health = Health::SERVING;
        self.0.lock().services.push(Known { info, idl, health });
        self
    }

    /// Counts what this server does, too, and says when it is stopping. With several servers, counts
    /// are sums.
    pub fn watch(&self, server: &ServerHandle) {
        self.0.lock().servers.push(server.downgrade());
    }

    /// Says how a service is from now on. Of names that were not added nothing is known, so nothing
    /// happens.
    pub fn set_health(&self, service: &str, health: Health) {
        if let Some(known) = self.0.lock().find(service) {
            known.health = health;
        }
    }

    /// What answers the calls: a service for [`Multiplexed`](crate::Multiplexed).
    pub fn processor(&self) -> IntrospectionProcessor<Self> {
        IntrospectionProcessor::new(self.clone())
    }
}

impl State {
    fn servers(&self) -> impl Iterator<Item = ServerHandle> {
        self.servers.iter().filter_map(WeakHandle::upgrade)
    }

    fn find(&mut self, service: &str) -> Option<&mut Known> {
        let is_it = |known: &&mut Known| known.info.name == service;
        self.services.iter_mut().find(is_it)
    }
}

fn no_such(service: String) -> NoSuchService {
    NoSuchService { name: service }
}

impl Introspection for Introspector {
    fn health(&self, _: &CallContext, service: String) -> Result<Health, IntrospectionHealthError> {
        let mut state = self.0.lock();
        if state.servers().any(|server| server.is_stopping()) {
            return Ok(Health::STOPPING);
        }
        if service.is_empty() {
            let healths = state.services.iter().map(|known| known.health);
            let worse = healths.filter(|health| *health != Health::SERVING).min();
            return Ok(worse.unwrap_or(Health::SERVING));
        }
        match state.find(&service) {
            Some(known) => Ok(known.health),
            None => Err(no_such(service).into()),
        }
    }

    fn services(&self, _: &CallContext) -> Result<Vec<ServiceInfo>, IntrospectionServicesError> {
        let state = self.0.lock();
        let infos = state.services.iter().map(|known| known.info.clone());
        Ok(infos.collect())
    }

    fn counters(
        &self,
        _: &CallContext,
    ) -> Result<HashMap<String, i64>, IntrospectionCountersError> {
        let servers: Vec<_> = self.0.lock().servers().collect();
        let mut counters: HashMap<String, i64> = HashMap::new();
        for server in servers {
            for (name, count) in server.stats().named() {
                let sum = counters.entry(name).or_default();
                *sum = sum.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
        Ok(counters)
    }

    fn idl(&self, _: &CallContext, service: String) -> Result<String, IntrospectionIdlError> {
        match self.0.lock().find(&service).and_then(|known| known.idl) {
            Some(idl) => Ok(idl.to_owned()),
            None => Err(no_such(service).into()),
        }
    }
}

impl std::fmt::Debug for Introspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.0.lock();
        let names = state.services.iter().map(|known| &known.info.name);
        f.debug_list().entries(names).finish()
    }
}
