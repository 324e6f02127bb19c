//! The bytes in `testdata/wire` are those of the values described here, in both directions.
//!
//! The bytes were written by the reference implementation, from another description of the same
//! values.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod pages;
mod protocol_support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use protocol_support::{Dynamic, Value, Way, message, read_message};
use seapink::protocol::{MessageForm, MessageHead, Protocol, Scanner};
use seapink::{
    Binary, Compact, ErrorKind, Json, Limits, MessageKind, Uuid, WireType, decode_from, to_vec,
};

/// A value with a name, and the head of the message that it is in, if it is in one.
struct Vector {
    name: &'static str,
    head: Option<MessageHead<'static>>,
    fields: Vec<(i16, Value)>,
}

#[test]
fn binary() {
    check_protocol::<Binary>(&vectors());
}

#[test]
fn compact() {
    check_protocol::<Compact>(&vectors());
}

#[test]
fn json() {
    check_protocol::<Json>(&vectors());
}

#[test]
fn every_file_belongs_to_a_value() {
    let names: BTreeSet<_> = vectors().iter().map(|vector| vector.name).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (protocol, name) = name.split_once('_').unwrap();
        assert!(
            ["binary", "compact", "json"].contains(&protocol),
            "{path:?}"
        );
        assert!(names.contains(name), "{name} belongs to no value");
    }
}

/// `add(2, 3)`, as the page of protocols has it.
#[test]
fn pages_show_what_is_written() {
    let page = pages::page("protocols.md");
    let call = |name, form| MessageHead {
        form,
        ..MessageHead::new(name, MessageKind::Call, 1)
    };
    let sum = [(1, Value::I32(2)), (2, Value::I32(3))];
    let shown = |heading| page.section(heading).blocks()[0].clone();
    let add = call("add", MessageForm::default());

    let binary = message::<Binary>(&add, &sum);
    assert_eq!(pages::bytes(&shown("Binary")), binary);
    let compact = message::<Compact>(&add, &sum);
    assert_eq!(pages::bytes(&shown("Compact")), compact);
    let json = message::<Json>(&add, &sum);
    assert_eq!(shown("JSON").as_bytes(), json);

    let scale = call("scale", MessageForm::Compact2);
    let factor = [(1, Value::Double(1.5))];
    let compact = message::<Compact>(&scale, &factor);
    assert_eq!(pages::bytes(&shown("Version 2")), compact);
}

fn check_protocol<P: Protocol>(vectors: &[Vector]) {
    for vector in vectors {
        let old_form = vector.head.as_ref().map(|head| head.form) == Some(MessageForm::Old);
        if old_form && P::NAME != "binary" {
            continue;
        }
        let bytes = read_hex::<P>(vector.name);
        match &vector.head {
            Some(head) => check_message::<P>(vector, head, &bytes),
            None => check_struct::<P>(vector, &bytes),
        }
    }
}

fn check_struct<P: Protocol>(vector: &Vector, bytes: &[u8]) {
    let Vector { name, fields, .. } = vector;
    let written = to_vec::<P>(&Dynamic::new(fields.clone())).unwrap();
    assert_same_bytes(name, &written, bytes);
    for way in [Way::General, Way::Expected, Way::Skip] {
        let mut read = Dynamic {
            fields: fields.clone(),
            way,
        };
        let limits = Limits::default();
        decode_from::<P, _>(&mut read, bytes, &limits).unwrap_or_else(|e| panic!("{name}: {e}"));
        if way != Way::Skip {
            assert_eq!(read.fields, *fields, "{name}");
        }
        for end in 0..bytes.len() {
            let mut read = Dynamic {
                fields: fields.clone(),
                way,
            };
            let error = decode_from::<P, _>(&mut read, &bytes[..end], &limits).unwrap_err();
            assert_truncated(&error, name, end);
        }
    }
    let head = MessageHead::new("f", MessageKind::Call, 1);
    check_scanner::<P>(name, &message::<P>(&head, fields));
}

fn check_message<P: Protocol>(vector: &Vector, head: &MessageHead<'static>, bytes: &[u8]) {
    let Vector { name, fields, .. } = vector;
    let written = message::<P>(head, fields);
    assert_same_bytes(name, &written, bytes);
    for way in [Way::General, Way::Expected, Way::Skip] {
        let like = Dynamic {
            fields: fields.clone(),
            way,
        };
        let limits = Limits::default();
        let mut read = like.clone();
        let read_head = read_message::<P>(bytes, &mut read, &limits)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read_head, *head, "{name}");
        if way != Way::Skip {
            assert_eq!(read.fields, *fields, "{name}");
        }
        for end in 0..bytes.len() {
            let error = read_message::<P>(&bytes[..end], &mut like.clone(), &limits).unwrap_err();
            assert_truncated(&error, name, end);
        }
        let longer = [bytes, b"]"].concat();
        let error = read_message::<P>(&longer, &mut like.clone(), &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{name}: {error}");
    }
    check_scanner::<P>(name, bytes);
}

