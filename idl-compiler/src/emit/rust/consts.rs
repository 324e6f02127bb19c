//! Constants: `const` where Rust allows, `LazyLock` where not.

use super::Emitter;
use super::expr::Expr;
use super::names::snake;
use super::text::Text;
use super::types::Place;
use crate::model::{Const, ConstId};

impl Emitter<'_> {
    pub(super) fn emit_const(&self, id: ConstId, constant: &Const, text: &mut Text) {
        let module = self.plan.module_of(constant.meta.origin.file);
        let name = self.plan.const_name(id);
        self.item_docs(&constant.meta, text);
        Self::deprecated(&constant.meta, text);
        if let Some((ty, value)) = self.constant(&constant.value, &constant.ty, module) {
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
        text.constant(&format!("pub static {name}"), &static_type, &init);
        text.blank();
        let body = |text: &mut Text| text.expression("", &value, "");
        text.function(&format!("fn {function}"), &[], &ty, Some(&body));
    }
}
