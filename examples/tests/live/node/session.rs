//! Our side as a client of Node: what its library can answer.

use std::collections::{HashMap, HashSet};

use seapink::{Client, ErrorKind};

use crate::interop::idl::interop::*;
use crate::interop::{TEXT, describe, largest, smallest};
use crate::support::Result;

/// What of it depends on the way there.
pub struct Peer {
    /// Node writes characters below the space into JSON as they are, which is none.
    text: String,
    json: bool,
    /// Node reads every bool in a container as false from compact.
    compact: bool,
    /// Its server of `WebSocket` takes what a read of the socket brings for a whole number of frames.
    long: bool,
}

impl Peer {
    pub fn over((transport, protocol): (&str, &str)) -> Self {
        let json = protocol == "json";
        let named = |letter: &char| !json || *letter >= ' ' || "\n\r\t\u{8}\u{c}".contains(*letter);
        Self {
            text: TEXT.chars().filter(named).collect(),
            json,
            compact: protocol == "compact",
            long: transport != "websocket",
        }
    }

    /// With a text that goes this way.
    fn text(&self, value: Scalars) -> Scalars {
        let text = self.text.clone();
        Scalars { text, ..value }
    }
}

/// Every function, over one connection.
pub fn session(client: Client, peer: &Peer) -> Result {
    let client = NewerClient::new(client);
    base_types(&client, peer)?;
    structs(&client, peer)?;
    containers(&client, peer)?;
    calls(&client, peer)
}

fn base_types(client: &NewerClient, peer: &Peer) -> Result {
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
    for value in [0, 1, 1 << 53, -(1 << 60), i64::MIN, i64::MAX] {
        assert_eq!(client.echo_i64(value)?, value);
    }
    for value in [0.0, 1.5, 0.1, 1e300, -1e-300, 5e-324, f64::MAX] {
        assert_eq!(client.echo_double(value)?.to_bits(), value.to_bits());
    }
    // Node writes -1 as `-000000000001` into JSON.
    let small = [-1, 1 - (1 << 53)];
    for value in small.into_iter().filter(|_| !peer.json) {
        assert_eq!(client.echo_i64(value)?, value);
    }
    if !peer.json {
        assert!(client.echo_double(f64::NAN)?.is_nan());
        for value in [f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(client.echo_double(value)?.to_bits(), value.to_bits());
        }
    }
    let long = if peer.long { 100_000 } else { 1_000 };
    for value in ["", "a", &peer.text, &"é".repeat(long)] {
        assert_eq!(client.echo_string(value)?, value);
    }
    for len in [0, 1, 2, 3, 4, 255, long * 7 / 10] {
        let value: Vec<u8> = (0..=255).cycle().take(len).collect();
        assert_eq!(client.echo_binary(&value)?, value);
    }
    for value in [Colour::BLACK, Colour::BLUE, Colour::LAST, Colour(77)] {
        assert_eq!(client.echo_colour(value)?, value);
    }
    Ok(())
}

fn structs(client: &NewerClient, peer: &Peer) -> Result {
    for value in [peer.text(largest()), peer.text(smallest())] {
        assert_eq!(client.echo_scalars(&value)?, value);
        assert_eq!(client.describe(&value)?, describe(&value));
    }
    let plain = Fields {
        must: 1,
        ..Fields::default()
    };
    assert_eq!(client.echo_fields(&plain)?, plain);
    let full = Fields {
        must: -1,
        may: Some(String::new()),
        filled: 0,
        may_be_filled: Some(0),
        plain: peer.text.clone(),
        flag: Some(false),
        far: Some(peer.text(smallest())),
        last: vec![],
    };
    assert_eq!(client.echo_fields(&full)?, full);
    for value in [
        Choice::Number(1 << 60),
        Choice::Text(String::new()),
        Choice::Flag(false),
        Choice::Scalars(peer.text(largest())),
        Choice::Many(vec![Choice::Many(vec![]), Choice::Number(7)]),
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

fn containers(client: &NewerClient, peer: &Peer) -> Result {
    let empty = Containers::default();
    assert_eq!(client.echo_containers(&empty)?, empty);
    for value in each_container(peer) {
        assert_eq!(client.echo_containers(&value)?, value);
    }
    for len in [0, 1, 14, 15, 16, 127, 128] {
        let value: Vec<i32> = (0..len).collect();
        assert_eq!(client.echo_list(&value)?, value);
    }
    let set = HashSet::from([vec![0xff], vec![]]);
    assert_eq!(client.echo_set(&set)?, set);
    let text = Choice::Text("b".to_owned());
    let choices = HashMap::from([(-1, Choice::Number(1)), (i16::MAX, text)]);
    let map = HashMap::from([("a".to_owned(), choices)]);
    assert_eq!(client.echo_map(&map)?, map);
    Ok(())
}

/// Each alone, so that a failure says which it is.
fn each_container(peer: &Peer) -> Vec<Containers> {
    let half = if peer.long { 20_000 } else { 200 };
    let mut values = vec![];
    let mut with = |change: &dyn Fn(&mut Containers)| {
        let mut value = Containers::default();
        change(&mut value);
        values.push(value);
    };
    with(&|value| value.numbers = (-half..half).collect());
    with(&|value| value.words = ["a", "", &peer.text].map(str::to_owned).into());
    with(&|value| {
        let names = [(i32::MAX, "most"), (-1, "least"), (0, "")];
        value.names = names.map(|(key, name)| (key, name.to_owned())).into();
    });
    with(&|value| {
        let sets = HashMap::from([(1, [i64::MAX, i64::MIN].into())]);
        value.nested = HashMap::from([("k".to_owned(), vec![sets, HashMap::new()])]);
    });
    with(&|value| value.by_colour = HashMap::from([(Colour::RED, peer.text(largest()))]));
    with(&|value| value.by_double = HashMap::from([(1.5.into(), "half".to_owned())]));
    with(&|value| value.blobs = vec![vec![], vec![0xff, 0, 0xfe]]);
    with(&|value| {
        let fields = (0..20).map(|must| Fields {
            must,
            flag: Some(must % 2 == 0),
            ..Fields::default()
        });
        value.fields = fields.collect();
    });
    with(&|value| {
        value.matrix = vec![vec![], vec![1.0, -0.5]];
        // From JSON it reads a list without a number with an exponent.
        value.matrix.extend((!peer.json).then(|| vec![1e300]));
    });
    if !peer.compact {
        with(&|value| value.flags = [true, false, false, true].repeat(5));
        // A key is text there, and any text is true.
        with(&|value| value.truths = HashMap::from([(true, false)]));
    }
    values
}

fn calls(client: &NewerClient, peer: &Peer) -> Result {
    assert_eq!(client.whoami()?.language, "node");
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
        Err(InteropFailError::Other(error)) => {
            assert!(matches!(error.kind(), ErrorKind::Application(_)), "{error}");
            assert!(error.to_string().contains("not for clients"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        client.fail_void("busy"),
        Err(InteropFailVoidError::Busy(_))
    ));
    client.fail_void("")?;
    client.note("one")?;
    client.note(&peer.text)?;
    assert_eq!(client.noted()?, ["one", &peer.text]);
    assert!(client.not_served(&Containers::default()).is_err());
    assert_eq!(client.echo_i32(7)?, 7);
    Ok(())
}
