//! Values of constants and defaults.

use super::input::{Group, Input, Parsed, separator, token};
use super::token::TokenKind as T;
use crate::ast::{Integer, Value, ValueKind, literal};
use crate::diagnostic::catalog;
use nom::Parser;
use nom::combinator::{cut, map};
use nom::sequence::{separated_pair, terminated};

/// `Value := Integer | Double | Literal | Name | "[" (Value sep)* "]" | "{" (Value ":" Value sep)* "}"`
pub(crate) fn value(input: Input<'_>) -> Parsed<'_, Value> {
    let token = input.token();
    let rest = input.advance();
    let kind = match token.kind {
        T::BracketOpen => {
            let inner = rest.deeper()?;
            let (rest, list) = until(T::BracketClose, terminated(value, separator), inner)?;
            return Ok(close(input, rest, ValueKind::List(list)));
        }
        T::BraceOpen => {
            let inner = rest.deeper()?;
            let colon = super::input::token(T::Colon);
            let entry = terminated(separated_pair(value, colon, cut(value)), separator);
            let (rest, entries) = until(T::BraceClose, entry, inner)?;
            return Ok(close(input, rest, ValueKind::Map(entries)));
        }
        T::Integer | T::True | T::False => {
            let (rest, integer) = integer(input)?;
            let kind = integer.map_or(ValueKind::Broken, |i| ValueKind::Int(i.value));
            return Ok((
                rest,
                Value {
                    at: token.span,
                    kind,
                },
            ));
        }
        // A sign without digits was reported by the lexer.
        T::Double => input
            .text()
            .parse()
            .map_or(ValueKind::Broken, ValueKind::Double),
        T::Literal => ValueKind::Literal,
        T::Name => ValueKind::Name,
        _ => return input.expected(Group::Value),
    };
    Ok((
        rest,
        Value {
            at: token.span,
            kind,
        },
    ))
}

fn close<'t>(start: Input<'t>, rest: Input<'t>, kind: ValueKind) -> (Input<'t>, Value) {
    let at = start.token().span.to(rest.last_span());
    (rest.back_to(start), Value { at, kind })
}

/// Repeats a production up to a closing token, which is taken as well.
fn until<'t, O>(
    end: T,
    mut part: impl Parser<Input<'t>, Output = O, Error = super::input::Failure>,
    mut input: Input<'t>,
) -> Parsed<'t, Vec<O>> {
    let mut list = Vec::new();
    loop {
        if let Ok((rest, _)) = token(end)(input) {
            return Ok((rest, list));
        }
        let (rest, item) = cut(|i| part.parse(i)).parse(input)?;
        debug_assert!(rest.at > input.at, "values are not empty");
        list.push(item);
        input = rest;
    }
}

/// `Integer := [+-]? digits | [+-]? "0x" digits | "true" | "false"`
///
/// `None` if it was too big, which is reported here.
pub(crate) fn integer(input: Input<'_>) -> Parsed<'_, Option<Integer>> {
    let found = input.token();
    let value = match found.kind {
        T::True => Some(1),
        T::False => Some(0),
        T::Integer => literal::integer(input.text()),
        _ => return map(token(T::Integer), |_| None).parse(input),
    };
    if value.is_none() {
        let at = input.state.location(found.span);
        input.state.error(|| catalog::integer_too_big(at));
    }
    Ok((
        input.advance(),
        value.map(|value| Integer {
            value,
            at: found.span,
        }),
    ))
}
