//! Requests and responses in all their forms.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use seapink::config::{ClientHttp, ClientWebSocket, Dispatch, Model, ServerHttp, ServerTimeouts};
use seapink::{Client, ClientConfig, Delivery, ErrorKind, Limits};

use super::{CALL, NOTE, REPLY, config, expect, request, response, rest};
use crate::socket;
use crate::support::{MODELS, ProbeClient, Running, eventually};

/// `wait()`, called as if it were oneway.
const WAIT: &str = "\u{0}\u{0}\u{0}\u{4}wait\u{4}\u{0}\u{0}\u{0}\u{7}\u{0}";

#[test]
fn requests_in_all_their_forms() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        let mut stream = socket(&server);
        // One after the other, and byte by byte.
        stream.write_all(request("", CALL).as_bytes()).unwrap();
        expect(&mut stream, &response("", REPLY));
        for byte in request("Accept: application/x-thrift\r\n", CALL).bytes() {
            stream.write_all(&[byte]).unwrap();
        }
        expect(&mut stream, &response("", REPLY));
        // Several at once: answers in their order, an empty one for what has none.
        let all = [CALL, NOTE, CALL].map(|body| request("", body)).concat();
        stream.write_all(all.as_bytes()).unwrap();
        for body in [REPLY, "", REPLY] {
            expect(&mut stream, &response("", body));
        }
        // In chunks.
        let (first, second) = CALL.split_at(9);
        let chunked = format!(
            "POST /any?x=1 HTTP/1.1\r\nhost: here\r\ntransfer-encoding: Chunked\r\n\r\n9;why=not\r\n\
             {first}\r\n{:x}\r\n{second}\r\n0\r\nTrailer: yes\r\n\r\n",
            second.len()
        );
        for part in chunked.as_bytes().chunks(7) {
            stream.write_all(part).unwrap();
        }
        expect(&mut stream, &response("", REPLY));
        // With a question first.
        let asking = request("Expect: 100-continue\r\n", CALL);
        let (head, body) = asking.split_at(asking.len() - CALL.len());
        stream.write_all(head.as_bytes()).unwrap();
        expect(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(body.as_bytes()).unwrap();
        expect(&mut stream, &response("", REPLY));
        // And the last one.
        stream
            .write_all(request("Connection: close\r\n", CALL).as_bytes())
            .unwrap();
        assert_eq!(rest(&mut stream), response("Connection: close\r\n", REPLY));
        // HTTP/1.0 ends the connection by itself.
        let mut stream = socket(&server);
        let old = request("", CALL).replace("HTTP/1.1", "HTTP/1.0");
        stream.write_all(old.as_bytes()).unwrap();
        assert_eq!(rest(&mut stream), response("Connection: close\r\n", REPLY));
        eventually("both are gone", || {
            server.handle.stats().connections_open == 0
        });
        assert_eq!(
            server.handle.stats().connections_failed,
            0,
            "{}",
            model.name()
        );
    }
}

/// Its client may do nothing before it has the response, as Apache's for Java.
#[test]
fn a_oneway_call_is_answered_before_it_is_run() {
    let inline = config(Model::Nonblocking).dispatch(Dispatch::Inline);
    for config in MODELS.map(config).into_iter().chain([inline]) {
        let server = Running::bind(&config);
        let mut stream = socket(&server);
        let both = [WAIT, CALL].map(|body| request("", body)).concat();
        stream.write_all(both.as_bytes()).unwrap();
        expect(&mut stream, &response("", ""));
        server.handler.until_waiting(1);
        server.handler.release();
        expect(&mut stream, &response("", REPLY));
        let stats = server.handle.stats();
        assert_eq!((stats.oneways, stats.replies), (1, 1), "{config:?}");
    }
}

