//! What is answered where something is wrong: what comes before it, what is told, and that nothing comes
//! behind.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use seapink::config::Model;

use super::{
    CALL, REPLY, answer, bounded, expect, is_explained, one_message, post, request, response,
};
use crate::socket;
use crate::support::{MODELS, Running, eventually};

/// What is right is answered before what is wrong behind it, which is told so in its turn.
#[test]
fn answers_come_before_refusals() {
    for model in MODELS {
        for (wrong, status, line) in [
            (
                post("Content-Length: x\r\n"),
                "400 Bad Request",
                "an HTTP head makes no sense: its length is x\n",
            ),
            (
                post("Content-Length: 1001\r\n"),
                "413 Content Too Large",
                "the body of an HTTP message has 1001 bytes, and frame_bytes_max = 1000\n",
            ),
            (
                post("Transfer-Encoding: chunked\r\n") + "zz\r\n",
                "400 Bad Request",
                "the chunks of an HTTP body make no sense\n",
            ),
            (
                post("").replace("Host: here\r\n", ""),
                "400 Bad Request",
                "an HTTP head makes no sense: it names no host\n",
            ),
            (
                post("Host: there\r\n"),
                "400 Bad Request",
                "an HTTP head makes no sense: it names several hosts\n",
            ),
            (
                post(&"a: b\r\n".repeat(128)),
                "431 Request Header Fields Too Large",
                "an HTTP head has more than 128 fields\n",
            ),
            (
                "GET / HTTP/1.1\r\n\r\n".to_owned(),
                "405 Method Not Allowed\r\nAllow: POST",
                "this is a Thrift server, and calls are requests with the method POST\n",
            ),
        ] {
            let server = Running::bind(&bounded(model));
            let right = request("", CALL);
            let said = answer(
                &mut socket(&server),
                format!("{right}{right}{wrong}").as_bytes(),
            );
            let refusal = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{line}",
                line.len()
            );
            let expected = response("", REPLY).repeat(2) + &refusal;
            assert_eq!(said, expected, "{}", model.name());
        }
    }
}

/// What stands behind a body that is no message gets no answer, whatever is wrong with it.
#[test]
fn nothing_is_said_behind_a_refusal() {
    let chunked = post("Transfer-Encoding: chunked\r\n");
    for behind in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        post("Content-Length: x\r\n"),
        post("Content-Length: 1001\r\n"),
        chunked.clone() + "zz\r\n",
        request("", CALL),
    ] {
        for model in MODELS {
            let server = Running::bind(&bounded(model));
            let both = request("", "junk that is none") + &behind;
            let said = answer(&mut socket(&server), both.as_bytes());
            assert!(is_refusal(&said), "{}: {behind}: {said}", model.name());
            assert_eq!(server.handle.stats().replies, 0);
        }
    }
}

#[cfg(feature = "tokio")]
#[test]
fn answers_come_before_refusals_of_async_servers_too() {
    let wrong = post("Content-Length: x\r\n");
    let right = request("", CALL);
    let mut stream = TcpStream::connect(super::asynchronous(bounded(Model::Simple))).unwrap();
    stream.set_read_timeout(Some(crate::support::AGES)).unwrap();
    let said = answer(&mut stream, format!("{right}{right}{wrong}").as_bytes());
    let refusal = said.strip_prefix(&response("", REPLY).repeat(2)).unwrap();
    assert!(refusal.starts_with("HTTP/1.1 400 "), "{refusal}");
    assert!(is_explained(refusal), "{refusal}");
}

