//! Types in use, and what typedefs stand for.

use super::names::{Lookup, Target, location};
use super::{Resolver, UNKNOWN};
use crate::ast::{self, TypeKind as Ast};
use crate::diagnostic::catalog;
use crate::model::{Shape, Type, TypeId, TypeKind};
use crate::parser::NESTING_MAX;
use crate::source::{Location, SourceId, offset};

/// Names of the types that are always there, for suggestions.
const BASE_TYPES: [&str; 13] = [
    "bool", "byte", "i8", "i16", "i32", "i64", "double", "string", "binary", "uuid", "list", "set",
    "map",
];

impl Resolver<'_> {
    /// The type, or `None` if a name in it means nothing, which is reported.
    pub(super) fn ty(&mut self, file: SourceId, ty: &ast::Type) -> Option<Type> {
        let shape = match &ty.kind {
            Ast::Bool => Shape::Bool,
            Ast::I8 => Shape::I8,
            Ast::I16 => Shape::I16,
            Ast::I32 => Shape::I32,
            Ast::I64 => Shape::I64,
            Ast::Double => Shape::Double,
            Ast::String => Shape::String,
            Ast::Binary => Shape::Binary,
            Ast::Uuid => Shape::Uuid,
            Ast::List(element) => Shape::List(Box::new(self.ty(file, element)?)),
            Ast::Set(element) => Shape::Set(Box::new(self.ty(file, element)?)),
            Ast::Map(pair) => {
                let (key, value) = (self.ty(file, &pair.0), self.ty(file, &pair.1));
                Shape::Map(Box::new(key?), Box::new(value?))
            }
            Ast::Named => Shape::Named(self.type_name(location(file, ty.at))?),
        };
        Some(Type {
            shape,
            annotations: self.annotations(file, &ty.annotations),
        })
    }

    fn type_name(&mut self, at: Location) -> Option<TypeId> {
        let name = self.text(at.file, at.span);
        match self.names.look_up(self.loaded, at.file, name) {
            Lookup::Found(found) => match found.target {
                Target::Type(id) => return Some(id),
                Target::Broken => {}
                Target::Service(_) => {
                    self.diagnostics
                        .error(|| catalog::service_as_type(at, name, found.at));
                }
            },
            Lookup::Unknown => {}
            Lookup::Ambiguous(one, other) => {
                self.diagnostics
                    .error(|| catalog::ambiguous_name(at, name, one, other));
            }
            Lookup::NoInclude => self.no_include(at, name),
            Lookup::Missing => {
                if let Lookup::Found(found) = self.names.constant(self.loaded, at.file, name) {
                    self.diagnostics
                        .error(|| catalog::constant_as_type(at, name, found.at));
                    return None;
                }
                let (names, loaded, suggester) = (self.names, self.loaded, &self.suggester);
                self.diagnostics.error(|| {
                    let near = near_type(names, loaded, suggester, at.file, name);
                    catalog::unknown_type(at, name, catalog::foreign_type(name).or(near))
                });
            }
        }
        None
    }

    /// Reports a dotted name whose part before the dot is no included file.
    pub(super) fn no_include(&mut self, at: Location, name: &str) {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let (names, loaded, suggester) = (self.names, self.loaded, &self.suggester);
        self.diagnostics.error(|| {
            let known = names.file(at.file).includes.keys().copied();
            let near = suggester.nearest(stem, known).map(catalog::did_you_mean);
            let elsewhere = || {
                let index = loaded.units.iter().position(|unit| unit.stem == stem)?;
                let id = SourceId(offset(index));
                if id == at.file {
                    return None;
                }
                Some(catalog::not_transitive(loaded.sources[id].path()))
            };
            catalog::unknown_include(at, stem, near.or_else(elsewhere))
        });
    }

    /// The shape behind typedefs, or `None` behind one that stands for nothing.
    pub(super) fn shape<'t>(&'t self, mut ty: &'t Type) -> Option<&'t Shape> {
        while let Shape::Named(id) = ty.shape
            && let TypeKind::Typedef(target) = &self.program[id].kind
        {
            if self.unknown.contains(&id) {
                return None;
            }
            ty = target;
        }
        Some(&ty.shape)
    }

    /// Reports typedefs that stand for themselves or for a type nested too deeply.
    pub(super) fn check_typedefs(&mut self) {
        let count = self.program.types.len();
        let mut depths: Vec<Depth> = vec![Depth::New; count];
        for index in 0..count {
            self.typedef_depth(TypeId(offset(index)), &mut depths);
        }
    }

    /// Depth-first over typedefs, with a stack of its own, because chains may be long.
    fn typedef_depth(&mut self, start: TypeId, depths: &mut [Depth]) {
        let mut stack = vec![start];
        while let Some(&id) = stack.last() {
            let index = id.0 as usize;
            let TypeKind::Typedef(target) = &self.program.types[index].kind else {
                depths[index] = Depth::Known(0);
                stack.pop();
                continue;
            };
            if matches!(depths[index], Depth::Known(_)) {
                stack.pop();
                continue;
            }
            depths[index] = Depth::Open;
            match depth(target, depths) {
                Ok(depth) => {
                    stack.pop();
                    depths[index] = Depth::Known(depth + 1);
                    if depth + 1 > NESTING_MAX {
                        depths[index] = Depth::Known(TOO_DEEP);
                        self.unknown.insert(id);
                    }
                    // The first of a chain to go too far is reported, not all that build on it.
                    if depth + 1 > NESTING_MAX && depth < TOO_DEEP {
                        let at = self.type_location(id);
                        let name = self.text(at.file, at.span);
                        self.diagnostics
                            .error(|| catalog::typedef_too_deep(at, name, NESTING_MAX));
                    }
                }
                Err(next) if depths[next.0 as usize] == Depth::Open => {
                    self.typedef_cycle(next, id);
                    depths[index] = Depth::Known(0);
                    stack.pop();
                }
                Err(next) => stack.push(next),
            }
        }
    }

    fn typedef_cycle(&mut self, id: TypeId, through_id: TypeId) {
        let at = self.type_location(id);
        let through = Some(self.type_location(through_id)).filter(|_| through_id != id);
        let name = self.text(at.file, at.span);
        self.diagnostics
            .error(|| catalog::typedef_cycle(at, name, through));
        // Cuts the cycle, so that nobody runs around in it.
        self.unknown.extend([id, through_id]);
        self.program.types[through_id.0 as usize].kind = TypeKind::Typedef(UNKNOWN);
    }

    pub(super) fn type_location(&self, id: TypeId) -> Location {
        let place = self.names.types[id.0 as usize];
        location(place.file, place.ast.name)
    }
}

