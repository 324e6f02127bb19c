//! Annotations that mean something to emitted code: which there are, where they may stand, and what
//! they may say. What is wrong with one is a warning, since other compilers have annotations too.

use super::names::location;
use crate::ast::{self, Kind, TypeKind, literal};
use crate::diagnostic::{Diagnostics, Suggester, catalog};
use crate::loader::Loaded;
use crate::model::{StructKind, is_rust_path};
use crate::source::SourceId;

/// Every annotation that there is. A new one is an entry here, and a row of the table in
/// `docs/emitted-code.md`.
const KNOWN: [Known; 8] = [
    Known {
        key: "rust.type",
        on: &[On::Type, On::Field, On::Argument, On::Function, On::Typedef],
        check: rust_type,
    },
    Known {
        key: "rust.derive",
        on: &[On::Struct, On::Union, On::Exception, On::Enum],
        check: derives,
    },
    Known {
        key: "rust.arguments",
        on: &[On::Service, On::Function],
        check: |_, value| one_of(value, &["borrowed", "owned", "view"]),
    },
    Known {
        key: "rust.view",
        on: &[On::Struct, On::Union, On::Exception],
        check: |_, value| flag(value),
    },
    Known {
        key: "rust.idempotent",
        on: &[On::Function],
        check: |subject, value| {
            if subject.oneway {
                return Err(Unfit::Only("a function that is answered"));
            }
            flag(value)
        },
    },
    Known {
        key: "rust.unknown_fields",
        on: &[On::Struct, On::Exception],
        check: |_, value| one_of(value, &["keep", "skip"]),
    },
    Known {
        key: "deprecated",
        on: &[On::Field, On::Member, On::Function, On::Const],
        check: |_, _| Ok(()),
    },
    Known {
        key: "message",
        on: &[On::Exception],
        check: name_of_field,
    },
];

/// Keys with it are this compiler's; others may be anybody's.
const PREFIX: &str = "rust.";

struct Known {
    key: &'static str,
    on: &'static [On],
    /// Whether the value fits what is annotated.
    check: fn(&Subject<'_>, &str) -> Result<(), Unfit>,
}

/// What an annotation stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Struct,
    Union,
    Exception,
    Enum,
    Member,
    Typedef,
    Const,
    Service,
    Function,
    Argument,
    Thrown,
    Field,
    Type,
}

