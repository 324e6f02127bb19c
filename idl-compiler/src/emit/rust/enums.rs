//! Enums: a transparent `i32` with a constant for each member.

use super::Emitter;
use super::docs;
use super::expr::Expr;
use super::text::Text;
use super::values::integer;
use crate::model::{Enum, TypeDef, TypeId};

impl Emitter<'_> {
    pub(super) fn emit_enum(&self, id: TypeId, ty: &TypeDef, of: &Enum, text: &mut Text) {
        let name = self.plan.type_name(id);
        self.item_docs(&ty.meta, text);
        let derives = [
            "Clone",
            "Copy",
            "Default",
            "Eq",
            "Hash",
            "Ord",
            "PartialEq",
            "PartialOrd",
        ];
        self.derives(&derives, &ty.meta, text);
        text.line(format_args!("pub struct {name}(pub i32);"));
        text.blank();
        if !of.values.is_empty() {
            text.block(format_args!("impl {name}"), |text| {
                for (index, value) in of.values.iter().enumerate() {
                    docs::write(text, value.meta.doc.as_deref(), None);
                    Self::deprecated(&value.meta, text);
                    let member = self.plan.member(id, index);
                    let number = integer(value.value.into());
                    text.line(format_args!("pub const {member}: Self = Self({number});"));
                }
            });
            text.blank();
        }
        text.block(
            format_args!("impl ::seapink::codegen::Enum for {name}"),
            |text| {
                text.line(format_args!(
                    "const NAME: &'static str = \"{}\";",
                    ty.meta.name
                ));
                let values = of.values.iter().map(|value| {
                    Expr::atom(format!(
                        "({}, \"{}\")",
                        integer(value.value.into()),
                        value.meta.name
                    ))
                });
                let values = Expr::array("&", values.collect());
                text.assignment("const VALUES: &'static [(i32, &'static str)]", &values);
            },
        );
        text.blank();
        text.line(format_args!("::seapink::codegen::impl_enum!({name});"));
    }
}
