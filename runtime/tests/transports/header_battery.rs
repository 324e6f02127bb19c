//! Heads and compressed messages that nobody means well with: T01, T02 and T07 of the battery.

use allocation_counter::measure;
use seapink::config::Model;
use seapink::protocol::wire;
use seapink::transport::{Decoded, Header, Setup, Transport};
use seapink::{ApplicationCode, Binary, Client, ErrorKind, Limits, Result};

use super::header::{BINARY, COMPACT, ask, client_config, config, echo_server, framed, headed};
use crate::socket;
use crate::support::{Failure, MODELS};

/// What the transport makes of the first message in these bytes: how long it is, and how many headers it has.
fn decode(bytes: &[u8], limits: &Limits) -> Result<Option<(usize, usize)>> {
    let (mut decoder, _) = Header::default().open(&Setup::new(limits, wire::<Binary>()));
    Ok(match decoder.decode(bytes)? {
        Decoded::Enveloped {
            message, envelope, ..
        } => Some((message.len(), envelope.headers.len())),
        _ => None,
    })
}

/// The bytes of a number, seven bits in each.
pub(super) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Words of a head, filled up with zeros.
pub(super) fn words(parts: &[&[u8]]) -> Vec<u8> {
    let mut words = parts.concat();
    words.resize(words.len().next_multiple_of(4), 0);
    words
}

const SIZES: [u64; 11] = [
    127,
    128,
    (1 << 15) - 1,
    1 << 15,
    (1 << 15) + 1,
    1 << 24,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    u64::MAX,
];

/// Every number of a head declares too much: an error, and no memory for what is not there.
#[test]
fn t01_numbers_that_lie_cost_nothing() {
    let limits = Limits::default();
    for size in SIZES {
        let number = varint(size);
        for (place, before) in [
            ("protocol", &b""[..]),
            ("transforms", b"\0"),
            ("kind", b"\0\0"),
            ("count", b"\0\0\x01"),
            ("name", b"\0\0\x01\x01"),
            ("value", b"\0\0\x01\x01\x01a"),
        ] {
            for follows in [0, 1, 16] {
                let head = words(&[before, &number, &vec![1; follows]]);
                let bytes = headed(&head, BINARY[0]);
                let mut result = Ok(None);
                let info = measure(|| result = decode(&bytes, &limits));
                let allowed = 64 * 1024 + 4 * bytes.len() as u64;
                assert!(info.bytes_max <= allowed, "{place} {size}: {info:?}");
                match place {
                    // What nobody knows ends the head, as long as it is a number.
                    "kind" if i32::try_from(size).is_ok() => assert!(result.is_ok()),
                    _ => assert!(result.is_err(), "{place} {size} {follows}"),
                }
            }
        }
    }
    // The words of the head themselves, and the frame.
    for words in [1_u16, 0x7fff, 0x8000, 0xffff] {
        let head = [&b"\x0f\xff\0\0\0\0\0\x09"[..], &words.to_be_bytes()].concat();
        assert!(decode(&framed(&head), &limits).is_err(), "{words}");
    }
    for length in [-1, i32::MIN, 16_384_001, i32::MAX, 0] {
        let bytes = [&i32::to_be_bytes(length)[..], b"\x0f\xff"].concat();
        let error = decode(&bytes, &limits).unwrap_err();
        let kind = if length > 0 {
            ErrorKind::Limit
        } else {
            ErrorKind::Malformed
        };
        assert_eq!(error.kind(), kind, "{length}: {error}");
    }
}

/// However the headers are dealt out among blocks and names.
#[test]
fn t02_128_headers_are_taken_and_one_more_refused() {
    let limits = Limits::default();
    let pairs = |count: u8, same: bool| {
        let pair = |number: u8| [1, if same { b'n' } else { number }, 0];
        (0..count).flat_map(pair).collect::<Vec<_>>()
    };
    for same in [true, false] {
        for (count, taken) in [(128_u8, true), (129, false)] {
            let one = words(&[b"\0\0\x01", &varint(count.into()), &pairs(count, same)]);
            let rest = varint(u64::from(count) - 100);
            let two = words(&[
                b"\0\0\x01\x64",
                &pairs(100, same),
                b"\x01",
                &rest,
                &pairs(count - 100, same),
            ]);
            for head in [one, two] {
                let result = decode(&headed(&head, BINARY[0]), &limits);
                assert_eq!(result.is_ok(), taken, "{same} {count}");
                if let Err(error) = result {
                    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
                }
            }
        }
    }
}

