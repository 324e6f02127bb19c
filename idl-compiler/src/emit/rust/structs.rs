//! Structs, unions and exceptions.

use super::Emitter;
use super::docs;
use super::expr::Expr;
use super::recursion::Boxing;
use super::text::Text;
use super::types::{Place, annotation};
use crate::model::{Field, Requiredness, Shape, Struct, StructKind, TypeDef, TypeId, TypeKind};

/// Members of a union that are larger are boxed, so that the others need not carry their size.
/// Clippy's `large_enum_variant` complains from a difference of 200.
const VARIANT_BYTES_MAX: usize = 160;

pub(super) const UNKNOWN_FIELDS: &str = "::seapink::codegen::UnknownFields";

impl Emitter<'_> {
    pub(super) fn emit_struct(&self, id: TypeId, ty: &TypeDef, of: &Struct, text: &mut Text) {
        match of.kind {
            StructKind::Union => self.emit_union(id, ty, of, text),
            StructKind::Struct => self.emit_fields(id, ty, of, text),
            StructKind::Exception => {
                self.emit_fields(id, ty, of, text);
                text.blank();
                text.line(self.exception_macro(id, ty, of));
            }
        }
        self.emit_view(id, of, text);
    }

    fn emit_fields(&self, id: TypeId, ty: &TypeDef, of: &Struct, text: &mut Text) {
        let name = self.plan.type_name(id);
        let home = self.plan.module_of(ty.meta.origin.file);
        let place = Place {
            module: home,
            key: self.plan.is_key(id),
        };
        let defaults = of.fields.iter().any(|field| field.default.is_some());
        self.item_docs(&ty.meta, text);
        let mut derives = vec!["Clone", "Debug"];
        if !defaults {
            derives.push("Default");
        }
        self.comparable(id, &mut derives);
        self.derives(&derives, &ty.meta, text);
        let types: Vec<_> = of
            .fields
            .iter()
            .enumerate()
            .map(|(index, field)| self.field_type(id, index, field, place))
            .collect();
        if of.fields.is_empty() && self.plan.unknown_fields(id).is_none() {
            text.line(format_args!("pub struct {name} {{}}"));
        } else {
            text.block(format_args!("pub struct {name}"), |text| {
                for (index, field) in of.fields.iter().enumerate() {
                    docs::write(text, field.meta.doc.as_deref(), None);
                    Self::deprecated(&field.meta, text);
                    let member = self.plan.member(id, index);
                    text.member(member, &types[index]);
                }
                if let Some(member) = self.plan.unknown_fields(id) {
                    text.line("/// What a newer IDL has and this one does not.");
                    text.member(member, UNKNOWN_FIELDS);
                }
            });
        }
        text.blank();
        if defaults {
            self.emit_default(id, of, place, text);
            text.blank();
        }
        self.emit_encode(id, ty, of, text);
        text.blank();
        self.emit_decode(id, of, place, self.plan.type_name(id), text);
    }

    fn emit_default(&self, id: TypeId, of: &Struct, place: Place<'_>, text: &mut Text) {
        let default = self.plan.prelude(place.module, "Default");
        text.implementation(
            format_args!("impl {default}"),
            self.plan.type_name(id),
            |text| {
                text.block("fn default() -> Self", |text| {
                    let fields = of.fields.iter().enumerate().map(|(index, field)| {
                        let value = self.field_default(id, index, field, place);
                        (self.plan.member(id, index).to_owned(), value)
                    });
                    let value = Expr::Struct {
                        path: "Self".to_owned(),
                        fields: fields.chain(self.no_unknown_fields(id)).collect(),
                    };
                    text.expression("", &value, "");
                });
            },
        );
    }

    fn emit_encode(&self, id: TypeId, ty: &TypeDef, of: &Struct, text: &mut Text) {
        let name = self.plan.type_name(id);
        let sorted = sorted(of);
        text.implementation("impl ::seapink::codegen::Struct", name, |text| {
            self.emit_names(id, ty, &sorted, text);
            let required = sorted
                .iter()
                .filter(|(_, field)| field.requiredness == Requiredness::Required)
                .map(|(_, field)| Expr::atom(field.id.to_string()))
                .collect::<Vec<_>>();
            if !required.is_empty() {
                let required = Expr::array("&", required);
                text.assignment("const REQUIRED: &'static [i16]", &required);
            }
        });
        text.blank();
        text.implementation("impl ::seapink::codegen::EncodeStruct", name, |text| {
            let unknown = self.plan.unknown_fields(id);
            emit_encode_function(text, sorted.is_empty() && unknown.is_none(), |text| {
                for (index, field) in &sorted {
                    let member = self.plan.member(id, *index);
                    let call = Expr::call(
                        "fields.field",
                        vec![
                            Expr::atom(field.id.to_string()),
                            Expr::atom(format!("&self.{member}")),
                        ],
                    );
                    text.expression("", &call, ";");
                }
                if let Some(member) = unknown {
                    text.line(format_args!("fields.unknown_fields(&self.{member});"));
                }
            });
        });
    }

    /// The member that keeps unknown fields, empty.
    pub(super) fn no_unknown_fields(&self, id: TypeId) -> Option<(String, Expr)> {
        let member = self.plan.unknown_fields(id)?;
        let none = Expr::call(format!("{UNKNOWN_FIELDS}::new"), Vec::new());
        Some((member.to_owned(), none))
    }

    fn emit_names(&self, id: TypeId, ty: &TypeDef, sorted: &[(usize, &Field)], text: &mut Text) {
        text.line(format_args!(
            "const NAME: &'static str = \"{}\";",
            ty.meta.name
        ));
        let names = sorted
            .iter()
            .map(|(_, field)| Expr::atom(format!("({}, \"{}\")", field.id, field.meta.name)))
            .collect();
        let names = Expr::array("&", names);
        text.assignment("const FIELDS: ::seapink::codegen::FieldNames", &names);
        if self.has_unlike_members(id, sorted) {
            let members = sorted.iter().map(|(index, _)| {
                let member = self.plan.member(id, *index).trim_start_matches("r#");
                Expr::atom(format!("\"{member}\""))
            });
            let members = Expr::array("&", members.collect());
            text.assignment("const MEMBERS: &'static [&'static str]", &members);
        }
    }

    /// Whether members of Rust are not told apart by the letters and digits of their names in the IDL,
    /// as of `fooBar` and `foo_bar`.
    pub(super) fn has_unlike_members(&self, id: TypeId, fields: &[(usize, &Field)]) -> bool {
        let letters = |name: &str| name.replace('_', "").to_ascii_lowercase();
        let mut seen = std::collections::BTreeSet::new();
        fields.iter().any(|(index, field)| {
            let name = letters(&field.meta.name);
            let member = self.plan.member(id, *index).trim_start_matches("r#");
            letters(member) != name || !seen.insert(name)
        })
    }

    pub(super) fn emit_decode(
        &self,
        id: TypeId,
        of: &Struct,
        place: Place<'_>,
        ty: &str,
        text: &mut Text,
    ) {
        let sorted = sorted(of);
        let ok = format!("{}(())", self.plan.prelude(place.module, "Ok"));
        let unknown = self.plan.unknown_fields(id);
        let otherwise = match unknown {
            Some(member) => format!("fields.keep(field, &mut self.{member})"),
            None => "fields.skip(field)".to_owned(),
        };
        Self::decode_impl(ty, text, |text| {
            emit_decode_function(text, sorted.is_empty(), |text| {
                if let Some(member) = unknown {
                    text.line(format_args!("self.{member}.clear();"));
                }
                let mut required = 0;
                for (index, field) in &sorted {
                    self.emit_expect(id, *index, field, &mut required, place, text);
                }
                text.line(&ok);
            });
            text.blank();
            emit_decode_field_function(text, |text| {
                if sorted.is_empty() {
                    return text.line(&otherwise);
                }
                text.block("match field.id", |text| {
                    let mut required = 0;
                    for (index, field) in &sorted {
                        let member =
                            Expr::atom(format!("&mut self.{}", self.plan.member(id, *index)));
                        let call = if field.requiredness == Requiredness::Required {
                            let number = Expr::atom(required.to_string());
                            required += 1;
                            let arguments = vec![number, Expr::atom("field"), member];
                            Expr::call("fields.read_required", arguments)
                        } else {
                            Expr::call("fields.read", vec![Expr::atom("field"), member])
                        };
                        text.arm(&field.id.to_string(), &call);
                    }
                    text.line(format_args!("_ => {otherwise},"));
                });
            });
        });
    }

    /// Reads a field where it is expected.
    fn emit_expect(
        &self,
        of: TypeId,
        index: usize,
        field: &Field,
        required: &mut u32,
        place: Place<'_>,
        text: &mut Text,
    ) {
        let id = Expr::atom(field.id.to_string());
        let member = self.plan.member(of, index);
        let target = Expr::atom(format!("&mut self.{member}"));
        let call = if field.requiredness == Requiredness::Required {
            let number = Expr::atom(required.to_string());
            *required += 1;
            Expr::call("fields.require", vec![number, id, target])
        } else if field.default.is_none() {
            Expr::call("fields.expect", vec![id, target])
        } else if self.is_copy(&field.ty) && self.plan.boxing(of, index) == Boxing::Plain {
            let default = self.field_default(of, index, field, place);
            Expr::call("fields.expect_or", vec![id, target, default])
        } else {
            // What takes time to make is made only when it is needed.
            let found = Expr::call("!fields.try_expect", vec![id, target]);
            text.expression("if ", &found, "? {");
            let default = match self.plan.prelude(place.module, "Default") {
                "Default" => "Self::default()".to_owned(),
                default => format!("<Self as {default}>::default()"),
            };
            text.indented(|text| text.line(format_args!("self.{member} = {default}.{member};")));
            return text.line("}");
        };
        text.expression("", &call, "?;");
    }

    fn emit_union(&self, id: TypeId, ty: &TypeDef, of: &Struct, text: &mut Text) {
        let name = self.plan.type_name(id);
        let home = self.plan.module_of(ty.meta.origin.file);
        let place = Place {
            module: home,
            key: self.plan.is_key(id),
        };
        self.item_docs(&ty.meta, text);
        let mut derives = vec!["Clone", "Debug"];
        self.comparable(id, &mut derives);
        self.derives(&derives, &ty.meta, text);
        text.block(format_args!("pub enum {name}"), |text| {
            for (index, field) in of.fields.iter().enumerate() {
                docs::write(text, field.meta.doc.as_deref(), None);
                Self::deprecated(&field.meta, text);
                let member = self.plan.member(id, index);
                text.variant(member, &self.variant_type(id, index, field, place));
            }
            text.line("/// A member that the IDL does not have, or none at all.");
            text.line("Unknown(::seapink::codegen::UnknownField),");
        });
        text.blank();
        self.emit_union_default(id, of, place, text);
        text.blank();
        self.emit_union_encode(id, ty, of, text);
        text.blank();
        self.emit_union_decode(id, of, self.plan.type_name(id), text);
    }

    fn emit_union_default(&self, id: TypeId, of: &Struct, place: Place<'_>, text: &mut Text) {
        let default = self.plan.prelude(place.module, "Default");
        let value = of.fields.iter().enumerate().find_map(|(index, field)| {
            let value = field.default.as_ref()?;
            Some(self.variant(id, of, index, value, place))
        });
        let value = value.unwrap_or_else(|| {
            Expr::atom("Self::Unknown(::seapink::codegen::UnknownField::default())")
        });
        let name = self.plan.type_name(id);
        text.implementation(format_args!("impl {default}"), name, |text| {
            text.block("fn default() -> Self", |text| {
                text.expression("", &value, "");
            });
        });
    }

    fn emit_union_encode(&self, id: TypeId, ty: &TypeDef, of: &Struct, text: &mut Text) {
        let sorted = sorted(of);
        let name = self.plan.type_name(id);
        text.implementation("impl ::seapink::codegen::Struct", name, |text| {
            self.emit_names(id, ty, &sorted, text);
        });
        text.blank();
        text.implementation("impl ::seapink::codegen::EncodeStruct", name, |text| {
            emit_encode_function(text, false, |text| {
                text.block("match self", |text| {
                    for (index, field) in &sorted {
                        let member = self.plan.member(id, *index);
                        text.line(format_args!(
                            "Self::{member}(value) => fields.field({}, value),",
                            field.id
                        ));
                    }
                    text.line("Self::Unknown(field) => fields.unknown(field),");
                });
            });
        });
    }

    pub(super) fn emit_union_decode(&self, id: TypeId, of: &Struct, ty: &str, text: &mut Text) {
        let sorted = sorted(of);
        Self::decode_impl(ty, text, |text| {
            emit_decode_field_function(text, |text| {
                let unknown = "fields.unknown_variant(field, self, Self::Unknown)";
                if sorted.is_empty() {
                    return text.line(unknown);
                }
                text.block("match field.id", |text| {
                    for (index, field) in &sorted {
                        let member = self.plan.member(id, *index);
                        let call = Expr::call(
                            "fields.variant",
                            vec![
                                Expr::atom("field"),
                                Expr::atom("self"),
                                Expr::atom(format!("Self::{member}")),
                                Expr::atom("Self::Unknown"),
                            ],
                        );
                        text.arm(&field.id.to_string(), &call);
                    }
                    text.line(format_args!("_ => {unknown},"));
                });
            });
        });
    }

    fn decode_impl(ty: &str, text: &mut Text, body: impl FnOnce(&mut Text)) {
        let what = "impl<'de> ::seapink::codegen::DecodeStruct<'de>";
        text.implementation(what, ty, body);
    }

    fn variant_type(&self, id: TypeId, index: usize, field: &Field, place: Place<'_>) -> String {
        let ty = self.rust_type(&field.ty, annotation(&field.meta.annotations), place);
        if self.is_boxed_variant(id, index, field) {
            return format!("{}<{ty}>", self.plan.prelude(place.module, "Box"));
        }
        ty
    }

    pub(super) fn is_boxed_variant(&self, id: TypeId, index: usize, field: &Field) -> bool {
        self.plan.boxing(id, index) != Boxing::Plain || self.size(&field.ty, 0) > VARIANT_BYTES_MAX
    }

    /// About how many bytes the Rust type takes; exact enough to decide what to box. Every field
    /// counts, so that the look into structs of structs ends soon.
    fn size(&self, ty: &crate::model::Type, depth: usize) -> usize {
        match self.program.resolve(ty) {
            Shape::Bool | Shape::I8 => 1,
            Shape::I16 => 2,
            Shape::I32 => 4,
            Shape::I64 | Shape::Double => 8,
            Shape::Uuid => 16,
            Shape::String | Shape::Binary | Shape::List(_) => 24,
            Shape::Set(_) | Shape::Map(..) => 48,
            // Deep nesting in place is large enough.
            Shape::Named(_) if depth > 8 => VARIANT_BYTES_MAX,
            Shape::Named(id) => match &self.program[*id].kind {
                TypeKind::Typedef(_) | TypeKind::Enum(_) => 4,
                TypeKind::Struct(of) if of.kind == StructKind::Union => VARIANT_BYTES_MAX,
                TypeKind::Struct(of) => {
                    let mut bytes = 0usize;
                    for (index, field) in of.fields.iter().enumerate() {
                        bytes += match self.plan.boxing(*id, index) {
                            Boxing::Plain => {
                                self.size(&field.ty, depth + 1).next_multiple_of(8).max(8)
                            }
                            _ => 8,
                        };
                        if bytes > VARIANT_BYTES_MAX {
                            break;
                        }
                    }
                    bytes
                }
            },
        }
    }

    /// `impl_exception!(Name, message);` where a field looks like the text of the exception, and
    /// otherwise `impl_exception!(Name; field, other);`.
    fn exception_macro(&self, id: TypeId, ty: &TypeDef, of: &Struct) -> String {
        let name = self.plan.type_name(id);
        let wanted = ty.meta.annotation("message");
        let message = of.fields.iter().position(|field| match wanted {
            Some(wanted) => field.meta.name == wanted,
            None => {
                matches!(
                    field.meta.name.as_str(),
                    "message" | "msg" | "why" | "reason"
                ) && *self.program.resolve(&field.ty) == Shape::String
            }
        });
        if let Some(index) = message {
            let member = self.plan.member(id, index);
            return format!("::seapink::codegen::impl_exception!({name}, {member});");
        }
        let members = (0..of.fields.len()).map(|index| self.plan.member(id, index));
        let members = members.collect::<Vec<_>>().join(", ");
        format!("::seapink::codegen::impl_exception!({name}; {members});")
    }

    fn comparable(&self, id: TypeId, derives: &mut Vec<&'static str>) {
        if self.plan.is_key(id) {
            derives.extend(["Eq", "Hash", "Ord", "PartialEq", "PartialOrd"]);
        } else {
            derives.push("PartialEq");
        }
    }
}