/// Bytes that merely end too early are never taken for wrong ones.
fn assert_truncated(error: &seapink::Error, name: &str, end: usize) {
    assert_eq!(
        error.kind(),
        ErrorKind::Truncated,
        "{name}, {end} bytes: {error}"
    );
}

fn check_scanner<P: Protocol>(name: &str, bytes: &[u8]) {
    let whole = Some(bytes.len());
    let scan = |scanner: &mut dyn Scanner, bytes: &[u8]| scanner.scan(bytes).unwrap();
    let new = || P::scanner(&Limits::default());

    let mut fed = new();
    // Twice with the same scanner, which is ready for the next message after each.
    for _ in 0..2 {
        for end in 0..bytes.len() {
            assert_eq!(scan(&mut *fed, &bytes[..end]), None, "{name}, {end} bytes");
        }
        assert_eq!(scan(&mut *fed, bytes), whole, "{name}");
    }
    let two = [bytes, bytes].concat();
    for split in 0..bytes.len() {
        let mut split_in_two = new();
        assert_eq!(scan(&mut *split_in_two, &bytes[..split]), None, "{name}");
        assert_eq!(scan(&mut *split_in_two, &two), whole, "{name}, at {split}");
    }
    assert_eq!(scan(&mut *new(), bytes), whole, "{name}");
    let limits = Limits::default().message_bytes_max(bytes.len());
    assert_eq!(scan(&mut *P::scanner(&limits), &two), whole, "{name}");
    let limits = Limits::default().message_bytes_max(bytes.len() - 1);
    let error = P::scanner(&limits).scan(&two).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{name}: {error}");
}

fn assert_same_bytes(name: &str, written: &[u8], expected: &[u8]) {
    let differ = written.iter().zip(expected).position(|(a, b)| a != b);
    let at = differ.unwrap_or(written.len().min(expected.len()));
    let from = at.saturating_sub(8);
    let around = |bytes: &[u8]| format!("{:02x?}", &bytes[from..bytes.len().min(at + 16)]);
    assert!(
        written == expected,
        "{name} differs at byte {at}\n written: {}\nexpected: {}",
        around(written),
        around(expected)
    );
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/wire")
}

fn read_hex<P: Protocol>(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{}_{name}.hex", P::NAME));
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for header in [
        format!("# protocol: {}", P::NAME),
        format!("# value: {name}"),
    ] {
        assert!(
            text.lines().any(|line| line == header),
            "{}",
            path.display()
        );
    }
    let bytes = text.lines().flat_map(|line| {
        line.split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
    });
    bytes
        .map(|byte| {
            u8::from_str_radix(byte, 16).unwrap_or_else(|_| panic!("{}: {byte}", path.display()))
        })
        .collect()
}

fn vectors() -> Vec<Vector> {
    let mut vectors: Vec<_> = values()
        .into_iter()
        .map(|(name, fields)| Vector {
            name,
            head: None,
            fields,
        })
        .collect();
    vectors.extend(messages());
    vectors
}

fn values() -> Vec<(&'static str, Vec<(i16, Value)>)> {
    vec![
        ("empty_struct", vec![]),
        ("bools", bools()),
        ("integers", integers()),
        ("doubles", doubles()),
        ("strings", strings()),
        ("binaries", binaries()),
        ("uuids", uuids()),
        ("field_ids", field_ids()),
        ("bool_field_ids", bool_field_ids()),
        ("list_sizes", list_sizes()),
        ("list_of_each_type", containers_of_each_type(Value::List)),
        ("set_of_each_type", containers_of_each_type(Value::Set)),
        ("map_sizes", map_sizes()),
        ("map_with_key_of_each_type", maps_of_each_type()),
        ("nested", nested()),
        ("deepest", vec![(1, deep(63))]),
    ]
}

fn bools() -> Vec<(i16, Value)> {
    let (yes, no) = (Value::Bool(true), Value::Bool(false));
    vec![
        (1, yes.clone()),
        (2, no.clone()),
        (3, Value::list(vec![yes.clone(), no.clone(), yes.clone()])),
        (4, Value::set(vec![no.clone()])),
        (5, Value::map(vec![(yes.clone(), no.clone()), (no, yes)])),
    ]
}

