//! Headers of calls and replies as fields of requests and responses, by the byte.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use seapink::codegen::{Call, Outcome, Service};
use seapink::config::{ClientHttp, Model};
use seapink::{CallContext, Client, ClientConfig, ErrorKind, Protocol, ServerConfig, Standard};

use super::one_message;
use crate::socket;
use crate::support::{Failure, Handler, MODELS, Running};

/// A service that says which headers came with a call, and answers with others.
struct Headed;

#[allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the shape of a handler's functions"
)]
fn headers(_: &Headed, cx: &CallContext, reply: String) -> Result<String, Failure> {
    if let Some((name, value)) = reply.split_once('=')
        && !cx.set_reply_header(name, value)
    {
        return Ok("refused".to_owned());
    }
    let headers = cx.headers().iter();
    let headers = headers.map(|(name, value)| [name, b"=", value].concat());
    let headers = headers.collect::<Vec<_>>().join(&b';');
    Ok(String::from_utf8_lossy(&headers).into_owned())
}

impl Service for Headed {
    type Handler = Self;

    const NAME: &'static str = "Headed";

    fn handler(&self) -> &Self {
        self
    }

    fn dispatch<P: Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
        match call.method() {
            "headers" => call.reply(handler, headers, &[(1, "reply")]),
            _ => call.unknown_method(),
        }
    }
}

fn server(model: Model) -> Running {
    let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
    let config = config.transport("http").protocol("compact");
    Running::bind_with(&config, Headed, Arc::<Handler>::default())
}

/// `headers(reply)` in compact.
fn call(reply: &str) -> Vec<u8> {
    let length = u8::try_from(reply.len()).unwrap();
    [
        b"\x82\x21\x01\x07headers\x18",
        &[length][..],
        reply.as_bytes(),
        &[0],
    ]
    .concat()
}

/// The text that a reply in compact has.
fn text(body: &[u8]) -> &str {
    let text = body.strip_prefix(b"\x82\x41\x01\x07headers\x08\0").unwrap();
    let length = usize::from(text[0]);
    assert_eq!(text.len(), length + 2);
    std::str::from_utf8(&text[1..=length]).unwrap()
}

#[test]
fn any_client_sends_and_reads_them() {
    for model in MODELS {
        let server = server(model);
        let mut stream = socket(&server);
        let head = |fields: &str, length: usize| {
            format!("POST / HTTP/1.1\r\nHost: here\r\n{fields}Content-Length: {length}\r\n\r\n")
        };
        let mut ask = |fields: &str, reply: &str| {
            let body = call(reply);
            let request = [head(fields, body.len()).as_bytes(), &body].concat();
            // However it arrives.
            for part in request.chunks(7) {
                stream.write_all(part).unwrap();
            }
            let (head, body) = one_message(&mut stream);
            (head, text(&body).to_owned())
        };
        let (head, headers) = ask("", "");
        assert_eq!(headers, "");
        assert_eq!(
            head,
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nContent-Length: 15\r\n\r\n"
        );
        let own = "Accept: */*\r\nConnection: keep-alive\r\nContent-Type: application/x-thrift\r\n";
        let fields = format!(
            "{own}X-One:  1 \r\nAuthorization: Bearer ab:c\r\nx-one: 2\r\nEmpty:\r\nB: \u{e9}\r\n"
        );
        let (head, headers) = ask(&fields, "Set-Cookie=a: b");
        assert_eq!(headers, "x-one=1, 2;authorization=Bearer ab:c;empty=;b=é");
        assert!(head.contains("\r\nSet-Cookie: a: b\r\n"), "{head}");
        // They are those of one request.
        let (head, headers) = ask("", "");
        assert_eq!(headers, "");
        assert!(!head.contains("Set-Cookie"), "{head}");
    }
}

/// A body in chunks, and two requests at once.
#[test]
fn they_belong_to_their_request() {
    let server = server(Model::ThreadPool);
    let mut stream = socket(&server);
    let body = call("");
    let (first, second) = body.split_at(4);
    let mut requests =
        b"POST / HTTP/1.1\r\nHost: here\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n"
            .to_vec();
    requests.extend_from_slice(first);
    requests.extend(format!("\r\n{:x}\r\n", second.len()).bytes());
    requests.extend_from_slice(second);
    requests.extend_from_slice(b"\r\n0\r\nTrailer: 3\r\n\r\n");
    let length = body.len();
    requests.extend(
        format!("POST / HTTP/1.1\r\nHost: here\r\nB: 2\r\nContent-Length: {length}\r\n\r\n")
            .bytes(),
    );
    requests.extend_from_slice(&body);
    stream.write_all(&requests).unwrap();
    for expected in ["a=1", "b=2"] {
        assert_eq!(text(&one_message(&mut stream).1), expected);
    }
}

