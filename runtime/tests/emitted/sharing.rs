//! Arguments that handlers borrow, and fields that only newer peers know.

use std::collections::HashMap;

use allocation_counter::measure;
use seapink::codec::{decode_from, from_slice, from_slice_with, to_vec, to_vec_with};
use seapink::processor::Request;
use seapink::{
    Binary, CallContext, Client, Compact, Json, Limits, Processor, Protocol, Standard, WireType,
};

use super::golden::sharing::*;
use super::wire::{Local, process};

pub(crate) struct Office;

impl Post for Office {
    fn pass(
        &self,
        _: &CallContext,
        parcel: &Parcel,
        to: &str,
        size: Size,
    ) -> Result<Parcel, PostPassError> {
        let mut passed = parcel.clone();
        passed.label = format!("{to} {size}");
        Ok(passed)
    }

    fn weigh(
        &self,
        _: &CallContext,
        parcels: &[Parcel],
        weights: &HashMap<String, i32>,
        stamp: &[u8],
        each: f64,
    ) -> Result<Vec<i32>, PostWeighError> {
        if stamp.is_empty() {
            return Err(Lost::default().into());
        }
        assert!(each > 0.0);
        let weight = |parcel: &Parcel| weights.get(&parcel.label).copied().unwrap_or(-1);
        Ok(parcels.iter().map(weight).collect())
    }

    fn sort(&self, _: &CallContext, times: i32, by: &str) -> Result<(), PostSortError> {
        assert_eq!((times, by), (1, "size"));
        Ok(())
    }

    fn ping(&self, _: &CallContext) -> Result<(), PostPingError> {
        Ok(())
    }

    fn drop(&self, _: &CallContext, parcel: &Parcel) -> seapink::Result<()> {
        assert_eq!(parcel.id, 9);
        Ok(())
    }

    fn keep(&self, _: &CallContext, parcel: Parcel) -> Result<Parcel, PostKeepError> {
        Ok(parcel)
    }
}

fn parcel(id: i64, label: &str) -> Parcel {
    Parcel {
        id,
        label: label.to_owned(),
        ..Parcel::default()
    }
}

#[test]
fn handlers_borrow_their_arguments() {
    for protocol in 0..3 {
        let processor = PostProcessor::new(Office);
        let channel = Local {
            processor,
            protocol,
        };
        let set = <Standard as seapink::ProtocolSet>::ALL[protocol];
        let client = PostClient::new(Client::new(channel, set));
        let passed = client.pass(&parcel(1, "x"), "Oslo", Size::LARGE).unwrap();
        assert_eq!(passed.label, "Oslo LARGE");
        let weights = HashMap::from([(String::from("b"), 5)]);
        let parcels = [parcel(1, "a"), parcel(2, "b")];
        let weighed = client.weigh(&parcels, &weights, b"1d", 0.5).unwrap();
        assert_eq!(weighed, [-1, 5]);
        // Nothing of the call before is there.
        let weighed = client.weigh(&parcels[1..], &HashMap::new(), b"1d", 0.5);
        assert_eq!(weighed.unwrap(), [-1]);
        let lost = client.weigh(&[], &weights, b"", 0.5).unwrap_err();
        assert!(matches!(lost, PostWeighError::Lost(_)));
        client.sort(1, "size").unwrap();
        client.ping().unwrap();
        client.drop(&parcel(9, "")).unwrap();
        assert_eq!(client.keep(&parcel(3, "c")).unwrap(), parcel(3, "c"));
    }
}

/// What a newer peer writes: fields 7 and 8 are not in the IDL.
const NEWER: &[u8] =
    br#"{"1":{"i64":4},"2":{"str":"l"},"7":{"lst":["str",1,"news"]},"8":{"tf":1}}"#;

fn passes_on<P: Protocol, Q: Protocol>(newer: &[u8], expected: &[u8]) {
    let read = from_slice::<P, Parcel>(newer).unwrap();
    assert_eq!((read.id, read.label.as_str()), (4, "l"));
    let kept: Vec<_> = read.unknown_fields.iter().collect();
    assert_eq!(kept, [(7, WireType::List), (8, WireType::Bool)]);
    assert_eq!(
        to_vec::<Q>(&read).unwrap(),
        expected,
        "{} to {}",
        P::NAME,
        Q::NAME
    );

    let sealed = from_slice::<P, Sealed>(newer).unwrap();
    assert_eq!(sealed.unknown_fields.len(), 4);
    assert_eq!(to_vec::<Q>(&sealed).unwrap(), expected);
    let lost = from_slice::<P, Lost>(newer).unwrap();
    // Field 1 is known, though as a string.
    assert_eq!(
        (lost.unknown_fields.as_str(), lost.unknown_fields_2.len()),
        ("", 3)
    );
}

#[test]
fn unknown_fields_are_written_again_in_any_protocol() {
    let read = from_slice::<Json, Parcel>(NEWER).unwrap();
    let binary = to_vec::<Binary>(&read).unwrap();
    let compact = to_vec::<Compact>(&read).unwrap();
    passes_on::<Json, Json>(NEWER, NEWER);
    passes_on::<Binary, Binary>(&binary, &binary);
    passes_on::<Compact, Compact>(&compact, &compact);
    passes_on::<Binary, Compact>(&binary, &compact);
    passes_on::<Compact, Binary>(&compact, &binary);
    passes_on::<Compact, Json>(&compact, NEWER);
}

