//! What each protocol refuses, and what it is lenient about.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod protocol_support;

use std::collections::{BTreeSet, HashMap};

use protocol_support::{
    Dynamic, PATHS, Path, Tree, Value, Way, each_protocol, read_message, unlimited, varint,
};
use seapink::codec::{
    Decode, DecodeStruct, Encode, EncodeStruct, Struct, StructReader, StructWriter,
};
use seapink::protocol::{FieldHeader, Input, Output, Protocol};
use seapink::{
    Binary, Compact, ErrorKind, Json, Limits, Result, Uuid, WireType, from_slice, to_vec,
};

/// Every type byte at every place where one stands: either it is one of Thrift's, or it is refused.
#[test]
fn unknown_types_are_refused_everywhere() {
    let binary = [0x80, 0x01, 0, 1, 0, 0, 0, 1, b'f', 0, 0, 0, 1];
    let compact = [0x82, 0x21, 0x01, 0x01, b'f'];
    let zeros = [0; 64];
    for byte in 0..=u8::MAX {
        let known = WireType::from_byte(byte).is_some();
        let one = [0, 0, 0, 1];
        for (tail, known) in [
            (vec![byte, 0, 1], known || byte == 0),
            ([&[15, 0, 1, byte][..], &one].concat(), known),
            ([&[14, 0, 1, byte][..], &one].concat(), known),
            ([&[13, 0, 1, byte, 3][..], &one].concat(), known),
            ([&[13, 0, 1, 3, byte][..], &one].concat(), known),
            (vec![15, 0, 1, byte, 0, 0, 0, 0, 0], true),
            (vec![13, 0, 1, byte, byte, 0, 0, 0, 0, 0], true),
        ] {
            check_type::<Binary>(&[&binary[..], &tail, &zeros].concat(), known);
        }
        let is_code = |code| (1..=13).contains(&code);
        let (high, low) = (byte >> 4, byte & 0x0f);
        for (tail, known) in [
            (vec![byte, 0], is_code(low) || byte == 0),
            (vec![0x19, byte, high / 15], is_code(low) || high == 0),
            (vec![0x1a, byte, high / 15], is_code(low) || high == 0),
            (vec![0x1b, 1, byte], is_code(low) && is_code(high)),
        ] {
            check_type::<Compact>(&[&compact[..], &tail, &zeros].concat(), known);
        }
    }
    for name in [
        "",
        "i33",
        "I32",
        "i3",
        "i322",
        "void",
        "bool",
        "string",
        "i32\\u0000",
    ] {
        for value in [
            format!(r#"{{"1":{{"{name}":1}}}}"#),
            format!(r#"{{"1":{{"lst":["{name}",1,1]}}}}"#),
            format!(r#"{{"1":{{"map":["{name}","i8",1,{{"1":1}}]}}}}"#),
            format!(r#"{{"1":{{"map":["i8","{name}",1,{{"1":1}}]}}}}"#),
        ] {
            let text = format!(r#"[1,"f",1,1,{value}]"#);
            for path in [Path::Decode, Path::Skip] {
                let read = path.read::<Json>(text.as_bytes(), &[], &Limits::default());
                assert_eq!(read.unwrap_err().kind(), ErrorKind::Malformed, "{text}");
            }
        }
    }
}

fn check_type<P: Protocol>(bytes: &[u8], known: bool) {
    for path in PATHS {
        let mut result = Ok(None);
        if path == Path::Scan {
            result = P::scanner(&Limits::default()).scan(bytes);
        } else if let Err(error) = path.read::<P>(bytes, &[], &Limits::default()) {
            result = Err(error);
        }
        // Zeros follow, so a known type may well be the start of a good message, or of a bad one.
        match result {
            Err(error) if error.to_string().contains("none of Thrift's types") => {
                assert!(!known, "{}, {path:?}, {bytes:02x?}: {error}", P::NAME);
            }
            result => {
                assert!(known, "{}, {path:?}, {bytes:02x?}: {result:?}", P::NAME);
            }
        }
    }
}

#[test]
fn overlong_varints_are_refused_everywhere() {
    let head = [0x82, 0x21, 0x01, 0x01, b'f'];
    // Behind a start, at most so many bytes; and the end of the message.
    let places: [(&[u8], usize, &[u8]); 9] = [
        (&[0x82, 0x21], 5, &[0x01, b'f', 0]),
        (&[0x82, 0x21, 0x01], 5, &[0]),
        (&[&head[..], &[0x03]].concat(), 3, &[0, 0]),
        (&[&head[..], &[0x14]].concat(), 3, &[0]),
        (&[&head[..], &[0x15]].concat(), 5, &[0]),
        (&[&head[..], &[0x16]].concat(), 10, &[0]),
        (&[&head[..], &[0x18]].concat(), 5, &[0]),
        (&[&head[..], &[0x19, 0xf3]].concat(), 5, &[0]),
        (&[&head[..], &[0x1b]].concat(), 5, &[0]),
    ];
    for (start, bytes_max, end) in places {
        for len in 1..=12 {
            let mut padded = vec![0x80; len - 1];
            padded.push(0);
            let bytes = [start, &padded, end].concat();
            for path in PATHS {
                let kind = path
                    .read::<Compact>(&bytes, &[], &Limits::default())
                    .map_err(|error| error.kind());
                let allowed = len <= bytes_max;
                let expected = if allowed {
                    Ok(())
                } else {
                    Err(ErrorKind::Malformed)
                };
                assert_eq!(kind, expected, "{path:?}, {bytes:02x?}");
            }
        }
        // The first bit that the width has no room for.
        let bits = match bytes_max {
            3 => 16,
            5 => 32,
            _ => continue,
        };
        let bytes = [start, &varint(1 << bits), end].concat();
        for path in PATHS {
            let error = path
                .read::<Compact>(&bytes, &[], &Limits::default())
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{path:?}, {bytes:02x?}");
        }
    }
}

#[test]
fn field_ids_do_not_overflow() {
    // Field 32767, then one that is 1 to 15 more.
    for delta in 1..=15u8 {
        let fields = [&[0x03, 0xfe, 0xff, 0x03, 0x00][..], &[delta << 4 | 3, 0, 0]].concat();
        let error = from_slice::<Compact, Dynamic>(&fields).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        let inside = [&[0x1c][..], &fields, &[0]].concat();
        let mut skipped = Dynamic {
            way: Way::Skip,
            ..Dynamic::default()
        };
        let limits = Limits::default();
        let error = seapink::decode_from::<Compact, _>(&mut skipped, &inside, &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }
}

/// A struct with one field of any type and a neighbour.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pair<T> {
    first: T,
    second: i32,
}

impl<T: Encode + Default> Struct for Pair<T> {
    const NAME: &'static str = "Pair";
    const FIELDS: &'static [(i16, &'static str)] = &[(1, "first"), (2, "second")];
}

impl<T: Encode + Default> EncodeStruct for Pair<T> {
    fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>) {
        fields.field(1, &self.first);
        fields.field(2, &self.second);
    }
}

impl<'de, T: Encode + Decode<'de>> DecodeStruct<'de> for Pair<T> {
    fn decode<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<()> {
        fields.expect(1, &mut self.first)?;
        fields.expect(2, &mut self.second)
    }

    fn decode_field<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()> {
        match field.id {
            1 => fields.read(field, &mut self.first),
            2 => fields.read(field, &mut self.second),
            _ => fields.skip(field),
        }
    }
}

/// Each declared type, when the peer sends each type instead, as a field and in a container.
#[test]
fn values_of_another_type_are_skipped() {
    each_protocol!(check_wrong_types());
}

fn check_wrong_types<P: Protocol>() {
    macro_rules! each_declared {
        ($($ty:ty),* $(,)?) => {$(
            for sent in WireType::ALL {
                check_wrong_type::<P, $ty>(sent);
            }
        )*};
    }
    each_declared!(
        bool,
        i8,
        f64,
        i16,
        i32,
        i64,
        String,
        Tree,
        HashMap<i32, i32>,
        BTreeSet<i32>,
        Vec<i32>,
        Uuid,
    );
}

fn check_wrong_type<P: Protocol, T>(sent: WireType)
where
    T: Encode + for<'de> Decode<'de> + PartialEq + std::fmt::Debug,
{
    let place = format!("{}, {} sent for {}", P::NAME, sent, <T as Encode>::TYPE);
    let same = sent == <T as Encode>::TYPE;
    let encode = |value| to_vec::<P>(&Dynamic::new(vec![(1, value), (2, Value::I32(7))])).unwrap();

    let bytes = encode(Value::sample(sent));
    let read: Pair<T> = from_slice::<P, _>(&bytes).unwrap_or_else(|e| panic!("{place}: {e}"));
    assert_eq!(read.second, 7, "{place}");
    // A sample differs from the default but for the tree, which has no field of the sample's type.
    let is_default = read.first == T::default();
    assert_eq!(is_default, !same || sent == WireType::Struct, "{place}");

    let bytes = encode(Value::list(vec![Value::sample(sent); 3]));
    let read: Pair<Vec<T>> = from_slice::<P, _>(&bytes).unwrap_or_else(|e| panic!("{place}: {e}"));
    assert_eq!(read.second, 7, "{place}");
    assert_eq!(read.first.len(), if same { 3 } else { 0 }, "{place}");

    let pairs = vec![
        (Value::I8(1), Value::sample(sent)),
        (Value::I8(2), Value::sample(sent)),
    ];
    let bytes = encode(Value::map(pairs));
    let read: Pair<HashMap<i8, T>> = from_slice::<P, _>(&bytes).unwrap();
    assert_eq!(read.second, 7, "{place}");
    assert_eq!(read.first.len(), if same { 2 } else { 0 }, "{place}");
}

#[test]
fn what_is_no_message_is_refused_at_once() {
    fn refused<P: Protocol>(bytes: &[u8]) {
        for limits in [Limits::default(), unlimited()] {
            let scanned = P::scanner(&limits).scan(bytes);
            assert!(scanned.is_err(), "{}: {bytes:02x?}: {scanned:?}", P::NAME);
            let mut like = Dynamic::default();
            assert!(read_message::<P>(bytes, &mut like, &limits).is_err());
        }
    }
    for first in 0x80..=0xff {
        for second in 0..=0xff {
            if [first, second] != [0x80, 0x01] {
                refused::<Binary>(&[first, second]);
            }
        }
    }
    for kind in (0..=0xff).filter(|kind| !(1..=4).contains(kind)) {
        refused::<Binary>(&[0x80, 0x01, 0x00, kind]);
        refused::<Binary>(&[0, 0, 0, 1, b'f', kind]);
    }
    let error = Binary::scanner(&Limits::default())
        .scan(b"GET / HTTP/1.1")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    for first in (0..=0xff).filter(|&first| first != 0x82) {
        refused::<Compact>(&[first]);
    }
    for version in 0..=0xff {
        if ![1, 2].contains(&(version & 0x1f)) || !(1..=4).contains(&(version >> 5)) {
            refused::<Compact>(&[0x82, version]);
        }
    }
    for text in [
        "{",
        "x",
        " [",
        "[ ",
        "[2,",
        "[1.0,",
        "[\"1\"",
        "[1 ",
        "[1,x",
        "[1,1",
        r#"[1,"f",0,"#,
        r#"[1,"f",5,"#,
        r#"[1,"f",-1,"#,
        r#"[1,"f",1,1,["#,
        r#"[1,"f",1,1,{}}"#,
        r#"[1,"f",1,1,{},"#,
        r#"[1,"f",1,1,{,"#,
        r#"[1,"f",1,1,{1"#,
        r#"[1,"f",1,1,{"1","#,
        r#"[1,"f",1,1,{"1":1"#,
        r#"[1,"f",1,1,{"1":["#,
        r#"[1,"f",1,1,{"1":{}"#,
        r#"[1,"f",1,1,{"1":{"i8":1,"#,
        r#"[1,"f",1,1,{"1":{"i8":1},}"#,
        r#"[1,"f",1,1,{"1":{"i8":}"#,
        r#"[1,"f",1,1,{"1":{"lst":[]"#,
        r#"[1,"f",1,1,{"1":{"lst":["i8"]"#,
        r#"[1,"f",1,1,{"1":{"lst":["i8",-1,"#,
        r#"[1,"f",1,1,{"1":{"lst":["i8",1]"#,
        r#"[1,"f",1,1,{"1":{"lst":["i8",1,1,1]"#,
        r#"[1,"f",1,1,{"1":{"lst":["i8",2,1,]"#,
        r#"[1,"f",1,1,{"1":{"lst":["i8",2147483648,"#,
        r#"[1,"f",1,1,{"1":{"map":["i8","i8",1,["#,
        r#"[1,"f",1,1,{"1":{"map":["i8","i8",1,{}"#,
        r#"[1,"f",1,1,{"1":{"map":["i8","i8",1,{1:"#,
        r#"[1,"f",1,1,{"1":{"map":["i8","i8",1,{"1":1,"#,
        r#"[1,"f",1,1,{"1":{"map":["i8","i8",1,{"1","#,
        r#"[1,"f",1,1,{"1":{"map":["i8","i8",1,{"1":1}}"#,
        r#"[1,"f",1,1,{"1":{"map":["i8","i8",1,{"1":1},"#,
        r#"[1,"f",1,1,{"1" :"#,
    ] {
        // One more character, because a number ends only where something else begins.
        refused::<Json>(format!("{text}1").as_bytes());
    }
}

#[test]
fn json_is_read_strictly() {
    let read = |ty, text: &str| {
        let text = format!(r#"{{"1":{{"{ty}":{text}}}}}"#);
        from_slice::<Json, Dynamic>(text.as_bytes()).map(|read| read.fields[0].1.clone())
    };
    for (ty, text) in [
        ("tf", "2"),
        ("tf", "true"),
        ("tf", "\"1\""),
        ("i8", "128"),
        ("i8", "-129"),
        ("i16", "32768"),
        ("i32", "2147483648"),
        ("i64", "9223372036854775808"),
        ("i32", "1.0"),
        ("i32", "1e3"),
        ("i32", "+1"),
        ("i32", " 1"),
        ("i32", "1 "),
        ("i32", "\"1\""),
        ("dbl", "\"1.5\""),
        ("dbl", "NaN"),
        ("dbl", "\"nan\""),
        ("dbl", "\"+Infinity\""),
        ("dbl", "1e999"),
        ("dbl", ".5"),
        ("dbl", "-"),
        ("str", "1"),
        ("str", r#""\x""#),
        ("str", r#""\ud800""#),
        ("str", r#""\u12""#),
        ("uid", "\"550e8400e29b41d4a716446655440000\""),
        ("uid", "\"{550e8400-e29b-41d4-a716-446655440000}\""),
        ("uid", "\"550e8400-e29b-41d4-a716-44665544000g\""),
        ("lst", r#"["i8",2,1]"#),
        ("lst", r#"["i8",1,1,2]"#),
        ("lst", r#"["i8", 1,1]"#),
        ("map", r#"["i8","i8",1,{1:1}]"#),
        ("map", r#"["dbl","i8",1,{1.5:1}]"#),
        ("map", r#"["i8","i8",1,{"1":"1"}]"#),
        ("map", r#"["i8","i8",1,{" 1":1}]"#),
    ] {
        let error = read(ty, text).unwrap_err();
        assert_ne!(error.kind(), ErrorKind::Limit, "{ty} {text}: {error}");
    }
    assert_eq!(
        read("str", r#""\/\u00e9\ud83e\udd80""#).unwrap(),
        Value::text("/é🦀")
    );
    assert_eq!(read("str", "\"\u{1}\n\"").unwrap(), Value::text("\u{1}\n"));
    assert_eq!(read("dbl", "1.0E2").unwrap(), Value::Double(100.0));
    assert_eq!(read("i64", "-000000000001").unwrap(), Value::I64(-1));
    assert_eq!(read("i8", "007").unwrap(), Value::I8(7));
    let uuid = read("uid", "\"550E8400-e29b-41d4-a716-446655440000\"");
    assert_eq!(
        uuid.unwrap(),
        Value::Uuid(Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000))
    );
    let not_utf8 = [&br#"{"1":{"str":""#[..], &[0xff], br#""}}"#].concat();
    let error = from_slice::<Json, Dynamic>(&not_utf8).unwrap_err();
    assert_eq!(error.offset(), Some(13), "{error}");
}

#[test]
fn json_base64_is_read_with_and_without_padding() {
    let read = |text: &str| {
        let text = format!("\"{text}\"");
        from_slice::<Json, Vec<u8>>(text.as_bytes())
    };
    for (text, bytes) in [
        ("", &[][..]),
        ("AQ", &[1]),
        ("AQ==", &[1]),
        ("AQI", &[1, 2]),
        ("AQI=", &[1, 2]),
        ("AQID", &[1, 2, 3]),
        (r"\/\/79", &[0xff, 0xfe, 0xfd]),
    ] {
        assert_eq!(read(text).unwrap(), bytes, "{text}");
    }
    for text in ["A", "A===", "AQ=I", "AQ ==", "A-_B", "é"] {
        assert_eq!(
            read(text).unwrap_err().kind(),
            ErrorKind::Malformed,
            "{text}"
        );
    }
}

/// A protocol of one's own that reads and writes what it likes, and has no scanner.
struct Mine;

impl Protocol for Mine {
    const NAME: &'static str = "mine";
    type Input<'de> = <Binary as Protocol>::Input<'de>;
    type Output<'v> = <Binary as Protocol>::Output<'v>;

    fn input<'de>(message: &'de [u8], offset: usize, limits: &Limits) -> Self::Input<'de> {
        Binary::input(message, offset, limits)
    }

    fn output<'v>(buffer: Vec<u8>, limits: &Limits) -> Self::Output<'v> {
        Binary::output(buffer, limits)
    }
}

seapink::protocol_set!(Both: Compact, Mine);

#[test]
fn a_protocol_without_a_scanner_says_so() {
    use seapink::ProtocolSet;

    let index = Both::WIRE
        .iter()
        .position(|wire| wire.name() == "mine")
        .unwrap();
    assert_eq!(Both::named("mine"), Some(Both::ALL[index]));
    let error = Both::WIRE[index]
        .scanner(&Limits::default())
        .scan(b"")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.message(),
        "the protocol mine cannot be used on a transport without frames"
    );
}
