//! Members of enums, fields of structs, functions of services.

use super::{Code, short};
use crate::diagnostic::Diagnostic;
use crate::source::Location;

pub(crate) fn duplicate_member(second: Location, first: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateMember,
        format!("the enum has two members `{}`", short(name)),
    )
    .label(second, "again")
    .label(first, "first here")
}

pub(crate) fn member_out_of_range(at: Location, value: i64) -> Diagnostic {
    Diagnostic::new(
        Code::MemberOutOfRange,
        format!("{value} is too big for an enum"),
    )
    .label(at, "members have 32 bits: -2147483648 to 2147483647")
}

pub(crate) fn member_overflow(at: Location, before: Location) -> Diagnostic {
    Diagnostic::new(
        Code::MemberOverflow,
        "there is no value left for this member",
    )
    .label(at, "needs a value of its own")
    .label(before, "has the largest value, 2147483647")
}

pub(crate) fn duplicate_field_name(second: Location, first: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateFieldName,
        format!("two fields are called `{}`", short(name)),
    )
    .label(second, "again")
    .label(first, "first here")
}

pub(crate) fn duplicate_field_id(
    second: Location,
    first: Location,
    id: i16,
    free: Option<i16>,
) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateFieldId,
        format!("two fields have the id {id}"),
    )
    .label(second, "again")
    .label(first, "first here")
    .help_if(free.map(|free| format!("{free} is free")))
}

pub(crate) fn field_id_out_of_range(at: Location, id: i64) -> Diagnostic {
    Diagnostic::new(
        Code::FieldIdOutOfRange,
        format!("the field id {id} does not fit in 16 bits"),
    )
    .label(at, "ids go from 1 to 32767")
}

pub(crate) fn field_id_missing(at: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::FieldIdMissing,
        format!("the field `{}` has no id", short(name)),
    )
    .label(at, "needs an id because of `--strict`")
    .help("write a number and `:` before the type")
}

pub(crate) fn field_ids_exhausted(at: Location) -> Diagnostic {
    Diagnostic::new(
        Code::FieldIdsExhausted,
        "there is no id left for this field",
    )
    .label(at, "ids without a number count down from -1 to -32768")
}

pub(crate) fn implicit_field_ids(at: Location, count: usize, id: i16) -> Diagnostic {
    let message = match count {
        1 => "a field has no id".to_owned(),
        count => format!("{count} fields have no id"),
    };
    Diagnostic::new(Code::ImplicitFieldIds, message)
        .label(
            at,
            format!("gets {id}, which changes when fields are added or moved"),
        )
        .help("write a number and `:` before the type")
}

pub(crate) fn nonpositive_field_id(at: Location, id: i16) -> Diagnostic {
    Diagnostic::new(
        Code::NonpositiveFieldId,
        format!("the field id {id} is not positive"),
    )
    .label(
        at,
        "kept as written; Apache's compiler replaces it unless run with `--allow-neg-keys`",
    )
}

pub(crate) fn too_many_required(at: Location, count: usize, max: usize) -> Diagnostic {
    Diagnostic::new(
        Code::TooManyRequired,
        format!("{count} required fields, and at most {max} are possible"),
    )
    .label(at, "one too many")
    .help("leave out `required`; such a field is always written all the same")
}

pub(crate) fn too_many_arguments(at: Location, count: usize, max: usize) -> Diagnostic {
    Diagnostic::new(
        Code::TooManyArguments,
        format!("{count} arguments, and at most {max} are possible"),
    )
    .label(at, "one too many")
    .help("put arguments that belong together into a struct")
}

pub(crate) fn ignored_requiredness_of_argument(at: Location, word: &str) -> Diagnostic {
    ignored_requiredness(at, word, "for an argument").help(
        "remove it: an argument that a caller leaves out has its default, zero or empty; a struct as \
         the argument can have optional fields",
    )
}

pub(crate) fn ignored_requiredness_in_union(at: Location, word: &str) -> Diagnostic {
    ignored_requiredness(at, word, "in a union").help("remove it: a union has one of its fields")
}

pub(crate) fn ignored_requiredness_of_thrown(at: Location, word: &str) -> Diagnostic {
    ignored_requiredness(at, word, "in `throws`")
        .help("remove it: a function throws one of its exceptions")
}

fn ignored_requiredness(at: Location, word: &str, place: &str) -> Diagnostic {
    Diagnostic::new(
        Code::IgnoredRequiredness,
        format!("`{word}` means nothing {place}"),
    )
    .label(at, "ignored")
}

pub(crate) fn union_two_defaults(second: Location, first: Location) -> Diagnostic {
    Diagnostic::new(Code::UnionTwoDefaults, "a union can have one default only")
        .label(second, "second default")
        .label(first, "first default")
}

pub(crate) fn duplicate_function(second: Location, first: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateFunction,
        format!("the service has two functions `{}`", short(name)),
    )
    .label(second, "again")
    .label(first, "first here")
}

pub(crate) fn inherited_function(second: Location, first: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateFunction,
        format!("the service inherits a function `{}`", short(name)),
    )
    .label(second, "defined again")
    .label(first, "inherited from here")
}

pub(crate) fn oneway_returns(at: Location, oneway: Location) -> Diagnostic {
    Diagnostic::new(Code::OnewayReturns, "a oneway function returns a value")
        .label(at, "would never arrive")
        .label(oneway, "no answer is sent")
        .help("return `void`, or remove `oneway`")
}

pub(crate) fn oneway_throws(at: Location, oneway: Location) -> Diagnostic {
    Diagnostic::new(Code::OnewayThrows, "a oneway function throws")
        .label(at, "would never arrive")
        .label(oneway, "no answer is sent")
        .help("remove `throws` or `oneway`")
}

pub(crate) fn throws_not_exception(
    at: Location,
    name: &str,
    defined: Option<Location>,
) -> Diagnostic {
    let found = Diagnostic::new(
        Code::ThrowsNotException,
        format!("`{}` is not an exception", short(name)),
    )
    .label(at, "only exceptions can be thrown");
    match defined {
        Some(defined) => found
            .label(defined, "defined here")
            .help("define it with `exception`"),
        None => found,
    }
}

pub(crate) fn throws_id_zero(at: Location) -> Diagnostic {
    Diagnostic::new(Code::ThrowsIdZero, "an exception has the id 0")
        .label(at, "0 is the returned value's")
        .help("count exceptions from 1")
}

pub(crate) fn async_is_oneway(at: Location) -> Diagnostic {
    Diagnostic::new(Code::AsyncIsOneway, "`async` is the old word for `oneway`")
        .label(at, "no answer is sent")
        .help("write `oneway`")
}
