//! What each file defines, and what a name in it means.

use crate::ast::{self, Kind};
use crate::diagnostic::{Diagnostics, catalog};
use crate::loader::Loaded;
use crate::model::{ConstId, ServiceId, TypeId};
use crate::source::{Location, SourceId, Span, offset};
use std::collections::HashMap;

/// Types and services share one set of names; constants have their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Type(TypeId),
    Service(ServiceId),
    /// Its definition did not parse.
    Broken,
}

/// A name's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defined<T> {
    pub(crate) target: T,
    pub(crate) at: Location,
}

/// What a look-up gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lookup<T> {
    Found(Defined<T>),
    /// Nothing of that name in the place where it should be.
    Missing,
    /// No file of the name before the dot is included.
    NoInclude,
    /// The name's file could not be read, so nothing can be said.
    Unknown,
    Ambiguous(Location, Location),
}

/// The names of one file.
#[derive(Debug, Default)]
pub(crate) struct FileNames<'a> {
    pub(crate) types: HashMap<&'a str, Defined<Target>>,
    /// `None` if the definition did not parse.
    pub(crate) consts: HashMap<&'a str, Defined<Option<ConstId>>>,
    /// Included files by what stands before the dot. Two files may have the same stem.
    pub(crate) includes: HashMap<&'a str, Vec<SourceId>>,
}

/// A definition with its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) file: SourceId,
    pub(crate) ast: &'a ast::Definition,
}

/// The names of all files, and all definitions by their ids.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    /// By source id.
    pub(crate) files: Vec<FileNames<'a>>,
    pub(crate) types: Vec<Place<'a>>,
    pub(crate) consts: Vec<Place<'a>>,
    pub(crate) services: Vec<Place<'a>>,
}

impl<'a> Names<'a> {
    /// Gives every definition its id, files in dependency order, and reports names defined twice.
    pub(crate) fn collect(loaded: &'a Loaded, diagnostics: &mut Diagnostics) -> Self {
        let mut names = Names::default();
        names
            .files
            .resize_with(loaded.units.len(), FileNames::default);
        for &file in &loaded.order {
            for definition in &loaded.units[file.0 as usize].ast.definitions {
                names.define(
                    loaded,
                    Place {
                        file,
                        ast: definition,
                    },
                    diagnostics,
                );
            }
        }
        for (unit, file) in loaded.units.iter().zip(&mut names.files) {
            for &(_, included) in &unit.includes {
                let stem = loaded.units[included.0 as usize].stem.as_str();
                file.includes.entry(stem).or_default().push(included);
            }
        }
        names
    }

    fn define(&mut self, loaded: &'a Loaded, place: Place<'a>, diagnostics: &mut Diagnostics) {
        let Place { file, ast } = place;
        let at = Location {
            file,
            span: ast.name,
        };
        let name = loaded.sources[file].slice(ast.name);
        let names = &mut self.files[file.0 as usize];
        let target = match ast.kind {
            Kind::Const { .. } => {
                let id = ConstId(offset(self.consts.len()));
                self.consts.push(place);
                let before = names
                    .consts
                    .entry(name)
                    .or_insert(Defined {
                        target: Some(id),
                        at,
                    })
                    .at;
                if before != at {
                    diagnostics.error(|| catalog::duplicate_constant(at, before, name));
                }
                return;
            }
            Kind::Broken => {
                names
                    .consts
                    .entry(name)
                    .or_insert(Defined { target: None, at });
                Target::Broken
            }
            Kind::Service { .. } => {
                self.services.push(place);
                Target::Service(ServiceId(offset(self.services.len() - 1)))
            }
            _ => {
                self.types.push(place);
                Target::Type(TypeId(offset(self.types.len() - 1)))
            }
        };
        let before = names.types.entry(name).or_insert(Defined { target, at }).at;
        if before != at && target != Target::Broken {
            diagnostics.error(|| catalog::duplicate_definition(at, before, name));
        }
    }

    pub(crate) fn file(&self, file: SourceId) -> &FileNames<'a> {
        &self.files[file.0 as usize]
    }

    /// The type or service that `name` means in a file.
    pub(crate) fn look_up(&self, loaded: &Loaded, from: SourceId, name: &str) -> Lookup<Target> {
        self.find(loaded, from, name, |file, name| {
            file.types.get(name).copied()
        })
    }

    /// The constant that `name` means in a file.
    pub(crate) fn constant(
        &self,
        loaded: &Loaded,
        from: SourceId,
        name: &str,
    ) -> Lookup<Option<ConstId>> {
        // `E.A` is the member of an enum here even if a file `E` with a constant `A` is included.
        if let Some((prefix, _)) = name.split_once('.')
            && self.file(from).types.contains_key(prefix)
        {
            return Lookup::Missing;
        }
        self.find(loaded, from, name, |file, name| {
            file.consts.get(name).copied()
        })
    }

    /// Since no defined name has a dot, the file's stem is all before the last one.
    fn find<T: Copy>(
        &self,
        loaded: &Loaded,
        from: SourceId,
        name: &str,
        get: impl Fn(&FileNames<'a>, &str) -> Option<Defined<T>>,
    ) -> Lookup<T> {
        let Some((stem, name)) = name.rsplit_once('.') else {
            return get(self.file(from), name).map_or(Lookup::Missing, Lookup::Found);
        };
        let missing = loaded.units[from.0 as usize].missing.contains(stem);
        let Some(files) = self.file(from).includes.get(stem) else {
            return if missing {
                Lookup::Unknown
            } else {
                Lookup::NoInclude
            };
        };
        let mut found = files.iter().filter_map(|&file| get(self.file(file), name));
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => Lookup::Ambiguous(one.at, other.at),
            (Some(one), None) => Lookup::Found(one),
            (None, _) if missing => Lookup::Unknown,
            (None, _) => Lookup::Missing,
        }
    }
}

/// The place of a span in a file.
pub(crate) fn location(file: SourceId, span: Span) -> Location {
    Location { file, span }
}
