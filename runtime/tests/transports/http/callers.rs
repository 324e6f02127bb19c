//! Who calls over HTTP, in what, and what they are told.

use std::io::{Read, Write};

use seapink::config::{ClientHttp, Model, ServerHttp};
use seapink::{ClientConfig, Delivery, ErrorKind};

use super::{CALL, REPLY, config, expect, request, response, rest};
use crate::socket;
use crate::support::{MODELS, ProbeClient, Running};

/// A browser sends such a POST for any page, without asking first, and says only in `Origin` for which.
#[test]
fn pages_call_only_if_they_are_named() {
    let page = |origin: &str| {
        let fields = format!("Content-Type: text/plain\r\nOrigin: {origin}\r\n");
        request(&fields, CALL)
    };
    for model in MODELS {
        let closed = Running::bind(&config(model));
        let own = ServerHttp::default().origin("https://app.example.org");
        let named = Running::bind(&config(model).http(own));
        let open = Running::bind(&config(model).http(ServerHttp::default().origin("*")));
        for (server, origin, taken) in [
            (&closed, "https://app.example.org", false),
            (&closed, "null", false),
            (&named, "https://app.example.org", true),
            (&named, "HTTPS://app.example.org", true),
            (&named, "https://app.example.org:8443", false),
            (
                &named,
                "https://app.example.org\r\nOrigin: https://evil.example",
                false,
            ),
            (&named, "null", false),
            (&open, "https://evil.example", true),
        ] {
            let replies = server.handle.stats().replies;
            let mut stream = socket(server);
            stream.write_all(page(origin).as_bytes()).unwrap();
            if taken {
                expect(&mut stream, &response("", REPLY));
                continue;
            }
            let said = rest(&mut stream);
            assert!(said.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{said}");
            assert_eq!(server.handle.stats().replies, replies, "{origin}");
        }
    }
}

#[test]
fn a_request_is_for_one_host() {
    let old = |text: String| text.replace("HTTP/1.1", "HTTP/1.0");
    let none = || request("", CALL).replace("Host: here\r\n", "");
    let two = || request("host: there\r\n", CALL);
    for model in MODELS {
        let server = Running::bind(&config(model));
        for (request, status) in [
            (none(), 400),
            (two(), 400),
            (request("Host: here\r\n", CALL), 400),
            (old(two()), 400),
            (old(none()), 200),
        ] {
            let mut stream = socket(&server);
            stream.write_all(request.as_bytes()).unwrap();
            let said = rest(&mut stream);
            assert!(
                said.starts_with(&format!("HTTP/1.1 {status} ")),
                "{request}: {said}"
            );
        }
        assert_eq!(server.handle.stats().replies, 1, "{}", model.name());
    }
}

/// As one for a proxy has it, which a server has to take (RFC 9112, section 3.2.2).
#[test]
fn a_target_may_be_a_whole_url() {
    let rules = ServerHttp::default().path("/svc");
    for model in MODELS {
        let server = Running::bind(&config(model).http(rules.clone()));
        for (target, taken) in [
            ("/svc", true),
            ("http://here/svc", true),
            ("https://here:8443/svc?a=b", true),
            ("http://here/", false),
            ("http://svc", false),
            ("http://here/?/svc", false),
        ] {
            let mut stream = socket(&server);
            let asking = request("", CALL).replace("POST / ", &format!("POST {target} "));
            stream.write_all(asking.as_bytes()).unwrap();
            if taken {
                expect(&mut stream, &response("", REPLY));
            } else {
                let said = rest(&mut stream);
                assert!(said.starts_with("HTTP/1.1 404 "), "{target}: {said}");
            }
        }
    }
}

#[test]
fn the_first_body_shows_the_protocol() {
    for model in MODELS {
        let server = Running::bind(&config(model).protocol("auto"));
        for protocol in ["binary", "compact", "json"] {
            let client = server.client_with(&server.client_config().protocol(protocol));
            assert_eq!(client.echo("hi").unwrap(), "hi");
            assert_eq!(client.echo("there").unwrap(), "there");
        }
        // The fields of the head are no bytes of the body.
        for (body, why) in [
            ("", "it has no byte"),
            ("x", "the first bytes, x, begin no message"),
            ("ab", "the first bytes, ab, begin no message"),
            ("abc", "the first bytes, abc, begin no message"),
            ("junk that is none", "the peer seems to speak plain text"),
        ] {
            let mut stream = socket(&server);
            let asking = request("User-Agent: someone\r\n", body);
            stream.write_all(asking.as_bytes()).unwrap();
            let said = rest(&mut stream);
            assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{said}");
            let line = "the body is no message in `binary`, `compact` or `json`: ";
            assert!(said.ends_with(&format!("\r\n\r\n{line}{why}\n")), "{said}");
        }
        // From then on there is only that one.
        let mut stream = socket(&server);
        let json = r#"[1,"echo",1,7,{"1":{"str":"hi"}}]"#;
        let both = request("", json) + &request("", CALL);
        stream.write_all(both.as_bytes()).unwrap();
        expect(
            &mut stream,
            &response("", &json.replace("1,7,{\"1", "2,7,{\"0")),
        );
        let said = rest(&mut stream);
        assert!(
            said.contains("\r\n\r\nthe body is no message in `json`: "),
            "{said}"
        );
    }
}

#[test]
fn short_bodies_seem_to_be_nothing_else() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        for body in ["", "x", "ab", "abc"] {
            let mut stream = socket(&server);
            let asking = request("User-Agent: someone\r\n", body);
            stream.write_all(asking.as_bytes()).unwrap();
            let said = rest(&mut stream);
            let line = "\r\n\r\nthe body is no message in `binary`: ";
            assert!(said.contains(line), "{said}");
            assert!(!said.contains("seems to speak"), "{body}: {said}");
        }
    }
}

