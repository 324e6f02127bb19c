//! What a handler and an interceptor may know about a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::deadline::Deadline;
use crate::envelope::{Envelope, Headers};
use crate::error::{ApplicationCode, Error};
use crate::processor::Extensions;
use crate::trace::TraceContext;

pub use crate::peer::Peer;
use crate::peer::{Identity, User};

/// The circumstances of one call: who calls, what, and until when.
///
/// Handlers get it with each call. On the client, [interceptors](crate::interceptor) do.
#[derive(Debug, Default)]
pub struct CallContext {
    peer: Peer,
    identity: Identity,
    service: String,
    method: String,
    oneway: bool,
    deadline: Option<Deadline>,
    extensions: Extensions,
    known: AtomicBool,
    failure: OnceLock<Error>,
    /// On a client.
    headers: Headers,
    reply_headers: Headers,
    /// On a server, where the transport carries such.
    envelope: Option<Arc<Envelope>>,
}

impl CallContext {
    /// A context for calls from a peer.
    pub fn new(peer: Peer) -> Self {
        Self {
            peer,
            ..Self::default()
        }
    }

    /// Who calls. On a client, [`Local`](Peer::Local).
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Who calls by TLS: the version, and the certificate of a client that has shown one. `None` over
    /// a connection without TLS, and on a client.
    #[cfg(feature = "tls")]
    pub fn tls(&self) -> Option<&crate::peer::TlsPeer> {
        self.identity.tls.as_deref()
    }

    /// Whom the call is made for, by [SASL](crate::transport::sasl). `None` over a connection without
    /// it, and on a client.
    pub fn user(&self) -> Option<&User> {
        self.identity.user.as_deref()
    }

    /// The name of the service that the call reaches: for handlers that in the IDL, for interceptors
    /// the one that it has on the server, also where the caller has named none. On a client, the one
    /// that it calls, or empty.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The function's name in the IDL.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether nobody waits for a reply.
    pub fn is_oneway(&self) -> bool {
        self.oneway
    }

    /// Whether there is such a function: on a server, once it was found, and until then its names are
    /// whatever the peer has written. On a client, always.
    pub fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Notes that there is such a function, for processors that are no [`Service`](crate::processor::Service).
    pub fn set_known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    /// When the call has to be over, if that is known.
    pub fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Makes the call's deadline this one, unless it has an earlier one.
    pub fn limit_deadline(&mut self, deadline: Deadline) {
        self.deadline = Some(match self.deadline {
            Some(earlier) => earlier.min(deadline),
            None => deadline,
        });
    }

    /// What goes with the call, over the transports `header` and `http`: what the caller has set, or the
    /// fields of its request. Over others there is nothing.
    pub fn headers(&self) -> &Headers {
        match &self.envelope {
            Some(envelope) => &envelope.headers,
            None => &self.headers,
        }
    }

    /// The place of the call in a trace, if a valid one came with it.
    pub fn trace(&self) -> Option<TraceContext> {
        TraceContext::of(self.headers())
    }

    /// Sets a header of the call, for an interceptor of a client.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.set(name, value);
    }

    /// What has come with the reply, for an interceptor of a client.
    pub fn reply_headers(&self) -> &Headers {
        &self.reply_headers
    }

    /// Sets a header of the reply, on a server. Whether the transport of the call carries such: if it
    /// does not, or cannot carry this name and value, as a line break over `http`, nothing is set.
    pub fn set_reply_header(&self, name: &str, value: &str) -> bool {
        let envelope = self.envelope.as_ref();
        envelope.is_some_and(|envelope| envelope.set_reply_header(name, value))
    }

    /// What interceptors have left for this call.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The same, to leave something.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// Makes it one for calls of the peer of another.
    pub(crate) fn meet(&mut self, other: &Self) {
        self.peer = other.peer.clone();
        self.identity.clone_from(&other.identity);
    }

    /// Notes what is only known once both ends have shaken hands, for all calls to come.
    pub(crate) fn set_identity(&mut self, identity: Identity) {
        self.identity = identity;
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Notes which service a call reaches.
    pub(crate) fn reach(&mut self, service: &str) {
        self.service.clear();
        self.service.push_str(service);
    }

    /// Takes what stood around the call.
    pub(crate) fn envelop(&mut self, envelope: &Arc<Envelope>) {
        self.envelope = Some(Arc::clone(envelope));
    }

    pub(crate) fn set_headers(&mut self, headers: &Headers) {
        self.headers.clone_from(headers);
    }

    pub(crate) fn set_reply_headers(&mut self, headers: Headers) {
        self.reply_headers = headers;
    }

    /// Lets go of what was left for a call that has ended, and of what came with it: its connection may
    /// wait long for the next one.
    pub(crate) fn end(&mut self) {
        self.envelope = None;
        self.extensions.clear();
    }

    /// Forgets the call before, and takes the names from the head of a message.
    pub(crate) fn begin(&mut self, name: &str, oneway: bool) {
        let (service, method) = name.split_once(':').unwrap_or(("", name));
        self.call(service, method, oneway);
        *self.known.get_mut() = false;
        self.failure.take();
        self.envelope = None;
        self.deadline = None;
        self.extensions.clear();
    }

    /// Notes how a oneway call has failed, which nobody is told.
    #[cold]
    pub(crate) fn note_failure(&self, code: ApplicationCode, text: &str) {
        // The first one counts.
        let _ = self.failure.set(Error::from_peer(code.0, text.to_owned()));
    }

    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    pub(crate) fn call(&mut self, service: &str, method: &str, oneway: bool) {
        self.enter(service, method);
        self.oneway = oneway;
        *self.known.get_mut() = true;
    }

    pub(super) fn enter(&mut self, service: &str, method: &str) {
        for (place, name) in [(&mut self.service, service), (&mut self.method, method)] {
            place.clear();
            place.push_str(name);
        }
    }
}