#[test]
fn requests_that_are_refused_are_told_so() {
    let limits = Limits::default()
        .frame_bytes_max(1000)
        .message_bytes_max(1000);
    let http = ServerHttp::default().path("/thrift");
    for model in MODELS {
        let server = Running::bind(&config(model).limits(limits).http(http.clone()));
        let post = "POST /thrift HTTP/1.1\r\nHost: here\r\n";
        let many = format!("{post}{}", "a: b\r\n".repeat(200));
        let cases = [
            ("GET /thrift HTTP/1.1\r\n\r\n", "405 "),
            ("POST /other HTTP/1.1\r\nContent-Length: 1\r\n\r\n", "404 "),
            (
                "POST /thrift HTTP/1.1\r\nHost: here\r\nContent-Length: 1001\r\n\r\n",
                "413 ",
            ),
            (
                "POST /thrift HTTP/1.1\r\nHost: here\r\nContent-Length: -1\r\n\r\n",
                "400 ",
            ),
            (
                "POST /thrift HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "400 ",
            ),
            (
                "POST /thrift HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "400 ",
            ),
            (
                "POST /thrift HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400 ",
            ),
            (
                "POST /thrift HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: gzip\r\n\r\n",
                "400 ",
            ),
            (&many, "431 "),
            ("no http at all\r\n\r\n", "400 "),
        ];
        for (bytes, status) in cases {
            let mut stream = socket(&server);
            stream.write_all(bytes.as_bytes()).unwrap();
            let answer = rest(&mut stream);
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{bytes}: {answer}"
            );
            assert!(answer.contains("Connection: close\r\n"), "{answer}");
        }
        eventually("all are counted", || {
            server.handle.stats().connections_failed == 10
        });
        let http = ClientHttp::default().path("/thrift");
        let client = server.client_with(&server.client_config().http(http));
        assert_eq!(client.echo("still").unwrap(), "still");
    }
}

/// T01, T02: what never ends costs no more than a message may.
#[test]
fn t01_endless_bodies_and_heads_end() {
    let limits = Limits::default()
        .frame_bytes_max(100_000)
        .message_bytes_max(100_000);
    for model in MODELS {
        let server = Running::bind(&config(model).limits(limits));
        let chunked = "POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunk = format!("fff\r\n{}\r\n", "x".repeat(0xfff));
        for (head, part) in [
            (chunked, &*chunk),
            (chunked, "ffffffffffffffff\r\n"),
            (chunked, "zz\r\n"),
            (
                "POST / HTTP/1.1\r\n",
                "a: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            ),
            (
                "POST / HTTP/1.1\r\na: ",
                "0123456789012345678901234567890123456789",
            ),
        ] {
            let mut stream = socket(&server);
            let mut sent = 0;
            let mut open = stream.write_all(head.as_bytes()).is_ok();
            while open && sent < 8 << 20 {
                open = stream.write_all(part.as_bytes()).is_ok();
                sent += part.len();
            }
            assert!(!open, "{head} {part}: {sent} bytes were taken");
        }
        eventually("all are counted", || {
            server.handle.stats().connections_failed == 5
        });
    }
}

#[test]
fn a_request_that_drips_is_cut() {
    let timeouts = ServerTimeouts::default()
        .header_ms(100)
        .read_ms(200)
        .idle_ms(300);
    for model in MODELS {
        let server = Running::bind(&config(model).timeouts(timeouts));
        let mut stream = socket(&server);
        for byte in request("", CALL).bytes().cycle() {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            thread::sleep(std::time::Duration::from_millis(8));
        }
        assert!(
            server.handle.stats().connections_failed >= 1,
            "{}",
            model.name()
        );
    }
}

/// Says what a test wants to each request of each connection, which the test gets to see.
fn strange(responses: Vec<Vec<u8>>) -> (ClientConfig, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let (told, requests) = channel();
    thread::spawn(move || {
        let mut responses = responses.into_iter();
        while let Ok((mut stream, _)) = listener.accept() {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let Some(response) = responses.next() else {
                    return;
                };
                let _ = told.send(text);
                let last = response.ends_with(b"!");
                let response = response.strip_suffix(b"!").unwrap_or(&response);
                stream.write_all(response).unwrap();
                if last {
                    break;
                }
            }
        }
    });
    (ClientConfig::new(address).transport("http"), requests)
}

/// A reply to the call with this sequence id.
fn reply(id: u8) -> String {
    REPLY.replace('\u{7}', &char::from(id).to_string())
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn responses_in_all_their_forms() {
    let body = |id| reply(id);
    let chunked = |id: u8| {
        let body = body(id);
        let (first, second) = body.split_at(5);
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\n\r\n",
            second.len()
        )
    };
    let (config, requests) = strange(vec![
        bytes(&response("", &body(1))),
        bytes(&format!("HTTP/1.1 100 Continue\r\n\r\n{}", chunked(2))),
        bytes(&format!("{}!", response("Connection: close\r\n", &body(3)))),
        // To the end of the connection.
        bytes(&format!("HTTP/1.0 200 fine\r\n\r\n{}!", body(4))),
        bytes(&response("", &body(5))),
    ]);
    let http = ClientHttp::default()
        .path("/a/b?c")
        .host("example.org")
        .field("X-Token", "é 1");
    let client = ProbeClient::connect(&config.http(http).strict_write(false)).unwrap();
    let client = client.with(|client| client.with_header("client_timeout", "5000"));
    for _ in 0..5 {
        assert_eq!(client.echo("hi").unwrap(), "hi");
    }
    let first = requests.recv().unwrap();
    let (head, _) = first.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        head,
        "POST /a/b?c HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/x-thrift\r\n\
         Accept: application/x-thrift\r\nUser-Agent: seapink\r\nX-Token: é 1\r\n\
         client_timeout: 5000\r\nContent-Length: 23"
    );
}

