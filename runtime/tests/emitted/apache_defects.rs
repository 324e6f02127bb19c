//! What Apache's binding for Rust gets wrong, each as a test of ours. The first ones lose data
//! silently there, the others do not compile, or break the connection.

use std::collections::HashMap;

use seapink::{Binary, Compact, Double, ErrorKind};

use super::golden::evolution::{NewShape, Old, OldShape, Retyped};
use super::golden::tree::acme::library::{Author, Book, GREETING, Query, Shelf};
use super::golden::{awkward, values};
use super::wire::{reread, round_trip};

#[test]
fn wire_types_are_checked_and_a_mismatch_is_skipped() {
    let sent = Retyped {
        id: 1 << 40,
        name: 5,
        scores: vec!["x".to_owned()],
    };
    assert_eq!(reread::<_, Old>(&sent).unwrap(), Old::default());
}

#[test]
fn a_container_of_another_element_type_is_skipped() {
    let sent = Retyped {
        scores: vec!["a".to_owned(); 3],
        ..Retyped::default()
    };
    assert_eq!(reread::<_, Old>(&sent).unwrap().scores, Vec::<i32>::new());
}

#[test]
fn negative_field_ids_are_fields_of_their_own() {
    let sent = Book {
        id: 1,
        title: "t".to_owned(),
        r#type: 9,
        ..Book::default()
    };
    assert_eq!(reread::<_, Book>(&sent).unwrap().r#type, 9);
}

#[test]
fn idl_defaults_are_honoured() {
    assert_eq!(
        reread::<_, Old>(&NewShape::default()).unwrap().name,
        "anonymous"
    );
}

#[test]
fn double_constants_are_exact() {
    assert_eq!(values::PI.to_bits(), 0x4009_21fb_5444_2d18);
    assert_eq!(values::THREE.to_bits(), 3f64.to_bits());
}

#[test]
fn struct_union_and_uuid_constants_have_values() {
    assert_eq!(values::UNIT.x, 1);
    assert_eq!(values::ANY, values::Number::Whole(42));
    assert_eq!(values::ID.as_bytes()[15], 0xff);
}

#[test]
fn unknown_union_members_in_containers_are_not_dropped() {
    let sent = vec![
        NewShape::Flag(true),
        NewShape::Circle(1.0),
        NewShape::Flag(false),
    ];
    let bytes = seapink::to_vec::<Compact>(&sent).unwrap();
    let read: Vec<OldShape> = seapink::from_slice::<Compact, _>(&bytes).unwrap();
    assert_eq!(read.len(), 3);
    let again = seapink::to_vec::<Compact>(&read).unwrap();
    assert_eq!(
        seapink::from_slice::<Compact, Vec<NewShape>>(&again).unwrap(),
        sent
    );
}

#[test]
fn string_constants_with_quotes_and_backslashes() {
    assert_eq!(GREETING, "say \"hello\"\n\\o/");
}

#[test]
fn a_union_in_a_container_before_its_definition() {
    round_trip(&vec![Query::Id(1), Query::Title(String::new())]);
}

#[test]
fn names_of_the_language_and_of_the_prelude() {
    use awkward::names::{Error, Keywords, Option, Result, Vec};
    round_trip(&Keywords {
        r#async: 1,
        r#await: 2,
        r#dyn: 3,
        r#try: 4,
        r#gen: 5,
        ..Keywords::default()
    });
    round_trip(&Error::default());
    round_trip(&Option {
        value: Some(Result::default()),
        list: Vec::default(),
    });
}

#[test]
fn names_that_differ_only_in_case_style() {
    let keywords = awkward::names::Keywords {
        foo_bar: 1,
        foo_bar_2: 2,
        foo_bar_3: 3,
        ..Default::default()
    };
    round_trip(&keywords);
}

#[test]
fn lower_case_structs_used_before_their_definition() {
    round_trip(&awkward::names::MyStruct2::default());
}

#[test]
fn an_empty_union() {
    round_trip(&awkward::names::Self2::default());
}

#[test]
fn dotted_file_names() {
    assert_eq!(
        awkward::dotted_name::Task::default().level,
        awkward::dotted_name::Level::HIGH
    );
}

#[test]
fn sets_and_maps_of_doubles() {
    let doubles = HashMap::from([
        (Double(f64::NAN), 1.0),
        (Double(-0.0), 2.0),
        (Double(0.0), 3.0),
    ]);
    round_trip(&values::Keyed {
        doubles,
        ..values::Keyed::default()
    });
}

#[test]
fn six_bytes_that_declare_a_hundred_million_elements_allocate_nothing() {
    // Field 5, a list of i32, count 10⁸ as a varint.
    let bytes = [0x59, 0xf5, 0x80, 0xc2, 0xd7, 0x2f];
    let error = seapink::from_slice::<Compact, Old>(&bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    // The same below the limit on elements.
    let error = seapink::from_slice::<Compact, Old>(&[0x59, 0xf5, 0xc0, 0x84, 0x3d]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
}

#[test]
fn a_declared_string_length_allocates_nothing() {
    let error = seapink::from_slice::<Binary, Author>(b"\x0b\0\x01\x05\xf5\xe1\0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
}

#[test]
fn recursion_is_bounded() {
    let deep = b"\x0c\0\x02".repeat(1_000_000);
    let error = seapink::from_slice::<Binary, Shelf>(&deep).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}