fn integers() -> Vec<(i16, Value)> {
    let i8s = [0, 1, -1, i8::MAX, i8::MIN];
    let i16s = [
        0,
        1,
        -1,
        63,
        -64,
        64,
        -65,
        8191,
        -8192,
        8192,
        i16::MAX,
        i16::MIN,
    ];
    let i32s = [
        0,
        1,
        -1,
        63,
        64,
        -65,
        8192,
        1_048_575,
        1_048_576,
        134_217_727,
        134_217_728,
        i32::MAX,
        i32::MIN,
    ];
    let mut i64s = vec![0, -1];
    i64s.extend((0..9).flat_map(|n| [(64 << (7 * n)) - 1, 64 << (7 * n), -(64 << (7 * n))]));
    i64s.extend([i64::MAX, i64::MIN]);
    vec![
        (1, Value::I8(i8::MIN)),
        (2, Value::I16(i16::MIN)),
        (3, Value::I32(i32::MIN)),
        (4, Value::I64(i64::MIN)),
        (5, Value::list(i8s.map(Value::I8).into())),
        (6, Value::list(i16s.map(Value::I16).into())),
        (7, Value::list(i32s.map(Value::I32).into())),
        (8, Value::list(i64s.into_iter().map(Value::I64).collect())),
    ]
}

fn doubles() -> Vec<(i16, Value)> {
    let doubles = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        1.0 / 3.0,
        1e16,
        1e17,
        1.2345e-4,
        1e-5,
        -1e300,
        std::f64::consts::PI,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        2.2e-310,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let keys = [2.5, f64::INFINITY, f64::NAN];
    vec![
        (1, Value::Double(0.1)),
        (2, Value::list(doubles.map(Value::Double).into())),
        (
            3,
            Value::map(
                keys.map(|key| (Value::Double(key), Value::Double(key)))
                    .into(),
            ),
        ),
    ]
}

fn strings() -> Vec<(i16, Value)> {
    let controls: String = (0..0x20).map(char::from).collect();
    vec![
        (1, Value::text("")),
        (2, Value::text("text")),
        (3, Value::text("\"quoted\" back\\slash /slash")),
        (4, Value::text(&controls)),
        (
            5,
            Value::text("\u{7f}\u{80}é\u{7ff}\u{800}€\u{ffff}\u{10000}🦀\u{10ffff}"),
        ),
        (6, Value::text(&"x".repeat(127))),
        (7, Value::text(&"y".repeat(128))),
        (
            8,
            Value::list(vec![Value::text(""), Value::text("a"), Value::text("\n")]),
        ),
    ]
}

fn binaries() -> Vec<(i16, Value)> {
    let all: Vec<u8> = (0..=255).collect();
    let starts = [0, 1, 2, 3, 4, 5].map(|len| Value::Binary(all[250..250 + len].to_vec()));
    vec![
        (1, Value::Binary(all)),
        (2, Value::list(starts.into())),
        (3, Value::Binary(b"text".to_vec())),
    ]
}

fn uuids() -> Vec<(i16, Value)> {
    let uuid = Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000);
    let uuids = [Uuid::nil(), uuid, Uuid::max()].map(Value::Uuid);
    vec![
        (1, Value::Uuid(uuid)),
        (2, Value::list(uuids.clone().into())),
        (
            3,
            Value::map(uuids.map(|uuid| (uuid, Value::I32(1))).into()),
        ),
    ]
}

/// Ids with every form of header: steps of 1, 15 and 16, downwards, negative, zero, extremes.
const IDS: [i16; 14] = [
    1,
    2,
    17,
    33,
    5,
    0,
    -1,
    -2,
    14,
    i16::MIN,
    i16::MAX,
    -16384,
    63,
    64,
];

fn field_ids() -> Vec<(i16, Value)> {
    IDS.map(|id| (id, Value::I16(id))).into()
}

fn bool_field_ids() -> Vec<(i16, Value)> {
    IDS.map(|id| (id, Value::Bool(id > 0))).into()
}

fn list_sizes() -> Vec<(i16, Value)> {
    let numbers = |count| (0..count).map(Value::I8).collect::<Vec<_>>();
    let mut fields: Vec<_> = [0, 1, 14, 15, 16, 127]
        .into_iter()
        .zip(1..)
        .map(|(count, id)| (id, Value::List(WireType::I8, numbers(count))))
        .collect();
    fields.extend([
        (7, Value::Set(WireType::I8, numbers(14))),
        (8, Value::Set(WireType::I8, numbers(15))),
        (
            9,
            Value::List(WireType::Struct, vec![Value::Struct(vec![]); 200]),
        ),
    ]);
    fields
}

