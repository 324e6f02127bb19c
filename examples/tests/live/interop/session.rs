//! Our side as a client: calls every function of a peer and checks what comes back.

use std::collections::{HashMap, HashSet};

use seapink::{ApplicationCode, Client, ErrorKind};

use super::idl::interop::*;
use super::{TEXT, describe, largest, smallest};
use crate::support::Result;

/// Everything, over one connection. The peer says that its language is this.
pub fn session(client: Client, language: &str) -> Result {
    session_through(client, language, &Detour::NONE)
}

/// What somebody between us and the peer makes of values.
pub struct Detour {
    /// Of doubles on the way there. It is undone on the way back.
    pub double: fn(f64) -> f64,
    /// Of bools in containers on the way there and back.
    pub element: fn(bool) -> bool,
}

impl Detour {
    /// Nothing.
    pub const NONE: Self = Self {
        double: |value| value,
        element: |value| value,
    };
}

/// The same through somebody.
pub fn session_through(client: Client, language: &str, detour: &Detour) -> Result {
    let client = NewerClient::new(client);
    base_types(&client)?;
    structs(&client, detour)?;
    containers(&client, detour)?;
    calls(&client, language)
}

fn base_types(client: &NewerClient) -> Result {
    for value in [true, false] {
        assert_eq!(client.echo_bool(value)?, value);
    }
    for value in [0, 1, -1, 63, -64, i8::MIN, i8::MAX] {
        assert_eq!(client.echo_i8(value)?, value);
    }
    for value in [0, 1, -1, 64, -65, i16::MIN, i16::MAX] {
        assert_eq!(client.echo_i16(value)?, value);
    }
    for value in [0, 1, -1, 8191, -8193, i32::MIN, i32::MAX] {
        assert_eq!(client.echo_i32(value)?, value);
    }
    for value in [0, 1, -1, 1 << 53, -(1 << 60), i64::MIN, i64::MAX] {
        assert_eq!(client.echo_i64(value)?, value);
    }
    let finite = [0.0, -0.0, 1.5, 0.1, 1e300, -1e-300, 5e-324, f64::MAX];
    for value in finite {
        assert_eq!(client.echo_double(value)?.to_bits(), value.to_bits());
    }
    for value in ["", "a", TEXT, &"é".repeat(100_000)] {
        assert_eq!(client.echo_string(value)?, value);
    }
    for len in [0, 1, 2, 3, 4, 255, 70_000] {
        let value: Vec<u8> = (0..=255).cycle().take(len).collect();
        assert_eq!(client.echo_binary(&value)?, value);
    }
    for value in [Colour::BLACK, Colour::BLUE, Colour::LAST, Colour(77)] {
        assert_eq!(client.echo_colour(value)?, value);
    }
    Ok(())
}

/// Doubles that are no numbers. Not in [`session`]: peers differ in how they write them in JSON.
pub fn special_doubles(client: Client) -> Result {
    let client = NewerClient::new(client);
    assert!(client.echo_double(f64::NAN)?.is_nan());
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(client.echo_double(value)?.to_bits(), value.to_bits());
    }
    Ok(())
}

fn structs(client: &NewerClient, detour: &Detour) -> Result {
    for value in [largest(), smallest()] {
        assert_eq!(client.echo_scalars(&value)?, value);
        let real = (detour.double)(value.real);
        let seen = describe(&Scalars {
            real,
            ..value.clone()
        });
        assert_eq!(client.describe(&value)?, seen);
    }
    let plain = Fields {
        must: 1,
        ..Fields::default()
    };
    assert_eq!(client.echo_fields(&plain)?, plain);
    let absent = Fields {
        may_be_filled: None,
        ..plain
    };
    // The peer may fill the field in, as ours does in its `Default`.
    let found = client.echo_fields(&absent)?;
    assert!(matches!(found.may_be_filled, None | Some(7)), "{found:?}");
    let full = Fields {
        must: -1,
        may: Some(String::new()),
        filled: 0,
        may_be_filled: Some(0),
        plain: TEXT.to_owned(),
        flag: Some(false),
        far: Some(smallest()),
        last: vec![],
    };
    assert_eq!(client.echo_fields(&full)?, full);

    let number = |number| Choice::Many(vec![Choice::Number(number)]);
    for value in [
        Choice::Number(-1),
        Choice::Text(String::new()),
        Choice::Flag(false),
        Choice::Scalars(largest()),
        Choice::Many(vec![Choice::Many(vec![]), number(7)]),
    ] {
        assert_eq!(client.echo_choice(&value)?, value);
    }
    let tree = (0..12).fold(Tree::default(), |child, depth| Tree {
        label: format!("{depth}"),
        children: vec![Tree::default(), child],
    });
    assert_eq!(client.echo_tree(&tree)?, tree);
    Ok(())
}

