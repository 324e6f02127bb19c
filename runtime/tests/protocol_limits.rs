//! What a peer may make this process spend: every limit of every protocol, in every way that bytes
//! are read, and bytes that declare more than they bring.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod protocol_support;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::thread;

use allocation_counter::measure;
use protocol_support::{
    CALL, Dynamic, PATHS, Path, Tree, Value, each_protocol, message, unlimited, varint,
};
use seapink::protocol::{MessageHead, Protocol};
use seapink::{
    Binary, Compact, Double, ErrorKind, Json, Limits, MessageKind, Result, Uuid, WireType,
    from_slice, from_slice_with, to_vec,
};

/// A limit, and a message that comes up to it.
struct Bound {
    name: &'static str,
    /// The limits with this one set.
    limits: fn(usize) -> Limits,
    head: MessageHead<'static>,
    fields: Vec<(i16, Value)>,
    /// What the message needs.
    needs: usize,
}

#[test]
fn what_a_limit_allows_is_read_and_one_more_is_refused() {
    each_protocol!(check_limits());
}

fn check_limits<P: Protocol>() {
    for bound in bounds::<P>() {
        let Bound {
            name,
            limits,
            head,
            fields,
            needs,
        } = bound;
        let bytes = message::<P>(&head, &fields);
        for path in PATHS {
            // JSON text says neither its length nor whether it is base64; see the next test.
            if P::NAME == "json" && name == "string_bytes_max" && path != Path::Decode {
                continue;
            }
            let place = format!("{}, {path:?}, {name}, {fields:?}", P::NAME);
            let read = |max| path.read::<P>(&bytes, &fields, &limits(max));
            read(needs).unwrap_or_else(|error| panic!("{place}: {error}"));
            let error = read(needs - 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Limit, "{place}: {error}");
            assert!(error.to_string().contains(name), "{place}: {error}");
        }
    }
}

fn bounds<P: Protocol>() -> Vec<Bound> {
    const COUNT: usize = 50;
    let bound = |name, limits, fields, needs| Bound {
        name,
        limits,
        head: CALL,
        fields,
        needs,
    };
    let message_limit = |max| Limits::default().message_bytes_max(max);
    let string_limit = |max| Limits::default().string_bytes_max(max);
    let count_limit = |max| Limits::default().container_elements_max(max);

    let mut bounds = Vec::new();
    for ty in WireType::ALL {
        let fields = vec![(1, Value::sample(ty))];
        let needs = message::<P>(&CALL, &fields).len();
        bounds.push(bound("message_bytes_max", message_limit, fields, needs));

        let values = vec![Value::sample(ty); COUNT];
        let pairs = values.iter().cloned().zip(values.clone()).collect();
        for container in [
            Value::list(values.clone()),
            Value::set(values),
            Value::map(pairs),
        ] {
            let inside = Value::Struct(vec![(1, Value::list(vec![container.clone()]))]);
            for value in [container, inside] {
                let fields = vec![(1, value)];
                bounds.push(bound("container_elements_max", count_limit, fields, COUNT));
            }
        }
    }
    let texts = [
        Value::text(&"x".repeat(COUNT)),
        Value::text(&"é".repeat(COUNT / 2)),
        Value::text(&"\n".repeat(COUNT)),
        Value::Binary(vec![0xff; COUNT]),
    ];
    for text in texts {
        let in_map = Value::map(vec![(text.clone(), text.clone())]);
        for value in [text.clone(), Value::list(vec![text]), in_map] {
            bounds.push(bound(
                "string_bytes_max",
                string_limit,
                vec![(1, value)],
                COUNT,
            ));
        }
    }
    let name: &str = "a_name_of_a_function_with_fifty_characters_in_all_";
    bounds.push(Bound {
        head: MessageHead::new(name, MessageKind::Call, 1),
        ..bound("string_bytes_max", string_limit, vec![], name.len())
    });
    bounds
}

