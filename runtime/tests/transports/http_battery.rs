//! HTTP that nobody means well with: T01, T02 and T08 of the battery, and what two ends could understand
//! differently.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use seapink::config::Model;
use seapink::{Limits, ServerConfig};

use super::http::{CALL, REPLY, request, response};
use crate::log_lines::Log;
use crate::socket;
use crate::support::{AGES, MODELS, Running, eventually};

const MAX: usize = 1000;

fn config(model: Model) -> ServerConfig {
    let limits = Limits::default()
        .frame_bytes_max(MAX)
        .message_bytes_max(MAX);
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .limits(limits)
        .transport("http")
}

/// Everything that a server says to these bytes, until it closes the connection.
fn answer(stream: &mut TcpStream, bytes: &[u8]) -> String {
    // It may be closed while it is written.
    let _ = stream.write_all(bytes);
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    String::from_utf8(read).unwrap()
}

/// What is refused with this status by every model, after which the server goes on.
fn refused(status: &str, requests: &[String]) {
    for model in MODELS {
        let server = Running::bind(&config(model));
        for request in requests {
            let said = answer(&mut socket(&server), request.as_bytes());
            assert!(
                said.starts_with(&format!("HTTP/1.1 {status} ")),
                "{}: {} is told {said}",
                model.name(),
                request.escape_debug()
            );
            assert!(is_explained(&said), "{said}");
        }
        eventually("all are counted", || {
            server.handle.stats().connections_failed == requests.len() as u64
        });
        assert_eq!(server.client().echo("still").unwrap(), "still");
    }
}

/// Whether it is one answer, the last one, with one line of text that is as long as it says.
fn is_explained(said: &str) -> bool {
    let Some((head, line)) = said.split_once("\r\n\r\n") else {
        return false;
    };
    let expected = format!(
        "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close",
        line.len()
    );
    head.ends_with(&expected) && line.len() > 1 && line.find('\n') == Some(line.len() - 1)
}

/// A POST with these fields.
fn post(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: here\r\n{fields}\r\n")
}

#[test]
fn t01_lengths_that_are_none_are_refused() {
    let lengths = [
        "",
        "-1",
        "+5",
        "-0",
        "0x5",
        "5 5",
        "5,5",
        "5, 6",
        "5.0",
        "five",
        "١",
        "18446744073709551616",
        "99999999999999999999",
    ];
    refused(
        "400",
        &lengths.map(|length| post(&format!("Content-Length: {length}\r\n"))),
    );
}

#[test]
fn t02_a_body_of_the_limit_is_taken_and_one_more_byte_refused() {
    let lengths: [u64; 6] = [
        MAX as u64 + 1,
        1 << 24,
        (1 << 31) - 1,
        1 << 31,
        1 << 32,
        u64::MAX,
    ];
    refused(
        "413",
        &lengths.map(|length| post(&format!("Content-Length: {length}\r\n"))),
    );
    let chunk = |size: usize| {
        format!(
            "{}{size:x}\r\n{}\r\n0\r\n\r\n",
            post("Transfer-Encoding: chunked\r\n"),
            "x".repeat(size)
        )
    };
    refused("413", &[chunk(MAX + 1)]);
    for model in MODELS {
        let server = Running::bind(&config(model));
        // One call that fills it, both ways.
        let client = server.client();
        let text = "x".repeat(MAX - CALL.len() - 4);
        assert_eq!(client.echo(&text).unwrap(), text);
        assert_eq!(server.handle.stats().connections_failed, 0);
    }
}

#[test]
fn t02_heads_have_limits() {
    let fields = |count: usize| post(&"a: b\r\n".repeat(count));
    let bytes = |bytes: usize| post(&format!("a: {}\r\n", "x".repeat(bytes)));
    // One of them is the host.
    refused(
        "431",
        &[
            fields(128),
            bytes(65_536),
            "POST /".to_owned() + &"x".repeat(65_536),
        ],
    );
    for model in MODELS {
        let server = Running::bind(&config(model));
        let mut stream = socket(&server);
        let other =
            "Host: here\r\nContent-Length: 23\r\n\r\n".len() + "POST / HTTP/1.1\r\na: \r\n".len();
        for head in [
            "a: b\r\n".repeat(126),
            format!("a: {}\r\n", "x".repeat(65_536 - other)),
        ] {
            stream.write_all(request(&head, CALL).as_bytes()).unwrap();
            expect(&mut stream, &response("", REPLY));
        }
    }
}

fn expect(stream: &mut TcpStream, expected: &str) {
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(String::from_utf8_lossy(&read), expected);
}

