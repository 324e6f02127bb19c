//! What the productions consume: a place in the token list, by value, and the shared state of the
//! parse. Also their error type and the smallest productions.
//!
//! A production may fail (`nom::Err::Error`: something else may stand here) or fail for good
//! (`Err::Failure`, after [`cut`](nom::combinator::cut)). The furthest token at which anything was
//! expected is kept aside with all that was expected there, so that a message names `=` as well
//! although the default was optional.

use super::lexer::{Doc, Lexed};
use super::token::{Token, TokenKind};
use crate::diagnostic::{Diagnostic, Diagnostics, Suggester};
use crate::source::{Location, Source, SourceId, Span};
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult};
use std::cell::{Cell, RefCell};

/// State shared by all productions of one file.
pub(crate) struct State<'t> {
    pub(crate) source: &'t Source,
    file: SourceId,
    tokens: &'t [Token],
    docs: &'t [Doc],
    furthest: Cell<Wanted>,
    diagnostics: RefCell<&'t mut Diagnostics>,
    /// The name of the definition being parsed, once it was read.
    pub(crate) current: Cell<Option<Span>>,
    /// The token of the last syntax error; one is enough for each.
    pub(crate) reported: Cell<Option<usize>>,
    pub(crate) suggester: Suggester,
}

impl<'t> State<'t> {
    pub(crate) fn new(
        source: &'t Source,
        file: SourceId,
        lexed: &'t Lexed,
        diagnostics: &'t mut Diagnostics,
    ) -> Self {
        State {
            source,
            file,
            tokens: &lexed.tokens,
            docs: &lexed.docs,
            furthest: Cell::default(),
            diagnostics: RefCell::new(diagnostics),
            current: Cell::new(None),
            reported: Cell::new(None),
            suggester: Suggester::default(),
        }
    }

    pub(crate) fn location(&self, span: Span) -> Location {
        Location {
            file: self.file,
            span,
        }
    }

    pub(crate) fn error(&self, make: impl FnOnce() -> Diagnostic) {
        self.diagnostics.borrow_mut().error(make);
    }

    pub(crate) fn warning(&self, make: impl FnOnce() -> Diagnostic) {
        self.diagnostics.borrow_mut().warning(make);
    }

    /// What was expected at a token, including what was optional there.
    pub(crate) fn wanted_at(&self, at: usize) -> Set {
        let wanted = self.furthest.get();
        if wanted.at == at {
            wanted.set
        } else {
            Set::default()
        }
    }

    fn want(&self, at: usize, set: Set) {
        let mut wanted = self.furthest.get();
        if at > wanted.at {
            wanted = Wanted { at, set };
        } else if at == wanted.at {
            wanted.set.0 |= set.0;
        }
        self.furthest.set(wanted);
    }
}

/// What was expected, and where.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    at: usize,
    set: Set,
}

/// Groups of tokens that are better named together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Definition,
    Header,
    Type,
    Value,
    Field,
    Function,
    FieldName,
}

impl Group {
    pub(crate) const ALL: [(Group, &'static str); 7] = [
        (Group::Definition, "a definition"),
        (Group::Header, "a header"),
        (Group::Type, "a type"),
        (Group::Value, "a value"),
        (Group::Field, "a field"),
        (Group::Function, "a function"),
        (Group::FieldName, "a name"),
    ];
}

/// A set of kinds of tokens and of groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set(u128);

impl From<TokenKind> for Set {
    fn from(kind: TokenKind) -> Set {
        Set(1 << (kind as u8))
    }
}

impl From<Group> for Set {
    fn from(group: Group) -> Set {
        Set(1 << (120 + group as u8))
    }
}

impl Set {
    pub(crate) fn contains(self, other: impl Into<Set>) -> bool {
        self.0 & other.into().0 != 0
    }

    pub(crate) fn or(self, other: impl Into<Set>) -> Set {
        Set(self.0 | other.into().0)
    }

    /// What the set holds, as called in messages.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let groups = Group::ALL
            .iter()
            .filter(|(group, _)| self.contains(*group))
            .map(|g| g.1);
        let tokens = TokenKind::ALL
            .iter()
            .filter(|kind| self.contains(**kind))
            .map(|k| k.name());
        groups.chain(tokens).collect()
    }
}

/// A failed production.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    /// Index of the token at fault.
    pub(crate) at: usize,
    pub(crate) set: Set,
    /// Whether it is the depth limit that was hit.
    pub(crate) too_deep: bool,
}

impl<'t> ParseError<Input<'t>> for Failure {
    fn from_error_kind(input: Input<'t>, _: ErrorKind) -> Self {
        Failure {
            at: input.at,
            set: Set::default(),
            too_deep: false,
        }
    }

    fn append(_: Input<'t>, _: ErrorKind, other: Self) -> Self {
        other
    }

