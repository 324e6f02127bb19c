//! Characters and tokens.

use super::{Code, one_of, short};
use crate::diagnostic::Diagnostic;
use crate::source::Location;

pub(crate) fn unexpected_character(at: Location, c: char) -> Diagnostic {
    let (what, help) = match c {
        '\0' => (
            "NUL character".to_owned(),
            Some("save the file as UTF-8 text; this looks like UTF-16 or a binary file"),
        ),
        '@' => (
            "`@`".to_owned(),
            Some("Thrift writes annotations behind a declaration: `(key = \"value\")`"),
        ),
        '.' => (
            "`.`".to_owned(),
            Some("a point needs digits behind it, as in `5.0`"),
        ),
        '“' | '”' | '‘' | '’' => {
            (format!("`{c}`"), Some("use straight quotes: `\"` or `'`"))
        }
        c if c.is_control() || c == '\u{feff}' => {
            (format!("character U+{:04X}", u32::from(c)), None)
        }
        c if c.is_ascii() => (format!("`{c}`"), None),
        c => (
            format!("`{c}`"),
            Some("outside strings and comments, an IDL file is ASCII"),
        ),
    };
    Diagnostic::new(Code::UnexpectedCharacter, format!("unexpected {what}"))
        .label(at, "not part of any token")
        .help_if(help.map(str::to_owned))
}

pub(crate) fn invalid_utf8(at: Location) -> Diagnostic {
    Diagnostic::new(Code::InvalidUtf8, "the file is not UTF-8 here")
        .label(at, "shown as U+FFFD")
        .help("save the file as UTF-8")
}

pub(crate) fn invalid_utf8_in_comment(at: Location) -> Diagnostic {
    Diagnostic::new(Code::InvalidUtf8InComment, "a comment is not UTF-8")
        .label(at, "shown as U+FFFD, here and in the rest of the file")
        .help("save the file as UTF-8")
}

pub(crate) fn unterminated_comment(at: Location) -> Diagnostic {
    Diagnostic::new(Code::UnterminatedComment, "a comment has no end")
        .label(at, "starts here and runs to the end of the file")
        .help("close it with `*/`")
}

pub(crate) fn unterminated_string(at: Location) -> Diagnostic {
    Diagnostic::new(
        Code::UnterminatedString,
        "a string does not end on its line",
    )
    .label(at, "no closing quote")
    .help("write a line break as `\\n`")
}

pub(crate) fn bad_escape(at: Location, escaped: char) -> Diagnostic {
    let escaped = escaped.escape_debug();
    Diagnostic::new(Code::BadEscape, format!("`\\{escaped}` is not an escape"))
        .label(at, "unknown escape")
        .help("the escapes are `\\n`, `\\r`, `\\t`, `\\\"`, `\\'` and `\\\\`")
}

pub(crate) fn number_without_digits(at: Location) -> Diagnostic {
    Diagnostic::new(Code::NumberWithoutDigits, "a sign without a number")
        .label(at, "no digits follow directly")
}

pub(crate) fn integer_too_big(at: Location) -> Diagnostic {
    Diagnostic::new(Code::IntegerTooBig, "the integer does not fit in 64 bits")
        .label(at, "outside -9223372036854775808 to 9223372036854775807")
}

pub(crate) fn unexpected_token(
    at: Location,
    found: &str,
    wanted: &[&str],
    help: Option<String>,
) -> Diagnostic {
    let wanted = one_of(wanted);
    Diagnostic::new(
        Code::UnexpectedToken,
        format!("expected {wanted}, found {found}"),
    )
    .label(at, "not expected here")
    .help_if(help)
}

