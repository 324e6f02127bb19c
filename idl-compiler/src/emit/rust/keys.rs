//! Which types must have `Eq`, `Ord` and `Hash`: those in a set or in the key of a map, and
//! everything that they contain. Inside them a `double` is a `Double` and a map is ordered.

use crate::model::{Program, Service, Shape, Type, TypeId, TypeKind};

/// One flag for each type of the program.
pub(super) fn find(program: &Program) -> Vec<bool> {
    let mut keys = Keys {
        found: vec![false; program.types.len()],
        work: Vec::new(),
    };
    for ty in &program.types {
        match &ty.kind {
            TypeKind::Typedef(target) => keys.visit(target, false),
            TypeKind::Enum(_) => {}
            TypeKind::Struct(of) => of
                .fields
                .iter()
                .for_each(|field| keys.visit(&field.ty, false)),
        }
    }
    program
        .consts
        .iter()
        .for_each(|constant| keys.visit(&constant.ty, false));
    program
        .services
        .iter()
        .for_each(|service| keys.visit_service(service));
    while let Some(id) = keys.work.pop() {
        match &program[id].kind {
            TypeKind::Typedef(target) => keys.visit(target, true),
            TypeKind::Enum(_) => {}
            TypeKind::Struct(of) => of
                .fields
                .iter()
                .for_each(|field| keys.visit(&field.ty, true)),
        }
    }
    keys.found
}

struct Keys {
    found: Vec<bool>,
    work: Vec<TypeId>,
}

impl Keys {
    fn visit_service(&mut self, service: &Service) {
        for function in &service.functions {
            let fields = function.args.iter().chain(&function.throws);
            fields.for_each(|field| self.visit(&field.ty, false));
            function.returns.iter().for_each(|ty| self.visit(ty, false));
        }
    }

    fn visit(&mut self, ty: &Type, key: bool) {
        match &ty.shape {
            Shape::List(element) => self.visit(element, key),
            Shape::Set(element) => self.visit(element, true),
            Shape::Map(map_key, value) => {
                self.visit(map_key, true);
                self.visit(value, key);
            }
            Shape::Named(id) if key && !self.found[id.0 as usize] => {
                self.found[id.0 as usize] = true;
                self.work.push(*id);
            }
            _ => {}
        }
    }
}