/// Where two ends could see different messages in the same bytes, nobody sees any.
#[test]
fn what_could_be_understood_differently_is_refused() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let body = "17\r\n\0\0\0\u{4}echo\r\n0\r\n\r\n";
    let fields = [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\r\n",
        // Before the colon, and on the next line.
        "Transfer-Encoding : chunked\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 5\r\n 6\r\n",
        "a: b\r\n\tContent-Length: 5\r\n",
        " Content-Length: 5\r\n",
        // What stands in no head.
        "Content-Length: 5\0\r\n",
        "Content\0-Length: 5\r\n",
        "a: b\rContent-Length: 5\r\n",
        "no colon\r\n",
        ": 5\r\n",
    ];
    let mut requests = fields.map(post).to_vec();
    requests.push(format!("POST / HTTP/1.0\r\n{chunked}\r\n{body}"));
    requests.push(format!(
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\n{chunked}\r\n{body}"
    ));
    requests.push("\r\n\r\n\r\nPOST / HTTP/1.1\r\n\r\n".to_owned());
    requests.push("POST / HTTP/1.2\r\n\r\n".to_owned());
    requests.push("POST /\0 HTTP/1.1\r\n\r\n".to_owned());
    requests.push("POST  / HTTP/1.1\r\n\r\n".to_owned());
    // Lines that end with a line feed alone: all of them, one, the last, and one before them.
    let whole = request("a: b\r\n", CALL);
    requests.push(whole.replace("\r\n", "\n"));
    requests.push(whole.replace("HTTP/1.1\r\n", "HTTP/1.1\n"));
    requests.push(whole.replace("a: b\r\n", "a: b\n"));
    requests.push(whole.replace("\r\n\r\n", "\r\n\n"));
    requests.push(whole.replace("\r\n\r\n", "\n\r\n"));
    requests.push("\n".to_owned() + &whole);
    refused("400", &requests);
}

/// What is sent back of a head is its beginning.
#[test]
fn long_values_are_not_echoed() {
    let server = Running::bind(&config(Model::Threaded));
    for name in ["Content-Length", "Transfer-Encoding"] {
        let request = post(&format!("{name}: {}\r\n", "\u{e9}".repeat(10_000)));
        let said = answer(&mut socket(&server), request.as_bytes());
        assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
        assert!(said.len() < 500, "{} bytes", said.len());
    }
}

/// A call in one chunk, with an extension so that its line has so many bytes, and so many fields behind it.
fn in_a_chunk(line: usize, fields: usize) -> String {
    let size = format!("{:x};", CALL.len());
    let extension = "x".repeat(line - size.len() - 2);
    let fields = "a: b\r\n".repeat(fields);
    let head = post("Transfer-Encoding: chunked\r\n");
    format!("{head}{size}{extension}\r\n{CALL}\r\n0\r\n{fields}\r\n")
}

#[test]
fn t02_lines_of_chunks_and_fields_behind_them_have_limits() {
    refused("400", &[in_a_chunk(4097, 0), in_a_chunk(20, 17)]);
    for model in MODELS {
        let server = Running::bind(&config(model));
        let mut stream = socket(&server);
        for taken in [in_a_chunk(4096, 0), in_a_chunk(20, 16)] {
            stream.write_all(taken.as_bytes()).unwrap();
            expect(&mut stream, &response("", REPLY));
        }
    }
}

#[test]
fn chunks_that_are_none_are_refused() {
    let bodies = [
        "\r\n\r\n",
        ";x\r\n\r\n",
        "-1\r\n",
        "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        " 5\r\nhello\r\n",
        "5 5\r\nhello\r\n",
        "g\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5\r\rhello\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
        "3\r\nabc\r\n0\r\na : b\r\n\r\n",
        "3\r\nabc\r\n0\r\na: b\n\r\n",
        "3\r\nabc\r\n0\r\n\n",
    ];
    refused(
        "400",
        &bodies.map(|body| post("Transfer-Encoding: chunked\r\n") + body),
    );
    refused(
        "413",
        &[post("Transfer-Encoding: chunked\r\n") + "ffffffffffffffff\r\n"],
    );
}

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
            let server = Running::bind(&config(model));
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
            let server = Running::bind(&config(model));
            let both = request("", "junk that is none") + &behind;
            let said = answer(&mut socket(&server), both.as_bytes());
            assert!(is_refusal(&said), "{}: {behind}: {said}", model.name());
            assert_eq!(server.handle.stats().replies, 0);
        }
    }
}

