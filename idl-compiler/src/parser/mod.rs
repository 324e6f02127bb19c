//! From the text of a file to its tree, with nom, in two stages: characters to tokens, tokens to
//! tree.
//!
//! Why not one stage, or a generated parser? Tokens make recovery possible (skip to the next `,` or
//! definition), keep whitespace and comments out of the grammar, and allow each production to be
//! read beside the EBNF line above it. The grammar needs one token of lookahead everywhere.

mod definition;
mod fields;
mod input;
mod lexer;
mod recover;
mod token;
mod types;
mod value;

pub(crate) use input::NESTING_MAX;

use crate::ast::{Definition, Kind, Program};
use crate::diagnostic::{Diagnostics, catalog};
use crate::source::{Source, SourceId};
use input::{Group, Input, State};
use token::TokenKind;

/// Parses a file. Whatever is wrong is reported; the tree holds what could be read.
pub(crate) fn parse(source: &Source, file: SourceId, diagnostics: &mut Diagnostics) -> Program {
    let lexed = lexer::lex(source, file, diagnostics);
    let state = State::new(source, file, &lexed, diagnostics);
    program(Input::new(&state))
}

/// `Program := Header* Definition*`
fn program(mut input: Input<'_>) -> Program {
    let mut program = Program::default();
    // The first doc comment is the file's if a header or another doc comment follows it.
    let leading = input.leading_docs();
    if leading.len() > 1 || input.kind().starts_header() {
        program.doc = leading.first().map(|doc| doc.span);
    }
    let mut first_definition = None;
    while input.kind() != TokenKind::End {
        let before = input.at;
        input.state.current.set(None);
        let parsed = if input.kind().starts_header() {
            if let Some(first) = first_definition {
                let at = input.state.location(input.token().span);
                let first = input.state.location(first);
                input
                    .state
                    .error(|| catalog::header_after_definition(at, first));
            }
            definition::header(input, &mut program)
        } else {
            if first_definition.is_none() {
                // Asked first so that a message at the start of a file names headers as well.
                let _ = input.expected::<()>(Group::Header);
                first_definition =
                    Some(input.token().span).filter(|_| input.kind().starts_definition());
            }
            definition::definition(input).map(|(rest, one)| {
                program.definitions.push(one);
                (rest, ())
            })
        };
        match parsed {
            Ok((rest, ())) => input = rest,
            Err(error) => {
                let failed_at = recover::report(input, &error);
                keep_name(input, &mut program);
                input = recover::next_definition(input, failed_at);
            }
        }
        assert!(input.at > before, "each turn takes a token");
    }
    program
}

/// Keeps the name of a definition that failed.
fn keep_name(input: Input<'_>, program: &mut Program) {
    if let Some(name) = input.state.current.get() {
        let kind = Kind::Broken;
        program.definitions.push(Definition {
            doc: None,
            name,
            annotations: None,
            kind,
        });
    }
}
