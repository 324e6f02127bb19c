//! What a peer may make a connection spend, and bytes by the thousand.
#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use std::io;

use super::frame::{self, End, Frame};
use super::messages::{Bounds, Messages};
use super::{Handshake, WebSocket, WebSocketClientSide, WebSocketRules, WebSocketServerSide};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::layer::{ClientSide, Coding, Layer, ServerSide};
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

const MAX: usize = 16_384_000;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn server(max: usize) -> Box<dyn Layer> {
    let rules = WebSocketRules {
        path: None,
        origins: vec![],
        subprotocol: None,
    };
    let side = WebSocketServerSide::new(rules, ("frame_bytes_max", max), true);
    side.layer().unwrap()
}

/// One that has its handshake behind it.
fn open(max: usize) -> Box<dyn Layer> {
    let mut layer = server(max);
    assert_eq!(content(&mut *layer, REQUEST.as_bytes()).unwrap(), b"");
    assert!(!layer.is_handshaking());
    assert!(written(&mut *layer).starts_with("HTTP/1.1 101 "));
    layer
}

fn written(layer: &mut dyn Layer) -> String {
    let mut out = Vec::new();
    while layer.wants_write() {
        layer.write_to(&mut out).unwrap();
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What comes of bytes, which arrive as a server reads them.
fn content(layer: &mut dyn Layer, raw: &[u8]) -> io::Result<Vec<u8>> {
    let (mut content, mut buffer) = (Vec::new(), vec![0; 8192]);
    for part in raw.chunks(buffer.len()) {
        buffer[..part.len()].copy_from_slice(part);
        let taken = layer.take(&mut buffer, part.len());
        content.extend_from_slice(&buffer[..taken]);
        while let Some(read) = layer.read(&mut buffer) {
            match read? {
                0 => return Ok(content),
                read => content.extend_from_slice(&buffer[..read]),
            }
        }
    }
    layer.check()?;
    Ok(content)
}

/// The same for someone who looks at nothing of it.
fn swallow(layer: &mut dyn Layer, raw: &[u8], buffer: &mut [u8]) {
    for part in raw.chunks(buffer.len()) {
        buffer[..part.len()].copy_from_slice(part);
        layer.take(buffer, part.len());
        while let Some(Ok(1..)) = layer.read(buffer) {}
    }
}

/// A close has room for so much, and its reason is UTF-8.
#[test]
fn reasons_are_cut_between_letters() {
    for (why, bytes) in [
        ("short".to_owned(), 5),
        ("x".repeat(123), 123),
        ("x".repeat(124), 123),
        ("é".repeat(200), 122),
    ] {
        let mut layer = open(MAX);
        let mut content = Vec::new();
        crate::transport::http::refuse_frame(&mut content, &why);
        for part in content.chunks(7) {
            assert_eq!(layer.put(part).unwrap(), part.len());
        }
        assert_eq!(written(&mut *layer), "");
        layer.say_goodbye();
        let mut out = Vec::new();
        layer.write_to(&mut out).unwrap();
        assert_eq!(out[2..], [&[3, 0xef], &why.as_bytes()[..bytes]].concat());
        assert_eq!(usize::from(out[1]), out.len() - 2);
    }
}

fn message(kind: Data, is_last: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write(End::Client, OpCode::Data(kind), payload, &mut out);
    if !is_last {
        out[0] &= 0x7f;
    }
    out
}

/// A handshake that counts the bytes which it is shown.
#[derive(Default)]
struct Shown(usize);

impl Handshake for Shown {
    fn read(&mut self, raw: &[u8], _: &mut Vec<u8>) -> Result<Option<usize>> {
        self.0 += raw.len();
        Ok(raw.ends_with(b"\r\n\r\n").then_some(raw.len()))
    }
}

#[test]
fn each_byte_of_a_head_is_parsed_a_few_times() {
    let head = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    for end in [End::Server, End::Client] {
        let bounds = Bounds {
            bytes_max: ("frame_bytes_max", MAX),
            text: false,
        };
        let mut socket = WebSocket::new(Shown::default(), Messages::new(end, bounds));
        let (mut content, mut out) = (Vec::new(), Vec::new());
        for length in 1..head.len() {
            let raw = &head.as_bytes()[..length];
            assert_eq!(socket.decode(raw, &mut content, &mut out).unwrap(), 0);
        }
        let (Shown(bytes), _) = socket.handshake.as_ref().unwrap();
        assert!(*bytes <= 2 * head.len(), "{bytes}");
        let taken = socket.decode(head.as_bytes(), &mut content, &mut out);
        assert_eq!(taken.unwrap(), head.len());
        assert!(!socket.is_handshaking());
    }
}

#[test]
fn masks_are_those_of_the_rfc() {
    let raw = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    for split in 6..=raw.len() {
        let (mut frame, head) = Frame::begin(&raw, End::Server).ok().flatten().unwrap();
        let mut text = Vec::new();
        assert_eq!(frame.take(&raw[head..split], &mut text), split - 6);
        assert_eq!(frame.take(&raw[split..], &mut text), raw.len() - split);
        assert_eq!((frame.left, &text[..]), (0, &b"Hello"[..]));
    }
}

#[test]
fn no_two_frames_have_the_same_mask() {
    let frames: Vec<_> = (0..100).map(|_| message(Data::Binary, true, b"")).collect();
    for (index, one) in frames.iter().enumerate() {
        assert!(!frames[..index].contains(one));
    }
}

/// T01: a length that is only declared costs nothing.
#[test]
fn t01_what_is_declared_costs_nothing() {
    let forms = [
        127_u64,
        129,
        32_767,
        32_769,
        1 << 24,
        MAX as u64,
        (1 << 31) - 1,
        u64::MAX,
    ];
    for declared in forms {
        for (first, follow) in [0x82, 0x81, 0x02, 0x89, 0x88]
            .into_iter()
            .zip([0, 1, 16].iter().cycle())
        {
            let mut raw = vec![first, 0xff];
            raw.extend(declared.to_be_bytes());
            raw.extend(vec![7; 4 + follow]);
            let mut layer = open(MAX);
            let mut buffer = vec![0; 8192];
            let info = allocation_counter::measure(|| swallow(&mut *layer, &raw, &mut buffer));
            assert!(info.bytes_max < 4096, "{first:x} {declared}: {info:?}");
        }
    }
}

/// What was read last, and what came of it.
const BUFFERS: usize = 2 * 64 * 1024;

/// T01: a message that goes by costs two buffers, and one that has to be kept twice as much as has come of
/// it besides.
#[test]
fn t01_messages_cost_what_has_come_of_them() {
    let payload = [&b"["[..], &vec![b'1'; 4_000_000]].concat();
    let parts = |at_once: usize, kind| {
        let mut raw = message(kind, false, &payload[..1]);
        for part in payload[1..].chunks(at_once) {
            raw.extend(message(Data::Continue, false, part));
        }
        raw
    };
    for (what, raw, max) in [
        ("one frame", message(Data::Binary, true, &payload), BUFFERS),
        (
            "text",
            message(Data::Text, true, &payload),
            BUFFERS + 2 * payload.len(),
        ),
        (
            "parts",
            parts(1000, Data::Binary),
            BUFFERS + 2 * payload.len(),
        ),
        (
            "small parts",
            parts(3, Data::Text),
            BUFFERS + 2 * payload.len(),
        ),
    ] {
        let mut layer = open(MAX);
        let mut buffer = vec![0; 64 * 1024];
        let info = allocation_counter::measure(|| swallow(&mut *layer, &raw, &mut buffer));
        assert!(info.bytes_max <= max as u64, "{what}: {info:?}");
        layer.check().unwrap();
    }
}

/// T04: pings that nobody lets answer cost nothing, and the last of them is answered.
#[test]
fn t04_pings_without_end_cost_nothing() {
    let mut raw = Vec::new();
    for number in 0..10_000_u32 {
        let payload = format!("{number:0>125}");
        frame::write(
            End::Client,
            OpCode::Control(Control::Ping),
            payload.as_bytes(),
            &mut raw,
        );
    }
    let mut layer = open(MAX);
    let mut buffer = vec![0; 8192];
    let info = allocation_counter::measure(|| swallow(&mut *layer, &raw, &mut buffer));
    assert!(info.bytes_max < 64 * 1024, "{info:?}");
    let out = written(&mut *layer);
    assert!(out.len() < 8192 && out.ends_with("0009999"), "{out}");
}

/// An answer to a ping does not stand inside of a reply that has left in part.
#[test]
fn pongs_wait_for_the_end_of_a_frame() {
    let mut layer = open(MAX);
    let mut ping = Vec::new();
    frame::write(
        End::Client,
        OpCode::Control(Control::Ping),
        b"here",
        &mut ping,
    );
    layer.put(b"\0\0\0\x06abc").unwrap();
    assert_eq!(content(&mut *layer, &ping).unwrap(), b"");
    assert_eq!(
        written(&mut *layer).as_bytes(),
        "\u{fffd}\u{6}abc".as_bytes()
    );
    // Nor does a goodbye.
    layer.say_goodbye();
    assert!(!layer.wants_write());
    layer.put(b"def").unwrap();
    assert_eq!(
        written(&mut *layer).as_bytes(),
        "def\u{fffd}\u{4}here".as_bytes()
    );
}

/// T06: time is that of the bytes, however they come.
#[test]
fn t06_bytes_may_arrive_one_by_one() {
    let payload: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let raw = [
        message(Data::Binary, false, &payload[..65_536]),
        message(Data::Continue, true, &payload[65_536..]),
    ];
    let mut layer = server(MAX);
    let mut found = Vec::new();
    for byte in [
        REQUEST.as_bytes(),
        &raw.concat(),
        &message(Data::Binary, true, &payload),
    ]
    .concat()
    {
        found.extend(content(&mut *layer, &[byte]).unwrap());
    }
    let framed = [&70_000_u32.to_be_bytes()[..], &payload].concat();
    assert!(found == framed.repeat(2));
}

/// T09 in small: whatever comes is content that could be, or an error.
#[test]
fn wrong_bytes_are_an_error_and_never_more() {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut ping = Vec::new();
    frame::write(
        End::Client,
        OpCode::Control(Control::Ping),
        b"here",
        &mut ping,
    );
    let good = [
        message(Data::Binary, true, &[7; 300]),
        ping,
        message(Data::Text, false, b"[1"),
        message(Data::Continue, true, &[b'x'; 130]),
        message(Data::Binary, true, &[1; 5]),
    ];
    let good = good.concat();
    let (mut errors, mut fine) = (0, 0);
    for _ in 0..20_000 {
        let mut bad = good[..rng.usize(..=good.len())].to_vec();
        for _ in 0..rng.usize(..4) {
            if !bad.is_empty() {
                let at = rng.usize(..bad.len());
                bad[at] = rng.u8(..);
            }
        }
        let mut layer = open(1000);
        match content(&mut *layer, &bad) {
            Ok(content) => {
                assert!(content.len() <= bad.len());
                fine += 1;
            }
            Err(error) => {
                let kind = Error::from(error).kind();
                assert!(
                    [ErrorKind::Malformed, ErrorKind::Limit, ErrorKind::Closed].contains(&kind)
                );
                errors += 1;
            }
        }
    }
    assert!(errors > 1000 && fine > 1000, "{errors} {fine}");
}

/// The same of handshakes, at both ends.
#[test]
fn wrong_heads_are_an_error_and_never_more() {
    let side = WebSocketClientSide::new(("here", "/"), &[], None, ("frame_bytes_max", 1000), false);
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut rng = fastrand::Rng::with_seed(6);
    let mut open = 0;
    for turn in 0..20_000 {
        let good = if turn % 2 == 0 { REQUEST } else { response };
        let mut bad = good.as_bytes().to_vec();
        for _ in 0..rng.usize(..3) {
            let at = rng.usize(..bad.len());
            bad[at] = rng.u8(..);
        }
        let mut layer = if turn % 2 == 0 {
            server(1000)
        } else {
            side.layer().unwrap()
        };
        let result = content(&mut *layer, &bad);
        open += usize::from(!layer.is_handshaking());
        // Nobody but the server that has read the client's own key knows the answer.
        assert!(turn % 2 == 0 || layer.is_handshaking());
        assert!(result.is_ok_and(|content| content.is_empty()) || layer.has_failed());
    }
    assert!((1000..10_000).contains(&open), "{open}");
}
