//! Names that clash with Rust, its prelude, emitted code or each other.

use super::golden::awkward::{dotted_name, names::*};
use super::wire::round_trip;

#[test]
fn keywords_and_case_twins_are_fields() {
    let keywords = Keywords {
        r#async: 1,
        r#await: 2,
        r#dyn: 3,
        r#try: 4,
        r#gen: 5,
        r#type: 6,
        self_: 7,
        self_2: 8,
        crate_: 9,
        super_: 10,
        id: 11,
        field: 12,
        fields: 13,
        input: 14,
        foo_bar_2: 15,
        foo_bar: 16,
        foo_bar_3: 17,
        value: 18,
        r#struct: 19,
        n: 20,
    };
    round_trip(&keywords);
}

#[test]
fn types_may_be_called_like_those_of_the_prelude() {
    let text = "x".to_owned();
    round_trip(&Error {
        error: text.clone(),
    });
    round_trip(&Option {
        value: Some(Result {
            text: String { value: text },
        }),
        list: Vec {
            items: vec![Box {
                r#box: Some(std::boxed::Box::default()),
            }],
        },
    });
    assert_eq!(Default::default().default, 5);
    assert_eq!(From::default().from, "here");
}

#[test]
fn types_that_differ_only_in_case_stay_apart() {
    round_trip(&MyStruct2 {
        inner: MyStruct3 { a: 1 },
    });
    let task = dotted_name::Task {
        level: dotted_name::Level::HIGH,
        name: String::default().value,
    };
    round_trip(&MyStruct { task });
}

#[test]
fn a_union_may_have_a_member_called_unknown() {
    round_trip(&Unknown::Unknown2(1));
    round_trip(&Unknown::default());
}

use std::option::Option::Some;