#[test]
fn an_end_in_a_request_counts_and_one_behind_a_line_break_does_not() {
    let whole = request("", CALL);
    let chunked = post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n";
    for model in MODELS {
        let server = Running::bind(&bounded(model));
        let mut stream = socket(&server);
        // As old clients send it.
        stream
            .write_all(format!("{whole}\r\n{whole}\r\n").as_bytes())
            .unwrap();
        expect(&mut stream, &response("", REPLY).repeat(2));
        drop(stream);
        let cut = [
            &whole[..5],
            &whole[..30],
            &whole[..whole.len() - 1],
            &chunked,
        ];
        for request in cut {
            let mut stream = socket(&server);
            stream.write_all(request.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
        }
        eventually("all are gone", || {
            server.handle.stats().connections_open == 0
        });
        assert_eq!(
            server.handle.stats().connections_failed,
            4,
            "{}",
            model.name()
        );
    }
}

#[test]
fn who_wants_to_close_and_to_keep_the_connection_closes_it() {
    let server = Running::bind(&bounded(Model::Threaded));
    for fields in [
        "Connection: close\r\n",
        "Connection: keep-alive, close\r\n",
        "Connection: close, keep-alive\r\n",
        "Connection: Close\r\nConnection: keep-alive\r\n",
    ] {
        let said = answer(&mut socket(&server), request(fields, CALL).as_bytes());
        assert_eq!(said, response("Connection: close\r\n", REPLY));
    }
}

/// A body that begins no message, or a oneway call of which there is more or less than one, whose client would
/// hear of nothing: each is told so in words, behind the answers to those before it, and nothing of it is run.
#[test]
fn a_body_that_is_no_message_is_told_so() {
    let note = CALL.replace("echo\u{1}", "note\u{4}");
    let bodies = [
        post(""),
        post("Content-Length: 0\r\n"),
        request("", "x"),
        request("", "junk that is none"),
        request("", r#"{"method": "echo"}"#),
        request("", r#"[1,"echo",1,7,{"1":{"str":"hi"}}]"#),
        // Two, or more than one, or less, of which nobody would hear later.
        request("", &note.repeat(2)),
        request("", &format!("{note}!")),
        request("", &note[..note.len() - 1]),
    ];
    for model in MODELS {
        let server = Running::bind(&bounded(model));
        for body in &bodies {
            let said = answer(&mut socket(&server), (request("", CALL) + body).as_bytes());
            let refusal = said.strip_prefix(&response("", REPLY)).unwrap();
            assert!(is_refusal(refusal), "{}: {body}: {refusal}", model.name());
        }
        eventually("all are counted", || {
            server.handle.stats().connections_failed == bodies.len() as u64
        });
        assert_eq!(server.handle.stats().oneways, 0);
    }
}

/// A call whose name and sequence id can be read is answered as over other transports: its client
/// understands an exception, and the connection goes on. Nothing of it is run, or nobody would answer.
#[test]
fn a_call_that_is_not_one_message_gets_an_exception() {
    let wait = "\u{0}\u{0}\u{0}\u{4}wait\u{1}\u{0}\u{0}\u{0}\u{7}\u{0}";
    let json = r#"[1,"wait",1,7,{}]"#;
    let binary = [
        format!("{wait}xx"),
        wait.repeat(2),
        format!("{wait}{CALL}"),
        wait[..wait.len() - 1].to_owned(),
    ];
    let json = [
        format!("{json}xx"),
        json.repeat(2),
        json[..json.len() - 1].to_owned(),
    ];
    for model in MODELS {
        for (protocol, bodies, exception) in [
            ("binary", &binary[..], "\u{0}\u{0}\u{0}\u{4}wait\u{3}"),
            ("json", &json[..], r#"[1,"wait",3,7,{"#),
        ] {
            let server = Running::bind(&bounded(model).protocol(protocol));
            let mut stream = socket(&server);
            for body in bodies {
                stream.write_all(request("", body).as_bytes()).unwrap();
                let said = one_response(&mut stream);
                assert!(said.starts_with(exception), "{body}: {said}");
                assert!(
                    said.contains("cannot read the arguments of `wait`: "),
                    "{body}: {said}"
                );
            }
            let stats = server.handle.stats();
            assert_eq!(stats.connections_failed, 0, "{}", model.name());
            assert_eq!(stats.exceptions, bodies.len() as u64);
            assert_eq!(stats.replies, 0, "{}", model.name());
        }
    }
}

/// The body of the next response, which has status 200.
fn one_response(stream: &mut TcpStream) -> String {
    let (head, body) = one_message(stream);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    String::from_utf8_lossy(&body).into_owned()
}

/// Whether it is status 400 with a line that says what the body is.
fn is_refusal(said: &str) -> bool {
    said.starts_with("HTTP/1.1 400 Bad Request\r\n")
        && said.contains("\r\n\r\nthe body is no message in `binary`: ")
        && is_explained(said)
}

#[cfg(feature = "tokio")]
#[test]
fn async_servers_say_so_too() {
    let address = super::asynchronous(bounded(Model::Simple));
    for body in [post(""), request("", "junk that is none")] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(crate::support::AGES)).unwrap();
        let said = answer(&mut stream, (request("", CALL) + &body).as_bytes());
        let refusal = said.strip_prefix(&response("", REPLY)).unwrap();
        assert!(is_refusal(refusal), "{refusal}");
    }
}

/// A question that waits behind another request is not answered, or that would be taken for an answer to
/// the first; its body comes by itself.
#[test]
fn nobody_is_asked_to_go_on_out_of_turn() {
    for model in MODELS {
        let server = Running::bind(&bounded(model));
        let both = request("", CALL) + &request("Expect: 100-continue\r\n", CALL);
        let mut stream = socket(&server);
        stream.write_all(both.as_bytes()).unwrap();
        expect(&mut stream, &response("", REPLY).repeat(2));
    }
}
