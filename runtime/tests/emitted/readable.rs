//! Emitted types as simple JSON and as debug text.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use seapink::codec::{Encode, from_slice, to_vec};
use seapink::{
    Binary, Double, TextLimits, Uuid, debug_text, to_simple_json, to_simple_json_pretty,
};
use serde_json::json;

use super::golden::values::{Defaults, Key, Keyed, Number};
use super::golden::viewed::views::{Album, Mood, Pick, Point, Track};

fn track() -> Track {
    Track {
        title: String::from("one \"1\" é\n"),
        cover: Some(vec![0xff, 0, 1]),
        seconds: -180,
    }
}

fn album() -> Album {
    Album {
        id: i64::MIN,
        tracks: vec![track()],
        tags: vec![String::from("a")],
        doubles: vec![0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -0.0],
        flags: vec![true, false],
        moods: vec![Mood::WILD, Mood(9)],
        genres: HashSet::from([String::from("folk")]),
        by_name: BTreeMap::from([(String::from("k\\"), track())]),
        points: HashMap::from([(Double(1.5), Point::default())]),
        pick: Pick::Number(3),
        mood: Mood::CALM,
        key: Some(Uuid::from_u128(5)),
        live: true,
        ..Album::default()
    }
}

#[test]
fn simple_json_has_names_and_no_types() {
    let text = to_simple_json(&album()).unwrap();
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    let track = json!({"title": "one \"1\" é\n", "cover": "/wAB", "seconds": -180});
    assert_eq!(read["id"], json!(i64::MIN));
    assert_eq!(read["tracks"], json!([track]));
    assert_eq!(
        read["doubles"],
        json!([0.5, "NaN", "Infinity", "-Infinity", 1e300, -0.0])
    );
    assert_eq!(read["flags"], json!([true, false]));
    assert_eq!(read["moods"], json!([2, 9]));
    assert_eq!(read["genres"], json!(["folk"]));
    assert_eq!(read["by_name"], json!({"k\\": track}));
    assert_eq!(read["points"], json!({"1.5": {"x": 0.0, "y": 0.0}}));
    assert_eq!(read["pick"], json!({"number": 3}));
    assert_eq!(read["key"], json!("00000000-0000-0000-0000-000000000005"));
    assert_eq!(read["numbers"], json!([]));
    // What is absent is not there.
    assert_eq!(read.get("best"), None);
    assert!(text.starts_with(r#"{"id":-9223372036854775808,"title":"untitled","#));
}

#[test]
fn keys_that_no_object_can_have_are_pairs() {
    let key = |number| Key {
        angle: Double(0.5),
        number: Some(number),
        ..Key::default()
    };
    let keyed = Keyed {
        keys: HashMap::from([(key(Number::Whole(1)), 7)]),
        doubles: HashMap::from([(Double(f64::NAN), Double(2.0).0)]),
        ..Keyed::default()
    };
    let text = to_simple_json(&keyed).unwrap();
    assert_eq!(
        text,
        r#"{"keys":[{"key":{"angle":0.5,"weights":{},"number":{"whole":1}},"value":7}],"lists":[],"doubles":{"NaN":2.0}}"#
    );
    let pretty = r#"{
  "keys": [
    {
      "key": {
        "angle": 0.5,
        "weights": {},
        "number": {
          "whole": 1
        }
      },
      "value": 7
    }
  ],
  "lists": [],
  "doubles": {
    "NaN": 2.0
  }
}"#;
    assert_eq!(to_simple_json_pretty(&keyed).unwrap(), pretty);
}

#[test]
fn debug_text_has_ids_names_and_types() {
    assert_eq!(
        debug_text(&track()).to_string(),
        r#"Track { 1: title (string) = "one \"1\" é\n", 2: cover (string) = 0xff0001, 3: seconds (i32) = -180 }"#
    );
    let point = Point {
        mood: Some(Mood::WILD),
        ..Point::default()
    };
    assert_eq!(
        debug_text(&point).to_string(),
        "Point { 1: x (double) = 0.0, 2: y (double) = 0.0, 3: mood (i32) = WILD (2) }"
    );
    let text = debug_text(&album()).to_string();
    for part in [
        "Album { 1: id (i64) = -9223372036854775808, 2: title (string) = \"untitled\", 3: tracks (list) = list<struct>[1] { Track { 1: title",
        "10: flags (list) = list<bool>[2] { true, false }",
        "11: moods (list) = list<i32>[2] { WILD (2), 9 }",
        "13: genres (set) = set<string>[1] { \"folk\" }",
        "14: by_name (map) = map<string,struct>[1] { \"k\\\\\" -> Track {",
        "18: pick (struct) = Pick { 5: number (i32) = 3 }",
        "22: key (uuid) = 00000000-0000-0000-0000-000000000005, 23: live (bool) = true",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(
        format!("{:#}", debug_text(&vec![point])),
        "list<struct>[1] {\n  Point {\n    1: x (double) = 0.0,\n    2: y (double) = 0.0,\n    3: mood (i32) = WILD (2)\n  }\n}"
    );
}

#[test]
fn long_values_are_cut_in_debug_text() {
    let album = Album {
        title: "é".repeat(1000),
        numbers: (0..1_000_000).collect(),
        tracks: vec![track(); 40],
        tags: vec!["tag".repeat(100); 40],
        by_name: (0..3).map(|n| (n.to_string(), track())).collect(),
        blob: vec![7; 1000],
        ..Album::default()
    };
    let limits = TextLimits::default()
        .string_chars_max(3)
        .binary_bytes_max(2)
        .elements_max(2);
    let text = debug_text(&album).with_limits(limits).to_string();
    for part in [
        "2: title (string) = \"ééé…\" (2000 bytes), 3: tracks",
        "{ 1: title (string) = \"one…\" (11 bytes), 2: cover (string) = 0xff00… (3 bytes), 3: seconds (i32) = -180 }, … 38 more }, 4: tags (list) = list<string>[40] { \"tag…\" (300 bytes), ",
        "7: numbers (list) = list<i32>[1000000] { 0, 1, … 999998 more }, 8: longs",
        "3: seconds (i32) = -180 }, … 1 more }, 15: points",
        "25: blob (string) = 0x0707… (1000 bytes) }",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(text.ends_with(" }"));
    let line = debug_text(&album).to_string();
    assert!(line.len() <= 4096 + 3 && line.ends_with('…'), "{line}");
}

/// Damages bytes, and shows what can still be read.
fn damaged<T>(value: &T, damage: &[(prop::sample::Index, u8)])
where
    T: Encode + for<'de> seapink::codec::Decode<'de>,
{
    let mut bytes = to_vec::<Binary>(value).unwrap();
    for (place, byte) in damage {
        let place = place.index(bytes.len());
        bytes[place] = *byte;
    }
    let Ok(read) = from_slice::<Binary, T>(&bytes) else {
        return;
    };
    for text in [to_simple_json(&read), to_simple_json_pretty(&read)] {
        let text = text.unwrap();
        let parsed = serde_json::from_str::<serde_json::Value>(&text);
        assert!(parsed.is_ok_and(|value| value.is_object()), "{text}");
    }
    assert!(debug_text(&read).to_string().len() <= 4096 + 3);
}

proptest! {
    #[test]
    fn simple_json_of_anything_that_was_read_is_json(
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        damaged(&album(), &damage);
        damaged(&Defaults::default(), &damage);
        let keyed = Keyed {
            keys: HashMap::from([(Key::default(), 7)]),
            ..Keyed::default()
        };
        damaged(&keyed, &damage);
    }
}