/// Why a value does not fit.
enum Unfit {
    /// It is none of these.
    NotOneOf(Vec<String>),
    /// No value would: only such things have the annotation.
    Only(&'static str),
    /// No value would: the type is given by its name, and has been decided on elsewhere.
    ByName,
    /// It is no list of such things.
    NoList(&'static str),
}

/// What is annotated, as far as values depend on it.
struct Subject<'a> {
    on: On,
    file: SourceId,
    loaded: &'a Loaded,
    /// Its type, or that of what it returns.
    ty: Option<&'a ast::Type>,
    fields: &'a [ast::Field],
    /// It is a function that nobody answers.
    oneway: bool,
}

/// With no value, as true or as false.
fn flag(value: &str) -> Result<(), Unfit> {
    match value {
        "" | "1" => Ok(()),
        value => one_of(value, &["true", "false"]),
    }
}

fn one_of(value: &str, valid: &[&str]) -> Result<(), Unfit> {
    if valid.contains(&value) {
        return Ok(());
    }
    let valid = valid.iter().map(|&name| name.to_owned());
    Err(Unfit::NotOneOf(valid.collect()))
}

fn rust_type(subject: &Subject<'_>, value: &str) -> Result<(), Unfit> {
    match subject.ty.map(|ty| &ty.kind) {
        Some(TypeKind::Map(_)) => one_of(value, &["BTreeMap", "HashMap"]),
        Some(TypeKind::Set(_)) => one_of(value, &["BTreeSet", "HashSet"]),
        Some(TypeKind::Binary) => one_of(value, &["Bytes", "Vec"]),
        Some(TypeKind::List(_)) => one_of(value, &["Vec"]),
        Some(TypeKind::Named) => Err(Unfit::ByName),
        _ => Err(Unfit::Only("a map, set, list or `binary`")),
    }
}

fn derives(_: &Subject<'_>, value: &str) -> Result<(), Unfit> {
    let value = value.trim().trim_end_matches(',');
    if value.split(',').all(|path| is_rust_path(path.trim())) {
        Ok(())
    } else {
        Err(Unfit::NoList("Rust paths, as in `Eq, ::serde::Serialize`"))
    }
}

fn name_of_field(subject: &Subject<'_>, value: &str) -> Result<(), Unfit> {
    let source = &subject.loaded.sources[subject.file];
    let names = || subject.fields.iter().map(|field| source.slice(field.name));
    if names().any(|name| name == value) {
        return Ok(());
    }
    Err(Unfit::NotOneOf(names().map(str::to_owned).collect()))
}

/// Warns of annotations that say nothing.
pub(crate) fn check(loaded: &Loaded, diagnostics: &mut Diagnostics) {
    let suggester = Suggester::default();
    for &file in &loaded.order {
        let mut checker = Checker {
            loaded,
            file,
            suggester: &suggester,
            diagnostics,
        };
        for definition in &loaded.units[file.0 as usize].ast.definitions {
            checker.definition(definition);
        }
    }
}

struct Checker<'a> {
    loaded: &'a Loaded,
    file: SourceId,
    suggester: &'a Suggester,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Checker<'a> {
    fn definition(&mut self, definition: &'a ast::Definition) {
        let annotations = &definition.annotations;
        match &definition.kind {
            Kind::Broken => {}
            Kind::Const { ty, .. } => self.item(On::Const, Some(ty), annotations),
            Kind::Typedef { target } => self.item(On::Typedef, Some(target), annotations),
            Kind::Enum { members, .. } => {
                self.item(On::Enum, None, annotations);
                for member in members {
                    self.item(On::Member, None, &member.annotations);
                }
            }
            Kind::Struct { kind, fields } => {
                let on = match kind {
                    StructKind::Struct => On::Struct,
                    StructKind::Union => On::Union,
                    StructKind::Exception => On::Exception,
                };
                let mut subject = self.subject(on, None);
                subject.fields = &fields.list;
                self.annotations(&subject, annotations);
                self.fields(On::Field, fields);
            }
            Kind::Service { functions, .. } => {
                self.item(On::Service, None, annotations);
                for function in functions {
                    let returns = function.returns.as_ref();
                    let mut subject = self.subject(On::Function, returns);
                    subject.oneway = function.oneway.is_some();
                    self.annotations(&subject, &function.annotations);
                    if let Some(ty) = returns {
                        self.ty(ty);
                    }
                    self.fields(On::Argument, &function.args);
                    if let Some(throws) = &function.throws {
                        self.fields(On::Thrown, &throws.fields);
                    }
                }
            }
        }
    }

    fn fields(&mut self, on: On, fields: &'a ast::Fields) {
        for field in &fields.list {
            self.item(on, Some(&field.ty), &field.annotations);
        }
    }

    /// Something without fields, and its type.
    fn item(&mut self, on: On, ty: Option<&'a ast::Type>, annotations: &'a ast::Annotations) {
        self.annotations(&self.subject(on, ty), annotations);
        if let Some(ty) = ty {
            self.ty(ty);
        }
    }

    fn ty(&mut self, ty: &'a ast::Type) {
        self.annotations(&self.subject(On::Type, Some(ty)), &ty.annotations);
        match &ty.kind {
            TypeKind::List(element) | TypeKind::Set(element) => self.ty(element),
            TypeKind::Map(pair) => {
                self.ty(&pair.0);
                self.ty(&pair.1);
            }
            _ => {}
        }
    }

    fn subject(&self, on: On, ty: Option<&'a ast::Type>) -> Subject<'a> {
        Subject {
            on,
            file: self.file,
            loaded: self.loaded,
            ty,
            fields: &[],
            oneway: false,
        }
    }

    fn annotations(&mut self, subject: &Subject<'a>, annotations: &'a ast::Annotations) {
        for annotation in annotations.iter().flat_map(|list| list.iter()) {
            self.annotation(subject, *annotation);
        }
    }

    fn annotation(&mut self, subject: &Subject<'a>, annotation: ast::Annotation) {
        let source = &self.loaded.sources[self.file];
        let key = source.slice(annotation.key);
        let at = location(self.file, annotation.key);
        let suggester = self.suggester;
        let is_own = key
            .get(..PREFIX.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        let Some(known) = KNOWN.iter().find(|known| known.key == key) else {
            if is_own {
                self.diagnostics.warning(|| {
                    let keys = || KNOWN.iter().map(|known| known.key);
                    let own: Vec<_> = keys().filter(|key| key.starts_with(PREFIX)).collect();
                    // What they have in common says nothing about which is meant.
                    let rests = own.iter().filter_map(|key| key.get(PREFIX.len()..));
                    let near = suggester.nearest(&key[PREFIX.len()..], rests);
                    let near = near.map(|rest| format!("{PREFIX}{rest}"));
                    let near = near.or_else(|| {
                        let lower = key.to_ascii_lowercase();
                        own.contains(&lower.as_str()).then_some(lower)
                    });
                    catalog::unknown_annotation(at, key, &own, near.as_deref())
                });
            }
            return;
        };
        if !known.on.contains(&subject.on) {
            if is_own {
                self.diagnostics.warning(|| {
                    let places: Vec<_> = known.on.iter().map(|on| on.name()).collect();
                    catalog::misplaced_annotation(at, key, subject.on.name(), &places)
                });
            }
            return;
        }
        let written = annotation.value;
        // As in the model.
        let value = written.map_or("1".into(), |value| literal::text(source.slice(value)));
        let value_at = written.map_or(at, |value| location(self.file, value));
        if let Err(unfit) = (known.check)(subject, &value) {
            self.diagnostics.warning(|| match unfit {
                Unfit::NotOneOf(valid) => {
                    let near = suggester.nearest(&value, valid.iter().map(String::as_str));
                    let value = written.map(|_| &*value);
                    catalog::annotation_not_one_of(value_at, key, value, &valid, near)
                }
                Unfit::Only(what) => catalog::annotation_only(at, key, what),
                Unfit::ByName => catalog::annotation_on_name(at, key),
                Unfit::NoList(what) => catalog::annotation_no_list(value_at, key, what),
            });
        }
    }
}

impl On {
    fn name(self) -> &'static str {
        match self {
            On::Struct => "a struct",
            On::Union => "a union",
            On::Exception => "an exception",
            On::Enum => "an enum",
            On::Member => "an enum member",
            On::Typedef => "a typedef",
            On::Const => "a constant",
            On::Service => "a service",
            On::Function => "a function",
            On::Argument => "an argument",
            On::Thrown => "what is thrown",
            On::Field => "a field",
            On::Type => "a type",
        }
    }
}