fn containers(client: &NewerClient, detour: &Detour) -> Result {
    let empty = Containers::default();
    assert_eq!(client.echo_containers(&empty)?, empty);
    let full = Containers {
        numbers: (-20_000..20_000).collect(),
        words: ["a", "", TEXT].map(str::to_owned).into(),
        names: [(i32::MAX, "most"), (-1, TEXT), (0, "")]
            .map(|(key, name)| (key, name.to_owned()))
            .into(),
        nested: HashMap::from([
            (
                "k".to_owned(),
                vec![
                    HashMap::from([(1, [i64::MAX, i64::MIN].into()), (2, HashSet::new())]),
                    HashMap::new(),
                ],
            ),
            (String::new(), vec![]),
        ]),
        flags: [true, false, false, true].repeat(5),
        by_colour: HashMap::from([(Colour::RED, largest()), (Colour::BLUE, smallest())]),
        matrix: vec![vec![], vec![1.0, -0.5], vec![1e300]],
        by_double: HashMap::from([
            (1.5.into(), "half".to_owned()),
            ((-0.25).into(), String::new()),
        ]),
        blobs: vec![
            vec![],
            vec![0xff, 0, 0xfe],
            (0..=255).cycle().take(5000).collect(),
        ],
        truths: HashMap::from([(true, false), (false, true)]),
        fields: (0..20)
            .map(|must| Fields {
                must,
                flag: Some(must % 2 == 0),
                ..Fields::default()
            })
            .collect(),
    };
    let found = client.echo_containers(&full)?;
    let flags = full.flags.iter().copied().map(detour.element);
    let truths = full.truths.iter();
    let truths = truths.map(|(key, value)| ((detour.element)(*key), (detour.element)(*value)));
    let expected = Containers {
        flags: flags.collect(),
        truths: truths.collect(),
        ..full
    };
    assert_eq!(found.flags, expected.flags);
    assert_eq!(found, expected);
    for len in [0, 1, 14, 15, 16, 127, 128] {
        let value: Vec<i32> = (0..len).collect();
        assert_eq!(client.echo_list(&value)?, value);
    }
    let set = HashSet::from([vec![0xff], vec![]]);
    assert_eq!(client.echo_set(&set)?, set);
    let text = Choice::Text("b".to_owned());
    let map = HashMap::from([
        (
            "a".to_owned(),
            HashMap::from([(-1, Choice::Number(1)), (i16::MAX, text)]),
        ),
        (String::new(), HashMap::new()),
    ]);
    assert_eq!(client.echo_map(&map)?, map);
    Ok(())
}

fn calls(client: &NewerClient, language: &str) -> Result {
    assert_eq!(client.whoami()?.language, language);
    assert_eq!(client.subtract(50, 8)?, 42);
    client.nothing()?;
    assert_eq!(client.fail("")?, "fine");
    match client.fail("refused") {
        Err(InteropFailError::Refused(refused)) => {
            assert_eq!((refused.code, refused.reason.as_str()), (403, "as told"));
            let details = refused.details.ok_or("the exception lost its details")?;
            assert_eq!((details.tiny, details.colour), (i8::MAX, Colour::LAST));
        }
        other => panic!("{other:?}"),
    }
    match client.fail("busy") {
        Err(InteropFailError::Busy(busy)) => assert_eq!(busy.retry_ms, 1 << 40),
        other => panic!("{other:?}"),
    }
    match client.fail("undeclared") {
        Err(InteropFailError::Other(error)) => assert_eq!(
            error.kind(),
            ErrorKind::Application(ApplicationCode::INTERNAL_ERROR)
        ),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        client.fail_void("busy"),
        Err(InteropFailVoidError::Busy(_))
    ));
    client.fail_void("")?;

    client.note("one")?;
    client.note(TEXT)?;
    assert_eq!(client.noted()?, ["one", TEXT]);

    match client.not_served(&Containers::default()) {
        Err(NewerNotServedError::Other(error)) => assert_eq!(
            error.kind(),
            ErrorKind::Application(ApplicationCode::UNKNOWN_METHOD)
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.echo_i32(7)?, 7);
    Ok(())
}
