//! Clients of a processor in the same process.

use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::Mutex;
use seapink::codegen::{Call, CallContext, Error, Outcome, Service};
use seapink::interceptor::{ConcurrencyLimit, Intercepted, TimeLimit};
use seapink::processor::{Request, WithProtocols};
use seapink::{
    ApplicationCode, Client, Compact, Delivery, ErrorKind, Multiplexed, Processor, ProtocolSet,
    Standard, WireProtocol,
};

use crate::support::{Echo, Failure, wait};

#[derive(Clone, Default)]
pub(crate) struct Handler {
    notes: Arc<Mutex<Vec<(String, ThreadId)>>>,
}

#[allow(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the shape of a handler's functions"
)]
impl Handler {
    fn echo(&self, cx: &CallContext, text: String) -> Result<String, Failure> {
        match text.as_str() {
            "panic" => panic!("in a handler"),
            "fail" => Err(Error::handler("try later", "the disk is full").into()),
            "slow" => {
                thread::sleep(cx.deadline().unwrap().left().unwrap_or_default());
                Ok(text)
            }
            "service" => Ok(format!(
                "{}.{} from {}",
                cx.service(),
                cx.method(),
                cx.peer()
            )),
            _ => Ok(text),
        }
    }

    fn note(&self, _: &CallContext, text: String) -> seapink::Result<()> {
        self.notes
            .lock()
            .push((text.clone(), thread::current().id()));
        assert_ne!(text, "panic");
        Ok(())
    }
}

impl Service for Handler {
    type Handler = Self;

    const NAME: &'static str = "Echo";

    fn handler(&self) -> &Self {
        self
    }

    fn dispatch<P: seapink::Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
        match call.method() {
            "echo" => call.reply(handler, Self::echo, &[(1, "text")]),
            "note" => call.oneway(handler, Self::note, &[(1, "text")]),
            _ => call.unknown_method(),
        }
    }
}

fn client() -> Echo {
    Echo(Client::in_process(Handler::default()))
}

#[test]
fn calls_reach_the_handler_and_come_back() {
    let client = client();
    assert_eq!(client.call("x").unwrap(), "x");
    assert_eq!(client.call("service").unwrap(), "Echo.echo from local");
    let pending = [1, 2, 3].map(|_| client.send("y").unwrap());
    for pending in pending {
        assert_eq!(wait(pending).unwrap(), "y");
    }
}

#[test]
fn every_protocol_will_do() {
    for protocol in Standard::ALL {
        let client = Echo(Client::in_process_with(Handler::default(), *protocol));
        assert_eq!(client.call("x").unwrap(), "x");
        assert!(client.call("panic").is_err());
    }
}

#[test]
fn handlers_run_on_the_thread_of_the_caller() {
    let handler = Handler::default();
    let client = Echo(Client::in_process(handler.clone()));
    client.note("here").unwrap();
    let here = ("here".to_owned(), thread::current().id());
    assert_eq!(*handler.notes.lock(), [here]);
}

#[test]
fn a_handler_that_panics_or_fails_becomes_an_application_exception() {
    let client = client();
    for (text, expected) in [
        ("panic", "internal error"),
        ("fail", "internal error: try later"),
    ] {
        let error = client.call(text).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let code = ApplicationCode::INTERNAL_ERROR;
        assert_eq!(error.kind(), ErrorKind::Application(code));
        assert_eq!(error.delivery(), Delivery::Sent);
    }
    client.note("panic").unwrap();
    let unknown: Result<(), Failure> = client.0.call("nope", &[(1, "text")], ("x",));
    let Err(Failure::Other(error)) = unknown else {
        panic!("there is no such function");
    };
    let code = ApplicationCode::UNKNOWN_METHOD;
    assert_eq!(error.kind(), ErrorKind::Application(code));
}

/// Panics, or says nothing, where services would answer.
struct Wild;

impl Processor for Wild {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        Standard::WIRE
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, _: &mut CallContext) -> Outcome {
        match &*request.head.name {
            "echo" => {
                reply.extend(b"half a reply");
                panic!("in a processor")
            }
            "silent" => Outcome::Silent,
            _ => Outcome::Reply,
        }
    }
}

#[test]
fn a_processor_of_ones_own_may_panic_or_say_nothing() {
    let client = Client::in_process(Wild);
    for (method, expected) in [
        ("echo", "internal error"),
        ("nothing", "internal error: the processor wrote no answer"),
        (
            "silent",
            "missing result: the processor did not answer: it takes the function to be oneway",
        ),
    ] {
        let result: Result<String, Failure> = client.call(method, &[(1, "text")], ("x",));
        let Err(Failure::Other(error)) = result else {
            panic!("there is no result");
        };
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn calls_have_deadlines() {
    let client = client();
    let error = client.within(20).call("slow").unwrap_err();
    assert_eq!(error.to_string(), "no reply within 20 ms");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::Sent);
    let error = client.within(0).call("x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[test]
fn interceptors_and_multiplexers_work_as_elsewhere() {
    let processor = Multiplexed::new().service("Echo", Handler::default());
    let processor = Intercepted::new(processor).with(TimeLimit::new(Duration::from_millis(10)));
    let client = Client::in_process(processor).service("Echo");
    let client = Echo(client.with_interceptor(ConcurrencyLimit::new(1)));
    assert_eq!(client.call("x").unwrap(), "x");
    assert_eq!(
        client.call("slow").unwrap(),
        "slow",
        "limited by the server's"
    );
    let pending = client.send("x").unwrap();
    let error = client.call("y").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    drop(pending);
    assert_eq!(client.call("y").unwrap(), "y");
}

seapink::protocol_set!(OnlyCompact: Compact);

#[test]
fn a_protocol_that_the_processor_does_not_have_is_named() {
    let processor = WithProtocols::<OnlyCompact, _>::new(Handler::default());
    let client = Client::in_process_with(processor.clone(), OnlyCompact::Compact);
    let reply: Result<String, Failure> = client.call("echo", &[(1, "text")], ("x",));
    assert_eq!(reply.unwrap(), "x");
    let error = Echo(Client::in_process(processor)).call("x").unwrap_err();
    let expected = "the processor does not have the protocol `binary`";
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.kind(), ErrorKind::Config);
}
