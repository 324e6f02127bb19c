//! IDL types as Rust types.

use super::Emitter;
use super::plan::Plan;
use super::recursion::Boxing;
use super::{BinaryType, Collection};
use crate::model::{Annotation, Field, Requiredness, Shape, Type, TypeId, TypeKind};

/// The annotation that chooses a Rust type: `(rust.type = "BTreeMap")`.
const TYPE_ANNOTATION: &str = "rust.type";

/// Where a type is used.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The module that names it.
    pub(super) module: &'a [String],
    /// Whether it must have `Eq`, `Ord` and `Hash`.
    pub(super) key: bool,
}

impl<'a> Place<'a> {
    pub(super) fn new(module: &'a [String]) -> Self {
        Self { module, key: false }
    }

    pub(super) fn key(self) -> Self {
        Self { key: true, ..self }
    }
}

impl Emitter<'_> {
    /// The owned Rust type.
    pub(super) fn rust_type(&self, ty: &Type, chosen: Option<&str>, place: Place<'_>) -> String {
        let chosen = chosen.or_else(|| annotation(&ty.annotations));
        let inner = |ty: &Type, place| self.rust_type(ty, None, place);
        match &ty.shape {
            Shape::Bool => "bool".to_owned(),
            Shape::I8 => "i8".to_owned(),
            Shape::I16 => "i16".to_owned(),
            Shape::I32 => "i32".to_owned(),
            Shape::I64 => "i64".to_owned(),
            Shape::Double if place.key => "::seapink::codegen::Double".to_owned(),
            Shape::Double => "f64".to_owned(),
            Shape::String => self.plan.prelude(place.module, "String").to_owned(),
            Shape::Binary if self.is_bytes(chosen) => "::seapink::codegen::Bytes".to_owned(),
            Shape::Binary => format!("{}<u8>", self.plan.prelude(place.module, "Vec")),
            Shape::Uuid => "::seapink::codegen::Uuid".to_owned(),
            Shape::List(element) => {
                let vec = self.plan.prelude(place.module, "Vec");
                format!("{vec}<{}>", inner(element, place))
            }
            Shape::Set(element) => {
                let set = self.collection(chosen, place).set();
                format!("{set}<{}>", inner(element, place.key()))
            }
            Shape::Map(key, value) => {
                let map = self.collection(chosen, place).map();
                format!(
                    "{map}<{}, {}>",
                    inner(key, place.key()),
                    inner(value, place)
                )
            }
            Shape::Named(id) => self.type_path(*id, place.module),
        }
    }

    /// The type of a field as it is declared, `Option` and `Box` included.
    pub(super) fn field_type(
        &self,
        of: TypeId,
        index: usize,
        field: &Field,
        place: Place<'_>,
    ) -> String {
        let boxing = self.plan.boxing(of, index);
        let mut ty = self.rust_type(&field.ty, annotation(&field.meta.annotations), place);
        if boxing != Boxing::Plain {
            ty = format!("{}<{ty}>", self.plan.prelude(place.module, "Box"));
        }
        if field.requiredness == Requiredness::Optional || boxing == Boxing::BoxedOption {
            ty = format!("{}<{ty}>", self.plan.prelude(place.module, "Option"));
        }
        ty
    }

    /// The type of a parameter that is only read: `&str` for `String`, a value for what is small.
    /// Second, whether it is a reference.
    pub(super) fn borrowed_type(&self, field: &Field, place: Place<'_>) -> (String, bool) {
        let chosen = annotation(&field.meta.annotations);
        let shape = self.program.resolve(&field.ty);
        match shape {
            Shape::String => ("&str".to_owned(), true),
            Shape::Binary
                if !self.is_bytes(chosen.or_else(|| self.binary_annotation(&field.ty))) =>
            {
                ("&[u8]".to_owned(), true)
            }
            Shape::List(element) => {
                let element = self.rust_type(element, None, place);
                (format!("&[{element}]"), true)
            }
            _ => {
                let ty = self.rust_type(&field.ty, chosen, place);
                if self.is_copy(&field.ty) {
                    (ty, false)
                } else {
                    (format!("&{ty}"), true)
                }
            }
        }
    }

    fn binary_annotation<'t>(&'t self, mut ty: &'t Type) -> Option<&'t str> {
        while let Shape::Named(id) = ty.shape
            && let TypeKind::Typedef(target) = &self.program[id].kind
        {
            ty = target;
        }
        annotation(&ty.annotations)
    }

    /// Whether the Rust type is `Copy`.
    pub(super) fn is_copy(&self, ty: &Type) -> bool {
        match self.program.resolve(ty) {
            Shape::Named(id) => matches!(self.program[*id].kind, TypeKind::Enum(_)),
            Shape::String | Shape::Binary | Shape::List(_) | Shape::Set(_) | Shape::Map(..) => {
                false
            }
            _ => true,
        }
    }

    /// The path of a named type, seen from a module.
    pub(super) fn type_path(&self, id: TypeId, module: &[String]) -> String {
        let home = self.plan.module_of(self.program[id].meta.origin.file);
        Plan::path(module, home, self.plan.type_name(id))
    }

    pub(super) fn collection(&self, chosen: Option<&str>, place: Place<'_>) -> Collection {
        match chosen {
            _ if place.key => Collection::BTree,
            Some("BTreeMap" | "BTreeSet") => Collection::BTree,
            Some("HashMap" | "HashSet") => Collection::Hash,
            _ => self.options.collection,
        }
    }

    pub(super) fn is_bytes(&self, chosen: Option<&str>) -> bool {
        match chosen {
            Some("Bytes") => true,
            Some("Vec") => false,
            _ => self.options.binary == BinaryType::Bytes,
        }
    }
}

impl Collection {
    pub(super) fn map(self) -> &'static str {
        match self {
            Self::Hash => "::std::collections::HashMap",
            Self::BTree => "::std::collections::BTreeMap",
        }
    }

    pub(super) fn set(self) -> &'static str {
        match self {
            Self::Hash => "::std::collections::HashSet",
            Self::BTree => "::std::collections::BTreeSet",
        }
    }
}

/// The Rust type that an annotation chooses.
pub(super) fn annotation(annotations: &[Annotation]) -> Option<&str> {
    annotations
        .iter()
        .rev()
        .find(|a| a.key == TYPE_ANNOTATION)
        .map(|a| a.value.as_str())
}
