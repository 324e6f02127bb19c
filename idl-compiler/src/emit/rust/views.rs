//! Views: types that borrow from the message they are read from.

use super::Emitter;
use super::docs;
use super::expr::Expr;
use super::plan::Plan;
use super::recursion::Boxing;
use super::structs::UNKNOWN_FIELDS;
use super::text::Text;
use super::types::Place;
use crate::model::{Field, Requiredness, Shape, Struct, StructKind, Type, TypeId};

const VIEW: &str = "::seapink::codegen::View";
const COW: &str = "::std::borrow::Cow";

impl Emitter<'_> {
    /// The view of a struct, union or exception, if one was asked for.
    pub(super) fn emit_view(&self, id: TypeId, of: &Struct, text: &mut Text) {
        let owned = self.plan.type_name(id);
        if self.plan.views.is_own_view(id) {
            text.blank();
            return text.statement(&Expr::call(
                "::seapink::codegen::impl_own_view!",
                vec![Expr::atom(owned)],
            ));
        }
        let Some(view) = self.plan.view_name(id) else {
            return;
        };
        let place = Place {
            module: self.plan.module_of(self.program[id].meta.origin.file),
            key: self.plan.is_key(id),
        };
        text.blank();
        text.line(format_args!(
            "/// A view of [`{owned}`], which borrows from the message that it is read from."
        ));
        let is_union = of.kind == StructKind::Union;
        let defaults = of.fields.iter().any(|field| field.default.is_some());
        if is_union || defaults {
            text.line("#[derive(Clone, Debug)]");
        } else {
            text.line("#[derive(Clone, Debug, Default)]");
        }
        if is_union {
            self.emit_union_view(id, view, of, place, text);
        } else {
            self.emit_struct_view(id, view, of, place, text);
        }
        if is_union || defaults {
            text.blank();
            Self::emit_view_default(owned, view, defaults, text);
        }
        text.blank();
        text.implementation(
            "impl ::seapink::codegen::Struct",
            format_args!("{view}<'_>"),
            |text| {
                let same = format!("<{owned} as ::seapink::codegen::Struct>");
                let name = Expr::atom(format!("{same}::NAME"));
                text.assignment("const NAME: &'static str", &name);
                let names = Expr::atom(format!("{same}::FIELDS"));
                text.assignment("const FIELDS: ::seapink::codegen::FieldNames", &names);
                let fields: Vec<_> = of.fields.iter().enumerate().collect();
                if self.has_unlike_members(id, &fields) {
                    let members = Expr::atom(format!("{same}::MEMBERS"));
                    text.assignment("const MEMBERS: &'static [&'static str]", &members);
                }
                let required = Expr::atom(format!("{same}::REQUIRED"));
                text.assignment("const REQUIRED: &'static [i16]", &required);
            },
        );
        text.blank();
        let ty = format!("{view}<'de>");
        if is_union {
            self.emit_union_decode(id, of, &ty, text);
        } else {
            self.emit_decode(id, of, place, &ty, text);
        }
        text.blank();
        self.emit_conversions(id, owned, view, of, place, text);
        text.blank();
        text.statement(&Expr::call(
            "::seapink::codegen::impl_view!",
            vec![Expr::atom(view), Expr::atom(owned)],
        ));
    }

    fn emit_struct_view(
        &self,
        id: TypeId,
        view: &str,
        of: &Struct,
        place: Place<'_>,
        text: &mut Text,
    ) {
        text.block(format_args!("pub struct {view}<'de>"), |text| {
            for (index, field) in of.fields.iter().enumerate() {
                docs::write(text, field.meta.doc.as_deref(), None);
                Self::deprecated(&field.meta, text);
                let ty = self.view_field_type(id, index, field, place);
                text.member(self.plan.member(id, index), &ty);
            }
            if let Some(member) = self.plan.unknown_fields(id) {
                text.line("/// What a newer IDL has and this one does not.");
                text.member(member, UNKNOWN_FIELDS);
            }
        });
    }

    fn emit_union_view(
        &self,
        id: TypeId,
        view: &str,
        of: &Struct,
        place: Place<'_>,
        text: &mut Text,
    ) {
        text.block(format_args!("pub enum {view}<'de>"), |text| {
            for (index, field) in of.fields.iter().enumerate() {
                docs::write(text, field.meta.doc.as_deref(), None);
                Self::deprecated(&field.meta, text);
                let member = self.plan.member(id, index);
                let mut ty = self.view_type(&field.ty, place, "'de");
                if self.is_boxed_in_view(id, index, field) {
                    ty = format!("{}<{ty}>", self.plan.prelude(place.module, "Box"));
                }
                text.variant(member, &ty);
            }
            text.line("/// A member that the IDL does not have, or none at all.");
            text.line("Unknown(::seapink::codegen::UnknownField),");
        });
    }

    /// Defaults of the IDL may own memory, so they are those of an owned value that is made once.
    fn emit_view_default(owned: &str, view: &str, defaults: bool, text: &mut Text) {
        text.implementation(
            "impl ::std::default::Default",
            format_args!("{view}<'_>"),
            |text| {
                text.block("fn default() -> Self", |text| {
                    if defaults {
                        const LOCK: &str = "::std::sync::LazyLock";
                        let make = Expr::atom("::std::default::Default::default");
                        let init = Expr::call(format!("{LOCK}::new"), vec![make]);
                        text.constant("static DEFAULT", &format!("{LOCK}<{owned}>"), &init);
                        text.line(format_args!("{VIEW}::of(&*DEFAULT)"));
                    } else {
                        text.line("Self::Unknown(::seapink::codegen::UnknownField::default())");
                    }
                });
            },
        );
    }

    fn emit_conversions(
        &self,
        id: TypeId,
        owned: &str,
        view: &str,
        of: &Struct,
        place: Place<'_>,
        text: &mut Text,
    ) {
        let what = format!("impl<'de> {VIEW}<'de, {owned}>");
        let parameter = |text: &str| [text.to_owned()];
        let ok = self.plan.prelude(place.module, "Ok");
        text.implementation(what, format_args!("{view}<'de>"), |text| {
            let of_parameter = parameter(&format!("owned: &'de {owned}"));
            let result = format!("::seapink::codegen::Result<{owned}>");
            if of.kind == StructKind::Union {
                text.function(
                    "fn of",
                    &of_parameter,
                    "Self",
                    Some(&|text: &mut Text| {
                        text.block("match owned", |text| {
                            for (index, field) in of.fields.iter().enumerate() {
                                let member = self.plan.member(id, index);
                                let value = self.variant_of(id, index, field, place);
                                let value = Expr::call(format!("Self::{member}"), vec![value]);
                                text.arm(&format!("{owned}::{member}(value)"), &value);
                            }
                            text.line(format_args!(
                                "{owned}::Unknown(field) => Self::Unknown(field.clone()),"
                            ));
                        });
                    }),
                );
                text.blank();
                text.function(
                    "fn into_owned",
                    &parameter("self"),
                    &result,
                    Some(&|text: &mut Text| {
                        text.line("let owned = match self {");
                        text.indented(|text| {
                            for (index, field) in of.fields.iter().enumerate() {
                                let member = self.plan.member(id, index);
                                let value = self.variant_into(id, index, field, place);
                                let value = Expr::call(format!("{owned}::{member}"), vec![value]);
                                text.arm(&format!("Self::{member}(value)"), &value);
                            }
                            text.line(format_args!(
                                "Self::Unknown(field) => {owned}::Unknown(field),"
                            ));
                        });
                        text.line("};");
                        text.line(format_args!("{ok}(owned)"));
                    }),
                );
                return;
            }
            let fields = |convert: &dyn Fn(&str) -> Expr, unknown: &dyn Fn(&str) -> String| {
                let fields = (0..of.fields.len()).map(|index| self.plan.member(id, index));
                let mut all: Vec<_> = fields
                    .map(|member| (member.to_owned(), convert(member)))
                    .collect();
                if let Some(member) = self.plan.unknown_fields(id) {
                    all.push((member.to_owned(), Expr::atom(unknown(member))));
                }
                all
            };
            text.function(
                "fn of",
                &of_parameter,
                "Self",
                Some(&|text: &mut Text| {
                    let value = Expr::Struct {
                        path: "Self".to_owned(),
                        fields: fields(&|member| view_of(format!("&owned.{member}")), &|member| {
                            format!("owned.{member}.clone()")
                        }),
                    };
                    text.expression("", &value, "");
                }),
            );
            text.blank();
            text.function(
                "fn into_owned",
                &parameter("self"),
                &result,
                Some(&|text: &mut Text| {
                    let value = Expr::Struct {
                        path: owned.to_owned(),
                        fields: fields(&|member| into_owned(format!("self.{member}")), &|member| {
                            format!("self.{member}")
                        }),
                    };
                    text.expression("let owned = ", &value, ";");
                    text.line(format_args!("{ok}(owned)"));
                }),
            );
        });
    }

    /// The view of `value`, which is a reference to a member of the owned union.
    fn variant_of(&self, id: TypeId, index: usize, field: &Field, place: Place<'_>) -> Expr {
        if !self.borrows(&field.ty) {
            return view_of("value");
        }
        let value = if self.is_boxed_variant(id, index, field) {
            view_of("value.as_ref()")
        } else {
            view_of("value")
        };
        self.boxed(value, place)
    }

    /// What owns `value`, which is a member of the view.
    fn variant_into(&self, id: TypeId, index: usize, field: &Field, place: Place<'_>) -> Expr {
        if !self.borrows(&field.ty) {
            return into_owned("value");
        }
        if self.is_boxed_variant(id, index, field) {
            self.boxed(into_owned("*value"), place)
        } else {
            into_owned("*value")
        }
    }

    fn boxed(&self, value: Expr, place: Place<'_>) -> Expr {
        let head = format!("{}::new", self.plan.prelude(place.module, "Box"));
        Expr::call(head, vec![value])
    }

    /// Views of structs are large, and so they are boxed in those of unions.
    fn is_boxed_in_view(&self, id: TypeId, index: usize, field: &Field) -> bool {
        self.borrows(&field.ty) || self.is_boxed_variant(id, index, field)
    }

    /// Whether the type is a struct with a view of its own.
    fn borrows(&self, ty: &Type) -> bool {
        match self.program.resolve(ty) {
            Shape::Named(id) => self.plan.views.has_view(*id),
            _ => false,
        }
    }

    fn view_field_type(&self, of: TypeId, index: usize, field: &Field, place: Place<'_>) -> String {
        let boxing = self.plan.boxing(of, index);
        let mut ty = self.view_type(&field.ty, place, "'de");
        if boxing != Boxing::Plain {
            ty = format!("{}<{ty}>", self.plan.prelude(place.module, "Box"));
        }
        if field.requiredness == Requiredness::Optional || boxing == Boxing::BoxedOption {
            ty = format!("{}<{ty}>", self.plan.prelude(place.module, "Option"));
        }
        ty
    }

    /// The type of a view of values of this type.
    pub(super) fn view_type(&self, ty: &Type, place: Place<'_>, lifetime: &str) -> String {
        let inner = |ty: &Type, place| self.view_type(ty, place, lifetime);
        let (ty, _, place) = self.behind_typedefs(ty, None, place);
        match &ty.shape {
            Shape::String => format!("{COW}<{lifetime}, str>"),
            Shape::Binary => format!("{COW}<{lifetime}, [u8]>"),
            Shape::List(element) => {
                let view = if self.is_number(element, place) {
                    "NumbersView"
                } else {
                    "ListView"
                };
                let element = inner(element, place);
                format!("::seapink::codegen::{view}<{lifetime}, {element}>")
            }
            Shape::Set(element) => {
                let element = inner(element, place.key());
                format!("::seapink::codegen::SetView<{lifetime}, {element}>")
            }
            Shape::Map(key, value) => format!(
                "::seapink::codegen::MapView<{lifetime}, {}, {}>",
                inner(key, place.key()),
                inner(value, place)
            ),
            Shape::Named(id) => match self.plan.view_name(*id) {
                Some(view) => {
                    let home = self.plan.module_of(self.program[*id].meta.origin.file);
                    format!("{}<{lifetime}>", Plan::path(place.module, home, view))
                }
                None => self.rust_type(ty, None, place),
            },
            _ => self.rust_type(ty, None, place),
        }
    }

    /// Whether lists of the type are `NumbersView`s. Doubles in keys are not plain numbers.
    fn is_number(&self, ty: &Type, place: Place<'_>) -> bool {
        let (ty, _, place) = self.behind_typedefs(ty, None, place);
        match ty.shape {
            Shape::I8 | Shape::I16 | Shape::I32 | Shape::I64 => true,
            Shape::Double => !place.key,
            _ => false,
        }
    }
}

fn view_of(value: impl Into<String>) -> Expr {
    Expr::call(format!("{VIEW}::of"), vec![Expr::atom(value)])
}

fn into_owned(value: impl Into<String>) -> Expr {
    Expr::call(format!("{VIEW}::into_owned"), vec![Expr::atom(value)]).question()
}
