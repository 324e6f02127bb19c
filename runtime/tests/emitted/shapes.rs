//! Structs, unions, enums, exceptions, recursion.

use std::collections::{HashMap, HashSet};

use seapink::codec::Decode;
use seapink::{Binary, Compact, Double, ErrorKind, Json, UnknownField, Uuid, WireType};

use super::golden::evolution;
use super::golden::tree::acme::library::*;
use super::golden::tree::acme::shared::Place;
use super::modules;
use super::wire::{reread, round_trip};

fn book() -> Book {
    Book {
        id: 7,
        title: "Aniara".to_owned(),
        authors: vec![
            Author {
                name: "Harry Martinson".to_owned(),
                born: Some(1904),
            },
            Author {
                name: "?".to_owned(),
                born: None,
            },
        ],
        binding: Binding::CLOTH,
        price: Some(12.5),
        tags: HashSet::from(["space".to_owned(), "epic".to_owned()]),
        copies: HashMap::from([(
            Double(0.5),
            Place {
                latitude: 1.0,
                longitude: -2.0,
            },
        )]),
        cover: Some(vec![0, 255, 13]),
        lent: true,
        edition: Some(Uuid::from_u128(5)),
        r#type: -3,
    }
}

#[test]
fn a_struct_comes_back() {
    round_trip(&book());
    round_trip(&Book::default());
    round_trip(&Place::default());
}

#[test]
fn plain_modules_and_include_emit_the_same() {
    let place = modules::acme::shared::Place {
        latitude: 1.5,
        longitude: 2.5,
    };
    assert_eq!(
        reread::<_, Place>(&place).unwrap(),
        Place {
            latitude: 1.5,
            longitude: 2.5
        }
    );
    assert_eq!(modules::acme::library::LOANS_MAX, LOANS_MAX);
}

#[test]
fn an_absent_optional_field_is_not_written() {
    let author = Author {
        name: String::new(),
        born: None,
    };
    assert_eq!(
        seapink::to_vec::<Binary>(&author).unwrap(),
        [11, 0, 1, 0, 0, 0, 0, 0]
    );
    assert_eq!(seapink::to_vec::<Compact>(&author).unwrap(), [0x18, 0, 0]);
    assert_eq!(
        seapink::to_vec::<Json>(&author).unwrap(),
        br#"{"1":{"str":""}}"#
    );
}

