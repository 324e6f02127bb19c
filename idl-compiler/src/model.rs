//! The resolved program: what an emitter sees.
//!
//! Everything here is already checked. Names are resolved to ids, every constant fits its type,
//! field ids are final, inheritance has no cycle. An emitter can therefore not fail, and a second
//! backend needs nothing but this module.
//!
//! The model keeps IDL names as written; how they are spelled in Rust is the emitter's business.

/// A whole program: the files given and everything that they include.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Included files come before the files that include them.
    pub files: Vec<File>,
    /// Every typedef, enum, struct, union and exception.
    pub types: Vec<TypeDef>,
    /// Every constant.
    pub consts: Vec<Const>,
    /// Every service.
    pub services: Vec<Service>,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident => $list:ident: $item:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(pub u32);

        impl std::ops::Index<$id> for Program {
            type Output = $item;
            fn index(&self, id: $id) -> &$item {
                &self.$list[id.0 as usize]
            }
        }
    )*};
}

ids! {
    /// Index of a file in [`Program::files`].
    FileId => files: File;
    /// Index of a type in [`Program::types`].
    TypeId => types: TypeDef;
    /// Index of a constant in [`Program::consts`].
    ConstId => consts: Const;
    /// Index of a service in [`Program::services`].
    ServiceId => services: Service;
}

/// One `.thrift` file.
#[derive(Clone, Debug)]
pub struct File {
    /// The path as the user or the including file would write it, for messages and comments.
    pub path: String,
    /// The file's name without directory and last extension; may contain dots.
    pub stem: String,
    /// Whether the user named this file; otherwise it came in through an `include`.
    pub root: bool,
    /// The program's doc comment.
    pub doc: Option<String>,
    /// `namespace` headers, in order.
    pub namespaces: Vec<Namespace>,
    /// Files included directly, in order, without repeats.
    pub includes: Vec<FileId>,
    /// Definitions in source order.
    pub items: Vec<Item>,
}

/// `namespace scope name`.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// `rs`, `py.twisted`, `*`, …
    pub scope: String,
    /// The dotted name.
    pub name: String,
}

impl File {
    /// The namespace for a scope: the exact one, else the one for `*`.
    pub fn namespace(&self, scope: &str) -> Option<&str> {
        let find = |wanted: &str| self.namespaces.iter().rev().find(|n| n.scope == wanted);
        find(scope).or_else(|| find("*")).map(|n| n.name.as_str())
    }
}

/// A definition of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A typedef, enum, struct, union or exception.
    Type(TypeId),
    /// A constant.
    Const(ConstId),
    /// A service.
    Service(ServiceId),
}

/// Where something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u32,
}

/// What every definition and member carries.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The name as written.
    pub name: String,
    /// Where the name stands.
    pub origin: Origin,
    /// The cleaned doc comment: no delimiters, no common indent, no trailing blanks.
    pub doc: Option<String>,
    /// `(key = "value")` pairs in order; a key without a value has the value `1`.
    pub annotations: Vec<Annotation>,
}

impl Meta {
    /// The last value given for an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations
            .iter()
            .rev()
            .find(|a| a.key == key)
            .map(|a| a.value.as_str())
    }
}

/// `key = "value"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// May be dotted.
    pub key: String,
    /// The text, `1` where none was written.
    pub value: String,
}

/// A named type.
#[derive(Clone, Debug)]
pub struct TypeDef {
    /// Name, origin, doc, annotations.
    pub meta: Meta,
    /// What it is.
    pub kind: TypeKind,
}

/// The kinds of named types.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `typedef target name`.
    Typedef(Type),
    /// `enum`.
    Enum(Enum),
    /// `struct`, `union` or `exception`.
    Struct(Struct),
}

/// An enum's members, in source order. Values may repeat, names may not.
#[derive(Clone, Debug)]
pub struct Enum {
    /// The members.
    pub values: Vec<EnumValue>,
}

/// `NAME = value`.
#[derive(Clone, Debug)]
pub struct EnumValue {
    /// Name, origin, doc, annotations.
    pub meta: Meta,
    /// The number.
    pub value: i32,
}

/// A struct, union or exception.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Which of the three.
    pub kind: StructKind,
    /// Fields in source order; ids are unique.
    pub fields: Vec<Field>,
}

