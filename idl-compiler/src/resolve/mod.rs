//! From trees to the model: names become ids, and everything that an emitter relies on is checked.
//!
//! The order of the passes is that of need: names, enums and types, fields and services, then the
//! values, which need all of them. No pass stops at an error; what could not be resolved is left out
//! and whatever depends on it keeps quiet.

mod annotations;
mod clashes;
mod convert;
mod defaults;
mod fields;
mod names;
mod order;
mod references;
mod services;
mod types;
mod values;

use crate::ast::{self, Kind, doc, literal};
use crate::diagnostic::{Diagnostics, Suggester, catalog};
use crate::loader::Loaded;
use crate::model::{
    Annotation, Const, Enum, EnumValue, File, FileId, Item, Meta, Namespace, Origin, Program,
    ServiceId, Shape, Struct, StructKind, Type, TypeDef, TypeId, TypeKind,
};
use crate::source::{SourceId, Span, offset};
use fields::List;
use names::{Names, Place, location};
use std::collections::{HashMap, HashSet};

/// Resolves a loaded program. Only if nothing was reported as an error is the result whole.
pub(crate) fn resolve(loaded: &Loaded, strict: bool, diagnostics: &mut Diagnostics) -> Program {
    let names = Names::collect(loaded, diagnostics);
    clashes::check(loaded, &names, diagnostics);
    annotations::check(loaded, diagnostics);
    let mut resolver = Resolver {
        loaded,
        names: &names,
        strict,
        diagnostics,
        suggester: Suggester::default(),
        program: Program::default(),
        file_ids: file_ids(loaded),
        unknown: HashSet::new(),
        incomplete: HashSet::new(),
        const_types: Vec::new(),
        defaults: Vec::new(),
    };
    resolver.files();
    resolver.types();
    resolver.check_typedefs();
    resolver.services();
    resolver.constants();
    let Resolver { mut program, .. } = values::evaluate(resolver);
    fill_items(&mut program, loaded, &names);
    program
}

/// The model lists files in dependency order, sources are in the order of discovery.
fn file_ids(loaded: &Loaded) -> Vec<FileId> {
    let mut ids = vec![FileId(0); loaded.units.len()];
    for (index, source) in loaded.order.iter().enumerate() {
        ids[source.0 as usize] = FileId(offset(index));
    }
    ids
}

/// A default that is evaluated once all types are known.
struct Default<'a> {
    file: SourceId,
    value: &'a ast::Value,
    owner: Owner,
    /// Index into the owner's list of fields.
    field: usize,
}

/// Whose fields.
#[derive(Clone, Copy)]
enum Owner {
    Struct(TypeId),
    Arguments(ServiceId, usize),
    Throws(ServiceId, usize),
}

struct Resolver<'a> {
    loaded: &'a Loaded,
    names: &'a Names<'a>,
    strict: bool,
    diagnostics: &'a mut Diagnostics,
    suggester: Suggester,
    program: Program,
    /// By source id.
    file_ids: Vec<FileId>,
    /// Typedefs that stand for nothing, because of an error.
    unknown: HashSet<TypeId>,
    /// Types of which a member is missing, because of an error.
    incomplete: HashSet<TypeId>,
    /// `None` where the type is not known.
    const_types: Vec<Option<Type>>,
    defaults: Vec<Default<'a>>,
}

