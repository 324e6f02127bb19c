//! Constants and defaults.

use std::collections::{BTreeMap, HashMap, HashSet};

use seapink::{Double, Uuid};

use super::golden::values::*;
use super::wire::{reread, round_trip};

const ID: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);

#[test]
fn constants_of_every_type() {
    const { assert!(YES) };
    assert_eq!(
        (BYTE, SHORT, MINUS, LONG),
        (i8::MIN, i16::MAX, i32::MIN, i64::MIN)
    );
    assert_eq!(QUOTES, "\"double\" 'single' \\ back\nslash\t");
    assert_eq!(UNICODE, "naïve 🦀");
    assert_eq!(BYTES, "\\x00 is text, é is two bytes".as_bytes());
    assert_eq!(super::golden::values::ID, ID);
    assert_eq!(FAVOURITE, Color::GREEN);
    assert_eq!(ALIAS, MINUS);
    assert_eq!(NUMBERS, [1, 20_000, -300_000]);
    assert_eq!(NESTED, [&["a"][..], &[], &["b", "c"]]);
    assert_eq!(*WORDS, HashSet::from(["one".to_owned(), "two".to_owned()]));
    assert_eq!(*DOUBLES, HashSet::from([Double(1.5), Double(-0.25)]));
    assert_eq!(RANGES[&Double(0.5)], [1.0, 2.0]);
    assert_eq!(
        CORNERS[&Color::RED],
        Point {
            x: 1,
            y: 2,
            label: String::new()
        }
    );
    assert_eq!(ORIGIN, Point::default());
    assert_eq!(UNIT.label, "unit");
    assert_eq!(ANY, Number::Whole(42));
    assert_eq!(*ANY_TEXT, Number::Text("many".to_owned()));
    assert_eq!(EITHER, [Number::Whole(1), Number::Exact(Double(0.5))]);
    assert_eq!(LAST.code, 3);
    assert!(DEEP[&vec![1]].contains(&BTreeMap::from([(1, true)])));
}

#[test]
fn doubles_are_exact() {
    assert_eq!(PI.to_bits(), std::f64::consts::PI.to_bits());
    assert_eq!(NEARLY_PI.to_bits(), 0x4009_21f9_f01b_866e);
    assert_eq!(THREE, 3.0);
    assert_eq!(TINY.to_bits(), 1);
    assert!(HUGE.is_infinite());
}

#[test]
fn defaults_of_every_type() {
    let value = Defaults::default();
    assert!(value.flag);
    assert_eq!(
        (value.small, value.big, value.ratio),
        (1, 10_000_000_000, 0.1)
    );
    assert_eq!(
        (value.text.as_str(), value.data.as_slice()),
        ("text", b"data".as_slice())
    );
    assert_eq!((value.id, value.color), (ID, Color::BLUE));
    assert_eq!(value.list, ["a", "b"]);
    assert_eq!(value.numbers, HashSet::from([1, 2]));
    assert_eq!(value.table, HashMap::from([("half".to_owned(), 0.5)]));
    assert_eq!(
        value.point,
        Point {
            x: 7,
            ..Point::default()
        }
    );
    assert_eq!(value.number, Number::Exact(Double(2.5)));
    assert_eq!(value.maybe, Some(9));
    assert_eq!(value.corner.as_ref().map(|corner| corner.y), Some(1));
    assert_eq!((value.must.as_str(), value.none), ("must", Color(0)));
    assert_eq!(value.mishap.code, 7);
    assert_eq!(value.doubles, HashSet::from([Double(1.5)]));
    assert_eq!(Switch::default(), Switch::On(true));
    round_trip(&value);
}

#[test]
fn defaults_are_honoured_on_read() {
    let sent = Defaults {
        must: "there".to_owned(),
        ..Defaults::default()
    };
    // A peer that knows only the one required field.
    let mut bytes = vec![11, 0, 16, 0, 0, 0, 5];
    bytes.extend(b"there\0");
    let read: Defaults = seapink::from_slice::<seapink::Binary, _>(&bytes).unwrap();
    assert_eq!(read, sent);
    let mut recycled = Defaults {
        small: 9,
        text: "old".to_owned(),
        maybe: None,
        ..sent.clone()
    };
    let limits = seapink::Limits::default();
    seapink::decode_from::<seapink::Binary, _>(&mut recycled, &bytes, &limits).unwrap();
    assert_eq!(recycled, sent);
}

#[test]
fn sets_and_maps_of_doubles_and_of_structs() {
    let key = Key {
        angle: Double(-0.0),
        weights: BTreeMap::new(),
        number: None,
    };
    round_trip(&Keyed {
        keys: BTreeMap::from([(key, 1)]).into_iter().collect(),
        lists: HashSet::from([vec![Double(f64::NAN), Double(1.0)], vec![]]),
        doubles: HashMap::from([(Double(1e-300), 0.5), (Double(f64::INFINITY), -1.0)]),
    });
}

#[test]
#[allow(deprecated, reason = "the field is what is tested")]
fn annotations_choose_types() {
    let sorted = Sorted {
        scores: BTreeMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]),
        names: ["z".to_owned(), "y".to_owned()].into(),
        old: 1,
    };
    round_trip(&sorted);
    let json = seapink::to_vec::<seapink::Json>(&sorted).unwrap();
    let text = String::from_utf8(json).unwrap();
    assert!(text.contains(r#"{"a":1,"b":2}"#), "{text}");
}

#[test]
fn bools_without_loss() {
    let flags = Flags {
        a: true,
        b: false,
        c: true,
        d: false,
    };
    round_trip(&flags);
    assert_eq!(reread::<_, Flags>(&flags).unwrap(), flags);
}
