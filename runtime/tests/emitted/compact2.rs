//! Compact messages of version 2, whose doubles are big-endian: read by every kind of type, and
//! answered in kind.

use std::collections::HashMap;

use seapink::codec::{Decode, Encode, View, from_slice, to_vec};
use seapink::protocol::{Input, MessageForm, MessageHead, Output};
use seapink::{
    Binary, Client, Compact, Double, Json, Limits, MessageKind, Protocol, ProtocolSet, Standard,
};

use super::golden::sharing::{Parcel, PostClient, PostProcessor};
use super::golden::viewed::views::{Album, AlbumView, Pick, Point};
use super::sharing::Office;
use super::wire::{Local, process};

const FORMS: [MessageForm; 2] = [MessageForm::Strict, MessageForm::Compact2];

/// A value between a head and the end of a message.
fn message(value: &impl Encode, form: MessageForm) -> Vec<u8> {
    let mut out = Compact::output(Vec::new(), &Limits::default());
    let head = MessageHead::new("f", MessageKind::Call, 1);
    out.message_begin(&MessageHead { form, ..head });
    value.encode(&mut out);
    out.message_end();
    out.finish().into_bytes().unwrap()
}

/// The value of such a message.
fn read<'m, T: Decode<'m>>(message: &'m [u8]) -> T {
    let mut input = Compact::input(message, 0, &Limits::default());
    input.message_begin().unwrap();
    let mut value = T::default();
    value.decode_into(&mut input).unwrap();
    input.message_end().unwrap();
    value
}

fn album() -> Album {
    let point = |x| Point {
        x,
        y: -x,
        ..Point::default()
    };
    Album {
        doubles: vec![0.5, -1.25, 5e-324],
        points: HashMap::from([(Double(1.5), point(2.5))]),
        pick: Pick::Several(vec![Pick::Point(point(0.1))]),
        center: point(3.5),
        ..Album::default()
    }
}

#[test]
fn owned_types_and_views_read_the_same() {
    let album = album();
    for form in FORMS {
        let message = message(&album, form);
        assert_eq!(read::<Album>(&message), album, "{form:?}");
        let view: AlbumView<'_> = read(&message);
        assert_eq!(view.doubles.to_vec(), album.doubles);
        assert_eq!(view.center, album.center);
        let points: Vec<_> = view.points.iter().map(Result::unwrap).collect();
        assert_eq!(points, [(Double(1.5), album.points[&Double(1.5)].clone())]);
        assert_eq!(View::into_owned(view).unwrap(), album);
    }
    let [first, second] = FORMS.map(|form| message(&album, form));
    assert_eq!(first.len(), second.len());
    assert_ne!(first[2..], second[2..]);
}

/// What is large would be left where it is, and is not where doubles are turned round.
#[test]
fn large_binaries_are_copied() {
    let value = Album {
        blob: vec![7; 10_000],
        ..album()
    };
    let limits = Limits::default();
    let mut out = Compact::output(Vec::new(), &limits);
    out.link_blobs();
    out.message_begin(&MessageHead {
        form: MessageForm::Compact2,
        ..MessageHead::new("f", MessageKind::Call, 1)
    });
    out.link_blobs();
    value.encode(&mut out);
    let written = out.finish();
    assert!(written.blobs.is_empty());
    assert_eq!(read::<Album>(&written.bytes), value);
}

/// Unknown to `Parcel`: a double and a map with doubles in it.
const UNKNOWN: &[u8] =
    br#"{"1":{"i64":7},"2":{"str":"x"},"9":{"dbl":1.5},"10":{"map":["dbl","lst",1,{"0.5":["dbl",2,0.25,-3]}]},"11":{"tf":1}}"#;

#[test]
fn unknown_fields_go_from_one_version_to_the_other() {
    let parcel: Parcel = from_slice::<Json, _>(UNKNOWN).unwrap();
    let messages = FORMS.map(|form| message(&parcel, form));
    for from in &messages {
        let kept: Parcel = read(from);
        assert_eq!(kept, parcel);
        for (form, expected) in FORMS.into_iter().zip(&messages) {
            assert_eq!(message(&kept, form), *expected, "{form:?}");
        }
        assert_eq!(to_vec::<Json>(&kept).unwrap(), UNKNOWN);
        let binary = to_vec::<Binary>(&kept).unwrap();
        assert_eq!(binary, to_vec::<Binary>(&parcel).unwrap());
        assert_eq!(to_vec::<Compact>(&kept).unwrap(), messages[0][5..]);
    }
}

#[test]
fn calls_are_answered_in_their_version() {
    let processor = PostProcessor::new(Office);
    // `keep`, with a parcel that has an unknown field 9, a double.
    let parcel = |double: [u8; 8]| [b"\x16\x0e\x18\x01x\x77", &double[..], b"\0"].concat();
    for (version, double) in [(1, 1.5f64.to_le_bytes()), (2, 1.5f64.to_be_bytes())] {
        let parcel = parcel(double);
        let call = [
            b"\x82",
            &[0x20 | version][..],
            b"\x05\x04keep\x1c",
            &parcel,
            b"\0",
        ]
        .concat();
        let (_, reply) = process(&processor, 1, &call);
        let expected = [
            b"\x82",
            &[0x40 | version][..],
            b"\x05\x04keep\x0c\0",
            &parcel,
            b"\0",
        ];
        assert_eq!(reply, expected.concat(), "{}", reply.escape_ascii());

        // Application exceptions, too: a function that there is not, arguments that cannot be read.
        for rest in [&b"\x05\x04nope\0"[..], b"\x05\x04keep\x1c\x16"] {
            let call = [b"\x82", &[0x20 | version][..], rest].concat();
            let (_, reply) = process(&processor, 1, &call);
            assert_eq!(reply[..2], [0x82, 0x60 | version]);
        }
    }
}

#[test]
fn clients_write_it_and_read_both() {
    for form in FORMS {
        let processor = PostProcessor::new(Office);
        let channel = Local {
            processor,
            protocol: 1,
        };
        let client = Client::new(channel, Standard::ALL[1]).with_form(form);
        let client = PostClient::new(client);
        let parcel: Parcel = from_slice::<Json, _>(UNKNOWN).unwrap();
        assert_eq!(client.keep(&parcel).unwrap(), parcel);
        // The handler asserts that the last argument is positive: turned round, it would be no number.
        let weights = client.weigh(&[parcel], &HashMap::new(), b"stamp", 1.0);
        assert_eq!(weights.unwrap(), [-1]);
    }
}
