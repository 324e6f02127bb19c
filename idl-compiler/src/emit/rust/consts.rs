//! Constants: `const` where Rust allows, `LazyLock` where not.

use super::Emitter;
use super::names::snake;
use super::text::{Expr, Text};
use super::types::Place;
use crate::model::{Const, ConstId};

impl Emitter<'_> {
    pub(super) fn emit_const(&self, id: ConstId, constant: &Const, text: &mut Text) {
        let module = self.plan.module_of(constant.meta.origin.file);
        let name = self.plan.const_name(id);
        self.item_docs(&constant.meta, text);
        Self::deprecated(&constant.meta, text);
        if let Some((ty, value)) = self.constant(&constant.value, &constant.ty, module) {
            if looks_approximate(&value) {
                text.line("#[allow(clippy::approx_constant, reason = \"as the IDL has it\")]");
            }
            text.assignment(&format!("pub const {name}: {ty}"), &value);
            return;
        }
        let place = Place::new(module);
        let ty = self.rust_type(&constant.ty, None, place);
        let value = self.value(&constant.value, &constant.ty, None, place);
        // A function of its own, since a closure this long is laid out in too many ways.
        let function = format!("make_{}", snake(name));
        let lock = "::std::sync::LazyLock";
        let init = Expr::call(format!("{lock}::new"), vec![Expr::atom(function.clone())]);
        let static_type = format!("{lock}<{ty}>");
        Self::allow_complex([&*static_type], text);
        text.constant(&format!("pub static {name}"), &static_type, &init);
        text.blank();
        Self::allow_complex([&*ty], text);
        let body = |text: &mut Text| text.expression("", &value, "");
        text.function(&format!("fn {function}"), &[], &ty, Some(&body));
    }
}

/// Clippy refuses digits that are nearly those of a known constant.
fn looks_approximate(value: &Expr) -> bool {
    const BEGINNINGS: [&str; 16] = [
        "2.71", "0.31", "0.70", "0.33", "0.39", "0.52", "0.78", "1.12", "0.63", "1.57", "0.69",
        "2.30", "1.44", "0.43", "3.14", "1.41",
    ];
    match value {
        Expr::Atom(text) => {
            let digits = text.trim_start_matches('-');
            BEGINNINGS
                .iter()
                .any(|beginning| digits.starts_with(beginning))
                || ["6.28", "0.30", "3.32", "1.04", "1.61", "0.57"]
                    .iter()
                    .any(|beginning| digits.starts_with(beginning))
        }
        Expr::Array { elements, .. } => elements.iter().any(looks_approximate),
        Expr::Call { arguments, .. } => arguments.iter().any(looks_approximate),
        Expr::Struct { fields, .. } => fields.iter().any(|(_, value)| looks_approximate(value)),
    }
}