    /// Keeps the furthest; of equals, both.
    fn or(self, other: Self) -> Self {
        match self.at.cmp(&other.at) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Equal => Failure {
                set: self.set.or(other.set),
                ..self
            },
        }
    }
}

/// What a production returns.
pub(crate) type Parsed<'t, T> = IResult<Input<'t>, T, Failure>;

/// A place in the token list. Copied, never changed.
#[derive(Clone, Copy)]
pub(crate) struct Input<'t> {
    pub(crate) state: &'t State<'t>,
    pub(crate) at: usize,
    /// How many types or values are open around this place.
    depth: u32,
}

/// Types and values nested deeper are refused. The runtime reads no value deeper than this by
/// default, and nobody reads such a type.
pub(crate) const NESTING_MAX: u32 = 64;

impl<'t> Input<'t> {
    pub(crate) fn new(state: &'t State<'t>) -> Self {
        Input {
            state,
            at: 0,
            depth: 0,
        }
    }

    pub(crate) fn token(self) -> Token {
        self.state.tokens[self.at.min(self.state.tokens.len() - 1)]
    }

    pub(crate) fn kind(self) -> TokenKind {
        self.token().kind
    }

    pub(crate) fn text(self) -> &'t str {
        self.state.source.slice(self.token().span)
    }

    /// The span of the token before this one.
    pub(crate) fn last_span(self) -> Span {
        self.state.tokens[self.at.saturating_sub(1)].span
    }

    /// Past this token, but never past the end.
    pub(crate) fn advance(self) -> Self {
        Input {
            at: (self.at + 1).min(self.state.tokens.len() - 1),
            ..self
        }
    }

    /// The same production some tokens further on.
    pub(crate) fn at(self, at: usize) -> Self {
        Input { at, ..self }
    }

    /// Enters a type or value.
    pub(crate) fn deeper(self) -> Result<Self, Err<Failure>> {
        if self.depth == NESTING_MAX {
            return Err(Err::Failure(Failure {
                at: self.at,
                set: Set::default(),
                too_deep: true,
            }));
        }
        Ok(Input {
            depth: self.depth + 1,
            ..self
        })
    }

    /// Leaves what `inner` entered.
    pub(crate) fn back_to(self, outer: Input<'t>) -> Self {
        Input {
            depth: outer.depth,
            ..self
        }
    }

    /// Whether the token is the first of its line.
    pub(crate) fn starts_line(self) -> bool {
        let between = Span {
            start: self.last_span().end,
            end: self.token().span.start,
        };
        self.at == 0 || self.state.source.slice(between).contains('\n')
    }

    /// Fails here with what was expected.
    pub(crate) fn expected<T>(self, set: impl Into<Set>) -> Parsed<'t, T> {
        let set = set.into();
        self.state.want(self.at, set);
        Err(Err::Error(Failure {
            at: self.at,
            set,
            too_deep: false,
        }))
    }

    /// The doc comment of the item that starts here: the last one before it, where a separator may
    /// stand between, as the reference attaches it.
    pub(crate) fn doc(self) -> Option<Span> {
        let docs = self.state.docs;
        let find = |at: usize| {
            let end = docs.partition_point(|doc| doc.before <= at);
            docs[..end]
                .last()
                .filter(|doc| doc.before == at)
                .map(|doc| doc.span)
        };
        find(self.at).or_else(|| {
            let before = self.at.checked_sub(1)?;
            if self.state.tokens[before].kind.is_separator() {
                find(before)
            } else {
                None
            }
        })
    }

    /// The doc comments before the first token of the file.
    pub(crate) fn leading_docs(self) -> &'t [Doc] {
        let docs = self.state.docs;
        &docs[..docs.partition_point(|doc| doc.before == 0)]
    }
}

/// One token of a kind.
pub(crate) fn token<'t>(kind: TokenKind) -> impl Fn(Input<'t>) -> Parsed<'t, Token> {
    move |input| {
        let found = input.token();
        if found.kind == kind {
            Ok((input.advance(), found))
        } else {
            input.expected(kind)
        }
    }
}

/// One token of a kind, if it is there, which is too odd to be named in messages.
pub(crate) fn quiet<'t>(kind: TokenKind) -> impl Fn(Input<'t>) -> Parsed<'t, bool> {
    move |input| {
        let found = input.kind() == kind;
        Ok((if found { input.advance() } else { input }, found))
    }
}

/// `sep := ("," | ";")?`
#[allow(clippy::unnecessary_wraps)] // It is used where nom wants a parser.
pub(crate) fn separator(input: Input<'_>) -> Parsed<'_, bool> {
    if input.kind().is_separator() {
        return Ok((input.advance(), true));
    }
    input.state.want(input.at, Set::from(TokenKind::Comma));
    Ok((input, false))
}
