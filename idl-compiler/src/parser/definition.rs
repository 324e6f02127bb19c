//! Headers and definitions.

use super::fields::{fields, refuse_dots};
use super::input::{Group, Input, Parsed, quiet, separator, token};
use super::recover::{next_item, report, report_unclosed};
use super::token::TokenKind as T;
use super::types::{annotations, field_type};
use super::value::{integer, value};
use crate::ast::{
    Annotations, Definition, Function, Include, Kind, Member, Namespace, Program, Throws, Type,
};
use crate::diagnostic::catalog;
use crate::model::StructKind;
use crate::source::Span;
use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, map, opt};
use nom::sequence::{pair, preceded, terminated};

/// `Header := "include" Literal | "cpp_include" Literal
///          | "namespace" Name Name Annotations? | "namespace" "*" Name`
pub(crate) fn header<'t>(input: Input<'t>, into: &mut Program) -> Parsed<'t, ()> {
    let keyword = input.kind();
    let rest = input.advance();
    let literal = |rest| cut(token(T::Literal)).parse(rest);
    match keyword {
        T::Include => {
            let (rest, path) = literal(rest)?;
            into.includes.push(Include { path: path.span });
            Ok((rest, ()))
        }
        T::CppInclude => map(literal, |_| ()).parse(rest),
        T::Namespace => {
            let name = |rest| map(cut(token(T::Name)), |name| name.span).parse(rest);
            let scope = cut(alt((token(T::Name), token(T::Star))));
            let (rest, (scope, name)) = pair(scope, name).parse(rest)?;
            into.namespaces.push(Namespace {
                scope: scope.span,
                name,
            });
            if scope.kind == T::Star {
                return Ok((rest, ()));
            }
            map(annotations, |_| ()).parse(rest)
        }
        _ => input.expected(Group::Header),
    }
}

