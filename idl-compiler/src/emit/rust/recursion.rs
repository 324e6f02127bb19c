//! Which fields are boxed: only those through which a type would contain itself.
//!
//! A list, set or map is a pointer already. A member of a union in a cycle is boxed; where the cycle
//! has no union, each field of it is. A cycle of fields that are not optional could never end, so
//! such a field is `Option<Box<T>>`.

use crate::model::{Program, Requiredness, Shape, StructKind, Type, TypeId, TypeKind};

/// How a field holds its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Boxing {
    /// In place.
    #[default]
    Plain,
    /// `Box<T>`, or `Option<Box<T>>` where the field is optional.
    Boxed,
    /// `Option<Box<T>>` although the field is not optional.
    BoxedOption,
}

/// One for each field of each type.
pub(super) fn boxes(program: &Program) -> Vec<Vec<Boxing>> {
    let count = program.types.len();
    let mut boxes: Vec<Vec<Boxing>> = program
        .types
        .iter()
        .map(|ty| match &ty.kind {
            TypeKind::Struct(of) => vec![Boxing::Plain; of.fields.len()],
            _ => Vec::new(),
        })
        .collect();
    let edges = edges(program);
    let components = components(count, edges.iter());
    let in_union = |edge: &&Edge| edge.in_union && components[edge.from] == components[edge.to];
    for edge in edges.iter().filter(in_union) {
        boxes[edge.from][edge.field] = Boxing::Boxed;
    }
    // What still cycles does so through struct fields alone.
    let left: Vec<&Edge> = edges.iter().filter(|edge| !in_union(edge)).collect();
    let components = self::components(count, left.iter().copied());
    let endless: Vec<&Edge> = left
        .iter()
        .copied()
        .filter(|edge| !edge.optional && !edge.in_union)
        .collect();
    let endless = self::components(count, endless.into_iter());
    for edge in left {
        if components[edge.from] == components[edge.to] {
            let never_ends = !edge.optional && endless[edge.from] == endless[edge.to];
            boxes[edge.from][edge.field] = if never_ends {
                Boxing::BoxedOption
            } else {
                Boxing::Boxed
            };
        }
    }
    boxes
}

/// A field that holds a struct in place.
struct Edge {
    from: usize,
    field: usize,
    to: usize,
    in_union: bool,
    optional: bool,
}

fn edges(program: &Program) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (from, ty) in program.types.iter().enumerate() {
        let TypeKind::Struct(of) = &ty.kind else {
            continue;
        };
        for (index, field) in of.fields.iter().enumerate() {
            if let Some(to) = held(program, &field.ty) {
                let in_union = of.kind == StructKind::Union;
                let optional = field.requiredness == Requiredness::Optional;
                edges.push(Edge {
                    from,
                    field: index,
                    to: to.0 as usize,
                    in_union,
                    optional,
                });
            }
        }
    }
    edges
}

fn held(program: &Program, ty: &Type) -> Option<TypeId> {
    let mut ty = ty;
    while let Shape::Named(id) = ty.shape {
        match &program[id].kind {
            TypeKind::Typedef(target) => ty = target,
            TypeKind::Enum(_) => return None,
            TypeKind::Struct(_) => return Some(id),
        }
    }
    None
}

/// The strongly connected component of each node (Tarjan's algorithm with a stack of its own, since
/// IDL chains may be long).
fn components<'a>(count: usize, edges: impl Iterator<Item = &'a Edge>) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let mut next = vec![Vec::new(); count];
    edges.for_each(|edge| next[edge.from].push(edge.to));
    let (mut index, mut low) = (vec![NEW; count], vec![0; count]);
    let (mut component, mut stack, mut order) = (vec![NEW; count], Vec::new(), 0);
    for root in 0..count {
        if index[root] != NEW {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((node, child)) = work.pop() {
            if child == 0 {
                (index[node], low[node]) = (order, order);
                order += 1;
                stack.push(node);
            }
            if let Some(&to) = next[node].get(child) {
                work.push((node, child + 1));
                if index[to] == NEW {
                    work.push((to, 0));
                } else if component[to] == NEW {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == index[node] {
                while let Some(member) = stack.pop() {
                    component[member] = node;
                    if member == node {
                        break;
                    }
                }
            }
        }
    }
    component
}