#[test]
fn json_text_of_unknown_meaning_may_have_six_characters_for_each_byte() {
    let limits = Limits::default().string_bytes_max(50);
    for (len, allowed) in [(300, true), (301, false)] {
        let fields = vec![(1, Value::text(&"x".repeat(len)))];
        let bytes = message::<Json>(&CALL, &fields);
        for path in [Path::Skip, Path::Scan] {
            let read = path.read::<Json>(&bytes, &fields, &limits);
            assert_eq!(read.is_ok(), allowed, "{path:?}: {read:?}");
            if let Err(error) = read {
                assert_eq!(error.kind(), ErrorKind::Limit, "{path:?}: {error}");
            }
        }
    }
}

#[test]
fn json_numbers_have_at_most_64_characters() {
    for (len, allowed) in [(64, true), (65, false)] {
        let number = format!("0.{}", "1".repeat(len - 2));
        for (text, like) in [
            (
                format!(r#"[1,"f",1,1,{{"1":{{"dbl":{number}}}}}]"#),
                WireType::Double,
            ),
            (
                format!(r#"[1,"f",1,1,{{"1":{{"lst":["dbl",1,{number}]}}}}]"#),
                WireType::List,
            ),
        ] {
            for path in PATHS {
                let like = [(1, Value::sample(like))];
                let read = path.read::<Json>(text.as_bytes(), &like, &Limits::default());
                let kind = read.map_err(|error| error.kind());
                let expected = if allowed {
                    Ok(())
                } else {
                    Err(ErrorKind::Limit)
                };
                assert_eq!(kind, expected, "{path:?}, {text}");
            }
        }
    }
}

#[test]
fn a_set_limit_of_zero_allows_nothing_and_breaks_nothing() {
    each_protocol!(check_zero());
}

fn check_zero<P: Protocol>() {
    let empty = [
        (1, Value::text("")),
        (2, Value::List(WireType::I8, vec![])),
        (3, Value::Map(WireType::I8, WireType::I8, vec![])),
    ];
    let limits = Limits::default()
        .string_bytes_max(0)
        .container_elements_max(0);
    let head = MessageHead::new("", MessageKind::Call, 1);
    let bytes = message::<P>(&head, &empty);
    for path in PATHS {
        path.read::<P>(&bytes, &empty, &limits).unwrap();
    }
    for path in PATHS {
        let error = path
            .read::<P>(&bytes, &empty, &limits.depth_max(0))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        let error = path
            .read::<P>(&bytes, &empty, &limits.message_bytes_max(0))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}

const BOMBS: [i32; 14] = [
    -1,
    i32::MIN,
    i32::MIN + 1,
    -128,
    127,
    128,
    129,
    32_767,
    32_768,
    32_769,
    1 << 24,
    1_000_000,
    i32::MAX - 1,
    i32::MAX,
];

/// The start of a value of a type, up to its size, and the size.
fn declare<P: Protocol>(value: &Value, size: i32) -> Vec<u8> {
    let code = |ty: &WireType| compact_code(*ty);
    match P::NAME {
        "binary" => {
            let types = match value {
                Value::List(ty, _) | Value::Set(ty, _) => vec![ty.byte()],
                Value::Map(key, value, _) => vec![key.byte(), value.byte()],
                _ => vec![],
            };
            [types, size.to_be_bytes().to_vec()].concat()
        }
        "compact" => {
            let size = varint(u64::from(size.cast_unsigned()));
            match value {
                Value::List(ty, _) | Value::Set(ty, _) => [vec![0xf0 | code(ty)], size].concat(),
                Value::Map(key, value, _) => [size, vec![code(key) << 4 | code(value)]].concat(),
                _ => size,
            }
        }
        _ => match value {
            Value::List(ty, _) | Value::Set(ty, _) => format!("[\"{}\",{size},", json_name(*ty)),
            Value::Map(key, value, _) => {
                format!(
                    "[\"{}\",\"{}\",{size},{{",
                    json_name(*key),
                    json_name(*value)
                )
            }
            _ => "\"".to_owned(),
        }
        .into_bytes(),
    }
}

fn compact_code(ty: WireType) -> u8 {
    to_vec::<Compact>(&Dynamic::new(vec![(1, Value::List(ty, vec![]))])).unwrap()[1] & 0x0f
}

fn json_name(ty: WireType) -> String {
    let fields = vec![(1, Value::List(ty, vec![]))];
    let text = String::from_utf8(to_vec::<Json>(&Dynamic::new(fields)).unwrap()).unwrap();
    text.split('"').nth(5).unwrap().to_owned()
}

/// Reads bytes, which must fail, and counts the memory that it takes.
fn fails_cheaply<T>(bytes: &[u8], place: &str, read: impl FnOnce() -> Result<T>) {
    let error = cheaply(bytes, place, read).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Truncated | ErrorKind::Malformed | ErrorKind::Limit
        ),
        "{place}: {error}"
    );
}

fn cheaply<T>(bytes: &[u8], place: &str, read: impl FnOnce() -> Result<T>) -> Result<()> {
    let mut result = None;
    let used = measure(|| result = Some(read().map(drop)));
    let allowed = 64 * 1024 + 4 * bytes.len() as u64;
    assert!(
        used.bytes_max <= allowed,
        "{place}: {} bytes of heap",
        used.bytes_max
    );
    result.unwrap()
}

#[test]
fn declared_sizes_cost_no_memory() {
    each_protocol!(check_bombs());
}

fn check_bombs<P: Protocol>() {
    let mut values = vec![Value::text("")];
    for ty in WireType::ALL {
        values.push(Value::List(ty, vec![]));
        values.push(Value::Set(ty, vec![]));
        values.extend(WireType::ALL.map(|value| Value::Map(ty, value, vec![])));
    }
    for value in values {
        // A message up to the value, by cutting it off a whole one.
        let marker = message::<P>(&CALL, &[(1, value.clone())]);
        let empty = to_vec::<P>(&Dynamic::new(vec![(1, value.clone())])).unwrap();
        let header = to_vec::<P>(&Dynamic::new(vec![])).unwrap();
        let start = marker.len() - empty.len() - usize::from(P::NAME == "json");
        let field = match P::NAME {
            "binary" => 3,
            "compact" => 1,
            _ => "{\"1\":{\"str\":".len(),
        };
        assert!(header.len() <= 2);
        for (size, tail) in BOMBS
            .into_iter()
            .flat_map(|size| [(size, 0), (size, 1), (size, 16)])
        {
            let declared = declare::<P>(&value, size);
            for filler in [0x00, 0xff, b'1'] {
                let tail = vec![filler; tail];
                let bytes = [&marker[..start + field], &declared, &tail].concat();
                let place = format!("{}, {value:?}, {size}, {tail:?}", P::NAME);
                for path in PATHS {
                    fails_cheaply(&bytes, &place, || {
                        path.read::<P>(&bytes, &[(1, value.clone())], &unlimited())
                    });
                    fails_cheaply(&bytes, &place, || {
                        path.read::<P>(&bytes, &[(1, value.clone())], &Limits::default())
                    });
                }
                let bytes = [declared.clone(), tail].concat();
                typed_bombs::<P>(&bytes, &place);
            }
        }
    }
}

/// The same for the containers of emitted code, which reserve room.
fn typed_bombs<P: Protocol>(bytes: &[u8], place: &str) {
    macro_rules! each_type {
        ($($ty:ty),* $(,)?) => {$(
            // What was declared for one type may be a whole value of another.
            let _ = cheaply(bytes, place, || from_slice_with::<P, $ty>(bytes, &unlimited()));
        )*};
    }
    each_type!(
        String,
        Vec<u8>,
        Vec<bool>,
        Vec<i8>,
        Vec<i32>,
        Vec<i64>,
        Vec<f64>,
        Vec<Uuid>,
        Vec<String>,
        Vec<Vec<Vec<i64>>>,
        Vec<Tree>,
        HashSet<i64>,
        BTreeSet<String>,
        HashMap<i64, i64>,
        HashMap<String, Tree>,
        BTreeMap<Double, Uuid>,
        HashMap<i8, HashMap<i8, HashMap<i8, i8>>>,
    );
}

#[test]
fn declared_name_lengths_cost_no_memory() {
    for (size, tail) in BOMBS
        .into_iter()
        .flat_map(|size| [(size, 0), (size, 1), (size, 16)])
    {
        let tail = vec![b'n'; tail];
        let strict = [&[0x80, 0x01, 0x00, 0x01], &size.to_be_bytes()[..], &tail].concat();
        let old = [&size.to_be_bytes()[..], &tail].concat();
        let length = varint(size.cast_unsigned().into());
        let compact = [&[0x82, 0x21, 0x01], &length[..], &tail].concat();
        for path in PATHS {
            let place = format!("{path:?}, {size}, {} bytes", tail.len());
            for limits in [unlimited(), Limits::default()] {
                fails_cheaply(&strict, &place, || {
                    path.read::<Binary>(&strict, &[], &limits)
                });
                fails_cheaply(&old, &place, || path.read::<Binary>(&old, &[], &limits));
                fails_cheaply(&compact, &place, || {
                    path.read::<Compact>(&compact, &[], &limits)
                });
            }
        }
    }
}

/// Lists inside each other that each declare as many elements as the rest of the message has bytes.
#[test]
fn nested_sizes_do_not_multiply() {
    // Field 1, a list of a million structs; 32 times.
    let mut bytes = [0x19, 0xfc, 0xc0, 0x84, 0x3d].repeat(32);
    bytes.resize(1 << 20, 0xff);
    let used = measure(|| {
        from_slice::<Compact, Tree>(&bytes).unwrap_err();
    });
    let allowed = 64 * 1024 + 4 * bytes.len() as u64 + 64 * 1024;
    assert!(used.bytes_max < allowed, "{} bytes of heap", used.bytes_max);
}

/// Runs on a stack of 256 KiB, an eighth of what threads have by default.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(test)
        .unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// What can be inside itself.
const NESTERS: [fn(Value) -> Value; 5] = [
    |inner| Value::Struct(vec![(1, inner)]),
    |inner| Value::list(vec![inner]),
    |inner| Value::set(vec![inner]),
    |inner| Value::map(vec![(inner, Value::I8(1))]),
    |inner| Value::map(vec![(Value::I8(1), inner)]),
];

#[test]
fn values_64_levels_deep_are_read_and_written_and_65_are_refused() {
    for nester in NESTERS {
        each_protocol!(check_depth(nester));
    }
}

fn check_depth<P: Protocol>(nester: fn(Value) -> Value) {
    // With the struct of the arguments and the innermost list.
    for (levels, allowed) in [(64, true), (65, false)] {
        let inner = Value::List(WireType::I8, vec![Value::I8(1)]);
        let value = (2..levels).fold(inner, |inner, _| nester(inner));
        let fields = vec![(1, value)];
        let bytes = message::<P>(&CALL, &fields);
        let expected = if allowed {
            Ok(())
        } else {
            Err(ErrorKind::Limit)
        };
        for path in PATHS {
            let read = path.read::<P>(&bytes, &fields, &Limits::default());
            let kind = read.map_err(|error| error.kind());
            assert_eq!(kind, expected, "{}, {path:?}, {levels}", P::NAME);
        }
        let written = to_vec::<P>(&Dynamic::new(fields.clone()));
        let kind = written.map(drop).map_err(|error| error.kind());
        assert_eq!(kind, expected, "{}, encode, {levels}", P::NAME);
    }
}

#[test]
fn recursive_types_need_little_stack() {
    on_small_stack(|| {
        each_protocol!(check_tree());
    });
}

fn check_tree<P: Protocol>() {
    let tree = |levels| {
        (1..levels).fold(Tree::default(), |inner, _| Tree {
            children: vec![inner],
        })
    };
    // Each level is a struct and a list in it; the innermost list is empty.
    let deepest = tree(32);
    let bytes = to_vec::<P>(&deepest).unwrap();
    assert_eq!(from_slice::<P, Tree>(&bytes).unwrap(), deepest);
    let too_deep = tree(33);
    assert_eq!(to_vec::<P>(&too_deep).unwrap_err().kind(), ErrorKind::Limit);
    let level: &[u8] = match P::NAME {
        "binary" => &[15, 0, 1, 12, 0, 0, 0, 1],
        "compact" => &[0x19, 0x1c],
        _ => b"{\"1\":{\"lst\":[\"rec\",1,",
    };
    let error = from_slice::<P, Tree>(&level.repeat(1_000_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{}: {error}", P::NAME);
}

#[test]
fn a_million_levels_are_refused_on_a_small_stack() {
    on_small_stack(|| {
        let levels = 1_000_000;
        let open: [(&[u8], &[u8], &[u8]); 4] = [
            // Structs in structs.
            (&[12, 0, 1], &[0x1c], b"{\"1\":{\"rec\":"),
            // Lists in lists, behind the header of field 1.
            (&[15, 0, 0, 0, 1], &[0x19], b"[\"lst\",1,"),
            // Maps in keys of maps.
            (&[13, 3, 0, 0, 0, 1], &[0x01, 0xb3], b"[\"map\",\"i8\",1,{"),
            // Sets in values of maps in sets.
            (
                &[13, 0, 0, 0, 1, 3, 14, 0, 0, 0, 1, 1],
                &[0x1b, 0x01, 0x3a, 0x01],
                b"[\"map\",1,[\"i8\",\"set\",1,{\"1\":",
            ),
        ];
        let types = [
            WireType::Struct,
            WireType::List,
            WireType::Map,
            WireType::Set,
        ];
        for ((binary, compact, json), ty) in open.into_iter().zip(types) {
            check_levels::<Binary>(&binary.repeat(levels), ty);
            check_levels::<Compact>(&compact.repeat(levels), ty);
            check_levels::<Json>(&json.repeat(levels), ty);
        }
    });
}

fn check_levels<P: Protocol>(bytes: &[u8], ty: WireType) {
    let head = message::<P>(&CALL, &[(1, Value::sample(ty))]);
    let start = match P::NAME {
        "binary" => {
            head.len()
                - to_vec::<P>(&Dynamic::new(vec![(1, Value::sample(ty))]))
                    .unwrap()
                    .len()
                + 3
        }
        "compact" => 6,
        _ => r#"[1,"f",1,1,{"1":{"str":"#.len(),
    };
    let bytes = [&head[..start], bytes].concat();
    let limits = Limits::default().message_bytes_max(usize::MAX);
    for path in [Path::Skip, Path::Scan] {
        let error = path.read::<P>(&bytes, &[], &limits).unwrap_err();
        let place = format!("{}, {path:?}, {ty}: {error}", P::NAME);
        assert_eq!(error.kind(), ErrorKind::Limit, "{place}");
        assert!(place.contains("depth_max"), "{place}");
    }
}

/// A bound that nobody can keep is no bound: deeper values than these would overflow a stack.
#[test]
fn no_limit_allows_more_depth_than_a_stack_has() {
    use seapink::protocol::Input;

    let bytes = vec![0x1c; 100_000];
    let limits = Limits::default().depth_max(u32::MAX);
    let mut input = Compact::input(&bytes, 0, &limits);
    let error = input.skip(seapink::WireType::Struct).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let place = input.place();
    assert!(place.limits.depth_max <= Limits::DEPTH_MAX);
}