/// Fields with their index, in ascending order of ids: the order on the wire.
pub(super) fn sorted(of: &Struct) -> Vec<(usize, &Field)> {
    let mut fields: Vec<_> = of.fields.iter().enumerate().collect();
    fields.sort_by_key(|(_, field)| field.id);
    fields
}

fn emit_encode_function(text: &mut Text, unused: bool, body: impl Fn(&mut Text)) {
    // As `decode` below.
    text.line("#[inline(always)]");
    let fields = if unused { "_" } else { "fields" };
    text.function(
        "fn encode<'v, O: ::seapink::codegen::Output<'v>>",
        &[
            "&'v self".to_owned(),
            format!("{fields}: &mut ::seapink::codegen::StructWriter<'_, O>"),
        ],
        "",
        Some(&body),
    );
}

fn emit_decode_function(text: &mut Text, unused: bool, body: impl Fn(&mut Text)) {
    // Into the runtime's function for this type, where the reader is in registers.
    text.line("#[inline(always)]");
    let fields = if unused { "_" } else { "fields" };
    text.function(
        "fn decode<I: ::seapink::codegen::Input<'de>>",
        &[
            "&mut self".to_owned(),
            format!("{fields}: &mut ::seapink::codegen::StructReader<'_, 'de, I>"),
        ],
        "::seapink::codegen::Result<()>",
        Some(&body),
    );
}

fn emit_decode_field_function(text: &mut Text, body: impl Fn(&mut Text)) {
    text.function(
        "fn decode_field<I: ::seapink::codegen::Input<'de>>",
        &[
            "&mut self".to_owned(),
            "field: ::seapink::codegen::FieldHeader".to_owned(),
            "fields: &mut ::seapink::codegen::StructReader<'_, 'de, I>".to_owned(),
        ],
        "::seapink::codegen::Result<()>",
        Some(&body),
    );
}
