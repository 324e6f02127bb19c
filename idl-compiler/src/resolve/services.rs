//! Services, their inheritance and functions.

use super::fields::List;
use super::names::{Lookup, Place, Target, location};
use super::{Owner, Resolver};
use crate::ast::{self, Kind};
use crate::diagnostic::catalog;
use crate::model::{Function, Service, ServiceId, Shape, StructKind, TypeKind};
use crate::source::{Location, SourceId, Span, offset};
use std::collections::{HashMap, HashSet};

/// A service with more ancestors is refused: emitted code nests as deeply.
const ANCESTORS_MAX: u32 = 64;

impl<'a> Resolver<'a> {
    pub(super) fn services(&mut self) {
        for (index, &Place { file, ast }) in self.names.services.iter().enumerate() {
            let Kind::Service { extends, functions } = &ast.kind else {
                continue;
            };
            let id = ServiceId(offset(index));
            let extends = extends.and_then(|name| self.service_name(location(file, name)));
            let functions = self.functions(file, functions, id);
            let meta = self.meta(file, ast.name, ast.doc, &ast.annotations);
            self.program.services.push(Service {
                meta,
                extends,
                functions,
            });
        }
        self.check_ancestors();
        self.check_inherited();
    }

    fn service_name(&mut self, at: Location) -> Option<ServiceId> {
        let name = self.text(at.file, at.span);
        match self.names.look_up(self.loaded, at.file, name) {
            Lookup::Found(found) => match found.target {
                Target::Service(id) => return Some(id),
                Target::Broken => {}
                Target::Type(_) => {
                    self.diagnostics
                        .error(|| catalog::type_as_service(at, name, found.at));
                }
            },
            Lookup::Unknown => {}
            Lookup::Ambiguous(one, other) => {
                self.diagnostics
                    .error(|| catalog::ambiguous_name(at, name, one, other));
            }
            Lookup::NoInclude => self.no_include(at, name),
            Lookup::Missing => {
                let (names, suggester) = (self.names, &self.suggester);
                self.diagnostics.error(|| {
                    let (prefix, last) = match name.rsplit_once('.') {
                        Some((stem, last)) => (format!("{stem}."), last),
                        None => (String::new(), name),
                    };
                    let files = match prefix.strip_suffix('.') {
                        Some(stem) => names.file(at.file).includes.get(stem).cloned(),
                        None => Some(vec![at.file]),
                    };
                    let files = files.unwrap_or_default();
                    let defined = files.iter().flat_map(|&file| &names.file(file).types);
                    let known = defined.filter(|(_, d)| matches!(d.target, Target::Service(_)));
                    let near = suggester.nearest(last, known.map(|(name, _)| *name));
                    let help = near.map(|near| catalog::did_you_mean(&format!("{prefix}{near}")));
                    catalog::unknown_service(at, name, help)
                });
            }
        }
        None
    }

    fn functions(
        &mut self,
        file: SourceId,
        functions: &'a [ast::Function],
        service: ServiceId,
    ) -> Vec<Function> {
        let mut by_name: HashMap<&str, Span> = HashMap::with_capacity(functions.len());
        let mut out = Vec::with_capacity(functions.len());
        for function in functions {
            let name = self.text(file, function.name);
            let first = *by_name.entry(name).or_insert(function.name);
            if first != function.name {
                let (second, first) = (location(file, function.name), location(file, first));
                self.diagnostics
                    .error(|| catalog::duplicate_function(second, first, name));
                continue;
            }
            let resolved = self.function(file, function, service, out.len());
            out.push(resolved);
        }
        out
    }

    fn function(
        &mut self,
        file: SourceId,
        function: &'a ast::Function,
        service: ServiceId,
        index: usize,
    ) -> Function {
        let returns = function.returns.as_ref().and_then(|ty| self.ty(file, ty));
        let owner = Owner::Arguments(service, index);
        let (args, _) = self.fields(file, &function.args, List::Arguments, owner);
        let mut throws = Vec::new();
        if let Some(clause) = &function.throws {
            let owner = Owner::Throws(service, index);
            throws = self.fields(file, &clause.fields, List::Throws, owner).0;
            for field in &clause.fields.list {
                self.check_thrown(file, &field.ty);
            }
        }
        if let Some(oneway) = function.oneway.map(|span| location(file, span)) {
            if let Some(ty) = &function.returns {
                let at = location(file, ty.at);
                self.diagnostics
                    .error(|| catalog::oneway_returns(at, oneway));
            }
            if let Some(clause) = &function.throws {
                let at = location(file, clause.keyword);
                self.diagnostics
                    .error(|| catalog::oneway_throws(at, oneway));
            }
        }
        Function {
            meta: self.meta(file, function.name, function.doc, &function.annotations),
            oneway: function.oneway.is_some(),
            returns,
            args,
            throws,
        }
    }

