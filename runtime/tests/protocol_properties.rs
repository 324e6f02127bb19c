//! What holds for any value and for any bytes.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod protocol_support;

use proptest::collection::vec;
use proptest::prelude::*;
use protocol_support::strategies::fields;
use protocol_support::{Dynamic, Tree, Value, Way, each_protocol, message, read_message};
use seapink::codec::transcode;
use seapink::protocol::{Input, MessageHead, Output, Protocol};
use seapink::{
    Binary, Compact, Json, Limits, MessageKind, WireType, decode_from, from_slice, to_vec,
};

fn any_fields() -> BoxedStrategy<Vec<(i16, Value)>> {
    fields(4, true)
}

/// Values without binaries: JSON writes those as text, which says no more that it was one.
fn text_fields() -> BoxedStrategy<Vec<(i16, Value)>> {
    fields(4, false)
}

fn head() -> MessageHead<'static> {
    MessageHead::new("function", MessageKind::Call, -5)
}

proptest! {
    #[test]
    fn what_is_written_reads_back(fields in any_fields()) {
        each_protocol!(round_trip(&fields));
    }

    #[test]
    fn every_protocol_carries_what_another_brought(fields in text_fields()) {
        transcode_all(&fields);
    }

    #[test]
    fn the_end_of_a_message_is_found_wherever_the_stream_is_cut(
        fields in any_fields(),
        cuts in vec(any::<proptest::sample::Index>(), 0..8),
    ) {
        each_protocol!(scan_in_pieces(&fields, &cuts));
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        each_protocol!(survive(&bytes, &[]));
    }

    #[test]
    fn any_json_like_text_is_a_value_or_an_error(
        text in r#"(\[1,"f",[0-5],[0-9]{1,3},)?(\{|"[0-9]":|\{"(i32|str|lst|map|rec|dbl)":|[0-9]{1,3}|"NaN"|"\\\\u[0-9a-f]{4}"|\[|\]|\}|,|:|"lst"|\["i8",[0-9],|-){0,30}"#,
    ) {
        survive::<Json>(text.as_bytes(), &[]);
    }

    #[test]
    fn a_damaged_message_is_a_message_or_an_error(
        fields in any_fields(),
        damage in vec((any::<proptest::sample::Index>(), 0..4u8, any::<u8>()), 1..5),
    ) {
        each_protocol!(survive_damage(&fields, &damage));
    }

    #[test]
    fn every_double_keeps_its_bits_in_json(bits: u64) {
        let value = f64::from_bits(bits);
        let text = to_vec::<Json>(&value).unwrap();
        let read: f64 = from_slice::<Json, f64>(&text).unwrap();
        prop_assert!(read.to_bits() == bits || (read.is_nan() && value.is_nan()));
    }
}

fn round_trip<P: Protocol>(fields: &[(i16, Value)]) {
    let bytes = to_vec::<P>(&Dynamic::new(fields.to_vec())).unwrap();
    for way in [Way::General, Way::Expected, Way::Skip] {
        let mut read = Dynamic {
            fields: fields.to_vec(),
            way,
        };
        decode_from::<P, _>(&mut read, &bytes, &Limits::default()).unwrap();
        if way != Way::Skip {
            assert_eq!(read.fields, fields, "{}", P::NAME);
        }
    }
}

fn converted<From: Protocol, To: Protocol>(bytes: &[u8]) -> Vec<u8> {
    let mut input = From::input(bytes, 0, &Limits::default());
    let mut out = To::output(Vec::new(), &Limits::default());
    transcode(WireType::Struct, &mut input, &mut out).unwrap();
    out.finish().into_bytes().unwrap()
}

