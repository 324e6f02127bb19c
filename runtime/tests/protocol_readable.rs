//! Simple JSON, debug text and what is shown of bytes: for any value and any bytes.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod protocol_support;

use proptest::collection::vec;
use proptest::prelude::*;
use protocol_support::strategies::fields;
use protocol_support::{CALL, Dynamic, Value, each_protocol, message};
use seapink::protocol::{MessageForm, MessageHead, Output, Protocol, SimpleJsonOutput};
use seapink::transport::file::{FileFormat, FileOptions, FileWriter};
use seapink::{
    Binary, Compact, ErrorKind, Json, Limits, TextLimits, WireType, debug_text, inspect,
    inspect_struct, to_simple_json, to_simple_json_pretty, to_vec,
};
use serde_json::{Map, Value as Text, json};

/// What a value is in simple JSON, said in another way.
fn expected(value: &Value) -> Text {
    match value {
        Value::Bool(value) => json!(value),
        Value::I8(value) => json!(value),
        Value::I16(value) => json!(value),
        Value::I32(value) => json!(value),
        Value::I64(value) => json!(value),
        Value::Double(value) if value.is_nan() => json!("NaN"),
        Value::Double(value) if value.is_infinite() && *value > 0.0 => json!("Infinity"),
        Value::Double(value) if value.is_infinite() => json!("-Infinity"),
        Value::Double(value) => json!(value),
        Value::Text(text) => json!(text),
        Value::Binary(bytes) => {
            use base64::Engine as _;
            json!(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        Value::Uuid(uuid) => json!(uuid.to_string()),
        Value::Struct(fields) => {
            let fields = fields.iter();
            Text::Object(
                fields
                    .map(|(id, value)| (id.to_string(), expected(value)))
                    .collect(),
            )
        }
        Value::List(_, values) | Value::Set(_, values) => values.iter().map(expected).collect(),
        Value::Map(WireType::Struct | WireType::List | WireType::Set | WireType::Map, _, pairs) => {
            let pair = |(key, value): &(Value, Value)| json!({"key": expected(key), "value": expected(value)});
            pairs.iter().map(pair).collect()
        }
        Value::Map(_, _, pairs) => {
            let key = |key: &Value| match (key, expected(key)) {
                (Value::Double(value), _) if value.is_finite() => format!("{value:?}"),
                (_, Text::String(text)) => text,
                (_, other) => other.to_string(),
            };
            let pairs = pairs.iter().map(|(k, value)| (key(k), expected(value)));
            Text::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

/// Whether two values are the same. The reader of `serde_json` is now and then off by a few of the
/// last bits of a double.
fn same(a: &Text, b: &Text) -> bool {
    match (a, b) {
        (Text::Number(a), Text::Number(b)) if a.is_f64() && b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            a.to_bits().abs_diff(b.to_bits()) <= 8
        }
        (Text::Array(a), Text::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Text::Object(a), Text::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn simple_json_is_json_and_says_what_the_value_is(fields in fields(4, true)) {
        let value = Dynamic::new(fields);
        let like = expected(&Value::Struct(value.fields.clone()));
        for text in [to_simple_json(&value), to_simple_json_pretty(&value)] {
            let text = text.unwrap();
            let read: Text = serde_json::from_str(&text).unwrap();
            prop_assert!(same(&read, &like), "{} is not {}", text, like);
        }
        prop_assert!(!to_simple_json(&value).unwrap().contains('\n'));
    }

    #[test]
    fn every_double_keeps_its_bits_in_simple_json(bits: u64) {
        let value = f64::from_bits(bits);
        let text = to_simple_json(&value).unwrap();
        let read: f64 = text.trim_matches('"').parse().unwrap();
        prop_assert!(read.to_bits() == bits || (read.is_nan() && value.is_nan()), "{}", text);
    }

    #[test]
    fn debug_text_is_as_short_as_it_should_be(
        fields in fields(4, true),
        (text, string, binary, elements) in (0..2000usize, 0..50usize, 0..20usize, 0..5usize),
    ) {
        let value = Dynamic::new(fields);
        let limits = TextLimits::default()
            .text_bytes_max(text)
            .string_chars_max(string)
            .binary_bytes_max(binary)
            .elements_max(elements);
        let short = debug_text(&value).with_limits(limits);
        for shown in [format!("{short}"), format!("{short:#}")] {
            prop_assert!(shown.len() <= text + '…'.len_utf8(), "{shown}");
        }
        let all = debug_text(&value).with_limits(TextLimits::everything()).to_string();
        let whole = all.starts_with('{') && all.ends_with('}');
        prop_assert!(whole, "{}", all);
        prop_assert!(!all.contains('…') || value_has_ellipsis(&value.fields), "{all}");
    }

    #[test]
    fn a_message_is_shown_as_its_value_in_every_protocol(fields in fields(3, false)) {
        let binary = shown::<Binary>(&fields);
        let compact = shown::<Compact>(&fields);
        // The types of what is empty get lost on the way.
        prop_assert_eq!(untyped(&binary), untyped(&compact));
        let bytes = to_vec::<Compact>(&Dynamic::new(fields.clone())).unwrap();
        let limits = TextLimits::everything();
        let bare = inspect_struct::<Compact>(&bytes).with_limits(limits).to_string();
        prop_assert_eq!(compact, format!(" call \"f\" #1 {bare}"));
    }

    #[test]
    fn any_bytes_are_shown(bytes in vec(any::<u8>(), 0..200), start in 0..6usize) {
        let starts: [&[u8]; 6] = [
            b"",
            b"\x80\x01\0\x01",
            b"\x82\x21",
            b"[1,\"",
            b"\0\0\0\x40\x82\x22",
            b"\0\0\0\x40\x0f\xff\0\0\0\0\0\x01\0\x01\x02\0\0\0",
        ];
        let bytes = [starts[start], &bytes].concat();
        let limits = TextLimits::default().text_bytes_max(300);
        let shown = inspect(&bytes).with_limits(limits);
        let (line, lines) = (format!("{shown}"), format!("{shown:#}"));
        prop_assert!(line.len() < 1000 && lines.len() < 2000);
        each_protocol!(show_struct(&bytes));
    }
}

/// Without the types of empty containers.
fn untyped(text: &str) -> String {
    let parts = text.split('<').map(|part| match part.split_once(">[0]") {
        Some((types, rest)) if !types.contains('>') => rest,
        _ => part,
    });
    parts.collect::<Vec<_>>().join("<")
}

fn value_has_ellipsis(fields: &[(i16, Value)]) -> bool {
    format!("{fields:?}").contains('…')
}

fn show_struct<P: Protocol>(bytes: &[u8]) {
    assert!(inspect_struct::<P>(bytes).to_string().len() < 10_000);
}

/// What is shown of a message, without the name of the protocol.
fn shown<P: Protocol>(fields: &[(i16, Value)]) -> String {
    let message = message::<P>(&CALL, fields);
    let shown = inspect(&message).with_limits(TextLimits::everything());
    let shown = shown.to_string();
    shown.strip_prefix(P::NAME).unwrap().to_owned()
}

#[test]
fn a_value_that_is_too_deep_is_no_json() {
    let mut value = Value::I32(1);
    for _ in 0..64 {
        value = Value::list(vec![value]);
    }
    let deep = Dynamic::new(vec![(1, value.clone())]);
    let error = to_simple_json(&deep).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let text = debug_text(&deep).to_string();
    assert!(text.contains("{ … }"), "{text}");
    let Value::List(_, inner) = value else {
        unreachable!()
    };
    let less = Dynamic::new(vec![(1, inner[0].clone())]);
    let text = to_simple_json(&less).unwrap();
    assert!(serde_json::from_str::<Text>(&text).is_ok());
}

/// Keys that are containers of keys, each of which would be escaped once more.
#[test]
fn keys_in_keys_do_not_make_simple_json_explode() {
    let mut key = Value::text("\"\\");
    for _ in 0..50 {
        key = Value::map(vec![(key, Value::I32(1))]);
    }
    let text = to_simple_json(&Dynamic::new(vec![(1, key)])).unwrap();
    assert!(text.len() < 2000, "{}", text.len());
}

#[test]
fn simple_json_of_a_message_is_a_list() {
    let head = MessageHead::new("a\"b", seapink::MessageKind::Oneway, -1);
    let mut out = SimpleJsonOutput::new(Vec::new(), &Limits::default());
    out.message_begin(&head);
    assert!(out.struct_begin(""));
    out.struct_end();
    out.message_end();
    let bytes = out.finish().into_bytes().unwrap();
    assert_eq!(bytes, br#"["a\"b",4,-1,{}]"#);
}

fn sample() -> Vec<(i16, Value)> {
    vec![
        (1, Value::text("x\n")),
        (-2, Value::list(vec![Value::I32(7)])),
    ]
}

#[test]
fn messages_are_shown_whatever_stands_around_them() {
    let text = r#" call "f" #1 { 1: (string) = "x\n", -2: (list) = list<i32>[1] { 7 } }"#;
    let binary = message::<Binary>(&CALL, &sample());
    let old = MessageHead {
        form: MessageForm::Old,
        ..CALL
    };
    let second = MessageHead {
        form: MessageForm::Compact2,
        ..CALL
    };
    let framed = |message: &[u8]| {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&length, message].concat()
    };
    let headed = |protocol: u8, message: &[u8]| {
        let words = [
            b"\x0f\xff\0\0\0\0\0\x09\0\x02",
            &[protocol][..],
            b"\0\x01\x01\x01a\x01b",
        ];
        framed(&[&words.concat(), message].concat())
    };
    let compact = message::<Compact>(&CALL, &sample());
    for (name, bytes) in [
        ("binary", binary.clone()),
        ("binary old", message::<Binary>(&old, &sample())),
        ("compact", compact.clone()),
        ("compact version 2", message::<Compact>(&second, &sample())),
        ("json", message::<Json>(&CALL, &sample())),
        ("framed binary", framed(&binary)),
        (
            "framed binary old",
            framed(&message::<Binary>(&old, &sample())),
        ),
        ("framed json", framed(&message::<Json>(&CALL, &sample()))),
        (r#"header {"a": "b"} compact"#, headed(2, &compact)),
        (r#"header {"a": "b"} binary"#, headed(0, &binary)),
    ] {
        assert_eq!(inspect(&bytes).to_string(), format!("{name}{text}"));
    }
    let two = [framed(&binary), b"more".to_vec()].concat();
    let shown = inspect(&two).to_string();
    assert_eq!(shown, format!("framed binary{text}, then 4 bytes"));
}

/// An event of a recording holds a call and its answer.
#[test]
fn messages_without_anything_between_are_all_shown() {
    fn check<P: Protocol>() {
        let call = message::<P>(&CALL, &sample());
        let one = inspect(&call).to_string();
        let three = [&call[..], &call, &call].concat();
        let expected = format!("{one}, then {one}, then {one}");
        let shown = inspect(&three).with_limits(TextLimits::everything());
        assert_eq!(shown.to_string(), expected);
        let torn = [&call[..], b"\xff\xff\xff\xff"].concat();
        let shown = inspect(&torn).to_string();
        assert!(shown.starts_with(&one), "{shown}");
        assert!(
            shown.ends_with("bytes follow the end of a message]"),
            "{shown}"
        );
    }
    each_protocol!(check());
}

#[test]
fn a_file_of_events_is_named() {
    let expected = "[these bytes look like a file of events; open it with `FileReader`]";
    let folder = tempfile::tempdir().unwrap();
    let call = message::<Binary>(&CALL, &sample());
    for format in [FileFormat::Apache, FileFormat::Checksummed] {
        for events in 1..=3 {
            let path = folder.path().join(format!("{format:?}{events}"));
            let options = FileOptions::default().format(format);
            let file = FileWriter::open(&path, options).unwrap();
            for _ in 0..events {
                file.append(&call).unwrap();
            }
            file.close().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(inspect(&bytes).to_string(), expected, "{format:?}");
        }
    }
    // A frame that is cut off is none, though its length, read from the other end, lies within it.
    let frame = [&[0, 1, 0, 0][..], &call, &[7; 300]].concat();
    let shown = inspect(&frame).to_string();
    assert!(shown.starts_with("framed [the frame is cut off"), "{shown}");
}

#[test]
fn what_cannot_be_read_is_shown_up_to_there() {
    let binary = message::<Binary>(&CALL, &sample());
    let cut = &binary[..binary.len() - 3];
    let expected = r#"binary call "f" #1 { 1: (string) = "x\n", -2: (list) = [at byte 30: a container declares more elements than the message has bytes for]"#;
    assert_eq!(inspect(cut).to_string(), expected);
    for (bytes, expected) in [
        (&b"GET / HTTP/1.1"[..], "[these bytes look like HTTP]"),
        (b"\xff\xff\xff\xff", "[these bytes begin no message]"),
        (b"\x80", "[these bytes are too few for a message]"),
        (
            b"\0\0\0\x20\x80\x01\0\x01",
            "framed [the frame is cut off, it lacks 28 bytes]",
        ),
    ] {
        assert_eq!(inspect(bytes).to_string(), expected);
    }
    let lines = format!("{:#}", inspect(&binary));
    let expected = "binary call \"f\" #1 {\n  1: (string) = \"x\\n\",\n  -2: (list) = list<i32>[1] {\n    7\n  }\n}";
    assert_eq!(lines, expected);
}