/// A peer may leave out the heads within its bodies, so what is wrong with one is not that it does.
#[test]
fn bodies_without_heads_are_not_strange() {
    const STRICT: &[u8] = b"\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x07\x0b\0\x01\0\0\0\x02hi\0";
    for (protocol, names) in [
        ("binary", "`binary`"),
        ("auto", "`binary`, `compact` or `json`"),
    ] {
        let config = config(Model::Threaded).transport("http+header");
        let server = Running::bind(&config.protocol(protocol));
        let answer = |body: &[u8]| {
            let length = body.len();
            let head = format!(
                "POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
            );
            let mut stream = socket(&server);
            stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
            let mut said = Vec::new();
            stream.read_to_end(&mut said).unwrap();
            String::from_utf8_lossy(&said).into_owned()
        };
        let said = answer(STRICT);
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        let said = answer(&[STRICT, b"x"].concat());
        let line = format!("\r\n\r\nthe body is no message in {names}: ");
        assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
        assert!(said.contains(&line), "{said}");
        assert!(!said.contains("seems to speak"), "{said}");
    }
}

/// Who has the wrong one of the two transports, or the wrong path, reads what to look at.
#[test]
fn clients_of_something_else_are_told_what_to_look_at() {
    let mut cases = vec![(
        "http",
        "http",
        "404 Not Found for `/shop`; is `[client.http] path` the server's?",
    )];
    if cfg!(feature = "websocket") {
        cases.extend([
            (
                "websocket",
                "http",
                "405 Method Not Allowed; is it a WebSocket server (`transport = \"websocket\"`)?",
            ),
            (
                "http",
                "websocket",
                "405 Method Not Allowed; is it an HTTP server (`transport = \"http\"`)?",
            ),
            (
                "websocket",
                "websocket",
                "404 Not Found for `/`; is `[client.websocket] path` the server's?",
            ),
        ]);
    }
    for (served, spoken, text) in cases {
        let rules = ServerHttp::default().path("/store");
        let websocket = seapink::config::ServerWebSocket::default().path("/store");
        let mut config = config(Model::Threaded).transport(served);
        config = match served {
            "http" => config.http(rules),
            _ => config.websocket(websocket),
        };
        let server = Running::bind(&config);
        let address = server.client_config().connect;
        let mut config = ClientConfig::new(address).transport(spoken);
        if spoken == "http" {
            config = config.http(ClientHttp::default().path("/shop"));
        }
        let error = match ProbeClient::connect(&config) {
            Ok(client) => client.echo("hi").unwrap_err().other(),
            Err(error) => error,
        };
        assert!(error.to_string().ends_with(text), "{served}: {error}");
    }
}

/// Such a server closes before a long call has left, whose caller is told the same.
#[test]
fn long_calls_are_told_so_too() {
    let rules = ServerHttp::default().path("/store");
    let server = Running::bind(&config(Model::Threaded).http(rules));
    let expected = "the server answered with HTTP status 404 Not Found for `/`; is `[client.http] path` the server's?";
    for length in [10, 100_000, 1_000_000, 10_000_000] {
        let client = server.client();
        let error = client.echo(&"x".repeat(length)).unwrap_err().other();
        assert_eq!(error.to_string(), expected, "{length}");
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Closed, Delivery::Sent)
        );
    }
    #[cfg(feature = "tokio")]
    for mut runtime in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        let calls = async {
            for length in [10, 10_000_000] {
                let config = server.client_config();
                let client = seapink::AsyncClient::<seapink::Standard>::connect(&config);
                let client = client.await.unwrap();
                let text = "x".repeat(length);
                let echo = client.call::<_, String, crate::support::Failure>(
                    "echo",
                    &[(1, "text")],
                    (text.as_str(),),
                );
                let error = echo.await.unwrap_err().other();
                assert_eq!(error.to_string(), expected, "{length}");
            }
        };
        runtime.enable_all().build().unwrap().block_on(calls);
    }
}

/// A client without HTTP meets a server with it.
#[test]
fn a_client_without_http_is_told_to_speak_it() {
    let server = Running::bind(&config(Model::Threaded));
    let config = ClientConfig::new(server.client_config().connect);
    let client = ProbeClient::connect(&config).unwrap();
    let error = client.echo("hi").unwrap_err().other();
    assert_eq!(
        error.to_string(),
        "the server speaks HTTP, and this client `framed`; write `transport = \"http\"` or \
         `transport = \"websocket\"`"
    );
}
