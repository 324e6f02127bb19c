//! Programs of different ages: unknown, missing and retyped fields.

use std::collections::HashMap;

use proptest::prelude::*;
use seapink::ErrorKind;

use super::golden::evolution::*;
use super::wire::{reread, round_trip};

fn old() -> impl Strategy<Value = Old> {
    (
        any::<i32>(),
        ".{0,8}",
        prop::collection::vec(any::<i32>(), 0..20),
    )
        .prop_map(|(id, name, scores)| Old { id, name, scores })
}

fn new() -> impl Strategy<Value = New> {
    let extra =
        prop::collection::hash_map(".{0,4}", prop::collection::vec(any::<i64>(), 0..4), 0..4);
    let shape = prop_oneof![
        Just(Shape::default()),
        any::<f64>()
            .prop_filter("NaN differs from itself", |x| !x.is_nan())
            .prop_map(Shape::Circle),
        old().prop_map(Shape::Square),
    ];
    let weight = prop::option::of(any::<f64>().prop_filter("NaN", |x| !x.is_nan()));
    (old(), weight, extra, shape).prop_map(|(old, weight, extra, shape)| New {
        id: old.id,
        name: old.name,
        weight,
        extra,
        scores: old.scores,
        shape,
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = any::<i32>().prop_map(|value| Tree {
        value,
        ..Tree::default()
    });
    leaf.prop_recursive(6, 40, 4, |inner| {
        let branches = prop::collection::vec(inner.clone(), 0..4);
        (any::<i32>(), branches, prop::option::of(inner)).prop_map(|(value, branches, next)| Tree {
            value,
            branches,
            next: next.map(Box::new),
        })
    })
}

proptest! {
    #[test]
    fn any_value_comes_back(old in old(), new in new(), tree in tree()) {
        round_trip(&old);
        round_trip(&new);
        round_trip(&tree);
    }

    #[test]
    fn an_old_program_skips_new_fields(new in new()) {
        let old: Old = reread(&new).unwrap();
        prop_assert_eq!(old, Old { id: new.id, name: new.name, scores: new.scores });
    }

    #[test]
    fn a_new_program_fills_absent_fields_with_defaults(old in old()) {
        let new: New = reread(&old).unwrap();
        let wanted = New { id: old.id, name: old.name, scores: old.scores, ..New::default() };
        prop_assert_eq!(new, wanted);
    }

    #[test]
    fn a_field_of_another_type_is_skipped(old in old()) {
        let retyped: Retyped = reread(&old).unwrap();
        prop_assert_eq!(retyped, Retyped::default());
    }
}

#[test]
fn an_absent_field_has_the_default_of_its_idl() {
    let new: New = reread(&Tree::default()).unwrap();
    assert_eq!(new.name, "anonymous");
    assert_eq!(new.extra, HashMap::new());
}

#[test]
fn a_required_field_of_another_type_is_missing() {
    let error = reread::<_, Demanding>(&Retyped::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingField);
    assert!(
        error
            .to_string()
            .contains("required field `id` (#1) is missing"),
        "{error}"
    );
}

#[test]
fn a_required_bool_counts_as_seen() {
    round_trip(&Demanding {
        id: 1,
        name: "n".to_owned(),
        flag: false,
    });
}
