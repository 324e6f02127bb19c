//! Calls through emitted clients and processors, without a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use seapink::processor::{CallContext, Outcome, Processor};
use seapink::{ApplicationCode, Client, Error, ErrorKind, Multiplexed, ProtocolSet, Standard};

use super::golden::evolution::*;
use super::wire::{Local, process};

#[derive(Clone, Default)]
struct Math {
    forgotten: Arc<AtomicI32>,
}

impl NewMath for Math {
    fn add(&self, cx: &CallContext, a: i32, b: i32, c: i32) -> Result<i32, NewMathAddError> {
        assert_eq!((cx.service(), cx.method()), ("NewMath", "add"));
        match a {
            -1 => Err(NewMathAddError::Refused(Box::new(Refused {
                why: "negative".to_owned(),
            }))),
            -2 => Err(NewMathAddError::Again(Box::new(Refused {
                why: "again".to_owned(),
            }))),
            -3 => Err(Error::handler("try later", "disk full").into()),
            -4 => {
                std::fs::read("/no/such/secret")?;
                Ok(0)
            }
            -5 => panic!("the handler panics on purpose"),
            _ => Ok(a + b + c),
        }
    }

    fn strict(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, NewMathStrictError> {
        Ok(a - b)
    }

    fn check(&self, _: &CallContext, b: i32, a: i32) -> Result<(), NewMathCheckError> {
        assert_eq!((b, a), (1, 2));
        Ok(())
    }

    fn forget(&self, _: &CallContext, a: i32) -> seapink::Result<()> {
        self.forgotten.fetch_add(a, Ordering::Relaxed);
        Err(Error::handler("nobody hears this", "nor this"))
    }
}

impl OldMath for Math {
    fn add(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, OldMathAddError> {
        Ok(a + b)
    }
}

struct Joiner;

impl Unordered for Joiner {
    fn join(
        &self,
        _: &CallContext,
        c: String,
        a: String,
        b: String,
    ) -> Result<String, UnorderedJoinError> {
        Ok(format!("{a}{b}{c}"))
    }
}

fn clients<P: Processor + 'static>(processor: impl Fn() -> P) -> impl Iterator<Item = Client> {
    Standard::ALL
        .iter()
        .enumerate()
        .map(move |(protocol, &chosen)| {
            Client::new(
                Local {
                    processor: processor(),
                    protocol,
                },
                chosen,
            )
        })
}

#[test]
fn a_call_returns_or_throws_what_it_declares() {
    for client in clients(|| NewMathProcessor::new(Math::default())) {
        let client = NewMathClient::new(client);
        assert_eq!(client.add(1, 2, 3).unwrap(), 6);
        assert_eq!(client.strict(5, 2).unwrap(), 3);
        client.check(1, 2).unwrap();
        let error = client.add(-1, 0, 0).unwrap_err();
        assert_eq!(error.to_string(), "Refused: negative");
        // What a program says whose `main` returns it.
        assert_eq!(format!("{error:?}"), "Refused: negative");
        assert!(format!("{error:#?}").contains("why: \"negative\""));
        assert!(matches!(error, NewMathAddError::Refused(refused) if refused.why == "negative"));
        assert!(matches!(
            client.add(-2, 0, 0),
            Err(NewMathAddError::Again(_))
        ));
    }
}

fn other(error: NewMathAddError) -> Error {
    match error {
        NewMathAddError::Other(error) => error,
        declared => panic!("{declared:?}"),
    }
}

#[test]
fn an_undeclared_error_tells_the_peer_only_what_the_handler_chose() {
    for client in clients(|| NewMathProcessor::new(Math::default())) {
        let client = NewMathClient::new(client);
        let error = other(client.add(-3, 0, 0).unwrap_err());
        assert_eq!(
            error.kind(),
            ErrorKind::Application(ApplicationCode::INTERNAL_ERROR)
        );
        assert_eq!(error.message(), "try later");
        let error = other(client.add(-4, 0, 0).unwrap_err());
        assert_eq!(error.message(), "internal error");
    }
}

#[test]
fn a_panic_is_answered_as_an_internal_error() {
    for client in clients(|| NewMathProcessor::new(Math::default())) {
        let client = NewMathClient::new(client);
        let error = other(client.add(-5, 0, 0).unwrap_err());
        assert_eq!(error.to_string(), "internal error");
        assert_eq!(client.add(1, 1, 1).unwrap(), 3);
    }
}

#[test]
fn an_old_client_calls_a_new_server() {
    for client in clients(|| NewMathProcessor::new(Math::default())) {
        assert_eq!(OldMathClient::new(client).add(1, 2).unwrap(), 103);
    }
}

#[test]
fn a_new_client_calls_an_old_server() {
    for client in clients(|| OldMathProcessor::new(Math::default())) {
        let client = NewMathClient::new(client);
        assert_eq!(client.add(1, 2, 3).unwrap(), 3);
        assert!(
            matches!(client.strict(1, 2), Err(NewMathStrictError::Other(error))
            if error.kind() == ErrorKind::Application(ApplicationCode::UNKNOWN_METHOD)
                && error.message() == "Invalid method name: 'strict'")
        );
    }
}

#[test]
fn arguments_are_written_in_the_order_of_their_ids() {
    for client in clients(|| UnorderedProcessor::new(Joiner)) {
        assert_eq!(
            UnorderedClient::new(client).join("c", "a", "b").unwrap(),
            "abc"
        );
    }
}

#[test]
fn a_oneway_call_is_never_answered() {
    let math = Math::default();
    let forgotten = Arc::clone(&math.forgotten);
    for client in clients(|| NewMathProcessor::new(math.clone())) {
        NewMathClient::new(client).forget(2).unwrap();
    }
    assert_eq!(forgotten.load(Ordering::Relaxed), 6);
    // Also when its arguments cannot be read, and when it does not exist.
    let processor = NewMathProcessor::new(math);
    for message in [
        &b"\x80\x01\0\x04\0\0\0\x06forget\0\0\0\x01\xff"[..],
        b"\x80\x01\0\x04\0\0\0\x01x\0\0\0\x01\0",
    ] {
        assert_eq!(process(&processor, 0, message), (Outcome::Silent, vec![]));
    }
    // Old peers send a oneway function as a call.
    let message = b"\x80\x01\0\x01\0\0\0\x06forget\0\0\0\x01\x08\0\x01\0\0\0\x05\0";
    assert_eq!(process(&processor, 0, message), (Outcome::Silent, vec![]));
}

#[test]
fn a_required_argument_is_required() {
    let processor = NewMathProcessor::new(Math::default());
    let message = b"\x80\x01\0\x01\0\0\0\x06strict\0\0\0\x01\x08\0\x02\0\0\0\x05\0";
    let (outcome, reply) = process(&processor, 0, message);
    assert_eq!(outcome, Outcome::Exception);
    let text = String::from_utf8_lossy(&reply);
    assert!(
        text.contains("required field `a` (#1) is missing"),
        "{text}"
    );
    assert_eq!(reply[reply.len() - 5..], [0, 0, 0, 7, 0]);
}

#[test]
fn a_server_does_not_take_replies() {
    let processor = NewMathProcessor::new(Math::default());
    let (outcome, reply) = process(&processor, 0, b"\x80\x01\0\x02\0\0\0\x03add\0\0\0\x01\0");
    assert_eq!(outcome, Outcome::Exception);
    assert_eq!(reply[reply.len() - 5..], [0, 0, 0, 2, 0]);
}

#[test]
fn an_old_head_is_answered_with_an_old_head() {
    let processor = OldMathProcessor::new(Math::default());
    let message = b"\0\0\0\x03add\x01\0\0\0\x09\x08\0\x01\0\0\0\x02\x08\0\x02\0\0\0\x03\0";
    let (_, reply) = process(&processor, 0, message);
    assert_eq!(reply, b"\0\0\0\x03add\x02\0\0\0\x09\x08\0\0\0\0\0\x05\0");
}

#[test]
fn several_services_share_a_port() {
    let multiplexed = || {
        Multiplexed::new()
            .service("NewMath", NewMathProcessor::new(Math::default()))
            .service("Unordered", UnorderedProcessor::new(Joiner))
            .default_service(OldMathProcessor::new(Math::default()))
    };
    for client in clients(multiplexed) {
        assert_eq!(
            NewMathClient::new(client.service("NewMath"))
                .add(1, 1, 1)
                .unwrap(),
            3
        );
        let joined = UnorderedClient::new(client.service("Unordered")).join("3", "1", "2");
        assert_eq!(joined.unwrap(), "123");
        assert_eq!(OldMathClient::new(client.clone()).add(1, 1).unwrap(), 2);
        let error = OldMathClient::new(client.service("Nowhere"))
            .add(1, 1)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("there is no service `Nowhere` here"),
            "{error}"
        );
    }
}