/// The depth of a typedef that was refused for it; more than any other can have.
const TOO_DEEP: u32 = 1 << 16;

/// How far the depth of a type is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    New,
    Open,
    Known(u32),
}

/// The depth of a type in use, or the first type in it whose depth is not known yet.
fn depth(ty: &Type, known: &[Depth]) -> Result<u32, TypeId> {
    match &ty.shape {
        Shape::Named(id) => match known[id.0 as usize] {
            Depth::Known(depth) => Ok(depth),
            _ => Err(*id),
        },
        Shape::List(element) | Shape::Set(element) => Ok(depth(element, known)? + 1),
        Shape::Map(key, value) => Ok(depth(key, known)?.max(depth(value, known)?) + 1),
        _ => Ok(0),
    }
}

/// A known type nearly of that name.
fn near_type(
    names: &super::Names<'_>,
    loaded: &super::Loaded,
    suggester: &super::Suggester,
    from: SourceId,
    name: &str,
) -> Option<String> {
    if let Some((stem, last)) = name.rsplit_once('.') {
        let files = names.file(from).includes.get(stem)?;
        let known = files
            .iter()
            .flat_map(|&file| names.file(file).types.keys().copied());
        let near = suggester.nearest(last, known)?;
        return Some(catalog::did_you_mean(&format!("{stem}.{near}")));
    }
    let own = names.file(from).types.keys().copied();
    if let Some(near) = suggester.nearest(name, own.chain(BASE_TYPES)) {
        return Some(catalog::did_you_mean(near));
    }
    let mut included = loaded.units[from.0 as usize].includes.iter();
    let (_, file) = included.find(|(_, file)| names.file(*file).types.contains_key(name))?;
    let stem = &loaded.units[file.0 as usize].stem;
    Some(catalog::did_you_mean(&format!("{stem}.{name}")))
}
