//! HTTP that nobody means well with: T01, T02 and T08 of the battery, and what two ends could understand
//! differently.

use seapink::config::Model;
use std::io::{Read, Write};

use super::{CALL, MAX, REPLY, answer, bounded, expect, is_explained, post, request, response};
use crate::log_lines::Log;
use crate::socket;
use crate::support::{AGES, MODELS, Running, eventually};

/// What is refused with this status by every model, after which the server goes on.
fn refused(status: &str, requests: &[String]) {
    for model in MODELS {
        let server = Running::bind(&bounded(model));
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
        let server = Running::bind(&bounded(model));
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
        let server = Running::bind(&bounded(model));
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
    let server = Running::bind(&bounded(Model::Threaded));
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
        let server = Running::bind(&bounded(model));
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
        let server = Running::bind(&bounded(Model::Nonblocking));
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
    let server = Running::bind(&bounded(Model::Threaded).http(http));
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
    let server = Running::bind(&bounded(Model::Threaded));
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