seapink::protocol_set!(pub(crate) JsonFirst: JsonProtocol, BinaryProtocol);
use seapink::{Binary as BinaryProtocol, Json as JsonProtocol};

#[test]
fn services_of_different_protocol_sets_share_a_port() {
    let math = || NewMathProcessor::new(Math::default());
    let multiplexed = Multiplexed::new()
        .service("Standard", math())
        .service("Few", seapink::WithProtocols::<JsonFirst, _>::new(math()));
    let multiplexed = Arc::new(multiplexed);
    for (protocol, &chosen) in Standard::ALL.iter().enumerate() {
        let processor = Arc::clone(&multiplexed);
        let client = Client::new(
            Local {
                processor,
                protocol,
            },
            chosen,
        );
        let call = |service| NewMathClient::new(client.service(service)).add(1, 1, 1);
        assert_eq!(call("Standard").unwrap(), 3);
        match chosen {
            Standard::Compact => {
                let error = other(call("Few").unwrap_err());
                let code = ApplicationCode::INVALID_PROTOCOL;
                assert_eq!(error.kind(), ErrorKind::Application(code));
            }
            _ => assert_eq!(call("Few").unwrap(), 3),
        }
    }
}

#[test]
fn a_reply_without_a_result_is_an_error() {
    struct Empty;
    impl seapink::Channel for Empty {
        fn exchange(
            &self,
            _: &seapink::client::CallOptions,
            encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> seapink::Result<()>,
            decode: &mut dyn FnMut(i32, &[u8]) -> seapink::Result<()>,
        ) -> seapink::Result<()> {
            encode(1, &mut Vec::new())?;
            decode(1, b"\x80\x01\0\x02\0\0\0\x03add\0\0\0\x01\0")
        }
    }
    let client = OldMathClient::new(Client::new(Empty, Standard::Binary));
    let OldMathAddError::Other(error) = client.add(1, 2).unwrap_err() else {
        panic!()
    };
    assert_eq!(
        error.kind(),
        ErrorKind::Application(ApplicationCode::MISSING_RESULT)
    );
}