#[test]
fn t02_heads_and_transforms_have_limits() {
    let limits = Limits::default();
    let message = BINARY[0].len();
    let value = vec![b'x'; 65_536 - 10];
    let full = words(&[b"\0\0\x01\x01\x01a", &varint(value.len() as u64), &value]);
    assert_eq!(full.len(), 65_536);
    assert_eq!(
        decode(&headed(&full, BINARY[0]), &limits).unwrap(),
        Some((message, 1))
    );
    let more = [&full[..], &[0; 4]].concat();
    let error = decode(&headed(&more, BINARY[0]), &limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    // Eight transforms are no limit passed, though only one of them is known, and that once.
    for (count, kind) in [
        (
            8,
            ErrorKind::Application(ApplicationCode::INVALID_TRANSFORM),
        ),
        (9, ErrorKind::Limit),
    ] {
        let head = words(&[b"\0", &[count], &vec![2; count.into()]]);
        let error = decode(&headed(&head, BINARY[0]), &limits).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[cfg(feature = "zlib")]
mod compressed {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    const ZLIB: &[u8] = b"\0\x01\x01\0";

    fn deflated(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn noise(rng: &mut fastrand::Rng, bytes: usize) -> Vec<u8> {
        std::iter::repeat_with(|| rng.u8(..)).take(bytes).collect()
    }

    /// The limit and one more, and far more than that: no more memory than the limit and some.
    #[test]
    fn t07_a_bomb_costs_no_more_than_the_limit() {
        let bombs = [1 << 20, 20 << 20].map(|bytes| (bytes, deflated(&vec![0; bytes])));
        for limit in [1, 100, 16 * 1024, 100_000, 800_000] {
            let limits = Limits::default().message_bytes_max(limit);
            let around = [limit - 1, limit, limit + 1];
            let around = around.map(|bytes| (bytes, deflated(&vec![0; bytes])));
            for (bytes, raw) in around.iter().chain(&bombs) {
                let (bytes, taken) = (*bytes, *bytes <= limit);
                let frame = headed(ZLIB, raw);
                if frame.len() - 4 > limit {
                    // Too long already as it is.
                    continue;
                }
                let mut result = Ok(None);
                let info = measure(|| result = decode(&frame, &limits));
                let heap = limit as u64 + 64 * 1024;
                assert!(info.bytes_max <= heap, "{limit} {bytes}: {info:?}");
                assert_eq!(result.is_ok(), taken, "{limit} {bytes}");
                match result {
                    Ok(found) => assert_eq!(found, Some((bytes, 0))),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Limit, "{error}"),
                }
            }
        }
    }

    #[test]
    fn t07_what_is_cut_or_followed_by_something_is_refused() {
        let limits = Limits::default();
        let mut rng = fastrand::Rng::with_seed(3);
        let raw = deflated(&noise(&mut rng, 500));
        for bytes in 0..raw.len() {
            let error = decode(&headed(ZLIB, &raw[..bytes]), &limits).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{bytes}: {error}");
        }
        for more in [&raw[..], b"\0", b"something else"] {
            let both = [&raw, more].concat();
            let error = decode(&headed(ZLIB, &both), &limits).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
            assert!(error.to_string().contains("something follows"), "{error}");
        }
        // It asks for a dictionary, which nobody has agreed upon.
        let asking = [&b"\x78\xbb\x11\x22\x33\x44"[..], &raw[2..]].concat();
        let error = decode(&headed(ZLIB, &asking), &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
        // A checksum that is wrong.
        let mut wrong = raw.clone();
        *wrong.last_mut().unwrap() ^= 1;
        assert!(decode(&headed(ZLIB, &wrong), &limits).is_err());
    }

    /// 10⁵ of them: never more than the limit, nothing is kept, and each is an error or a message.
    #[test]
    fn t07_bad_streams_cost_nothing() {
        let limits = Limits::default().message_bytes_max(4096);
        let mut rng = fastrand::Rng::with_seed(5);
        let good = deflated(&noise(&mut rng, 300));
        for turn in 0..100_000 {
            let mut bad = good.clone();
            bad.truncate(rng.usize(..=good.len()));
            for _ in 0..rng.usize(1..5) {
                if let Some(at) = bad.len().checked_sub(1).map(|last| rng.usize(..=last)) {
                    bad[at] = rng.u8(..);
                }
            }
            let frame = headed(ZLIB, &bad);
            if turn % 100 > 0 {
                let _ = decode(&frame, &limits);
                continue;
            }
            let info = measure(|| drop(decode(&frame, &limits)));
            assert!(info.bytes_max <= 4096 + 64 * 1024, "{info:?}");
            assert_eq!(info.bytes_current, 0);
        }
    }
}

/// A header that the handler wants to send and cannot costs the call its reply, and nobody the connection.
#[test]
fn reply_headers_that_are_too_large_are_told() {
    for model in MODELS {
        let server = echo_server(&config(model));
        let client = Client::connect(&client_config(&server)).unwrap();
        // It comes back in a header.
        let name = "x".repeat(70_000);
        let result = client.call::<_, String, Failure>("headers", &[(1, "name")], (&*name,));
        let error = result.unwrap_err().other();
        let kind = ErrorKind::Application(ApplicationCode::INTERNAL_ERROR);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains("headers of"), "{error}");
        assert_eq!(ask(&client, "x"), "nothing true true");
        assert_eq!(server.handle.stats().connections_accepted, 1);
    }
}

/// Peers without heads get no headers, and the handler is told so.
#[test]
fn who_sends_no_head_gets_no_headers() {
    use std::io::{Read, Write};

    let server = echo_server(&config(Model::Threaded));
    let call = b"\x80\x01\0\x01\0\0\0\x07headers\0\0\0\x01\x0b\0\x01\0\0\0\x01x\0";
    let text = "nothing false false";
    for call in [framed(call), call.to_vec()] {
        let mut stream = socket(&server);
        stream.write_all(&call).unwrap();
        let mut read = vec![0; call.len() - 1 + text.len()];
        stream.read_exact(&mut read).unwrap();
        let read = String::from_utf8_lossy(&read);
        assert!(read.contains(text), "{read:?}");
    }
}

/// What answers a call in another protocol than its own is told apart from nonsense.
#[test]
fn a_reply_in_another_protocol_is_named() {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    for reply in [
        headed(b"\x02\0\0\0", COMPACT[1]),
        framed(COMPACT[1]),
        COMPACT[1].to_vec(),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            for _ in 0..if cfg!(feature = "tokio") { 2 } else { 1 } {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut [0; 1000]).unwrap() > 0);
                stream.write_all(&reply).unwrap();
                // Until the client has seen it.
                let _ = stream.read(&mut [0]);
            }
        });
        let config = seapink::ClientConfig::new(address)
            .transport("header")
            .protocol("binary");
        let check = |error: &seapink::Error| {
            let kind = ErrorKind::Application(ApplicationCode::INVALID_PROTOCOL);
            assert_eq!(error.kind(), kind, "{error}");
            let text = "the reply is in the protocol `compact`, and the call was in `binary`";
            assert!(error.to_string().ends_with(text), "{error}");
        };
        let client = Client::<seapink::Standard>::connect(&config).unwrap();
        let result = client.call::<_, String, Failure>("echo", &[(1, "text")], ("hi",));
        check(&result.unwrap_err().other());
        drop(client);
        #[cfg(feature = "tokio")]
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let client = seapink::AsyncClient::<seapink::Standard>::connect(&config);
            let client = client.await.unwrap();
            let call = client.call::<_, String, Failure>("echo", &[(1, "text")], ("hi",));
            check(&call.await.unwrap_err().other());
        });
        server.join().unwrap();
    }
}

/// A caller's time that is none, or more than there is, changes nothing.
#[test]
fn times_that_are_none_are_passed_over() {
    let server = echo_server(&config(Model::Threaded));
    let client = Client::connect(&client_config(&server)).unwrap();
    for (time, has) in [
        ("", false),
        ("-1", false),
        ("1.5", false),
        (" 5", false),
        ("soon", false),
        ("99999999999999999999", false),
        ("18446744073709551615", true),
        ("60000", true),
    ] {
        let client = client.clone().with_header("client_timeout", time);
        assert_eq!(ask(&client, "x"), format!("nothing true {has}"), "{time}");
    }
}