#[test]
fn unknown_fields_of_an_earlier_value_are_forgotten() {
    let mut value = from_slice::<Json, Parcel>(NEWER).unwrap();
    let bytes = to_vec::<Binary>(&parcel(5, "m")).unwrap();
    decode_from::<Binary, _>(&mut value, &bytes, &Limits::default()).unwrap();
    assert_eq!(value, parcel(5, "m"));
    assert!(value.unknown_fields.is_empty());
}

#[test]
fn every_prefix_is_refused() {
    let read = from_slice::<Json, Parcel>(NEWER).unwrap();
    refuses_every_prefix::<Binary>(&to_vec::<Binary>(&read).unwrap());
    refuses_every_prefix::<Compact>(&to_vec::<Compact>(&read).unwrap());
    refuses_every_prefix::<Json>(NEWER);
}

fn refuses_every_prefix<P: Protocol>(bytes: &[u8]) {
    for end in 0..bytes.len() {
        assert!(from_slice::<P, Parcel>(&bytes[..end]).is_err());
        assert!(from_slice::<P, Sealed>(&bytes[..end]).is_err());
    }
}

/// Skipping a field is no reason to accept what reading it would refuse: it is written again.
#[test]
fn what_cannot_be_read_is_not_kept() {
    // 1: an id, 2: a list of one bool, whose byte is neither true nor false.
    let bytes = [0x16, 0x02, 0x69, 0x11, 0x03, 0x00];
    assert!(from_slice::<Compact, Parcel>(&bytes).is_err());
    assert!(from_slice::<Compact, Sealed>(&bytes).is_err());
    let bytes = [0x16, 0x02, 0x69, 0x11, 0x02, 0x00];
    let read = from_slice::<Compact, Parcel>(&bytes).unwrap();
    assert_eq!(read.unknown_fields.len(), 1);
}

fn levels(depth: usize) -> Vec<u8> {
    // Field 9, lists of one list each, and at last an empty one.
    let lists = (1..depth).map(|_| 0x19).chain([0x09]);
    [vec![0x16, 0x02, 0x89], lists.collect(), vec![0x00]].concat()
}

#[test]
fn depth_is_counted_where_unknown_fields_are_written() {
    let deep = Limits::default().depth_max(100);
    for (depth, fits) in [(63, true), (64, false)] {
        let read = from_slice_with::<Compact, Parcel>(&levels(depth), &deep).unwrap();
        for written in [
            to_vec::<Compact>(&read),
            to_vec::<Binary>(&read),
            to_vec::<Json>(&read),
        ] {
            assert_eq!(written.is_ok(), fits, "{depth}");
        }
        assert!(to_vec_with::<Binary>(&read, &deep).is_ok());
        assert!(to_vec_with::<Compact>(&read, &deep).is_ok());
        let again = from_slice::<Compact, Parcel>(&levels(depth));
        assert_eq!(again.is_ok(), fits);
    }
}

#[test]
fn limits_hold_in_unknown_fields() {
    let read = from_slice::<Json, Parcel>(NEWER).unwrap();
    let bytes = to_vec::<Compact>(&read).unwrap();
    for limits in [
        Limits::default().string_bytes_max(3),
        Limits::default().container_elements_max(0),
        Limits::default().depth_max(1),
    ] {
        let error = from_slice_with::<Compact, Parcel>(&bytes, &limits).unwrap_err();
        assert_eq!(error.kind(), seapink::ErrorKind::Limit, "{limits:?}");
    }
}

#[test]
fn unknown_fields_give_up_the_memory_of_a_large_one() {
    let large = [
        &[0x16, 2, 0x88, 0x80, 0x80, 0x40][..],
        &vec![b'x'; 1 << 20],
        &[0],
    ]
    .concat();
    let small = [0x16, 2, 0x88, 1, b'x', 0];
    let limits = Limits::default();
    let mut value = Parcel::default();
    let used = allocation_counter::measure(|| {
        decode_from::<Compact, _>(&mut value, &large, &limits).unwrap();
        for _ in 0..2 {
            decode_from::<Compact, _>(&mut value, &small, &limits).unwrap();
        }
    });
    assert!(used.bytes_current < 1000, "{}", used.bytes_current);
    assert_eq!(value.unknown_fields.len(), 1);
}

#[test]
fn borrowed_arguments_are_read_without_allocating() {
    let processor = PostProcessor::new(Office);
    let message = {
        use seapink::codegen::Encode;
        use seapink::protocol::{MessageForm, MessageHead, Output};
        let mut out = Binary::output(Vec::new(), &Limits::default());
        out.message_begin(&MessageHead {
            name: "drop".into(),
            kind: seapink::MessageKind::Oneway,
            sequence_id: 1,
            form: MessageForm::Strict,
        });
        assert!(out.struct_begin(""));
        out.field(0, 1, WireType::Struct, "");
        let dropped = parcel(9, "a label");
        dropped.encode(&mut out);
        out.struct_end();
        out.finish().into_bytes().unwrap()
    };
    process(&processor, 0, &message);
    process(&processor, 0, &message);
    let limits = Limits::default();
    let mut cx = CallContext::default();
    let mut reply = Vec::new();
    let mut once = || {
        let request = Request::read(&processor, 0, &message, &limits).unwrap();
        processor.process(&request, &mut reply, &mut cx);
    };
    once();
    assert_eq!(measure(once).count_total, 0);
}