impl<'a> Resolver<'a> {
    fn text(&self, file: SourceId, span: Span) -> &'a str {
        self.loaded.sources[file].slice(span)
    }

    fn meta(
        &self,
        file: SourceId,
        name: Span,
        doc: Option<Span>,
        annotations: &ast::Annotations,
    ) -> Meta {
        Meta {
            name: self.text(file, name).to_owned(),
            origin: Origin {
                file: self.file_ids[file.0 as usize],
                line: self.loaded.sources[file].line(name.start),
            },
            doc: doc.and_then(|span| doc::clean(self.text(file, span))),
            annotations: self.annotations(file, annotations),
        }
    }

    fn annotations(&self, file: SourceId, annotations: &ast::Annotations) -> Vec<Annotation> {
        let Some(list) = annotations else {
            return Vec::new();
        };
        let one = |annotation: &ast::Annotation| Annotation {
            key: self.text(file, annotation.key).to_owned(),
            value: match annotation.value {
                Some(value) => literal::text(self.text(file, value)).into_owned(),
                None => "1".to_owned(),
            },
        };
        list.iter().map(one).collect()
    }

    fn files(&mut self) {
        for &source in &self.loaded.order {
            let unit = &self.loaded.units[source.0 as usize];
            let namespaces = unit.ast.namespaces.iter().map(|namespace| Namespace {
                scope: self.text(source, namespace.scope).to_owned(),
                name: self.text(source, namespace.name).to_owned(),
            });
            let file = File {
                path: self.loaded.sources[source].path().to_owned(),
                stem: unit.stem.clone(),
                root: unit.root,
                doc: unit
                    .ast
                    .doc
                    .and_then(|span| doc::clean(self.text(source, span))),
                namespaces: namespaces.collect(),
                includes: unit
                    .includes
                    .iter()
                    .map(|(_, id)| self.file_ids[id.0 as usize])
                    .collect(),
                items: Vec::new(),
            };
            self.program.files.push(file);
        }
    }

    fn types(&mut self) {
        for (index, &Place { file, ast }) in self.names.types.iter().enumerate() {
            let id = TypeId(offset(index));
            let kind = match &ast.kind {
                Kind::Enum { members, complete } => {
                    if !complete {
                        self.incomplete.insert(id);
                    }
                    TypeKind::Enum(self.enumeration(file, members))
                }
                Kind::Struct { kind, fields } => {
                    let list = match kind {
                        StructKind::Union => List::Union,
                        _ => List::Struct,
                    };
                    let (fields, complete) = self.fields(file, fields, list, Owner::Struct(id));
                    if !complete {
                        self.incomplete.insert(id);
                    }
                    TypeKind::Struct(Struct {
                        kind: *kind,
                        fields,
                    })
                }
                Kind::Typedef { target } => {
                    let target = self.ty(file, target);
                    if target.is_none() {
                        self.unknown.insert(id);
                    }
                    TypeKind::Typedef(target.unwrap_or(UNKNOWN))
                }
                _ => TypeKind::Typedef(UNKNOWN),
            };
            let meta = self.meta(file, ast.name, ast.doc, &ast.annotations);
            self.program.types.push(TypeDef { meta, kind });
        }
    }

    fn enumeration(&mut self, file: SourceId, members: &[ast::Member]) -> Enum {
        let mut values: Vec<EnumValue> = Vec::with_capacity(members.len().min(1 << 16));
        let mut by_name: HashMap<&str, Span> = HashMap::new();
        // The value that a member without one gets, or the member that took the last one.
        let mut next: Result<i32, Span> = Ok(0);
        for member in members {
            let at = location(file, member.name);
            let value = match (&member.value, next) {
                (Some(integer), _) => i32::try_from(integer.value).unwrap_or_else(|_| {
                    let at = location(file, integer.at);
                    self.diagnostics
                        .error(|| catalog::member_out_of_range(at, integer.value));
                    0
                }),
                (None, Ok(next)) => next,
                (None, Err(last)) => {
                    let last = location(file, last);
                    self.diagnostics
                        .error(|| catalog::member_overflow(at, last));
                    0
                }
            };
            next = value.checked_add(1).ok_or(member.name);
            let name = self.text(file, member.name);
            if let Some(&first) = by_name.get(name) {
                let first = location(file, first);
                self.diagnostics
                    .error(|| catalog::duplicate_member(at, first, name));
                continue;
            }
            by_name.insert(name, member.name);
            let meta = self.meta(file, member.name, member.doc, &member.annotations);
            values.push(EnumValue { meta, value });
        }
        Enum { values }
    }

    fn constants(&mut self) {
        for &Place { file, ast } in &self.names.consts {
            let Kind::Const { ty, .. } = &ast.kind else {
                continue;
            };
            let ty = self.ty(file, ty);
            self.const_types.push(ty.clone());
            self.program.consts.push(Const {
                meta: self.meta(file, ast.name, ast.doc, &ast.annotations),
                ty: ty.unwrap_or(UNKNOWN),
                value: crate::model::Value::Bool(false),
            });
        }
    }
}

/// Stands for a type that is not known; a program that holds it is not handed out.
const UNKNOWN: Type = Type {
    shape: Shape::Bool,
    annotations: Vec::new(),
};

/// Lists each file's definitions in source order.
fn fill_items(program: &mut Program, loaded: &Loaded, names: &Names<'_>) {
    let mut consts = 0;
    let (mut types, mut services) = (0, 0);
    for (file, source) in program.files.iter_mut().zip(&loaded.order) {
        for definition in &loaded.units[source.0 as usize].ast.definitions {
            let (item, counter): (fn(u32) -> Item, &mut u32) = match definition.kind {
                Kind::Broken => continue,
                Kind::Const { .. } => (|id| Item::Const(crate::model::ConstId(id)), &mut consts),
                Kind::Service { .. } => (|id| Item::Service(ServiceId(id)), &mut services),
                _ => (|id| Item::Type(TypeId(id)), &mut types),
            };
            file.items.push(item(*counter));
            *counter += 1;
        }
    }
    debug_assert_eq!(types as usize, names.types.len());
}
