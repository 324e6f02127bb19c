//! Tokens: what the first stage hands to the second.

use crate::source::Span;

/// One token. Its text stays in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

macro_rules! tokens {
    (
        classes { $($class:ident => $class_name:literal,)* }
        punctuation { $($mark:ident => $mark_name:literal,)* }
        keywords { $($keyword:ident => $word:literal,)* }
    ) => {
        /// The kinds of tokens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum TokenKind { $($class,)* $($mark,)* $($keyword,)* }

        impl TokenKind {
            /// Every kind.
            pub(crate) const ALL: &'static [TokenKind] =
                &[$(TokenKind::$class,)* $(TokenKind::$mark,)* $(TokenKind::$keyword,)*];

            /// As it is called in messages.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(TokenKind::$class => $class_name,)*
                    $(TokenKind::$mark => concat!("`", $mark_name, "`"),)*
                    $(TokenKind::$keyword => concat!("`", $word, "`"),)*
                }
            }

            /// Whether it is a word with a meaning.
            pub(crate) fn is_keyword(self) -> bool {
                matches!(self, $(TokenKind::$keyword)|*)
            }

            /// The keyword or identifier that a word is.
            pub(crate) fn of_word(word: &str) -> TokenKind {
                match word {
                    $($word => TokenKind::$keyword,)*
                    _ => TokenKind::Name,
                }
            }
        }
    };
}

tokens! {
    classes {
        End => "the end of the file",
        Integer => "an integer",
        Double => "a number",
        Literal => "a string in quotes",
        Name => "a name",
    }
    punctuation {
        BraceOpen => "{",
        BraceClose => "}",
        BracketOpen => "[",
        BracketClose => "]",
        ParenOpen => "(",
        ParenClose => ")",
        AngleOpen => "<",
        AngleClose => ">",
        Comma => ",",
        Semicolon => ";",
        Colon => ":",
        Equals => "=",
        Ampersand => "&",
        Star => "*",
    }
    keywords {
        Namespace => "namespace",
        CppInclude => "cpp_include",
        CppType => "cpp_type",
        XsdAll => "xsd_all",
        XsdOptional => "xsd_optional",
        XsdNillable => "xsd_nillable",
        XsdAttrs => "xsd_attrs",
        Include => "include",
        Void => "void",
        Bool => "bool",
        Byte => "byte",
        I8 => "i8",
        I16 => "i16",
        I32 => "i32",
        I64 => "i64",
        DoubleType => "double",
        String => "string",
        Binary => "binary",
        Uuid => "uuid",
        Map => "map",
        Set => "set",
        List => "list",
        Oneway => "oneway",
        Async => "async",
        Typedef => "typedef",
        Struct => "struct",
        Union => "union",
        Exception => "exception",
        Extends => "extends",
        Throws => "throws",
        Service => "service",
        Enum => "enum",
        Const => "const",
        Required => "required",
        Optional => "optional",
        True => "true",
        False => "false",
    }
}

impl TokenKind {
    /// `struct`, `const`, …
    pub(crate) fn starts_definition(self) -> bool {
        use TokenKind::{Const, Enum, Exception, Service, Struct, Typedef, Union};
        matches!(
            self,
            Const | Typedef | Enum | Struct | Union | Exception | Service
        )
    }

    /// `include`, `namespace`, `cpp_include`.
    pub(crate) fn starts_header(self) -> bool {
        matches!(
            self,
            TokenKind::Include | TokenKind::CppInclude | TokenKind::Namespace
        )
    }

    /// Whether the keyword may name a field or argument. The exceptions are those of the reference.
    pub(crate) fn may_name_field(self) -> bool {
        use TokenKind::{CppType, False, True, XsdAll, XsdAttrs, XsdNillable, XsdOptional};
        self == TokenKind::Name
            || self.is_keyword()
                && !matches!(
                    self,
                    True | False | CppType | XsdAll | XsdOptional | XsdNillable | XsdAttrs
                )
    }

    /// `,` or `;`.
    pub(crate) fn is_separator(self) -> bool {
        matches!(self, TokenKind::Comma | TokenKind::Semicolon)
    }
}