/// Where an async server listens, to the end of the tests.
#[cfg(feature = "tokio")]
pub(super) fn asynchronous(config: ServerConfig) -> String {
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let probe = crate::support::Probe::default();
            let server = seapink::AsyncServer::bind_blocking(&config, probe).unwrap();
            told.send(server.local_addr().to_string()).unwrap();
            let _ = server.run().await;
        });
    });
    let address = address.recv().unwrap();
    address.strip_prefix("tcp://").unwrap().to_owned()
}

#[cfg(feature = "tokio")]
#[test]
fn answers_come_before_refusals_of_async_servers_too() {
    let wrong = post("Content-Length: x\r\n");
    let right = request("", CALL);
    let mut stream = TcpStream::connect(asynchronous(config(Model::Simple))).unwrap();
    stream.set_read_timeout(Some(AGES)).unwrap();
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
        let server = Running::bind(&config(model));
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
    let server = Running::bind(&config(Model::Threaded));
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
        let server = Running::bind(&config(model));
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
            let server = Running::bind(&config(model).protocol(protocol));
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
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let (_, length) = head.split_once("Content-Length: ").unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
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
    let address = asynchronous(config(Model::Simple));
    for body in [post(""), request("", "junk that is none")] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(AGES)).unwrap();
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
        let server = Running::bind(&config(model));
        let both = request("", CALL) + &request("Expect: 100-continue\r\n", CALL);
        let mut stream = socket(&server);
        stream.write_all(both.as_bytes()).unwrap();
        expect(&mut stream, &response("", REPLY).repeat(2));
    }
}

/// T08: who speaks something else is cut at once, and named in the log where that is known.
#[test]
fn t08_strangers_are_cut_and_named() {
    let log = Log::shared();
    let strangers: [(&[u8], &str); 9] = [
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "the peer seems to speak HTTP/2",
        ),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01",
            "the peer seems to speak TLS",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what begins with SSH-2.0-"),
        (b"EHLO there\r\n", "the peer seems to speak SMTP"),
        (
            b"\x03\x00\x00\x13\x0e\xe0\x00\x00",
            "the peer seems to speak RDP",
        ),
        (
            b"\0\0\0\x14\x80\x01\0\x01",
            "the binary protocol over the framed transport",
        ),
        (
            b"\x82\x21\x01\x04echo",
            "the compact protocol over the buffered transport",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", "the HTTP request GET /"),
        (b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", "is no HTTP/1"),
    ];
    for (bytes, name) in strangers {
        // Each has a log of its own, of which a flood gets one line.
        let server = Running::bind(&config(Model::Nonblocking));
        let mut stream = socket(&server);
        stream.set_read_timeout(Some(AGES)).unwrap();
        stream.write_all(bytes).unwrap();
        // It does not wait for more.
        let mut read = Vec::new();
        let _ = stream.read_to_end(&mut read);
        if cfg!(feature = "tracing") {
            eventually(name, || log.has(name));
        }
        eventually("it is counted", || {
            server.handle.stats().connections_failed == 1
        });
        assert_eq!(server.client().echo("still").unwrap(), "still");
    }
}

/// Faults of one kind have lines of their own, so that the second is not silent.
#[cfg(feature = "tracing")]
#[test]
fn each_fault_of_a_kind_is_logged() {
    let log = Log::shared();
    let http = seapink::config::ServerHttp::default().path("/store");
    let server = Running::bind(&config(Model::Threaded).http(http));
    let other = post("Content-Length: 0\r\n");
    for (request, why) in [
        (other.as_str(), "calls go elsewhere"),
        ("GET / HTTP/1.1\r\n\r\n", "calls are POST"),
    ] {
        let mut stream = socket(&server);
        let peer = stream.local_addr().unwrap();
        answer(&mut stream, request.as_bytes());
        let line = format!(", and {why} peer={peer} times=1");
        eventually(why, || log.has(&line));
    }
}

/// Peers decide what their pages are called, and silence nothing else by that.
#[cfg(feature = "tracing")]
#[test]
fn forged_pages_are_one_fault() {
    let log = Log::shared();
    let server = Running::bind(&config(Model::Threaded));
    for page in 0..6 {
        let forged = post(&format!("Origin: https://{page}.example\r\n"));
        answer(&mut socket(&server), forged.as_bytes());
    }
    let first = "a page that `origins` does not name sent a request: https://0.example ";
    eventually("the first is named", || log.has(first));
    let mut stream = socket(&server);
    let peer = stream.local_addr().unwrap();
    answer(&mut stream, b"GET / HTTP/1.1\r\n\r\n");
    let line = format!(", and calls are POST peer={peer}");
    eventually("another fault is not silent", || log.has(&line));
}