    fn check_thrown(&mut self, file: SourceId, ty: &ast::Type) {
        let at = location(file, ty.at);
        let name = self.text(file, ty.at);
        let defined = match ty.kind {
            ast::TypeKind::Named => match self.names.look_up(self.loaded, file, name) {
                Lookup::Found(found) => match found.target {
                    Target::Type(id) => {
                        if self.may_be_exception(id) {
                            return;
                        }
                        Some(found.at)
                    }
                    _ => return,
                },
                _ => return,
            },
            _ => None,
        };
        self.diagnostics
            .error(|| catalog::throws_not_exception(at, name, defined));
    }

    fn may_be_exception(&self, id: crate::model::TypeId) -> bool {
        let ty = crate::model::Type {
            shape: Shape::Named(id),
            annotations: Vec::new(),
        };
        match self.shape(&ty) {
            None => true,
            Some(Shape::Named(id)) => match &self.program[*id].kind {
                TypeKind::Struct(s) => s.kind == StructKind::Exception,
                _ => false,
            },
            Some(_) => false,
        }
    }

    /// Reports services that extend themselves or have too many ancestors, and cuts there.
    fn check_ancestors(&mut self) {
        let count = self.program.services.len();
        // 0 for not seen, 1 for on the way, else the number of ancestors + 2.
        let mut seen: Vec<u32> = vec![0; count];
        for start in 0..count {
            let mut chain = Vec::new();
            let mut at = start;
            let mut ancestors = loop {
                if seen[at] > 1 {
                    break seen[at] - 2;
                }
                if seen[at] == 1 {
                    let last = chain.last().copied().unwrap_or(at);
                    self.extends_cycle(at, last);
                    break 0;
                }
                seen[at] = 1;
                chain.push(at);
                let Some(parent) = self.program.services[at].extends else {
                    seen[at] = 2;
                    chain.pop();
                    break 0;
                };
                at = parent.0 as usize;
            };
            while let Some(child) = chain.pop() {
                if self.program.services[child].extends.is_some() {
                    ancestors += 1;
                }
                seen[child] = ancestors.min(ANCESTORS_MAX + 2) + 2;
                if ancestors == ANCESTORS_MAX + 1 {
                    let at = self.service_location(child);
                    let name = self.text(at.file, at.span);
                    self.diagnostics
                        .error(|| catalog::extends_too_deep(at, name, ANCESTORS_MAX));
                }
                if ancestors > ANCESTORS_MAX {
                    self.program.services[child].extends = None;
                }
            }
        }
    }

    fn extends_cycle(&mut self, service: usize, through: usize) {
        let (at, through_at) = (
            self.service_location(service),
            self.service_location(through),
        );
        let name = self.text(at.file, at.span);
        self.diagnostics
            .error(|| catalog::extends_cycle(at, name, through_at));
        self.program.services[through].extends = None;
    }

    fn service_location(&self, index: usize) -> Location {
        let Place { file, ast } = self.names.services[index];
        location(file, ast.name)
    }

    /// Reports functions that an ancestor has as well.
    fn check_inherited(&mut self) {
        let names: Vec<HashSet<&str>> = self
            .program
            .services
            .iter()
            .map(|service| {
                service
                    .functions
                    .iter()
                    .map(|f| f.meta.name.as_str())
                    .collect()
            })
            .collect();
        for (index, service) in self.program.services.iter().enumerate() {
            let mut next = service.extends;
            while let Some(ancestor) = next {
                let inherited = &names[ancestor.0 as usize];
                for function in &service.functions {
                    let name = function.meta.name.as_str();
                    if inherited.contains(name) {
                        let places = |index| self.function_location(index, name);
                        let (second, first) = (places(index), places(ancestor.0 as usize));
                        self.diagnostics
                            .error(|| catalog::inherited_function(second, first, name));
                    }
                }
                next = self.program[ancestor].extends;
            }
        }
    }

    /// Where a service has a function of that name, or else the service.
    fn function_location(&self, service: usize, name: &str) -> Location {
        let Place { file, ast } = self.names.services[service];
        let functions = match &ast.kind {
            Kind::Service { functions, .. } => functions.as_slice(),
            _ => &[],
        };
        let found = functions.iter().find(|f| self.text(file, f.name) == name);
        location(file, found.map_or(ast.name, |f| f.name))
    }
}
