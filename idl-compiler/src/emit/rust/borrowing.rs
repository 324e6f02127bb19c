//! Which types get a view, and which are their own.

use crate::model::{Program, Shape, Type, TypeDef, TypeId, TypeKind};

/// What is decided about the view of each type.
pub(super) struct Views {
    wanted: Vec<bool>,
    borrowing: Vec<bool>,
}

impl Views {
    /// A view is wanted where an annotation says so (`all`: also where none does), and of every type
    /// that is in one with a view.
    pub(super) fn new(program: &Program, all: bool) -> Self {
        let borrowing = borrowing(program);
        let mut views = Self {
            wanted: vec![false; program.types.len()],
            borrowing,
        };
        for (index, ty) in program.types.iter().enumerate() {
            if asks_for_view(ty).unwrap_or(all) {
                views.want(program, TypeId(u32::try_from(index).unwrap_or(u32::MAX)));
            }
        }
        for service in &program.services {
            for function in &service.functions {
                if super::services::takes_views(function, service) {
                    for arg in &function.args {
                        views.want_in(program, &arg.ty);
                    }
                }
            }
        }
        views
    }

    /// Whether a view was asked for, and the type has something to borrow.
    pub(super) fn has_view(&self, id: TypeId) -> bool {
        self.wanted[id.0 as usize] && self.borrowing[id.0 as usize]
    }

    /// Whether a view was asked for, and the type has nothing to borrow.
    pub(super) fn is_own_view(&self, id: TypeId) -> bool {
        self.wanted[id.0 as usize] && !self.borrowing[id.0 as usize]
    }

    fn want(&mut self, program: &Program, id: TypeId) {
        match &program[id].kind {
            TypeKind::Struct(of) => {
                if std::mem::replace(&mut self.wanted[id.0 as usize], true) {
                    return;
                }
                for field in &of.fields {
                    self.want_in(program, &field.ty);
                }
            }
            TypeKind::Typedef(target) => self.want_in(program, target),
            TypeKind::Enum(_) => {}
        }
    }

    fn want_in(&mut self, program: &Program, ty: &Type) {
        match &ty.shape {
            Shape::Named(id) => self.want(program, *id),
            Shape::List(element) | Shape::Set(element) => self.want_in(program, element),
            Shape::Map(key, value) => {
                self.want_in(program, key);
                self.want_in(program, value);
            }
            _ => {}
        }
    }
}

fn asks_for_view(ty: &TypeDef) -> Option<bool> {
    ty.meta
        .annotation("rust.view")
        .map(|value| value != "false")
}

/// Whether values of each type have text, bytes or containers in them.
fn borrowing(program: &Program) -> Vec<bool> {
    let mut borrowing = vec![false; program.types.len()];
    loop {
        let mut changed = false;
        for (index, ty) in program.types.iter().enumerate() {
            let TypeKind::Struct(of) = &ty.kind else {
                continue;
            };
            let borrows = |ty: &Type| match program.resolve(ty) {
                Shape::Named(id) => borrowing[id.0 as usize],
                shape => matches!(
                    shape,
                    Shape::String | Shape::Binary | Shape::List(_) | Shape::Set(_) | Shape::Map(..)
                ),
            };
            if !borrowing[index] && of.fields.iter().any(|field| borrows(&field.ty)) {
                borrowing[index] = true;
                changed = true;
            }
        }
        if !changed {
            return borrowing;
        }
    }
}
