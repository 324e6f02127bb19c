//! Reading some fields of a struct.

use seapink::codec::{project, project_into, to_vec};
use seapink::{Binary, Compact, ErrorKind, Json, Limits, Protocol, mask};

use super::golden::tree::acme::library::{Author, Book, Shelf};

fn book() -> Book {
    Book {
        id: 7,
        title: String::from("Kallocain"),
        authors: vec![Author {
            name: String::from("Boye"),
            born: Some(1900),
        }],
        price: Some(12.5),
        lent: true,
        cover: Some(vec![1, 2, 3]),
        r#type: 4,
        ..Book::default()
    }
}

fn reads_what_is_wanted<P: Protocol>() {
    let bytes = to_vec::<P>(&book()).unwrap();
    let wanted = mask!(Book { title, authors { born }, r#type });
    let read = project::<P, Book>(&bytes, &wanted).unwrap();
    let expected = Book {
        title: String::from("Kallocain"),
        authors: vec![Author {
            name: String::new(),
            born: Some(1900),
        }],
        r#type: 4,
        ..Book::default()
    };
    assert_eq!(read, expected);

    // What is not wanted goes back to its default in a value that is used again.
    let mut again = book();
    project_into::<P, Book>(&mut again, &bytes, &wanted, &Limits::default()).unwrap();
    assert_eq!(again, expected);

    let nothing = project::<P, Book>(&bytes, &mask!(Book {})).unwrap();
    assert_eq!(nothing, Book::default());
}

#[test]
fn in_every_protocol() {
    reads_what_is_wanted::<Binary>();
    reads_what_is_wanted::<Compact>();
    reads_what_is_wanted::<Json>();
}

fn refuses_every_prefix<P: Protocol>() {
    let bytes = to_vec::<P>(&book()).unwrap();
    for mask in [
        mask!(Book { lent }),
        mask!(Book {}),
        mask!(Book { authors { name } }),
    ] {
        for end in 0..bytes.len() {
            let read = project::<P, Book>(&bytes[..end], &mask);
            assert!(read.is_err(), "{} of {} bytes", end, bytes.len());
        }
    }
}

#[test]
fn a_prefix_is_refused_also_where_nothing_is_wanted() {
    refuses_every_prefix::<Binary>();
    refuses_every_prefix::<Compact>();
    refuses_every_prefix::<Json>();
}

#[test]
fn a_required_field_is_missed_only_if_it_is_wanted() {
    let empty = [0];
    let read = project::<Binary, Book>(&empty, &mask!(Book { lent }));
    assert_eq!(read.unwrap(), Book::default());
    let error = project::<Binary, Book>(&empty, &mask!(Book { id })).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingField);
}

#[test]
fn limits_hold_in_what_is_passed_over() {
    let bytes = to_vec::<Compact>(&book()).unwrap();
    let mask = mask!(Book { id });
    for limits in [
        Limits::default().string_bytes_max(8),
        Limits::default().depth_max(2),
        Limits::default().container_elements_max(0),
    ] {
        let mut value = Book::default();
        let error = project_into::<Compact, Book>(&mut value, &bytes, &mask, &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{limits:?}");
    }
}

#[test]
fn masks_reach_into_recursive_structs() {
    let shelf = Shelf {
        label: String::from("low"),
        above: Some(Box::new(Shelf {
            label: String::from("high"),
            ..Shelf::default()
        })),
        parts: vec![Shelf::default()],
    };
    let bytes = to_vec::<Binary>(&shelf).unwrap();
    let read = project::<Binary, Shelf>(&bytes, &mask!(Shelf { above { label } })).unwrap();
    let above = read.above.unwrap();
    assert_eq!((read.label.as_str(), above.label.as_str()), ("", "high"));
    assert!(read.parts.is_empty());
}

#[test]
fn names_are_those_of_emitted_rust_however_much_alike() {
    use super::golden::awkward::names::Keywords;
    let all = Keywords {
        foo_bar: 1,
        foo_bar_2: 2,
        foo_bar_3: 3,
        ..Keywords::default()
    };
    let bytes = to_vec::<Compact>(&all).unwrap();
    let read = |mask| {
        let read = project::<Compact, Keywords>(&bytes, &mask).unwrap();
        (read.foo_bar, read.foo_bar_2, read.foo_bar_3)
    };
    assert_eq!(read(mask!(Keywords { foo_bar })), (1, 0, 0));
    assert_eq!(read(mask!(Keywords { foo_bar_2, self_ })), (0, 2, 0));
    assert_eq!(read(mask!(Keywords { foo_bar_3, r#type })), (0, 0, 3));
}

#[test]
fn what_is_named_twice_is_wanted_for_both() {
    let bytes = to_vec::<Binary>(&book()).unwrap();
    let whole = project::<Binary, Book>(&bytes, &mask!(Book { authors })).unwrap();
    for twice in [
        mask!(Book { authors { name }, authors { born } }),
        mask!(Book { authors { name }, authors }),
        mask!(Book { authors, authors { name } }),
    ] {
        assert_eq!(project::<Binary, Book>(&bytes, &twice).unwrap(), whole);
    }
}
