//! The order in which constants can be evaluated: each after those that it refers to.

use super::Resolver;
use super::names::{Lookup, location};
use crate::ast::{Kind, Value, ValueKind};
use crate::diagnostic::catalog;
use crate::model::ConstId;
use crate::source::{Location, Span, offset};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// A constant whose references are being followed.
struct Frame {
    id: ConstId,
    references: std::vec::IntoIter<(ConstId, Location)>,
}

/// Depth-first with a stack of its own; reports cycles.
pub(super) fn constants(resolver: &mut Resolver<'_>) -> Vec<ConstId> {
    let count = resolver.names.consts.len();
    let mut order = Vec::with_capacity(count);
    let mut states = vec![State::New; count];
    for index in 0..count {
        if states[index] != State::New {
            continue;
        }
        let mut stack = vec![open(resolver, ConstId(offset(index)), &mut states)];
        while let Some(frame) = stack.last_mut() {
            let Some((next, at)) = frame.references.next() else {
                states[frame.id.0 as usize] = State::Done;
                order.push(frame.id);
                stack.pop();
                continue;
            };
            match states[next.0 as usize] {
                State::New => stack.push(open(resolver, next, &mut states)),
                State::Done => {}
                State::Open => {
                    let place = resolver.names.consts[next.0 as usize];
                    let defined = location(place.file, place.ast.name);
                    let name = resolver.text(place.file, place.ast.name);
                    resolver
                        .diagnostics
                        .error(|| catalog::constant_cycle(at, name, defined));
                }
            }
        }
    }
    order
}

fn open(resolver: &Resolver<'_>, id: ConstId, states: &mut [State]) -> Frame {
    states[id.0 as usize] = State::Open;
    let place = resolver.names.consts[id.0 as usize];
    let mut references = Vec::new();
    if let Kind::Const { value, .. } = &place.ast.kind {
        each_name(value, &mut |span| {
            let name = resolver.text(place.file, span);
            let found = resolver.names.constant(resolver.loaded, place.file, name);
            if let Lookup::Found(found) = found
                && let Some(id) = found.target
            {
                references.push((id, location(place.file, span)));
            }
        });
    }
    Frame {
        id,
        references: references.into_iter(),
    }
}

fn each_name(value: &Value, visit: &mut impl FnMut(Span)) {
    match &value.kind {
        ValueKind::Name => visit(value.at),
        ValueKind::List(list) => list.iter().for_each(|value| each_name(value, visit)),
        ValueKind::Map(entries) => {
            for (key, value) in entries {
                each_name(key, visit);
                each_name(value, visit);
            }
        }
        _ => {}
    }
}
