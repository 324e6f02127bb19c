//! The calls that `examples/live/capture_client.py` makes, in the same order.

use std::collections::{HashMap, HashSet};

use seapink::{Client, ClientConfig};

use crate::interop::idl::interop::*;
use crate::support::Result;

/// Makes all of them, each over a connection of its own. How many there are.
pub fn make(config: &ClientConfig) -> Result<usize> {
    let calls = echoes().into_iter().chain(endings());
    let mut made = 0;
    for call in calls {
        let good = call(&NewerClient::new(Client::connect(config)?))?;
        assert!(good, "the answer to call {made} is wrong");
        made += 1;
    }
    Ok(made)
}

/// Whether the answer is what it has to be.
type Call = Box<dyn Fn(&NewerClient) -> Result<bool>>;

fn call(call: impl Fn(&NewerClient) -> Result<bool> + 'static) -> Call {
    Box::new(call)
}

/// One whose answer is its argument.
macro_rules! echo {
    ($name:ident, $value:expr) => {
        call(move |client| {
            let value = $value;
            Ok(client.$name(value)? == value)
        })
    };
}

/// The same by reference.
macro_rules! echo_ref {
    ($name:ident, $value:expr) => {
        call(move |client| {
            let value = $value;
            Ok(client.$name(&value)? == value)
        })
    };
}

fn echoes() -> Vec<Call> {
    let leaf = Tree {
        label: "leaf".to_owned(),
        children: vec![],
    };
    let tree = Tree {
        label: "root".to_owned(),
        children: vec![leaf],
    };
    vec![
        echo!(echo_bool, true),
        echo!(echo_i8, -1),
        echo!(echo_i16, -300),
        echo!(echo_i32, 70_000),
        echo!(echo_i64, -(1 << 40)),
        call(|client| Ok(client.echo_double(1.5)?.to_bits() == f64::to_bits(1.5))),
        echo_ref!(echo_string, "pâté"),
        echo_ref!(echo_binary, vec![0xff, 0xfe]),
        echo_ref!(echo_binary, vec![0xff; 10_000]),
        echo!(echo_colour, Colour::LAST),
        echo_ref!(echo_scalars, scalars()),
        echo_ref!(echo_containers, containers()),
        echo_ref!(echo_fields, fields()),
        echo_ref!(echo_choice, Choice::Many(vec![Choice::Number(7)])),
        echo_ref!(echo_tree, tree.clone()),
        echo_ref!(echo_list, Vec::new()),
        echo_ref!(echo_list, (0..14).collect::<Vec<_>>()),
        echo_ref!(echo_list, (0..15).collect::<Vec<_>>()),
        echo_ref!(echo_set, HashSet::from([vec![0xff]])),
        echo_ref!(
            echo_map,
            HashMap::from([("a".to_owned(), HashMap::from([(-1, Choice::Number(1))]))])
        ),
    ]
}

/// Ways for a call to end.
fn endings() -> Vec<Call> {
    let fails = |how: &'static str| call(move |client| Ok(client.fail(how).is_err()));
    vec![
        call(|client| Ok(client.subtract(50, 8)? == 42)),
        call(|client| Ok(client.nothing().is_ok())),
        call(|client| Ok(client.fail("")? == "fine")),
        fails("refused"),
        fails("busy"),
        fails("undeclared"),
        call(|client| Ok(client.fail_void("busy").is_err())),
        call(|client| Ok(client.fail_void("").is_ok())),
        call(|client| Ok(client.not_served(&Containers::default()).is_err())),
        call(|client| Ok(client.note("one").is_ok())),
    ]
}

fn scalars() -> Scalars {
    Scalars {
        yes: true,
        tiny: -1,
        small: 300,
        medium: 70_000,
        large: 1 << 40,
        real: 1.5,
        text: "pâté".to_owned(),
        raw: vec![0xff, 0],
        colour: Colour::RED,
    }
}

fn fields() -> Fields {
    Fields {
        must: -1,
        may: Some(String::new()),
        filled: 0,
        may_be_filled: Some(0),
        plain: "x".to_owned(),
        flag: Some(false),
        far: Some(scalars()),
        last: vec!["a".to_owned()],
    }
}

fn containers() -> Containers {
    let nested = vec![HashMap::from([(1, HashSet::from([5]))])];
    Containers {
        numbers: vec![1, -2, 3],
        words: ["a".to_owned()].into(),
        names: [(1, "x".to_owned())].into(),
        nested: [("k".to_owned(), nested)].into(),
        flags: vec![true, false],
        by_colour: [(Colour::RED, scalars())].into(),
        matrix: vec![vec![1.0], vec![]],
        by_double: [(1.5.into(), "y".to_owned())].into(),
        blobs: vec![vec![0xff]],
        truths: [(true, false)].into(),
        fields: vec![Fields {
            must: 1,
            ..Fields::default()
        }],
    }
}
