//! Saying what went wrong, and finding the place to go on from.
//!
//! Recovery only moves forward over tokens that no production will see again, so that a file full
//! of errors is still read in linear time.

use super::input::{Failure, Group, Input, NESTING_MAX, Set};
use super::token::{Token, TokenKind as T};
use crate::diagnostic::catalog;
use crate::source::Span;

/// Reports a failed production that started at `start`; gives the index of the token at fault.
pub(crate) fn report(start: Input<'_>, error: &nom::Err<Failure>) -> usize {
    let (nom::Err::Error(failure) | nom::Err::Failure(failure)) = error else {
        return start.at;
    };
    let input = start.at(failure.at);
    let state = input.state;
    if state.reported.replace(Some(failure.at)) == Some(failure.at) {
        return failure.at;
    }
    let at = state.location(here(input));
    if failure.too_deep {
        state.error(|| catalog::nesting_too_deep(at, NESTING_MAX));
        return failure.at;
    }
    let wanted = failure.set.or(state.wanted_at(failure.at));
    state.error(|| {
        catalog::unexpected_token(at, &found(input), &wanted.names(), help(input, wanted))
    });
    failure.at
}

/// Reports that `close` is missing here, with both places.
pub(crate) fn report_unclosed(input: Input<'_>, opener: Token, close: T) {
    let state = input.state;
    if state.reported.replace(Some(input.at)) == Some(input.at) {
        return;
    }
    let open = state.location(opener.span);
    let at = state.location(here(input));
    state.error(|| catalog::unclosed(open, opener.kind.name(), at, close.name(), &found(input)));
}

/// Where a message about this token points: at the end of the file, behind the last token.
fn here(input: Input<'_>) -> Span {
    let span = input.token().span;
    if input.kind() != T::End || input.at == 0 {
        return span;
    }
    let end = input.last_span().end;
    Span { start: end, end }
}

/// The token as called in messages.
fn found(input: Input<'_>) -> String {
    let kind = input.kind();
    let text = input.text();
    match kind {
        T::End => kind.name().to_owned(),
        T::Literal if text.len() > 40 => "a string".to_owned(),
        T::Literal => format!("the string {text}"),
        _ if kind.is_keyword() => format!("the keyword {}", kind.name()),
        _ if text.len() > 40 => kind.name().to_owned(),
        _ => format!("`{text}`"),
    }
}

/// What to do about it, where it is a known mistake.
fn help(input: Input<'_>, wanted: Set) -> Option<String> {
    let text = input.text();
    let meant = |words: &[&'static str]| {
        let near = input.state.suggester.nearest(text, words.iter().copied());
        near.map(catalog::did_you_mean)
    };
    match input.kind() {
        T::Name if wanted.contains(Group::Definition) => catalog::removed_word(text)
            .or_else(|| {
                meant(&[
                    "struct",
                    "union",
                    "exception",
                    "enum",
                    "const",
                    "typedef",
                    "service",
                ])
            })
            .or_else(|| meant(&["namespace", "include", "cpp_include"])),
        T::Name if wanted.contains(T::Throws) => meant(&["throws"]),
        T::Name if wanted.contains(T::Extends) => meant(&["extends"]),
        _ if wanted.contains(Group::FieldName) => Some(catalog::field_shape()),
        T::Comma | T::Semicolon if wanted.contains(Group::Definition) => {
            Some(catalog::no_separator_after_definition())
        }
        T::Comma | T::Semicolon if input.at > 0 && input.at(input.at - 1).kind().is_separator() => {
            Some(catalog::one_separator())
        }
        _ => None,
    }
}

/// From a failure inside an item to the start of the next one, or to the end of the list.
pub(crate) fn next_item(start: Input<'_>, failed_at: usize, close: T) -> Input<'_> {
    let mut depth = 0_usize;
    let mut input = start;
    while input.kind() != T::End {
        let kind = input.kind();
        let beyond = input.at >= failed_at;
        match kind {
            _ if beyond
                && input.at > start.at
                && kind.starts_definition()
                && input.starts_line() =>
            {
                return input;
            }
            T::BraceClose | T::ParenClose | T::BracketClose => {
                let ends = kind == close || kind == T::BraceClose;
                if depth == 0 && beyond && ends {
                    return input;
                }
                depth = depth.saturating_sub(1);
            }
            T::BraceOpen | T::ParenOpen | T::BracketOpen => depth += 1,
            _ if depth > 0 || !beyond => {}
            _ if kind.is_separator() => return input.advance(),
            _ if input.at > start.at && input.starts_line() && input.at > failed_at => {
                return input;
            }
            _ => {}
        }
        input = input.advance();
    }
    input
}

/// From a failure inside a definition to the next header or definition.
pub(crate) fn next_definition(start: Input<'_>, failed_at: usize) -> Input<'_> {
    let mut depth = 0_usize;
    let mut input = start.at(failed_at.max(start.at));
    if input.at == start.at && input.kind() != T::End {
        input = input.advance();
    }
    while input.kind() != T::End {
        let kind = input.kind();
        match kind {
            T::BraceOpen | T::ParenOpen | T::BracketOpen => depth += 1,
            T::BraceClose | T::ParenClose | T::BracketClose => depth = depth.saturating_sub(1),
            _ if (kind.starts_definition() || kind.starts_header())
                && (depth == 0 || input.starts_line()) =>
            {
                return input;
            }
            _ => {}
        }
        input = input.advance();
    }
    input
}
