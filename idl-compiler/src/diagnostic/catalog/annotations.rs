//! Annotations that say nothing to this compiler, though they look as if they were meant for it.

use super::{Code, did_you_mean, one_of, short};
use crate::diagnostic::Diagnostic;
use crate::source::Location;

pub(crate) fn unknown_annotation(
    at: Location,
    key: &str,
    known: &[&str],
    near: Option<&str>,
) -> Diagnostic {
    let help = match near {
        Some(near) => did_you_mean(near),
        None => format!("there are {}", listed(known, "and")),
    };
    Diagnostic::new(
        Code::UnknownAnnotation,
        format!("there is no annotation `{}`", short(key)),
    )
    .label(at, "ignored")
    .help(help)
}

pub(crate) fn misplaced_annotation(
    at: Location,
    key: &str,
    place: &str,
    places: &[&str],
) -> Diagnostic {
    Diagnostic::new(
        Code::MisplacedAnnotation,
        format!("`{key}` means nothing on {place}"),
    )
    .label(at, "ignored")
    .help(format!("it belongs on {}", one_of(places)))
}

pub(crate) fn annotation_not_one_of(
    at: Location,
    key: &str,
    value: Option<&str>,
    valid: &[String],
    near: Option<&str>,
) -> Diagnostic {
    let valid: Vec<&str> = valid.iter().map(String::as_str).take(VALUES_MAX).collect();
    let message = match value {
        Some(value) => format!("`{key}` cannot be `{}` here", short(value)),
        None => format!("`{key}` has no value"),
    };
    let found = Diagnostic::new(Code::AnnotationValue, message).label(at, "ignored");
    match near {
        Some(near) => found.help(did_you_mean(near)),
        None if valid.is_empty() => found,
        None => found.help(format!("write {}", listed(&valid, "or"))),
    }
}

/// So many values are listed at most.
const VALUES_MAX: usize = 8;

pub(crate) fn annotation_only(at: Location, key: &str, what: &str) -> Diagnostic {
    Diagnostic::new(
        Code::AnnotationValue,
        format!("only {what} can have `{key}`"),
    )
    .label(at, "ignored")
}

pub(crate) fn annotation_on_name(at: Location, key: &str) -> Diagnostic {
    Diagnostic::new(
        Code::MisplacedAnnotation,
        format!("`{key}` means nothing where a type is given by its name"),
    )
    .label(at, "ignored")
    .help("put it on the `typedef`")
}

pub(crate) fn annotation_no_list(at: Location, key: &str, what: &str) -> Diagnostic {
    Diagnostic::new(
        Code::AnnotationValue,
        format!("the value of `{key}` is no list of {what}"),
    )
    .label(at, "would not compile")
}

/// `` `a`, `b` and `c` ``.
fn listed(names: &[&str], last: &str) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", short(name)))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [init @ .., end] => format!("{} {last} {end}", init.join(", ")),
    }
}