#[test]
fn responses_that_are_none_are_errors_in_words() {
    for (said, kind, text) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            ErrorKind::Closed,
            "404 Not Found",
        ),
        (
            "HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n",
            ErrorKind::Closed,
            "503",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            ErrorKind::Malformed,
            "no message",
        ),
        (
            "HTTP/1.1 204 No Content\r\n\r\n",
            ErrorKind::Malformed,
            "no message",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\n\r\nelse",
            ErrorKind::Closed,
            "101 Switching Protocols",
        ),
        (
            "\x15\x03\x03\0\x02\x02\x0a",
            ErrorKind::Tls,
            "the server speaks TLS",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Le!",
            ErrorKind::Truncated,
            "in the middle of an HTTP response",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc!",
            ErrorKind::Truncated,
            "",
        ),
        (
            "\0\0\0\x10\x01\x01\0\x02\0\0\0\0\0",
            ErrorKind::Malformed,
            "no HTTP/1",
        ),
        (
            "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            ErrorKind::Malformed,
            "a line ends without a carriage return",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n",
            ErrorKind::Limit,
            "frame_bytes_max",
        ),
    ] {
        let (config, _requests) = strange(vec![bytes(said)]);
        let client = ProbeClient::connect(&config).unwrap();
        let error = client.echo("hi").unwrap_err().other();
        assert_eq!(error.kind(), kind, "{said}: {error}");
        assert_eq!(error.delivery(), Delivery::Sent, "{said}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// Pages of logins and of proxies, which stand between, come with status 200.
#[test]
fn pages_are_named_as_what_they_are() {
    const PAGE: &str =
        "\r\n<!DOCTYPE html>\n<html lang=\"en\"><title>Sign in at the caf\u{e9}</title></html>\n";
    const TEXT: &str = "the server answered with text that is no message, ";
    let hint =
        "is `[client.http] path` the server's, and does nothing in between answer in its place?";
    let html = |body| response("", body).replace("application/x-thrift", "text/html");
    let cases = [
        (
            html(PAGE),
            format!("{TEXT}`<!DOCTYPE html> <html lang=\"en\"><title>S`; {hint}"),
        ),
        (html("OK"), format!("{TEXT}`OK`; {hint}")),
        (
            response("", r#"{"error": "no token"}"#),
            format!(r#"{TEXT}`{{"error": "no token"}}`; {hint}"#),
        ),
    ];
    for protocol in ["binary", "compact", "json"] {
        for (said, expected) in &cases {
            let (config, _requests) = strange(vec![bytes(said)]);
            let config = config.protocol(protocol);
            let client = ProbeClient::connect(&config).unwrap();
            let error = client.echo("hi").unwrap_err().other();
            assert_eq!(error.to_string(), *expected, "{protocol}");
            let whole = (error.kind(), error.delivery());
            assert_eq!(whole, (ErrorKind::Malformed, Delivery::Sent));

            #[cfg(feature = "tokio")]
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let (config, _requests) = strange(vec![bytes(said)]);
                let config = config.protocol(protocol);
                let client = seapink::AsyncClient::<seapink::Standard>::connect(&config);
                let client = client.await.unwrap();
                let arguments = &[(1, "text")];
                let echo =
                    client.call::<_, String, crate::support::Failure>("echo", arguments, ("hi",));
                let error = echo.await.unwrap_err().other();
                assert_eq!(error.to_string(), *expected, "{protocol}");
            });
        }
    }
    // What is no text is what it looks like.
    let (config, _requests) = strange(vec![bytes(&response("", &reply(1)))]);
    let client = ProbeClient::connect(&config.protocol("compact")).unwrap();
    let error = client.echo("hi").unwrap_err().other().to_string();
    assert!(
        error.ends_with("; the peer seems to speak the binary protocol"),
        "{error}"
    );
}

/// An answer to a oneway call that comes late is taken for nothing else.
#[test]
fn oneway_calls_are_answered_by_nothing() {
    let (config, requests) = strange(vec![
        bytes(&response("", "")),
        bytes(&response("", &reply(2))),
        bytes("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"),
        bytes(&response("", &reply(4))),
        // Which has no body without saying so.
        bytes("HTTP/1.1 204 No Content\r\n\r\n"),
        bytes(&response("", &reply(6))),
    ]);
    let client = ProbeClient::connect(&config.strict_write(false)).unwrap();
    for _ in 0..3 {
        client.note("hi").unwrap();
        assert_eq!(client.echo("hi").unwrap(), "hi");
    }
    assert_eq!(requests.try_iter().count(), 6);
}

/// As Apache's C++ library 0.17 does it. The next call goes over another connection, and such a server
/// takes that only when the first is closed.
#[test]
fn a_server_that_never_answers_oneway_calls_is_left_alone() {
    let silent = || strange(vec![vec![], bytes(&response("", &reply(2)))]);
    let (config, requests) = silent();
    let client = ProbeClient::connect(&config.strict_write(false)).unwrap();
    client.note("hi").unwrap();
    assert_eq!(client.echo("hi").unwrap(), "hi");
    assert_eq!(requests.try_iter().count(), 2);

    #[cfg(feature = "tokio")]
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (config, requests) = silent();
        let config = config.strict_write(false);
        let client = seapink::AsyncClient::<seapink::Standard>::connect(&config);
        let client = client.await.unwrap();
        let note = client.oneway("note", &[(1, "text")], ("hi",));
        note.await.unwrap();
        let echo =
            client.call::<_, String, crate::support::Failure>("echo", &[(1, "text")], ("hi",));
        assert_eq!(echo.await.unwrap(), "hi");
        assert_eq!(requests.try_iter().count(), 2);
    });
}

