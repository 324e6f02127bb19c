//! First stage: characters to tokens.
//!
//! The lexer never fails: what it cannot read is reported and left out, so that the second stage
//! sees the rest of the file. Every error here ends at a place from which it is safe to go on.

use super::token::{Token, TokenKind};
use crate::ast::literal;
use crate::diagnostic::{Diagnostics, catalog};
use crate::source::{Location, Source, SourceId, Span, offset};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_until, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, digit0, digit1, hex_digit1, not_line_ending, one_of};
use nom::combinator::{opt, recognize, value};
use nom::sequence::{delimited, pair, preceded};
use nom::{IResult, Parser};

/// The tokens of a file and its doc comments.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// Ends with one [`TokenKind::End`].
    pub(crate) tokens: Vec<Token>,
    pub(crate) docs: Vec<Doc>,
}

/// A doc comment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doc {
    /// Index of the token that it stands before.
    pub(crate) before: usize,
    pub(crate) span: Span,
}

/// Reads all tokens of a file.
pub(crate) fn lex(source: &Source, file: SourceId, diagnostics: &mut Diagnostics) -> Lexed {
    let mut lexer = Lexer {
        source,
        file,
        diagnostics,
        out: Lexed::default(),
        at: 0,
        warned: false,
    };
    lexer.run();
    lexer.out
}

/// `[+-]?0x[0-9A-Fa-f]+`
fn hex(input: &str) -> IResult<&str, TokenKind> {
    let digits = (opt(one_of("+-")), tag("0x"), hex_digit1);
    value(TokenKind::Integer, digits).parse(input)
}

/// `[+-]?[0-9]*(\.[0-9]+)?([eE][+-]?[0-9]+)?`, with at least one digit before the exponent; an
/// integer if it has neither point nor exponent.
fn decimal(input: &str) -> IResult<&str, TokenKind> {
    let fraction = || recognize((char('.'), digit1));
    let mantissa = alt((
        recognize((digit1, opt(fraction()))),
        recognize((digit0, fraction())),
    ));
    let exponent = opt((one_of("eE"), opt(one_of("+-")), digit1));
    let (rest, text) = recognize((opt(one_of("+-")), mantissa, exponent)).parse(input)?;
    let double = text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E'));
    Ok((
        rest,
        if double {
            TokenKind::Double
        } else {
            TokenKind::Integer
        },
    ))
}

/// `[a-zA-Z_](\.[a-zA-Z_0-9]|[a-zA-Z_0-9])*`, then split into keywords and names.
fn word(input: &str) -> IResult<&str, TokenKind> {
    let bytes = input.as_bytes();
    let in_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut end = 0;
    while let Some(&b) = bytes.get(end)
        && (in_word(b) || b == b'.' && bytes.get(end + 1).is_some_and(|&next| in_word(next)))
    {
        end += 1;
    }
    let (rest, word) = nom::bytes::complete::take(end).parse(input)?;
    Ok((rest, TokenKind::of_word(word)))
}

fn punctuation(input: &str) -> IResult<&str, TokenKind> {
    alt((
        value(TokenKind::Comma, char(',')),
        value(TokenKind::Colon, char(':')),
        value(TokenKind::Semicolon, char(';')),
        value(TokenKind::Equals, char('=')),
        value(TokenKind::BraceOpen, char('{')),
        value(TokenKind::BraceClose, char('}')),
        value(TokenKind::AngleOpen, char('<')),
        value(TokenKind::AngleClose, char('>')),
        value(TokenKind::ParenOpen, char('(')),
        value(TokenKind::ParenClose, char(')')),
        value(TokenKind::BracketOpen, char('[')),
        value(TokenKind::BracketClose, char(']')),
        value(TokenKind::Ampersand, char('&')),
        value(TokenKind::Star, char('*')),
    ))
    .parse(input)
}