#[test]
fn a_missing_required_field_is_named() {
    let error = seapink::from_slice::<Binary, Author>(&[0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingField);
    assert_eq!(
        error.to_string(),
        "Author at byte 1: required field `name` (#1) is missing"
    );
}

#[test]
fn an_error_says_where_it_happened() {
    let mut bytes = seapink::to_vec::<Binary>(&Book {
        authors: vec![Author::default(); 2],
        ..book()
    })
    .unwrap();
    bytes.truncate(52);
    let error = seapink::from_slice::<Binary, Book>(&bytes).unwrap_err();
    assert_eq!(
        error.path().as_deref(),
        Some("Book.authors[1].name (#1)"),
        "{error}"
    );
    assert_eq!(error.offset(), Some(52), "{error}");
}

#[test]
fn a_union_comes_back() {
    let not = Query::Not(Box::new(Query::Not(Box::new(Query::Id(3)))));
    for query in [
        Query::Title("x".to_owned()),
        Query::Id(-1),
        not,
        Query::default(),
    ] {
        round_trip(&query);
    }
}

#[test]
fn an_unknown_member_is_kept_and_written_again_by_any_protocol() {
    use evolution::{NewShape, Old, OldShape};
    let paths = vec![HashMap::from([("a".to_owned(), 1)])];
    let square = Old {
        id: 1,
        name: "n".to_owned(),
        scores: vec![1, 2, 3],
    };
    for shape in [
        NewShape::Flag(true),
        NewShape::Paths(paths),
        NewShape::Square(square),
    ] {
        let binary = seapink::to_vec::<Binary>(&shape).unwrap();
        let old: OldShape = seapink::from_slice::<Binary, _>(&binary).unwrap();
        assert!(matches!(old, OldShape::Unknown(_)));
        assert_eq!(seapink::to_vec::<Binary>(&old).unwrap(), binary);
        assert_eq!(reread::<_, NewShape>(&old).unwrap(), shape);
        let old: OldShape = reread(&shape).unwrap();
        assert_eq!(reread::<_, NewShape>(&old).unwrap(), shape);
    }
}

#[test]
fn a_union_tells_what_it_does_not_know() {
    let old: evolution::OldShape = reread(&evolution::NewShape::Flag(true)).unwrap();
    let evolution::OldShape::Unknown(field) = old else {
        panic!("{old:?}")
    };
    assert_eq!(field.id(), Some(3));
    assert_eq!(field.wire_type(), Some(WireType::Bool));
    assert_eq!(field.binary(), [1]);
    assert_eq!(UnknownField::default().id(), None);
}

#[test]
fn a_union_with_two_members_is_refused() {
    let bytes = b"{\"1\":{\"dbl\":1.5},\"2\":{\"rec\":{}}}";
    let error = seapink::from_slice::<Json, evolution::Shape>(bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(
        error
            .to_string()
            .contains("union with more than one member"),
        "{error}"
    );
}

#[test]
fn an_enum_has_names_and_keeps_unknown_numbers() {
    assert_eq!(Binding::HARD.to_string(), "HARD");
    assert_eq!(format!("{:?}", Binding(77)), "Binding(77)");
    assert_eq!("CLOTH".parse(), Ok(Binding::CLOTH));
    let error = "LEATHER".parse::<Binding>().unwrap_err();
    assert_eq!(error.to_string(), "`LEATHER` is no member of Binding");
    let back: Book = reread(&Book {
        binding: Binding(77),
        ..book()
    })
    .unwrap();
    assert_eq!(i32::from(back.binding), 77);
    assert!(matches!(Binding::from(1), Binding::PAPER));
}

#[test]
fn an_exception_is_an_error() {
    let error: Box<dyn std::error::Error> = Box::new(NotFound {
        message: "gone".to_owned(),
        id: 3,
    });
    assert_eq!(error.to_string(), "NotFound: gone");
    round_trip(&NotFound {
        message: "gone".to_owned(),
        id: 3,
    });
}

#[test]
fn types_that_contain_themselves() {
    let shelf = |label: &str| Shelf {
        label: label.to_owned(),
        ..Shelf::default()
    };
    round_trip(&Shelf {
        above: Some(Box::new(shelf("top"))),
        parts: vec![shelf("left"), shelf("right")],
        ..shelf("middle")
    });
}

fn chain(levels: usize) -> evolution::Tree {
    let mut tree = evolution::Tree::default();
    for _ in 1..levels {
        tree = evolution::Tree {
            next: Some(Box::new(tree)),
            ..Default::default()
        };
    }
    tree
}

#[test]
fn depth_is_bounded_in_both_directions() {
    // The innermost tree writes an empty list, which is the last level.
    round_trip(&chain(63));
    let error = seapink::to_vec::<Compact>(&chain(64)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let mut deep = b"\x0c\0\x03".repeat(100_000);
    deep.extend(vec![0; 100_001]);
    let error = seapink::from_slice::<Binary, evolution::Tree>(&deep).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}

#[test]
fn a_recycled_value_forgets_what_is_absent() {
    let mut value = book();
    let limits = seapink::Limits::default();
    let fresh = Book {
        id: 1,
        title: "t".to_owned(),
        ..Book::default()
    };
    let bytes = seapink::to_vec::<Compact>(&fresh).unwrap();
    seapink::decode_from::<Compact, _>(&mut value, &bytes, &limits).unwrap();
    assert_eq!(value, fresh);
    value.reset();
    assert_eq!(value, Book::default());
}
