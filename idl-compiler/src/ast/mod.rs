//! The tree of one file, as written.
//!
//! It holds spans instead of text: a field is then about a hundred bytes, which is what keeps ten
//! megabytes of hostile input far below a gigabyte, and a tree has no lifetime.

pub(crate) mod doc;
pub(crate) mod literal;

use crate::model::{Requiredness, StructKind};
use crate::source::Span;

/// A whole file.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// The file's own doc comment.
    pub(crate) doc: Option<Span>,
    pub(crate) includes: Vec<Include>,
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) definitions: Vec<Definition>,
}

/// `include "path"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Include {
    /// The literal with its quotes.
    pub(crate) path: Span,
}

/// `namespace scope name`; the scope may be `*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Namespace {
    pub(crate) scope: Span,
    pub(crate) name: Span,
}

/// One definition of a file.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) doc: Option<Span>,
    pub(crate) name: Span,
    pub(crate) annotations: Annotations,
    pub(crate) kind: Kind,
}

/// What a definition defines.
#[derive(Debug)]
pub(crate) enum Kind {
    Const {
        ty: Type,
        value: Value,
    },
    Typedef {
        target: Type,
    },
    Enum {
        members: Vec<Member>,
        complete: bool,
    },
    Struct {
        kind: StructKind,
        fields: Fields,
    },
    Service {
        extends: Option<Span>,
        functions: Vec<Function>,
    },
    /// It could not be parsed, yet its name was read; keeps references to it from being errors too.
    Broken,
}

/// Fields, arguments or exceptions.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) list: Vec<Field>,
    /// Whether nothing in between failed to parse.
    pub(crate) complete: bool,
}

/// `id: requiredness type & name = default (annotations)`.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) doc: Option<Span>,
    pub(crate) id: Option<Integer>,
    pub(crate) requiredness: Requiredness,
    /// The keyword, where there is one.
    pub(crate) requiredness_at: Span,
    pub(crate) ty: Type,
    pub(crate) reference: bool,
    pub(crate) name: Span,
    pub(crate) default: Option<Box<Value>>,
    pub(crate) annotations: Annotations,
}

/// An integer token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integer {
    pub(crate) value: i64,
    pub(crate) at: Span,
}

/// `NAME = value (annotations)` of an enum.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) doc: Option<Span>,
    pub(crate) name: Span,
    pub(crate) value: Option<Box<Integer>>,
    pub(crate) annotations: Annotations,
}

/// A function of a service.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) doc: Option<Span>,
    /// `oneway` or `async`.
    pub(crate) oneway: Option<Span>,
    /// `None` for `void`.
    pub(crate) returns: Option<Type>,
    pub(crate) name: Span,
    pub(crate) args: Fields,
    pub(crate) throws: Option<Throws>,
    pub(crate) annotations: Annotations,
}

/// `throws (…)`.
#[derive(Debug)]
pub(crate) struct Throws {
    pub(crate) keyword: Span,
    pub(crate) fields: Fields,
}

/// A type in use.
#[derive(Debug)]
pub(crate) struct Type {
    /// From the first to the last token, without annotations.
    pub(crate) at: Span,
    pub(crate) kind: TypeKind,
    pub(crate) annotations: Annotations,
}

/// The kinds of types.
#[derive(Debug)]
pub(crate) enum TypeKind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    String,
    Binary,
    Uuid,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<(Type, Type)>),
    /// Its text is [`Type::at`].
    Named,
}

/// A constant's or default's value.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) at: Span,
    pub(crate) kind: ValueKind,
}

/// The kinds of values. `true` and `false` are integers.
#[derive(Debug)]
pub(crate) enum ValueKind {
    Int(i64),
    Double(f64),
    /// With quotes; its text is [`Value::at`].
    Literal,
    /// A reference; its text is [`Value::at`].
    Name,
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// Something that was reported already.
    Broken,
}

/// Most things have none, so the common case is one word.
pub(crate) type Annotations = Option<Box<Vec<Annotation>>>;

/// `key = "value"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Annotation {
    pub(crate) key: Span,
    /// With quotes.
    pub(crate) value: Option<Span>,
}