/// Words that meant something in older Thrift or other dialects.
pub(crate) fn removed_word(word: &str) -> Option<String> {
    let help = match word {
        "senum" => "`senum` is no longer part of Thrift; use a typedef of `string` or an `enum`",
        "slist" => "`slist` is no longer part of Thrift; use `string`",
        "cpp_namespace" | "java_package" | "py_module" | "php_namespace" | "ruby_namespace"
        | "perl_package" | "csharp_namespace" | "cocoa_prefix" | "delphi_namespace"
        | "xsd_namespace" => "write `namespace LANGUAGE NAME`",
        "c_include" => "`c_include` is no longer part of Thrift; remove it",
        "package" => "`package` is part of another dialect; use `namespace rs NAME`",
        "interaction" => "`interaction` is part of another dialect; use `service`",
        _ => return None,
    };
    Some(help.to_owned())
}

pub(crate) fn no_separator_after_definition() -> String {
    "remove it; no separator follows `}`".to_owned()
}

pub(crate) fn one_separator() -> String {
    "remove it; there is at most one separator".to_owned()
}

pub(crate) fn unclosed(
    open: Location,
    opener: &str,
    at: Location,
    closer: &str,
    found: &str,
) -> Diagnostic {
    Diagnostic::new(Code::Unclosed, format!("expected {closer}, found {found}"))
        .label(at, format!("{closer} is missing before this"))
        .label(open, format!("this {opener} is open"))
}

pub(crate) fn header_after_definition(at: Location, first: Location) -> Diagnostic {
    Diagnostic::new(
        Code::HeaderAfterDefinition,
        "a header stands behind a definition",
    )
    .label(at, "header")
    .label(first, "the definitions start here")
    .help("move all `include` and `namespace` lines to the top of the file")
}

pub(crate) fn keyword_as_name(at: Location, word: &str, what: &str) -> Diagnostic {
    let what = format!(
        "{} {what}",
        if what.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        }
    );
    Diagnostic::new(
        Code::KeywordAsName,
        format!("`{word}` is a keyword and cannot name {what}"),
    )
    .label(at, "keyword")
    .help(format!("choose another name, such as `{word}_`"))
}

pub(crate) fn dotted_name(at: Location, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DottedName,
        "a name that is being defined cannot have a dot",
    )
    .label(at, "dots only separate a file or enum from what is in it")
    .help(format!(
        "did you mean `{}`?",
        short(&name.replace('.', "_"))
    ))
}

pub(crate) fn void_as_type(at: Location) -> Diagnostic {
    Diagnostic::new(
        Code::VoidAsType,
        "`void` is only for functions that return nothing",
    )
    .label(at, "needs a type with values")
}

pub(crate) fn missing_return_type(at: Location, name: &str) -> Diagnostic {
    let name = short(name);
    Diagnostic::new(
        Code::MissingReturnType,
        format!("the function `{name}` has no return type"),
    )
    .label(at, "a function starts with its return type")
    .help(format!("write `void {name}(…)` if it returns nothing"))
}

pub(crate) fn field_shape() -> String {
    "a field is `ID: TYPE NAME`".to_owned()
}

pub(crate) fn dash_in_name(at: Location, name: &str) -> Diagnostic {
    Diagnostic::new(Code::UnexpectedCharacter, "a name cannot have a dash")
        .label(at, "dash")
        .help(super::did_you_mean(&short(&name.replace('-', "_"))))
}

pub(crate) fn annotation_on_named_type(at: Location, ty: Location) -> Diagnostic {
    Diagnostic::new(
        Code::AnnotationOnNamedType,
        "a type given by its name takes no annotations here",
    )
    .label(at, "annotations")
    .label(ty, "type given by its name")
    .help("move them behind the field's name, or to the type's definition")
}

pub(crate) fn nesting_too_deep(at: Location, max: u32) -> Diagnostic {
    Diagnostic::new(
        Code::NestingTooDeep,
        format!("nested more than {max} levels deep"),
    )
    .label(at, "too deep")
}

pub(crate) fn too_many_fields(at: Location, max: usize) -> Diagnostic {
    Diagnostic::new(
        Code::TooManyFields,
        format!("more than {max} fields in one list"),
    )
    .label(at, "there are no more field ids for this one")
}