#[test]
fn what_cannot_stand_in_a_head_is_refused_at_the_start() {
    for http in [
        ClientHttp::default().path("thrift"),
        ClientHttp::default().path("/a b"),
        ClientHttp::default().path("/a\r\nX: y"),
        ClientHttp::default().host("a\nb"),
        ClientHttp::default().field("a b", "c"),
        ClientHttp::default().field("", "c"),
        ClientHttp::default().field("a", "b\r\nc: d"),
    ] {
        let config = ClientConfig::new("tcp://127.0.0.1:1")
            .transport("http")
            .http(http);
        let error = Client::<seapink::Standard>::connect(&config).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("client.http"), "{error}");
    }
}

#[test]
fn fields_of_the_client_itself_are_refused_in_any_letters() {
    const OWN: &str = "the request has a field";
    const OTHER: &str = "would make another request of it";
    for (name, http, websocket) in [
        ("Host", OWN, OWN),
        ("User-Agent", "", OWN),
        ("Content-Type", OWN, ""),
        ("ACCEPT", OWN, ""),
        ("content-length", OWN, OTHER),
        ("Transfer-Encoding", OTHER, OTHER),
        ("Expect", OTHER, OTHER),
        ("te", OTHER, OTHER),
        ("Trailer", OTHER, OTHER),
        ("keep-alive", OTHER, OTHER),
        ("Proxy-Connection", OTHER, OTHER),
        ("Content-Encoding", OTHER, OTHER),
        ("connection", OTHER, OWN),
        ("Upgrade", OTHER, OWN),
        ("Sec-WebSocket-Key", OTHER, OWN),
        ("Sec-WebSocket-Extensions", OTHER, OTHER),
        ("X-Token", "", ""),
    ] {
        for (transport, why) in [("http", http), ("websocket", websocket)] {
            if transport == "websocket" && !cfg!(feature = "websocket") {
                continue;
            }
            let config = ClientConfig::new("tcp://127.0.0.1:1").transport(transport);
            let config = match transport {
                "http" => config.http(ClientHttp::default().field("X-Id", "a").field(name, "3")),
                _ => config.websocket(
                    ClientWebSocket::default()
                        .field("X-Id", "a")
                        .field(name, "3"),
                ),
            };
            let error = Client::<seapink::Standard>::connect(&config).err().unwrap();
            let expected = match why {
                OWN => format!("the request has a field `{name}` by itself; remove it"),
                OTHER => format!("a field `{name}` {OTHER}; remove it"),
                _ => {
                    assert_ne!(error.kind(), ErrorKind::Config, "{error}");
                    continue;
                }
            };
            let expected = format!("in code: client.{transport}.fields: {expected}");
            assert_eq!(error.to_string(), expected);
        }
    }
}