fn transcode_all(fields: &[(i16, Value)]) {
    let value = Dynamic::new(fields.to_vec());
    let binary = to_vec::<Binary>(&value).unwrap();
    let compact = converted::<Binary, Compact>(&binary);
    let json = converted::<Compact, Json>(&compact);
    let again = converted::<Json, Binary>(&json);
    // The types of empty containers are lost on the way, so values are compared.
    for bytes in [&binary, &again] {
        let mut read = value.clone();
        decode_from::<Binary, _>(&mut read, bytes, &Limits::default()).unwrap();
        assert_eq!(read.fields, fields);
    }
    let json_first = converted::<Binary, Json>(&binary);
    let compact_after = converted::<Json, Compact>(&json_first);
    let compact_last = converted::<Compact, Binary>(&compact_after);
    let mut read = value.clone();
    decode_from::<Binary, _>(&mut read, &compact_last, &Limits::default()).unwrap();
    assert_eq!(read.fields, fields);
}

fn scan_in_pieces<P: Protocol>(fields: &[(i16, Value)], cuts: &[proptest::sample::Index]) {
    let bytes = message::<P>(&head(), fields);
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
    ends.sort_unstable();
    let mut scanner = P::scanner(&Limits::default());
    for end in ends {
        assert_eq!(scanner.scan(&bytes[..end]).unwrap(), None, "{}", P::NAME);
    }
    let longer = [&bytes[..], &bytes[..bytes.len() / 2]].concat();
    assert_eq!(
        scanner.scan(&longer).unwrap(),
        Some(bytes.len()),
        "{}",
        P::NAME
    );
}

/// Reads bytes in every way. What one way takes for a whole message, no other takes for a longer or
/// a shorter one.
fn survive<P: Protocol>(bytes: &[u8], like: &[(i16, Value)]) {
    let limits = Limits::default();
    let scanned = P::scanner(&limits).scan(bytes);
    let mut fed = P::scanner(&limits);
    let mut fed_length = Ok(None);
    for end in 0..=bytes.len() {
        fed_length = fed.scan(&bytes[..end]);
        if !matches!(fed_length, Ok(None)) {
            break;
        }
    }
    let length = |scan: &seapink::Result<Option<usize>>| scan.as_ref().map_or(None, |scan| *scan);
    assert_eq!(length(&scanned), length(&fed_length), "{}", P::NAME);
    assert_eq!(scanned.is_ok(), fed_length.is_ok(), "{}", P::NAME);

    for way in [Way::General, Way::Expected, Way::Skip] {
        let mut read = Dynamic {
            fields: like.to_vec(),
            way,
        };
        if read_message::<P>(bytes, &mut read, &limits).is_ok() {
            let scanned = scanned.as_ref().map_err(ToString::to_string);
            assert_eq!(scanned, Ok(&Some(bytes.len())), "{}, {way:?}", P::NAME);
        }
        let _ = decode_from::<P, _>(&mut read, bytes, &limits);
    }
    let _ = from_slice::<P, Tree>(bytes);
    for ty in WireType::ALL {
        let skipped = P::input(bytes, 0, &limits).skip(ty).map(<[u8]>::len);
        let mut input = P::input(bytes, 0, &limits);
        let mut out = Binary::output(Vec::new(), &limits);
        let copied = transcode(ty, &mut input, &mut out);
        // What is kept as it came can be read later.
        if P::RAW_VALUES {
            let skipped = skipped.map_err(|error| error.to_string());
            let copied = copied.map_err(|error| error.to_string());
            let read = copied.map(|()| bytes.len() - input.remaining());
            assert_eq!(skipped.is_ok(), read.is_ok(), "{skipped:?} {read:?}");
            assert!(skipped.is_err() || skipped == read, "{} {ty:?}", P::NAME);
        }
    }
}

fn survive_damage<P: Protocol>(
    fields: &[(i16, Value)],
    damage: &[(proptest::sample::Index, u8, u8)],
) {
    let mut bytes = message::<P>(&head(), fields);
    for (place, kind, byte) in damage {
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] = *byte,
            1 => bytes[place] ^= 1 << (byte % 8),
            2 => bytes.insert(place, *byte),
            _ => drop(bytes.remove(place)),
        }
        if bytes.is_empty() {
            return;
        }
    }
    survive::<P>(&bytes, fields);
}
