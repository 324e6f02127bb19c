//! Values of constants and defaults.

use super::{Code, short};
use crate::diagnostic::Diagnostic;
use crate::source::Location;

pub(crate) fn value_mismatch(at: Location, found: &str, wanted: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ValueMismatch,
        format!("expected a value for {wanted}, found {found}"),
    )
    .label(at, format!("does not fit {wanted}"))
}

/// A reference to a constant of another type.
pub(crate) fn constant_mismatch(at: Location, defined: Location, wanted: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ValueMismatch,
        format!("the constant's value does not fit {wanted}"),
    )
    .label(at, format!("needs a value for {wanted}"))
    .label(defined, "defined here")
}

pub(crate) fn value_out_of_range(at: Location, value: i64, ty: &str, bits: u32) -> Diagnostic {
    let max = (1_i128 << (bits - 1)) - 1;
    let min = -max - 1;
    Diagnostic::new(
        Code::ValueOutOfRange,
        format!("{value} does not fit `{ty}`"),
    )
    .label(at, format!("`{ty}` goes from {min} to {max}"))
}

pub(crate) fn unknown_constant(at: Location, name: &str, help: Option<String>) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownConstant,
        format!("there is no constant or enum member `{}`", short(name)),
    )
    .label(at, "not defined")
    .help_if(help)
}

/// What to do about `NaN` and the like.
pub(crate) fn no_such_literal() -> String {
    "Thrift has no literal for it; leave the field without a default".to_owned()
}

pub(crate) fn unqualified_member(at: Location, member: &str, enumeration: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UnqualifiedMember,
        format!("`{}` needs its enum's name", short(member)),
    )
    .label(at, "a member of an enum")
    .help(super::did_you_mean(&format!(
        "{}.{}",
        short(enumeration),
        short(member)
    )))
}

pub(crate) fn unknown_member(
    at: Location,
    member: &str,
    enumeration: &str,
    defined: Location,
    near: Option<&str>,
) -> Diagnostic {
    let (member, enumeration) = (short(member), short(enumeration));
    Diagnostic::new(
        Code::UnknownMember,
        format!("the enum `{enumeration}` has no member `{member}`"),
    )
    .label(at, "not a member")
    .label(defined, "defined here")
    .help_if(near.map(|near| super::did_you_mean(&format!("{enumeration}.{near}"))))
}

pub(crate) fn wrong_enum(
    at: Location,
    written: &str,
    wanted: &str,
    help: Option<String>,
) -> Diagnostic {
    let (written, wanted) = (short(written), short(wanted));
    Diagnostic::new(
        Code::WrongEnum,
        format!("`{written}` is not a member of the enum `{wanted}`"),
    )
    .label(at, format!("needs a member of `{wanted}`"))
    .help_if(help)
}

pub(crate) fn no_member_with_value(
    at: Location,
    value: i64,
    enumeration: &str,
    defined: Location,
) -> Diagnostic {
    let enumeration = short(enumeration);
    Diagnostic::new(
        Code::NoMemberWithValue,
        format!("no member of the enum `{enumeration}` has the value {value}"),
    )
    .label(at, "unknown value")
    .label(defined, "defined here")
}

pub(crate) fn loose_member(at: Location, full: &str) -> Diagnostic {
    Diagnostic::new(
        Code::LooseMember,
        "the enum member is named by its last part only",
    )
    .label(at, "understood all the same")
    .help(format!("write `{}`", short(full)))
}

pub(crate) fn bool_from_integer(at: Location, value: i64) -> Diagnostic {
    Diagnostic::new(Code::BoolFromInteger, format!("{value} stands for a bool"))
        .label(at, "taken as `true`")
        .help("write `true` or `false`")
}

pub(crate) fn infinite_double(at: Location) -> Diagnostic {
    Diagnostic::new(Code::InfiniteDouble, "the number is too big for a double")
        .label(at, "becomes infinity")
}

pub(crate) fn inexact_double(at: Location, nearest: f64) -> Diagnostic {
    Diagnostic::new(
        Code::InexactDouble,
        "a double cannot hold this integer exactly",
    )
    .label(at, format!("becomes {nearest}"))
}

pub(crate) fn repeated_element(second: Location, first: Location) -> Diagnostic {
    Diagnostic::new(Code::RepeatedElement, "the set has this element twice")
        .label(second, "left out")
        .label(first, "first here")
}

pub(crate) fn repeated_key(second: Location, first: Location) -> Diagnostic {
    Diagnostic::new(Code::RepeatedKey, "the map has this key twice")
        .label(second, "this value is kept")
        .label(first, "this one is lost")
}

pub(crate) fn invalid_uuid(at: Location) -> Diagnostic {
    Diagnostic::new(Code::InvalidUuid, "this is not a UUID")
        .label(at, "needs 36 characters, maybe in braces")
        .help("write it as \"00112233-4455-6677-8899-aabbccddeeff\"")
}

pub(crate) fn field_name_not_string(at: Location, name: &str) -> Diagnostic {
    Diagnostic::new(Code::ValueMismatch, "the names of fields are strings here")
        .label(at, "needs quotes")
        .help(format!("write `\"{}\"`", short(name)))
}

pub(crate) fn unknown_field(
    at: Location,
    field: &str,
    owner: &str,
    defined: Location,
    near: Option<&str>,
) -> Diagnostic {
    let message = format!("`{}` has no field `{}`", short(owner), short(field));
    Diagnostic::new(Code::UnknownField, message)
        .label(at, "no such field")
        .label(defined, "defined here")
        .help_if(near.map(super::did_you_mean))
}

pub(crate) fn duplicate_field_value(second: Location, first: Location, field: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateFieldValue,
        format!("the field `{}` has two values", short(field)),
    )
    .label(second, "again")
    .label(first, "first here")
}

pub(crate) fn missing_field(at: Location, field: &str, defined: Location) -> Diagnostic {
    Diagnostic::new(
        Code::MissingField,
        format!("the required field `{}` has no value", short(field)),
    )
    .label(at, "needs a value for it")
    .label(defined, "required here")
}

pub(crate) fn union_not_one_field(at: Location, owner: &str, count: usize) -> Diagnostic {
    let message = format!("a value of the union `{}` has {count} fields", short(owner));
    Diagnostic::new(Code::UnionNotOneField, message).label(at, "needs exactly one")
}

pub(crate) fn constant_cycle(at: Location, name: &str, defined: Location) -> Diagnostic {
    Diagnostic::new(
        Code::ConstantCycle,
        format!("the constant `{}` is defined by itself", short(name)),
    )
    .label(at, "its value is needed here")
    .label(defined, "to give this a value")
}

pub(crate) fn default_cycle(at: Location, field: &str, through: Option<Location>) -> Diagnostic {
    let message = format!("the default of `{}` contains itself", short(field));
    let found = Diagnostic::new(Code::DefaultCycle, message).label(at, "has no end");
    match through {
        Some(through) => found.label(through, "by way of this default"),
        None => found,
    }
}

pub(crate) fn value_too_deep(at: Location, max: u32) -> Diagnostic {
    Diagnostic::new(
        Code::ValueTooDeep,
        format!("the value is nested more than {max} levels deep"),
    )
    .label(at, "too deep, with the values of the constants in it")
}

pub(crate) fn values_too_large(at: Location, bytes_max: usize) -> Diagnostic {
    let mib = bytes_max >> 20;
    Diagnostic::new(
        Code::ValuesTooLarge,
        format!("the values copied from constants exceed {mib} MiB"),
    )
    .label(at, "copies a constant's whole value")
    .help("refer to large constants less often")
}