fn ask(client: &Client, reply: &str) -> Result<String, Failure> {
    client.call("headers", &[(1, "reply")], (reply,))
}

fn client(server: &Running) -> Client {
    let config = server.client_config().transport("http").protocol("compact");
    Client::connect(&config)
        .unwrap()
        .with_header("client_timeout", "5000")
}

#[test]
fn what_cannot_stand_in_a_head_is_refused_before_it_is_sent() {
    let server = server(Model::Threaded);
    let client = client(&server);
    for (name, value, why) in [
        (
            "a b",
            "1",
            "the header `a b` has a name that cannot stand in an HTTP head",
        ),
        (
            "",
            "1",
            "the header `` has a name that cannot stand in an HTTP head",
        ),
        (
            "é",
            "1",
            "the header `\\xc3\\xa9` has a name that cannot stand in an HTTP head",
        ),
        (
            "Content-Length",
            "1",
            "the header `Content-Length` has a name that HTTP uses itself",
        ),
        (
            "transfer-encoding",
            "chunked",
            "the header `transfer-encoding` has a name that HTTP uses itself",
        ),
        (
            "a",
            "1\r\nB: 2",
            "the header `a` has a value that cannot stand in an HTTP head",
        ),
        (
            "a",
            "\0",
            "the header `a` has a value that cannot stand in an HTTP head",
        ),
    ] {
        let error = ask(&client.clone().with_header(name, value), "")
            .unwrap_err()
            .other();
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::Config, false),
            "{error}"
        );
        assert!(error.to_string().contains(why), "{error}");
    }
    for name in [
        "accept",
        "connection",
        "content-encoding",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    ] {
        let error = ask(&client.clone().with_header(name, "1"), "").unwrap_err();
        assert!(
            error.other().to_string().contains("HTTP uses itself"),
            "{name}"
        );
    }
    // The connection is as good as before.
    let headers = ask(&client.with_header("A", "é\t1"), "").unwrap();
    assert_eq!(headers, "user-agent=seapink;client_timeout=5000;a=é\t1");
    assert_eq!(server.handle.stats().connections_accepted, 1);
}

#[test]
fn a_handler_cannot_split_a_response() {
    let server = server(Model::Threaded);
    let client = client(&server);
    for reply in ["a=1\r\nB: 2", "Content-Length=0", "a b=1", "=1", "a= 1"] {
        assert_eq!(ask(&client, reply).unwrap(), "refused");
    }
    let headers = ask(&client, "a=1").unwrap();
    assert_eq!(headers, "user-agent=seapink;client_timeout=5000");
    assert_eq!(server.handle.stats().connections_accepted, 1);
}

/// T02: what is allowed arrives, and one more is refused.
#[test]
fn t02_there_are_bounds_on_them() {
    let server = server(Model::Nonblocking);
    let client = || client(&server);
    let many = |count: usize| {
        let names = (0..count).map(|number| format!("n{number}"));
        names.fold(client(), |client, name| client.with_header(&name, ""))
    };
    let large = |bytes: usize| client().with_header("large", &"x".repeat(bytes));
    // One of them is the time, in a line of 22 bytes.
    assert!(ask(&many(111), "").unwrap().ends_with(";n110="));
    assert!(ask(&large(57_313), "").unwrap().len() > 57_313);
    for client in [many(112), large(57_314)] {
        let error = ask(&client, "").unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    }
}

#[test]
fn a_call_s_own_stands_instead_of_the_configured_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let heads = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        [0, 1].map(|_| {
            let (head, _) = one_message(&mut stream);
            stream
                .write_all(
                    b"HTTP/1.1 100 Continue\r\nA: 1\r\n\r\n\
                      HTTP/1.1 200 OK\r\nB: 2\r\nContent-Length: 0\r\n\r\n",
                )
                .unwrap();
            head
        })
    });
    let http = ClientHttp::default()
        .field("X-Token", "all")
        .field("X-Other", "1");
    let config = ClientConfig::new(address).transport("http").http(http);
    let client = Client::<Standard>::connect(&config)
        .unwrap()
        .with_header("client_timeout", "5000");
    let own = client
        .clone()
        .with_header("X-TOKEN", "other")
        .with_header("x-token", "own")
        .with_header("user-agent", "me");
    for client in [client, own] {
        client.oneway("note", &[(1, "text")], ("x",)).unwrap();
    }
    let [first, second] = heads.join().unwrap();
    assert!(
        first.contains("\r\nX-Token: all\r\nX-Other: 1\r\nclient_timeout: 5000\r\n"),
        "{first}"
    );
    let own = "\r\nX-Other: 1\r\nclient_timeout: 5000\r\nx-token: own\r\nuser-agent: me\r\n";
    assert!(second.contains(own) && !second.contains("all"), "{second}");
}
