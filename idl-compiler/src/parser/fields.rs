//! Fields of structs, arguments, exceptions of a `throws` clause: one production serves all.

use super::input::{Group, Input, Parsed, quiet, separator, token};
use super::recover::{next_item, report, report_unclosed};
use super::token::TokenKind as T;
use super::types::{annotations, field_type};
use super::value::{integer, value};
use crate::ast::{Field, Fields, Integer};
use crate::diagnostic::catalog;
use crate::model::Requiredness;
use crate::source::Span;
use nom::Parser;
use nom::combinator::{cut, map, opt};
use nom::sequence::{preceded, terminated};

/// As many fields as there are ids. More cannot be right, and need not be kept.
pub(crate) const FIELDS_MAX: usize = 1 << 16;

/// `Fields := open Field* close`
///
/// A field that does not parse is reported and left out. Fails only if `open` is missing.
pub(crate) fn fields<'t>(open: T, close: T) -> impl Fn(Input<'t>) -> Parsed<'t, Fields> {
    move |input| {
        let (mut rest, opener) = token(open)(input)?;
        let mut fields = Fields {
            list: Vec::new(),
            complete: true,
        };
        loop {
            if let Ok((rest, _)) = token(close)(rest) {
                return Ok((rest, fields));
            }
            if rest.kind() == T::End
                || rest.kind().starts_definition()
                || close == T::ParenClose && rest.kind() == T::BraceClose
            {
                report_unclosed(rest, opener, close);
                fields.complete = false;
                return Ok((rest, fields));
            }
            let before = rest.at;
            match field(rest) {
                Ok((next, field)) => {
                    keep(&mut fields, field, rest);
                    rest = next;
                }
                Err(error) => {
                    fields.complete = false;
                    rest = next_item(rest, report(rest, &error), close);
                }
            }
            debug_assert!(rest.at > before, "each turn takes a token");
        }
    }
}

fn keep(fields: &mut Fields, field: Field, input: Input<'_>) {
    if fields.list.len() < FIELDS_MAX {
        fields.list.push(field);
    } else if std::mem::take(&mut fields.complete) {
        let at = input.state.location(field.name);
        input
            .state
            .error(|| catalog::too_many_fields(at, FIELDS_MAX));
    }
}

/// `Field := (Integer ":")? ("required" | "optional")? FieldType "&"? FieldName ("=" Value)? Xsd
///           Annotations? sep`
fn field(input: Input<'_>) -> Parsed<'_, Field> {
    let doc = input.doc();
    let (rest, id) = match input.kind() {
        T::Integer | T::True | T::False => {
            let id = terminated(integer, cut(token(T::Colon)));
            map(id, Some).parse(input)?
        }
        T::Required | T::Optional => (input, None),
        // Says "a field" instead of all that one can start with.
        _ => match field_type(input) {
            Ok((rest, ty)) => {
                let start = Start::new(doc, input.token().span);
                return after_type(rest, &start, ty);
            }
            Err(nom::Err::Error(_)) => return input.expected(Group::Field),
            Err(failure) => return Err(failure),
        },
    };
    let mut start = Start {
        id: id.flatten(),
        ..Start::new(doc, rest.token().span)
    };
    let (rest, requiredness) = requiredness(rest);
    start.requiredness = requiredness;
    let (rest, ty) = cut(field_type).parse(rest)?;
    after_type(rest, &start, ty)
}

/// What stands before a field's type.
struct Start {
    doc: Option<Span>,
    id: Option<Integer>,
    requiredness: Requiredness,
    requiredness_at: Span,
}

impl Start {
    fn new(doc: Option<Span>, requiredness_at: Span) -> Self {
        Start {
            doc,
            id: None,
            requiredness: Requiredness::Default,
            requiredness_at,
        }
    }
}

fn requiredness(input: Input<'_>) -> (Input<'_>, Requiredness) {
    match input.kind() {
        T::Required => (input.advance(), Requiredness::Required),
        T::Optional => (input.advance(), Requiredness::Optional),
        _ => (input, Requiredness::Default),
    }
}

fn after_type<'t>(input: Input<'t>, start: &Start, ty: crate::ast::Type) -> Parsed<'t, Field> {
    let (rest, reference) = quiet(T::Ampersand)(input)?;
    let (rest, name) = cut(field_name).parse(rest)?;
    let (rest, default) = opt(preceded(token(T::Equals), cut(value))).parse(rest)?;
    let (rest, ()) = xsd(rest)?;
    let (rest, annotations) = terminated(annotations, separator).parse(rest)?;
    let &Start {
        doc,
        id,
        requiredness,
        requiredness_at,
    } = start;
    let default = default.map(Box::new);
    let field = Field {
        doc,
        id,
        requiredness,
        requiredness_at,
        ty,
        reference,
        name,
        default,
        annotations,
    };
    Ok((rest, field))
}

/// `FieldName := Name | any keyword but true, false, cpp_type, xsd_*`
fn field_name(input: Input<'_>) -> Parsed<'_, Span> {
    let found = input.token();
    if !found.kind.may_name_field() {
        return input.expected(Group::FieldName);
    }
    refuse_dots(input);
    Ok((input.advance(), found.span))
}

/// Reports a dot in a name that is being defined.
pub(crate) fn refuse_dots(input: Input<'_>) {
    if input.text().contains('.') {
        let at = input.state.location(input.token().span);
        input.state.error(|| catalog::dotted_name(at, input.text()));
    }
}

/// `Xsd := "xsd_optional"? "xsd_nillable"? ("xsd_attrs" "{" Field* "}")?`; means nothing here.
fn xsd(input: Input<'_>) -> Parsed<'_, ()> {
    let (rest, _) = quiet(T::XsdOptional)(input)?;
    let (rest, _) = quiet(T::XsdNillable)(rest)?;
    let (rest, attributes) = quiet(T::XsdAttrs)(rest)?;
    if !attributes {
        return Ok((rest, ()));
    }
    let (inner, _) = cut(fields(T::BraceOpen, T::BraceClose)).parse(rest.deeper()?)?;
    Ok((inner.back_to(rest), ()))
}