/// A literal on one line, escapes unchecked.
fn literal_token(input: &str) -> IResult<&str, TokenKind> {
    let (rest, quote) = one_of("\"'").parse(input)?;
    let plain = take_while1(|c| c != quote && c != '\\' && c != '\n');
    let escaped = recognize(pair(char('\\'), nom::character::complete::none_of("\n")));
    let (rest, ()) = many(alt((plain, escaped))).parse(rest)?;
    value(TokenKind::Literal, char(quote)).parse(rest)
}

/// Repeats `part`, which never matches the empty string, and keeps nothing.
fn many<'i, O>(
    mut part: impl Parser<&'i str, Output = O, Error = nom::error::Error<&'i str>>,
) -> impl FnMut(&'i str) -> IResult<&'i str, ()> {
    move |mut input| {
        while let Ok((rest, _)) = part.parse(input) {
            input = rest;
        }
        Ok((input, ()))
    }
}

/// `// …` or `# …`, up to the end of the line.
fn line_comment(input: &str) -> IResult<&str, &str> {
    recognize(preceded(alt((tag("//"), tag("#"))), not_line_ending_lf)).parse(input)
}

/// Unlike nom's `not_line_ending`, takes a carriage return that no line feed follows.
fn not_line_ending_lf(input: &str) -> IResult<&str, &str> {
    match not_line_ending::<&str, nom::error::Error<&str>>(input) {
        Ok(found) => Ok(found),
        Err(_) => take_while(|c| c != '\n').parse(input),
    }
}

/// `/* … */`
fn block_comment(input: &str) -> IResult<&str, &str> {
    recognize(delimited(tag("/*"), take_until("*/"), tag("*/"))).parse(input)
}

/// Whether a block comment is doc text: `/**` and more than stars.
fn is_doc(comment: &str) -> bool {
    comment.starts_with("/**")
        && comment.len() > 4
        && comment.bytes().any(|b| !matches!(b, b'/' | b'*'))
}

struct Lexer<'s> {
    source: &'s Source,
    file: SourceId,
    diagnostics: &'s mut Diagnostics,
    out: Lexed,
    at: usize,
    /// Whether bytes that are not UTF-8 were seen in a comment; one warning is enough.
    warned: bool,
}

impl<'s> Lexer<'s> {
    fn run(&mut self) {
        let text = self.source.text();
        if text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        // Most tokens are about this long; a guess that is too low costs a copy, no more.
        self.out.tokens.reserve(text.len() / 8);
        while let Some(rest) = text.get(self.at..)
            && let Some(&first) = rest.as_bytes().first()
        {
            let before = self.at;
            self.step(rest, first);
            assert!(self.at > before, "the lexer moves on with every step");
        }
        self.token(TokenKind::End, 0);
    }

