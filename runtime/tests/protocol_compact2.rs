//! Compact messages of version 2, whose doubles are big-endian.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod protocol_support;

use proptest::prelude::*;
use protocol_support::{CALL, Dynamic, Value, Way, message, read_message, unlimited};
use seapink::codec::transcode;
use seapink::protocol::{Input, MessageForm, MessageHead, Numbers, Output, Protocol};
use seapink::{Binary, Compact, ErrorKind, Limits, MessageKind, Uuid, WireType};

const HEAD: MessageHead<'static> = MessageHead {
    form: MessageForm::Compact2,
    ..CALL
};

fn fields() -> Vec<(i16, Value)> {
    let doubles = || vec![Value::Double(0.1), Value::Double(-0.0)];
    vec![
        (1, Value::Double(1.5)),
        (2, Value::list(doubles())),
        (3, Value::set(doubles())),
        (
            4,
            Value::map(vec![(Value::Double(2.5), Value::Double(f64::INFINITY))]),
        ),
        (5, Value::Struct(vec![(40, Value::Double(-2.0))])),
        (6, Value::Uuid(Uuid::from_u128(1))),
        (7, Value::I64(-1)),
    ]
}

const BYTES: &[&[u8]] = &[
    b"\x82\x22\x01\x01f",
    // 1, a double.
    b"\x17\x3f\xf8\0\0\0\0\0\0",
    // 2, a list, and 3, a set.
    b"\x19\x27\x3f\xb9\x99\x99\x99\x99\x99\x9a\x80\0\0\0\0\0\0\0",
    b"\x1a\x27\x3f\xb9\x99\x99\x99\x99\x99\x9a\x80\0\0\0\0\0\0\0",
    // 4, a map.
    b"\x1b\x01\x77\x40\x04\0\0\0\0\0\0\x7f\xf0\0\0\0\0\0\0",
    // 5, a struct whose field 40 has a long header.
    b"\x1c\x07\x50\xc0\0\0\0\0\0\0\0\0",
    // The rest looks as in version 1.
    b"\x1d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
    b"\x16\x01\0",
];

#[test]
fn doubles_and_nothing_else_are_turned_round() {
    let bytes = BYTES.concat();
    let fields = fields();
    assert_eq!(message::<Compact>(&HEAD, &fields), bytes);
    for way in [Way::General, Way::Expected, Way::Skip] {
        let like = Dynamic {
            fields: fields.clone(),
            way,
        };
        let mut read = like.clone();
        let limits = Limits::default();
        let head = read_message::<Compact>(&bytes, &mut read, &limits).unwrap();
        assert_eq!(head, HEAD);
        if way != Way::Skip {
            assert_eq!(read.fields, fields);
        }
        for end in 0..bytes.len() {
            let read = read_message::<Compact>(&bytes[..end], &mut like.clone(), &limits);
            assert_eq!(read.unwrap_err().kind(), ErrorKind::Truncated, "{end}");
        }
    }
    let mut scanner = Compact::scanner(&Limits::default());
    for end in 0..bytes.len() {
        assert_eq!(scanner.scan(&bytes[..end]).unwrap(), None);
    }
    assert_eq!(scanner.scan(&bytes).unwrap(), Some(bytes.len()));
}

/// A message, read up to where its struct starts.
fn begun(bytes: &[u8]) -> <Compact as Protocol>::Input<'_> {
    let mut input = Compact::input(bytes, 0, &unlimited());
    assert_eq!(input.message_begin().unwrap().form, MessageForm::Compact2);
    input
}

#[test]
fn lists_of_numbers_are_turned_round_wherever_they_are_read() {
    let doubles = [1.5, -0.0, 5e-324, f64::MAX];
    let mut out = Compact::output(Vec::new(), &unlimited());
    out.message_begin(&HEAD);
    assert!(out.struct_begin(""));
    out.field(0, 1, WireType::List, "");
    assert!(out.list_begin(WireType::Double, doubles.len()));
    out.numbers(&doubles);
    out.list_end();
    out.field_end();
    out.struct_end();
    let bytes = out.finish().into_bytes().unwrap();
    assert_eq!(bytes[7..15], 1.5f64.to_be_bytes());

    let mut input = begun(&bytes);
    input.struct_begin().unwrap();
    assert!(input.try_field(0, 1, WireType::List));
    let header = input.list_begin().unwrap();
    let mut place = input.place();
    let mut read: Vec<f64> = Vec::new();
    input.numbers(&mut read, header.len).unwrap();
    assert_eq!(read, doubles);

    let mut input = <Compact as Protocol>::Input::at(&place);
    let numbers: Numbers<'_, f64> = input.numbers_in_place(header.len).unwrap();
    assert_eq!(numbers.to_vec(), doubles);
    assert_eq!(numbers.iter().collect::<Vec<_>>(), doubles);
    let mut again = <Compact as Protocol>::Input::at(&place);
    assert_eq!(again.double().unwrap().to_bits(), 1.5f64.to_bits());

    // A reader that is set there is told the form by its place, and by nothing else.
    place.form = MessageForm::Strict;
    let mut other = <Compact as Protocol>::Input::at(&place);
    let bits = u64::from_le_bytes(1.5f64.to_be_bytes());
    assert_eq!(other.double().unwrap().to_bits(), bits);
}

#[test]
fn a_struct_without_a_message_is_of_version_1() {
    let value = Dynamic::new(vec![(1, Value::Double(1.5))]);
    let bytes = seapink::to_vec::<Compact>(&value).unwrap();
    assert_eq!(bytes, b"\x17\0\0\0\0\0\0\xf8\x3f\0");
}

/// A message of one version as one of the other, by way of the binary protocol too.
fn other_version(bytes: &[u8], form: MessageForm) -> Vec<u8> {
    let mut input = Compact::input(bytes, 0, &unlimited());
    let head = input.message_begin().unwrap();
    let mut binary = Binary::output(Vec::new(), &unlimited());
    transcode(WireType::Struct, &mut input, &mut binary).unwrap();
    let binary = binary.finish().into_bytes().unwrap();
    let mut input = Binary::input(&binary, 0, &unlimited());
    let mut out = Compact::output(Vec::new(), &unlimited());
    out.message_begin(&MessageHead { form, ..head });
    transcode(WireType::Struct, &mut input, &mut out).unwrap();
    out.finish().into_bytes().unwrap()
}

proptest! {
    #[test]
    fn every_double_is_the_same_in_both_versions(bits: u64, id: i16, kind in 1..=4u8) {
        let kind = MessageKind::from_byte(kind).unwrap();
        let double = || Value::Double(f64::from_bits(bits));
        let fields = [(id, double()), (9, Value::list(vec![double(), double()]))];
        let first = message::<Compact>(&MessageHead { kind, ..CALL }, &fields);
        let second = message::<Compact>(&MessageHead { kind, ..HEAD }, &fields);
        prop_assert_eq!(first.len(), second.len());
        prop_assert_eq!(other_version(&first, MessageForm::Compact2), second.clone());
        prop_assert_eq!(other_version(&second, MessageForm::Strict), first);
    }
}
