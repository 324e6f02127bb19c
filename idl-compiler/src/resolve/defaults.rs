//! Defaults without an end.
//!
//! `struct S { 1: optional S s = {} }` has a default whose `s` is missing, so it takes its own
//! default, and so on. Whoever builds such a value never gets done; Apache's compiler accepts it.

use super::names::location;
use super::{Owner, Resolver};
use crate::ast::Kind;
use crate::diagnostic::catalog;
use crate::model::{Program, TypeId, TypeKind, Value};
use crate::source::Location;
use std::collections::HashMap;

/// Steps from one default to the next that are followed. Only a file made for it has more.
const STEPS_MAX: usize = 4 << 20;

/// A field with a default: its type, and its index in the type.
type Node = (TypeId, usize);

struct Graph<'p> {
    program: &'p Program,
    /// By type: fields with a default that holds a struct, the only ones that can lead on.
    leading: HashMap<TypeId, Vec<usize>>,
    steps: usize,
}

/// Reports defaults that contain themselves.
pub(super) fn check(resolver: &mut Resolver<'_>) {
    let mut leading: HashMap<TypeId, Vec<usize>> = HashMap::new();
    for default in &resolver.defaults {
        if let Owner::Struct(id) = default.owner
            && let TypeKind::Struct(s) = &resolver.program[id].kind
            && s.fields[default.field]
                .default
                .as_ref()
                .is_some_and(has_struct)
        {
            leading.entry(id).or_default().push(default.field);
        }
    }
    let mut nodes: Vec<Node> = leading
        .iter()
        .flat_map(|(id, fields)| fields.iter().map(|field| (*id, *field)))
        .collect();
    nodes.sort_unstable();
    let mut graph = Graph {
        program: &resolver.program,
        leading,
        steps: 0,
    };
    // `true` while a node's successors are being followed.
    let mut seen: HashMap<Node, bool> = HashMap::new();
    let mut cycles = Vec::new();
    for node in nodes {
        if seen.contains_key(&node) {
            continue;
        }
        seen.insert(node, true);
        let mut stack = vec![(node, graph.successors(node).into_iter())];
        while let Some((at, successors)) = stack.last_mut() {
            let at = *at;
            match successors.next() {
                None => {
                    seen.insert(at, false);
                    stack.pop();
                }
                Some(next) => match seen.get(&next) {
                    Some(true) => cycles.push((next, at)),
                    Some(false) => {}
                    None => {
                        seen.insert(next, true);
                        stack.push((next, graph.successors(next).into_iter()));
                    }
                },
            }
        }
    }
    for (node, through) in cycles {
        let (at, name) = place(resolver, node);
        let through = Some(place(resolver, through).0).filter(|_| through != node);
        resolver
            .diagnostics
            .error(|| catalog::default_cycle(at, name, through));
    }
}

fn place<'a>(resolver: &Resolver<'a>, (id, field): Node) -> (Location, &'a str) {
    let place = resolver.names.types[id.0 as usize];
    let span = match (&place.ast.kind, &resolver.program[id].kind) {
        (Kind::Struct { fields, .. }, TypeKind::Struct(s)) => {
            let name = s.fields[field].meta.name.as_str();
            let mut names = fields.list.iter().map(|field| field.name);
            names.find(|span| resolver.text(place.file, *span) == name)
        }
        _ => None,
    };
    let span = span.unwrap_or(place.ast.name);
    (location(place.file, span), resolver.text(place.file, span))
}

fn has_struct(value: &Value) -> bool {
    match value {
        Value::Struct(..) => true,
        Value::List(list) | Value::Set(list) => list.iter().any(has_struct),
        Value::Map(entries) => entries.iter().any(|(k, v)| has_struct(k) || has_struct(v)),
        _ => false,
    }
}

impl Graph<'_> {
    /// The defaults that a default takes in.
    fn successors(&mut self, (id, field): Node) -> Vec<Node> {
        let mut found = Vec::new();
        if let TypeKind::Struct(s) = &self.program[id].kind
            && let Some(default) = &s.fields[field].default
        {
            self.collect(default, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(&mut self, value: &Value, found: &mut Vec<Node>) {
        match value {
            Value::Struct(id, given) => {
                for field in self.leading.get(id).into_iter().flatten() {
                    self.steps += 1;
                    if self.steps > STEPS_MAX {
                        return;
                    }
                    if given
                        .binary_search_by_key(field, |(index, _)| *index)
                        .is_err()
                    {
                        found.push((*id, *field));
                    }
                }
                for (_, value) in given {
                    self.collect(value, found);
                }
            }
            Value::List(list) | Value::Set(list) => {
                for value in list {
                    self.collect(value, found);
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.collect(key, found);
                    self.collect(value, found);
                }
            }
            _ => {}
        }
    }
}
