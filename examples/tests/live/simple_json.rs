//! Simple JSON: what Python's `TSimpleJSONProtocol` makes of the same values, and every difference that the
//! table in `docs/protocols.md` has.

use std::collections::{BTreeMap, HashMap, HashSet};

use seapink::codec::Encode;
use seapink::protocol::{MessageHead, Output, SimpleJsonOutput};
use seapink::{Double, Limits, MessageKind, WireType, to_simple_json};
use serde_json::Value;

use super::interop::idl::interop::*;
use super::interop::{TEXT, largest, smallest};
use super::support::Result;
use super::support::process::run;
use super::{Python, SESSION, uuid};

/// Python's text and ours, by the name of a value.
type Difference = (&'static str, &'static str, &'static str);

/// Both are JSON, and mean something else.
const OTHER_JSON: [Difference; 9] = [
    ("true", "1", "true"),
    ("false", "0", "false"),
    ("key true", r#"{"1":5}"#, r#"{"true":5}"#),
    ("key false", r#"{"0":5}"#, r#"{"false":5}"#),
    ("key 1e300", r#"{"1e+300":5}"#, r#"{"1e300":5}"#),
    ("key NaN", r#"{"nan":5}"#, r#"{"NaN":5}"#),
    ("key infinity", r#"{"inf":5}"#, r#"{"Infinity":5}"#),
    ("key -infinity", r#"{"-inf":5}"#, r#"{"-Infinity":5}"#),
    (
        "message",
        r#"{"label":"leaf","children":[]}"#,
        r#"["grow",1,7,{"label":"leaf","children":[]}]"#,
    ),
];

/// Python's is no JSON.
const NO_JSON: [Difference; 6] = [
    ("NaN", "nan", r#""NaN""#),
    ("infinity", "inf", r#""Infinity""#),
    ("-infinity", "-inf", r#""-Infinity""#),
    (
        "control characters",
        "\"\0\u{1}\u{1f}\"",
        r#""\u0000\u0001\u001f""#,
    ),
    (
        "key of a struct",
        r#"{{"label":"leaf","children":[]}:5}"#,
        r#"[{"key":{"label":"leaf","children":[]},"value":5}]"#,
    ),
    ("key of a list", "{[1,2]:5}", r#"[{"key":[1,2],"value":5}]"#),
];

/// The names of fields and, last, the key before a set, which either side writes in any order.
const SETS: [&str; 3] = ["words", "distinct", "-5"];

const REALS: [f64; 11] = [
    0.0,
    -0.0,
    1.0,
    -0.5,
    0.1,
    1e-5,
    1e15,
    1e16,
    1e300,
    5e-324,
    f64::MAX,
];

#[test]
fn simple_json_is_that_of_python_but_for_what_is_documented() -> Result {
    let mut script = Python::get()?.script("simple_json.py", "buffered", "json");
    let printed = run(&mut script, SESSION)?.stdout;
    let theirs: BTreeMap<String, String> = serde_json::from_str(&printed)?;
    let ours = values()?;
    assert!(theirs.keys().eq(ours.keys()), "{:?}", theirs.keys());
    let mut differences = 0;
    for ((name, theirs), ours) in theirs.iter().zip(ours.values()) {
        let read = serde_json::from_str::<Value>(theirs);
        let ours_read: Value = serde_json::from_str(ours)?;
        let is_this = |difference: &&Difference| difference.0 == name;
        if let Some((_, expected, ours_expected)) = OTHER_JSON.iter().find(is_this) {
            assert_eq!(
                (theirs.as_str(), ours.as_str()),
                (*expected, *ours_expected)
            );
            read?;
            differences += 1;
        } else if let Some((_, expected, ours_expected)) = NO_JSON.iter().find(is_this) {
            assert_eq!(
                (theirs.as_str(), ours.as_str()),
                (*expected, *ours_expected)
            );
            assert!(read.is_err(), "{name}: {theirs} is JSON");
            differences += 1;
        } else if name == "reals" {
            assert_eq!(reals(theirs)?, REALS.map(f64::to_bits), "{theirs}");
            assert_eq!(reals(ours)?, REALS.map(f64::to_bits), "{ours}");
        } else {
            let read = read.map_err(|error| format!("{name}: {error}: {theirs}"))?;
            assert_eq!(
                ordered("", read),
                ordered("", numbered(ours_read)),
                "{name}"
            );
        }
    }
    assert_eq!(differences, OTHER_JSON.len() + NO_JSON.len());
    Ok(())
}

/// The bits of the numbers in a list: these have to be the same, not the digits.
fn reals(text: &str) -> Result<Vec<u64>> {
    let list = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let numbers = list.ok_or("the numbers are no list")?.split(',');
    let numbers = numbers.map(|number| Ok(number.parse::<f64>()?.to_bits()));
    numbers.collect()
}

/// With each bool as the number that it is to Python.
fn numbered(value: Value) -> Value {
    match value {
        Value::Bool(value) => Value::from(u8::from(value)),
        Value::Array(values) => values.into_iter().map(numbered).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(name, value)| (name, numbered(value)))
                    .collect(),
            )
        }
        other => other,
    }
}

/// With the elements of sets in one order. The value comes after this name.
fn ordered(name: &str, value: Value) -> Value {
    match value {
        Value::Array(values) => {
            let values = values.into_iter().map(|value| ordered("", value));
            let mut values: Vec<_> = values.collect();
            if SETS.contains(&name) {
                values.sort_by_key(Value::to_string);
            }
            Value::Array(values)
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = ordered(&name, value);
                (name, value)
            });
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// Our texts by the names of the values.
fn values() -> Result<BTreeMap<String, String>> {
    let leaf = Tree {
        label: "leaf".to_owned(),
        children: vec![],
    };
    let refused = Refused {
        code: 403,
        reason: text(),
        details: Some(most()),
    };
    let values = [
        ("everything", to_simple_json(&everything())?),
        ("exception", to_simple_json(&refused)?),
        (
            "exception without details",
            to_simple_json(&Refused::default())?,
        ),
        ("uuids", to_simple_json(&uuid::full())?),
        ("key of bytes", keyed(&vec![0xff_u8, 0])?),
        ("reals", to_simple_json(&REALS.to_vec())?),
        ("true", to_simple_json(&true)?),
        ("false", to_simple_json(&false)?),
        ("key true", keyed(&true)?),
        ("key false", keyed(&false)?),
        ("key 1e300", keyed(&Double(1e300))?),
        ("key NaN", keyed(&Double(f64::NAN))?),
        ("key infinity", keyed(&Double(f64::INFINITY))?),
        ("key -infinity", keyed(&Double(f64::NEG_INFINITY))?),
        ("message", message(&leaf)?),
        ("NaN", to_simple_json(&f64::NAN)?),
        ("infinity", to_simple_json(&f64::INFINITY)?),
        ("-infinity", to_simple_json(&f64::NEG_INFINITY)?),
        (
            "control characters",
            to_simple_json(&"\0\u{1}\u{1f}".to_owned())?,
        ),
        ("key of a struct", keyed(&leaf)?),
        ("key of a list", keyed(&vec![1, 2])?),
    ];
    Ok(values.map(|(name, text)| (name.to_owned(), text)).into())
}

/// A map with one key, which need not be one that Rust's maps can have.
fn keyed<K: Encode>(key: &K) -> Result<String> {
    let mut out = SimpleJsonOutput::new(Vec::new(), &Limits::default());
    out.map_begin(K::TYPE, WireType::I32, 1);
    out.key(0);
    key.encode(&mut out);
    out.value();
    out.i32(5);
    out.map_end();
    Ok(String::from_utf8(out.finish().into_bytes()?)?)
}

fn message(arguments: &Tree) -> Result<String> {
    let mut out = SimpleJsonOutput::new(Vec::new(), &Limits::default());
    out.message_begin(&MessageHead::new("grow", MessageKind::Call, 7));
    arguments.encode(&mut out);
    out.message_end();
    Ok(String::from_utf8(out.finish().into_bytes()?)?)
}

/// Without the characters that Python does not escape.
fn text() -> String {
    TEXT.replace("\0\u{1}\u{1f} ", "")
}

fn most() -> Scalars {
    let text = text();
    Scalars { text, ..largest() }
}

fn least() -> Scalars {
    let text = text();
    Scalars { text, ..smallest() }
}

fn everything() -> Everything {
    let full = Fields {
        must: -1,
        may: Some(String::new()),
        filled: 0,
        may_be_filled: Some(0),
        plain: text(),
        flag: Some(false),
        far: Some(least()),
        last: vec![],
    };
    Everything {
        scalars: most(),
        fields: full.clone(),
        containers: containers(full),
        choice: Some(Choice::Many(vec![
            Choice::Number(-1),
            Choice::Text(text()),
            Choice::Scalars(least()),
            Choice::Flag(true),
            Choice::Many(vec![]),
        ])),
        tree: tree(
            "root",
            vec![tree("a", vec![]), tree("b", vec![tree("c", vec![])])],
        ),
    }
}

fn tree(label: &str, children: Vec<Tree>) -> Tree {
    let label = label.to_owned();
    Tree { label, children }
}

fn containers(full: Fields) -> Containers {
    let bare = Fields {
        must: 1,
        may_be_filled: None,
        ..Fields::default()
    };
    let numbers = HashMap::from([(-5, HashSet::from([i64::MAX, i64::MIN]))]);
    let none = HashMap::from([(-5, HashSet::new())]);
    Containers {
        numbers: vec![0, -1, i32::MAX],
        words: HashSet::from(["a".to_owned(), String::new(), text()]),
        names: HashMap::from([
            (i32::MAX, "most".to_owned()),
            (-1, text()),
            (0, String::new()),
        ]),
        nested: HashMap::from([
            ("k".to_owned(), vec![numbers, HashMap::new()]),
            (String::new(), vec![]),
            (text(), vec![none]),
        ]),
        flags: vec![true, false],
        by_colour: HashMap::from([(Colour::RED, most()), (Colour(77), least())]),
        matrix: vec![vec![], REALS.to_vec()],
        by_double: HashMap::from([
            (1.5.into(), "one and a half".to_owned()),
            ((-0.25).into(), String::new()),
        ]),
        blobs: vec![vec![], vec![0xff, 0, 0xfe], vec![0xff, 0], vec![0xff]],
        truths: HashMap::new(),
        fields: vec![full, bare],
    }
}