/// For each type an empty container and one with one element.
fn containers_of_each_type(container: fn(WireType, Vec<Value>) -> Value) -> Vec<(i16, Value)> {
    let with = |ty| {
        [
            container(ty, vec![]),
            container(ty, vec![Value::sample(ty)]),
        ]
    };
    (1..)
        .zip(WireType::ALL.into_iter().flat_map(with))
        .collect()
}

fn map_sizes() -> Vec<(i16, Value)> {
    let pairs = |count| {
        let pairs = (0..count).map(|key| (Value::I32(key), Value::text("v")));
        Value::Map(WireType::I32, WireType::String, pairs.collect())
    };
    (1..).zip([0, 1, 14, 15, 16, 130].map(pairs)).collect()
}

fn maps_of_each_type() -> Vec<(i16, Value)> {
    let map = |ty| Value::map(vec![(Value::sample(ty), Value::sample(ty))]);
    (1..).zip(WireType::ALL.map(map)).collect()
}

fn nested() -> Vec<(i16, Value)> {
    let inner = Value::Struct(vec![
        (1, Value::Bool(true)),
        (
            2,
            Value::Struct(vec![(1, Value::Bool(false)), (15, Value::I8(1))]),
        ),
        (3, Value::text("after")),
    ]);
    let set = Value::set(vec![Value::list(vec![inner.clone(), inner.clone()])]);
    let map = Value::map(vec![
        (Value::text("key"), set.clone()),
        (Value::text(""), set),
    ]);
    let by_struct = Value::map(vec![(inner.clone(), Value::list(vec![map.clone()]))]);
    vec![
        (1, inner),
        (2, Value::list(vec![map.clone(), map])),
        (
            3,
            Value::map(vec![(Value::list(vec![by_struct.clone()]), by_struct)]),
        ),
        (16, Value::I64(1)),
    ]
}

/// Structs inside each other.
fn deep(levels: usize) -> Value {
    (1..levels).fold(Value::Struct(vec![]), |inner, _| {
        Value::Struct(vec![(1, inner)])
    })
}

fn messages() -> Vec<Vector> {
    const LONG: &str = "a_function_with_a_name_that_is_longer_than_one_hundred_and_twenty_seven_\
                        bytes_so_that_its_length_takes_two_bytes_as_a_varint__";
    let arguments = vec![(1, Value::I32(2)), (2, Value::I32(3))];
    let exception = vec![(1, Value::text("unknown method")), (2, Value::I32(1))];
    let declared = vec![(
        1,
        Value::Struct(vec![
            (1, Value::text("division by zero")),
            (2, Value::I16(-7)),
        ]),
    )];
    let old = |kind, id| MessageHead {
        form: MessageForm::Old,
        ..MessageHead::new("add", kind, id)
    };
    let rows = [
        (
            "message_call",
            MessageHead::new("add", MessageKind::Call, 1),
            arguments.clone(),
        ),
        (
            "message_reply",
            MessageHead::new("add", MessageKind::Reply, 1),
            vec![(0, Value::I32(5))],
        ),
        (
            "message_void_reply",
            MessageHead::new("ping", MessageKind::Reply, 127),
            vec![],
        ),
        (
            "message_declared_exception",
            MessageHead::new("divide", MessageKind::Reply, 128),
            declared,
        ),
        (
            "message_application_exception",
            MessageHead::new("nope", MessageKind::Exception, i32::MAX),
            exception,
        ),
        (
            "message_oneway",
            MessageHead::new("log", MessageKind::Oneway, -1),
            arguments.clone(),
        ),
        (
            "message_service",
            MessageHead::new("Calc:add", MessageKind::Call, i32::MIN),
            vec![],
        ),
        (
            "message_empty_name",
            MessageHead::new("", MessageKind::Call, 0),
            vec![],
        ),
        (
            "message_long_name",
            MessageHead::new(LONG, MessageKind::Call, 300),
            vec![],
        ),
        (
            "message_name_in_quotes",
            MessageHead::new("\"é\\\n", MessageKind::Call, 5),
            vec![],
        ),
        ("message_old_call", old(MessageKind::Call, 1), arguments),
        (
            "message_old_reply",
            old(MessageKind::Reply, -1),
            vec![(0, Value::text("five"))],
        ),
        (
            "message_old_exception",
            old(MessageKind::Exception, 2),
            vec![],
        ),
        (
            "message_old_oneway",
            old(MessageKind::Oneway, i32::MAX),
            vec![],
        ),
    ];
    rows.into_iter()
        .map(|(name, head, fields)| Vector {
            name,
            head: Some(head),
            fields,
        })
        .collect()
}