/// Struct, union or exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructKind {
    /// `struct`.
    Struct,
    /// `union`: every field is optional and at most one has a default.
    Union,
    /// `exception`.
    Exception,
}

/// A field of a struct, an argument, or an exception of a `throws` clause.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name, origin, doc, annotations.
    pub meta: Meta,
    /// The final id: as written, or assigned (−1, −2, …) where none was.
    pub id: i16,
    /// `required`, `optional` or neither.
    pub requiredness: Requiredness,
    /// The declared type.
    pub ty: Type,
    /// The default, checked against the type.
    pub default: Option<Value>,
    /// Marked with `&`.
    pub reference: bool,
}

/// How a field may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requiredness {
    /// Neither keyword: always written, may be absent when read.
    Default,
    /// `optional`.
    Optional,
    /// `required`.
    Required,
}

/// A type in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// What it is.
    pub shape: Shape,
    /// Annotations on a base or container type, as in `string (format = "x")`.
    pub annotations: Vec<Annotation>,
}

/// The shape of a type in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `bool`.
    Bool,
    /// `i8` and `byte`.
    I8,
    /// `i16`.
    I16,
    /// `i32`.
    I32,
    /// `i64`.
    I64,
    /// `double`.
    Double,
    /// `string`.
    String,
    /// `binary`.
    Binary,
    /// `uuid`.
    Uuid,
    /// `list<element>`.
    List(Box<Type>),
    /// `set<element>`.
    Set(Box<Type>),
    /// `map<key, value>`.
    Map(Box<Type>, Box<Type>),
    /// A named type.
    Named(TypeId),
}

/// A constant.
#[derive(Clone, Debug)]
pub struct Const {
    /// Name, origin, doc, annotations.
    pub meta: Meta,
    /// The declared type.
    pub ty: Type,
    /// The value, checked against the type.
    pub value: Value,
}

/// A constant's or default's value. Its variant follows the declared type (through typedefs), and
/// references to other constants have been replaced by their values.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// For `bool`.
    Bool(bool),
    /// For `i8` to `i64`; in range.
    Int(i64),
    /// For `double`, also where an integer was written.
    Double(f64),
    /// For `string`.
    String(String),
    /// For `binary`.
    Binary(Vec<u8>),
    /// For `uuid`, in network order.
    Uuid([u8; 16]),
    /// For an enum: the number of one of its members.
    Enum(TypeId, i32),
    /// For `list`.
    List(Vec<Value>),
    /// For `set`; repeated elements removed.
    Set(Vec<Value>),
    /// For `map`; of repeated keys the last is kept.
    Map(Vec<(Value, Value)>),
    /// For a struct, union or exception: pairs of index into [`Struct::fields`] and value, in
    /// field order. Fields not named take their own default.
    Struct(TypeId, Vec<(usize, Value)>),
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Name, origin, doc, annotations.
    pub meta: Meta,
    /// The service that it extends; the chain has no cycle.
    pub extends: Option<ServiceId>,
    /// Its own functions in source order; names differ from each other and from inherited ones.
    pub functions: Vec<Function>,
}

/// A function of a service.
#[derive(Clone, Debug)]
pub struct Function {
    /// Name, origin, doc, annotations.
    pub meta: Meta,
    /// Sent without waiting for an answer; then `returns` is `None` and `throws` empty.
    pub oneway: bool,
    /// `None` for `void`.
    pub returns: Option<Type>,
    /// Arguments in source order.
    pub args: Vec<Field>,
    /// Declared exceptions in source order; each type is an exception, maybe through typedefs.
    pub throws: Vec<Field>,
}

impl Program {
    /// The shape behind any chain of typedefs.
    pub fn resolve<'a>(&'a self, mut ty: &'a Type) -> &'a Shape {
        while let Shape::Named(id) = ty.shape
            && let TypeKind::Typedef(target) = &self[id].kind
        {
            ty = target;
        }
        &ty.shape
    }
}

/// Whether an annotation that names items of Rust says something that can be one: `::serde::Serialize`.
pub(crate) fn is_rust_path(path: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    path.strip_prefix("::")
        .unwrap_or(path)
        .split("::")
        .all(word)
}
