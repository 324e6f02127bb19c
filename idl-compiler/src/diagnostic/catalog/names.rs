//! Definitions and references to them.

use super::{Code, short};
use crate::diagnostic::Diagnostic;
use crate::source::Location;

pub(crate) fn duplicate_definition(second: Location, first: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateDefinition,
        format!("`{}` is defined twice", short(name)),
    )
    .label(second, "defined again")
    .label(first, "first defined here")
}

pub(crate) fn duplicate_constant(second: Location, first: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateConstant,
        format!("the constant `{}` is defined twice", short(name)),
    )
    .label(second, "defined again")
    .label(first, "first defined here")
}

pub(crate) fn duplicate_across_files(here: Location, there: Location, name: &str) -> Diagnostic {
    let name = short(name);
    Diagnostic::new(
        Code::DuplicateAcrossFiles,
        format!("`{name}` is defined in two files of one namespace"),
    )
    .label(here, "defined here")
    .label(there, "and here")
    .help("give one of the files another `namespace`")
}

pub(crate) fn shared_module(here: Location, there: Location, name: &str) -> Diagnostic {
    let name = short(name);
    Diagnostic::new(
        Code::SharedModule,
        format!("two files define `{name}` and become one Rust module"),
    )
    .label(here, "gets another name in Rust")
    .label(there, "keeps its name")
    .help("give one of the files another `namespace rs`")
}

pub(crate) fn unknown_type(at: Location, name: &str, help: Option<String>) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownType,
        format!("there is no type `{}`", short(name)),
    )
    .label(at, "not defined")
    .help_if(help)
}

/// What to write for a type that other languages have.
pub(crate) fn foreign_type(name: &str) -> Option<String> {
    let meant = match name {
        "int" | "integer" | "int32" | "Int" | "Integer" | "uint32" | "u32" => "i32",
        "long" | "int64" | "Long" | "uint64" | "u64" => "i64",
        "short" | "int16" | "Short" | "uint16" | "u16" => "i16",
        "int8" | "char" | "u8" | "uint8" | "Byte" => "i8",
        "float" | "Float" | "f32" | "f64" | "float64" | "float32" | "number" => "double",
        "boolean" | "Boolean" => "bool",
        "str" | "text" => "string",
        "bytes" | "blob" | "Bytes" => "binary",
        "array" | "vector" | "Array" | "Vec" => "list",
        "dict" | "HashMap" => "map",
        _ => return None,
    };
    Some(super::did_you_mean(meant))
}

/// The file is part of the program, only not included directly.
pub(crate) fn not_transitive(path: &str) -> String {
    format!("names come from direct includes only; add an `include` of `{path}`")
}

pub(crate) fn unknown_include(at: Location, stem: &str, help: Option<String>) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownInclude,
        format!("no file `{}` is included", short(stem)),
    )
    .label(at, "needs the name of an included file before the dot")
    .help_if(help)
}

pub(crate) fn unknown_service(at: Location, name: &str, help: Option<String>) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownService,
        format!("there is no service `{}`", short(name)),
    )
    .label(at, "not defined")
    .help_if(help)
}

pub(crate) fn ambiguous_name(
    at: Location,
    name: &str,
    one: Location,
    other: Location,
) -> Diagnostic {
    Diagnostic::new(
        Code::AmbiguousName,
        format!("`{}` can mean two things", short(name)),
    )
    .label(at, "ambiguous")
    .label(one, "this")
    .label(other, "or this")
    .help("rename one of the included files")
}

pub(crate) fn service_as_type(at: Location, name: &str, defined: Location) -> Diagnostic {
    Diagnostic::new(
        Code::NotAType,
        format!("`{}` is a service, not a type", short(name)),
    )
    .label(at, "needs a type")
    .label(defined, "defined here")
}

pub(crate) fn constant_as_type(at: Location, name: &str, defined: Location) -> Diagnostic {
    Diagnostic::new(
        Code::NotAType,
        format!("`{}` is a constant, not a type", short(name)),
    )
    .label(at, "needs a type")
    .label(defined, "defined here")
}

pub(crate) fn type_as_service(at: Location, name: &str, defined: Location) -> Diagnostic {
    Diagnostic::new(
        Code::NotAService,
        format!("`{}` is not a service", short(name)),
    )
    .label(at, "only a service can be extended")
    .label(defined, "defined here")
}

pub(crate) fn typedef_cycle(at: Location, name: &str, through: Option<Location>) -> Diagnostic {
    let found = Diagnostic::new(
        Code::TypedefCycle,
        format!("the typedef `{}` stands for itself", short(name)),
    )
    .label(at, "has no end");
    match through {
        Some(through) => found.label(through, "by way of this"),
        None => found,
    }
}

pub(crate) fn typedef_too_deep(at: Location, name: &str, max: u32) -> Diagnostic {
    let message = format!(
        "`{}` stands for a type that is nested more than {max} levels deep",
        short(name)
    );
    Diagnostic::new(Code::TypedefTooDeep, message)
        .label(at, "each typedef and container is a level")
}

pub(crate) fn extends_cycle(at: Location, name: &str, parent: Location) -> Diagnostic {
    let found = Diagnostic::new(
        Code::ExtendsCycle,
        format!("the service `{}` extends itself", short(name)),
    )
    .label(at, "inherits from itself");
    if at == parent {
        found
    } else {
        found.label(parent, "by way of this")
    }
}

pub(crate) fn extends_too_deep(at: Location, name: &str, max: u32) -> Diagnostic {
    let message = format!(
        "the service `{}` has more than {max} ancestors",
        short(name)
    );
    Diagnostic::new(Code::ExtendsTooDeep, message).label(at, "too many")
}