/// `Definition := Const | Typedef | Enum | Struct | Service`
pub(crate) fn definition(input: Input<'_>) -> Parsed<'_, Definition> {
    let doc = input.doc();
    let rest = input.advance();
    let (rest, (name, kind, annotations)) = match input.kind() {
        T::Const => cut(constant).parse(rest)?,
        T::Typedef => cut(typedef).parse(rest)?,
        T::Enum => cut(enumeration).parse(rest)?,
        T::Struct => cut(structure(StructKind::Struct)).parse(rest)?,
        T::Union => cut(structure(StructKind::Union)).parse(rest)?,
        T::Exception => cut(structure(StructKind::Exception)).parse(rest)?,
        T::Service => cut(service).parse(rest)?,
        _ => return input.expected(Group::Definition),
    };
    Ok((
        rest,
        Definition {
            doc,
            name,
            annotations,
            kind,
        },
    ))
}

type Parts = (Span, Kind, Annotations);

/// A name that is being defined: no keyword, no dot. Both are reported and accepted.
fn name<'t>(what: &'static str) -> impl Fn(Input<'t>) -> Parsed<'t, Span> {
    move |input| {
        let found = input.token();
        if found.kind.is_keyword() && !(found.kind.starts_definition() && input.starts_line()) {
            let at = input.state.location(found.span);
            input
                .state
                .error(|| catalog::keyword_as_name(at, input.text(), what));
        } else if found.kind != T::Name {
            return token(T::Name)(input).map(|(rest, token)| (rest, token.span));
        }
        refuse_dots(input);
        Ok((input.advance(), found.span))
    }
}

/// The name of a definition, remembered in case that the rest of it fails.
fn definition_name<'t>(what: &'static str) -> impl Fn(Input<'t>) -> Parsed<'t, Span> {
    move |input| {
        let (rest, span) = name(what)(input)?;
        input.state.current.set(Some(span));
        Ok((rest, span))
    }
}

/// `Const := "const" FieldType Name "=" Value sep`
fn constant(input: Input<'_>) -> Parsed<'_, Parts> {
    let value = preceded(token(T::Equals), value);
    let (rest, (ty, name, value, _)) =
        (field_type, definition_name("constant"), value, separator).parse(input)?;
    Ok((rest, (name, Kind::Const { ty, value }, None)))
}

/// `Typedef := "typedef" FieldType Name Annotations? sep`
fn typedef(input: Input<'_>) -> Parsed<'_, Parts> {
    let (rest, (target, name, annotations, _)) = (
        field_type,
        definition_name("typedef"),
        annotations,
        separator,
    )
        .parse(input)?;
    Ok((rest, (name, Kind::Typedef { target }, annotations)))
}

/// `Struct := ("struct" | "union" | "exception") Name "xsd_all"? "{" Field* "}" Annotations?`
fn structure<'t>(kind: StructKind) -> impl Fn(Input<'t>) -> Parsed<'t, Parts> {
    move |input| {
        let what = match kind {
            StructKind::Struct => "struct",
            StructKind::Union => "union",
            StructKind::Exception => "exception",
        };
        let head = terminated(definition_name(what), quiet(T::XsdAll));
        let (rest, (name, fields, annotations)) =
            (head, fields(T::BraceOpen, T::BraceClose), annotations).parse(input)?;
        Ok((rest, (name, Kind::Struct { kind, fields }, annotations)))
    }
}

/// `Enum := "enum" Name "{" Member* "}" Annotations?`
fn enumeration(input: Input<'_>) -> Parsed<'_, Parts> {
    let (rest, (name, (members, complete), annotations)) =
        (definition_name("enum"), |i| items(i, member), annotations).parse(input)?;
    Ok((rest, (name, Kind::Enum { members, complete }, annotations)))
}

/// `Member := Name ("=" Integer)? Annotations? sep`
fn member(input: Input<'_>) -> Parsed<'_, Member> {
    let doc = input.doc();
    let value = opt(preceded(token(T::Equals), cut(integer)));
    let (rest, (name, value, annotations, _)) =
        (name("enum member"), value, annotations, separator).parse(input)?;
    Ok((
        rest,
        Member {
            doc,
            name,
            value: value.flatten().map(Box::new),
            annotations,
        },
    ))
}

/// `Service := "service" Name ("extends" Name)? "{" Function* "}" Annotations?`
fn service(input: Input<'_>) -> Parsed<'_, Parts> {
    let parent = map(token(T::Name), |name| name.span);
    let extends = opt(preceded(token(T::Extends), cut(parent)));
    let (rest, (name, extends, (functions, _), annotations)) = (
        definition_name("service"),
        extends,
        |i| items(i, function),
        annotations,
    )
        .parse(input)?;
    Ok((
        rest,
        (name, Kind::Service { extends, functions }, annotations),
    ))
}

/// `Function := ("oneway" | "async")? (FieldType | "void") Name "(" Field* ")"
///              ("throws" "(" Field* ")")? Annotations? sep`
fn function(input: Input<'_>) -> Parsed<'_, Function> {
    let doc = input.doc();
    let (rest, oneway) = match input.kind() {
        T::Oneway => (input.advance(), Some(input.token().span)),
        T::Async => {
            let at = input.state.location(input.token().span);
            input.state.warning(|| catalog::async_is_oneway(at));
            (input.advance(), Some(input.token().span))
        }
        _ => (input, None),
    };
    if rest.kind() == T::Name && rest.advance().kind() == T::ParenOpen {
        let at = rest.state.location(rest.token().span);
        rest.state
            .error(|| catalog::missing_return_type(at, rest.text()));
        return function_tail(rest, (doc, oneway, None));
    }
    let void = map(token(T::Void), |_| None);
    let (rest, returns) = match alt((void, map(field_type, Some))).parse(rest) {
        Err(nom::Err::Error(_)) if oneway.is_none() => return rest.expected(Group::Function),
        Err(nom::Err::Error(failure)) => return Err(nom::Err::Failure(failure)),
        other => other?,
    };
    function_tail(rest, (doc, oneway, returns))
}

/// A function from its name on.
fn function_tail(
    input: Input<'_>,
    (doc, oneway, returns): (Option<Span>, Option<Span>, Option<Type>),
) -> Parsed<'_, Function> {
    let arguments = || fields(T::ParenOpen, T::ParenClose);
    let throws = map(
        pair(token(T::Throws), cut(arguments())),
        |(keyword, fields)| Throws {
            keyword: keyword.span,
            fields,
        },
    );
    let tail = (
        name("function"),
        arguments(),
        opt(throws),
        annotations,
        separator,
    );
    let (rest, (name, args, throws, annotations, _)) = cut(tail).parse(input)?;
    Ok((
        rest,
        Function {
            doc,
            oneway,
            returns,
            name,
            args,
            throws,
            annotations,
        },
    ))
}

/// `"{" Item* "}"`, and whether all of them parsed. An item that does not is reported and left out.
fn items<'t, O>(
    input: Input<'t>,
    item: impl Fn(Input<'t>) -> Parsed<'t, O>,
) -> Parsed<'t, (Vec<O>, bool)> {
    let (mut rest, opener) = token(T::BraceOpen)(input)?;
    let mut list = Vec::new();
    let mut complete = true;
    loop {
        if let Ok((rest, _)) = token(T::BraceClose)(rest) {
            return Ok((rest, (list, complete)));
        }
        let starts_definition = rest.kind().starts_definition() && rest.starts_line();
        if rest.kind() == T::End || starts_definition {
            report_unclosed(rest, opener, T::BraceClose);
            return Ok((rest, (list, false)));
        }
        let before = rest.at;
        match item(rest) {
            Ok((next, item)) => {
                list.push(item);
                rest = next;
            }
            Err(error) => {
                complete = false;
                rest = next_item(rest, report(rest, &error), T::BraceClose);
            }
        }
        debug_assert!(rest.at > before, "each turn takes a token");
    }
}