    fn step(&mut self, rest: &'s str, first: u8) {
        let found = match first {
            b' ' | b'\t' | b'\r' | b'\n' => {
                let blank = rest
                    .bytes()
                    .take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
                self.at += blank.count();
                return;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => word(rest),
            b'0'..=b'9' | b'.' | b'+' | b'-' => alt((hex, decimal)).parse(rest),
            b'"' | b'\'' => return self.literal(rest),
            b'#' => return self.comment(rest),
            b'/' if matches!(rest.as_bytes().get(1), Some(b'/' | b'*')) => {
                return self.comment(rest);
            }
            _ => punctuation(rest),
        };
        match found {
            Ok((after, kind)) => self.token(kind, rest.len() - after.len()),
            Err(_) => self.bad_character(rest, first),
        }
    }

    fn token(&mut self, kind: TokenKind, len: usize) {
        let span = self.span(len);
        self.out.tokens.push(Token { kind, span });
        self.at += len;
    }

    fn span(&self, len: usize) -> Span {
        Span {
            start: offset(self.at),
            end: offset(self.at + len),
        }
    }

    fn location(&self, span: Span) -> Location {
        Location {
            file: self.file,
            span,
        }
    }

    fn comment(&mut self, rest: &'s str) {
        let Ok((_, comment)) = alt((block_comment, line_comment)).parse(rest) else {
            let at = self.location(self.span(2));
            self.diagnostics.error(|| catalog::unterminated_comment(at));
            self.at = self.source.text().len();
            return;
        };
        let span = self.span(comment.len());
        if let Some(start) = self.source.invalid_within(span)
            && !self.warned
        {
            self.warned = true;
            let at = self.location(Span {
                start,
                end: start + 3,
            });
            self.diagnostics
                .warning(|| catalog::invalid_utf8_in_comment(at));
        }
        if is_doc(comment) {
            self.out.docs.push(Doc {
                before: self.out.tokens.len(),
                span,
            });
        }
        self.at += comment.len();
    }

    fn literal(&mut self, rest: &'s str) {
        let len = if let Ok((after, _)) = literal_token(rest) {
            rest.len() - after.len()
        } else {
            let line = rest.find('\n').unwrap_or(rest.len());
            let end = rest[..line].trim_end_matches('\r').len();
            let at = self.location(self.span(end));
            self.diagnostics.error(|| catalog::unterminated_string(at));
            end
        };
        let span = self.span(len);
        if let Some(start) = self.source.invalid_within(span) {
            let at = self.location(Span {
                start,
                end: start + 3,
            });
            self.diagnostics.error(|| catalog::invalid_utf8(at));
        }
        self.check_escapes(&rest[..len]);
        self.token(TokenKind::Literal, len);
    }

    fn check_escapes(&mut self, token: &str) {
        let mut chars = token.char_indices();
        while let Some((index, c)) = chars.next() {
            let start = offset(self.at + index);
            if c == '\0' {
                let at = self.location(Span {
                    start,
                    end: start + 1,
                });
                self.diagnostics
                    .error(|| catalog::unexpected_character(at, c));
            }
            if c == '\\'
                && let Some((_, escaped)) = chars.next()
                && literal::escape(escaped).is_none()
            {
                let end = start + 1 + offset(escaped.len_utf8());
                let at = self.location(Span { start, end });
                self.diagnostics.error(|| catalog::bad_escape(at, escaped));
            }
        }
    }

    /// Takes `-rest` into the name that it directly follows, as if dashes were part of names.
    fn dash_in_name(&mut self, rest: &str) -> bool {
        let dash = self.location(self.span(1));
        let text = self.source.text();
        let Some(last) = self.out.tokens.last_mut() else {
            return false;
        };
        let Ok((after, _)) = word(&rest[1..]) else {
            return false;
        };
        let len = rest.len() - after.len();
        let named = last.kind == TokenKind::Name && last.span.end == offset(self.at);
        if !named || len == 1 || rest.as_bytes()[1].is_ascii_digit() {
            return false;
        }
        self.at += len;
        last.span.end = offset(self.at);
        let name = &text[last.span.range()];
        self.diagnostics.error(|| catalog::dash_in_name(dash, name));
        true
    }

    /// Reports what starts no token. A run of such characters is one error.
    fn bad_character(&mut self, rest: &'s str, first: u8) {
        if first == b'-' && self.dash_in_name(rest) {
            return;
        }
        if matches!(first, b'+' | b'-') {
            let at = self.location(self.span(1));
            self.diagnostics
                .error(|| catalog::number_without_digits(at));
            return self.token(TokenKind::Double, 1);
        }
        let foreign = |c: char| !c.is_ascii() || c.is_ascii_control() && !c.is_ascii_whitespace();
        let run: IResult<&str, &str> = alt((
            take_while1(foreign),
            // One ASCII character, such as `@` or `.`.
            take_while_m_n(1, 1, |_| true),
        ))
        .parse(rest);
        let len = run.map_or(1, |(_, run)| run.len());
        let at = self.location(self.span(len));
        let invalid = self.source.invalid_within(self.span(1)).is_some();
        self.diagnostics.error(|| match rest.chars().next() {
            _ if invalid => catalog::invalid_utf8(at),
            first => catalog::unexpected_character(at, first.unwrap_or_default()),
        });
        self.at += len;
    }
}
