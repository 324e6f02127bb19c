//! Types in use, and annotations.

use super::input::{Group, Input, Parsed, quiet, separator, token};
use super::token::TokenKind as T;
use crate::ast::{Annotation, Annotations, Type, TypeKind};
use crate::diagnostic::catalog;
use nom::Parser;
use nom::combinator::{cut, map, opt};
use nom::sequence::{delimited, preceded, separated_pair, terminated};

/// `FieldType := Name | Base Annotations? | Container Annotations?`
pub(crate) fn field_type(input: Input<'_>) -> Parsed<'_, Type> {
    let first = input.token();
    let base = match first.kind {
        T::Name => {
            let rest = input.advance();
            let ty = Type {
                at: first.span,
                kind: TypeKind::Named,
                annotations: None,
            };
            return refuse_annotations(rest, ty);
        }
        T::List | T::Set | T::Map => {
            let (rest, kind) = container(input.deeper()?)?;
            return annotated(rest.back_to(input), input, kind);
        }
        T::Bool => TypeKind::Bool,
        T::Byte | T::I8 => TypeKind::I8,
        T::I16 => TypeKind::I16,
        T::I32 => TypeKind::I32,
        T::I64 => TypeKind::I64,
        T::DoubleType => TypeKind::Double,
        T::String => TypeKind::String,
        T::Binary => TypeKind::Binary,
        T::Uuid => TypeKind::Uuid,
        T::Void => {
            let at = input.state.location(first.span);
            input.state.error(|| catalog::void_as_type(at));
            TypeKind::Bool
        }
        _ => return input.expected(Group::Type),
    };
    annotated(input.advance(), input, base)
}

fn annotated<'t>(rest: Input<'t>, start: Input<'t>, kind: TypeKind) -> Parsed<'t, Type> {
    let at = start.token().span.to(rest.last_span());
    let (rest, annotations) = type_annotations(rest)?;
    Ok((
        rest,
        Type {
            at,
            kind,
            annotations,
        },
    ))
}

/// Annotations of a type, which are too rare to be named among what could follow it.
fn type_annotations(input: Input<'_>) -> Parsed<'_, Annotations> {
    if input.kind() == T::ParenOpen {
        annotations(input)
    } else {
        Ok((input, None))
    }
}

/// A type given by name takes none; they are read all the same, to go on behind them.
fn refuse_annotations(input: Input<'_>, ty: Type) -> Parsed<'_, Type> {
    let (rest, found) = type_annotations(input)?;
    if found.is_some() {
        let at = input
            .state
            .location(input.token().span.to(rest.last_span()));
        input
            .state
            .error(|| catalog::annotation_on_named_type(at, input.state.location(ty.at)));
    }
    Ok((rest, ty))
}

/// `Container := "map" CppType? "<" FieldType "," FieldType ">"
///            | "set" CppType? "<" FieldType ">"
///            | "list" CppType? "<" FieldType ">" CppType?`
fn container(input: Input<'_>) -> Parsed<'_, TypeKind> {
    let kind = input.kind();
    let (rest, ()) = cpp_type(input.advance())?;
    let open = token(T::AngleOpen);
    let close = token(T::AngleClose);
    match kind {
        T::Map => {
            let pair = separated_pair(field_type, token(T::Comma), field_type);
            cut(map(delimited(open, pair, close), |pair| {
                TypeKind::Map(Box::new(pair))
            }))
            .parse(rest)
        }
        T::Set => cut(map(delimited(open, field_type, close), |ty| {
            TypeKind::Set(Box::new(ty))
        }))
        .parse(rest),
        _ => {
            let list = terminated(delimited(open, field_type, close), cpp_type);
            cut(map(list, |ty| TypeKind::List(Box::new(ty)))).parse(rest)
        }
    }
}

/// `CppType := "cpp_type" Literal`; means nothing here.
fn cpp_type(input: Input<'_>) -> Parsed<'_, ()> {
    match quiet(T::CppType)(input)? {
        (rest, true) => map(cut(token(T::Literal)), |_| ()).parse(rest),
        (rest, false) => Ok((rest, ())),
    }
}

/// `Annotations := ("(" (Name ("=" Literal)? sep)* ")")?`
pub(crate) fn annotations(input: Input<'_>) -> Parsed<'_, Annotations> {
    let Ok((mut rest, _)) = token(T::ParenOpen)(input) else {
        return Ok((input, None));
    };
    let mut list = Vec::new();
    loop {
        if let Ok((rest, _)) = token(T::ParenClose)(rest) {
            return Ok((rest, Some(Box::new(list))));
        }
        let key = map(token(T::Name), |name| name.span);
        let value = opt(preceded(token(T::Equals), cut(token(T::Literal))));
        let one = map((key, value, separator), |(key, value, _)| Annotation {
            key,
            value: value.map(|literal| literal.span),
        });
        let (next, annotation) = cut(one).parse(rest)?;
        list.push(annotation);
        rest = next;
    }
}
