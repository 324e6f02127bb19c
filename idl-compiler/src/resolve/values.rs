//! Values of constants and defaults, evaluated against their types.
//!
//! A reference to a constant is replaced by a copy of its value, so what is copied is counted: a
//! chain of lists that each name the one before ten times would otherwise fill any memory.

use super::convert::{Keep, convert, double, fits, integer_bits, measure, remove_repeated};
use super::names::{Place, location};
use super::references::{Context, Enums};
use super::{Owner, Resolver, defaults, order};
use crate::ast::{self, Kind, ValueKind, literal};
use crate::diagnostic::{Diagnostics, Suggester, catalog};
use crate::model::{ConstId, Program, Shape, Struct, StructKind, Type, TypeId, TypeKind, Value};
use crate::parser::NESTING_MAX;
use crate::source::{Location, SourceId, Span};
use std::collections::HashMap;

/// How many bytes of values may be copied out of constants, in the whole program.
const COPIED_BYTES_MAX: usize = 64 << 20;

/// A constant's value and what copying it costs.
pub(super) struct Known {
    pub(super) value: Value,
    bytes: usize,
    depth: u32,
}

/// Evaluates all constants and defaults.
pub(super) fn evaluate(mut resolver: Resolver<'_>) -> Resolver<'_> {
    let program = std::mem::take(&mut resolver.program);
    let order = order::constants(&mut resolver);
    let mut evaluator = Evaluator {
        context: Context {
            loaded: resolver.loaded,
            names: resolver.names,
            unknown: &resolver.unknown,
            incomplete: &resolver.incomplete,
        },
        program: &program,
        diagnostics: resolver.diagnostics,
        suggester: &resolver.suggester,
        enums: Enums::new(&program),
        structs: HashMap::new(),
        consts: Vec::new(),
        copied: 0,
    };
    evaluator.consts.resize_with(program.consts.len(), || None);
    for ConstId(id) in order {
        let index = id as usize;
        let place = resolver.names.consts[index];
        if let (Kind::Const { value, .. }, Some(ty)) =
            (&place.ast.kind, &resolver.const_types[index])
        {
            evaluator.consts[index] = evaluator.value(place.file, ty, value, 0).map(|value| {
                let (bytes, depth) = measure(&value);
                Known {
                    value,
                    bytes,
                    depth,
                }
            });
        }
    }
    let mut found = Vec::with_capacity(resolver.defaults.len());
    for default in &resolver.defaults {
        let field = match default.owner {
            Owner::Struct(id) => match &program[id].kind {
                TypeKind::Struct(s) => &s.fields[default.field],
                _ => continue,
            },
            Owner::Arguments(id, function) => &program[id].functions[function].args[default.field],
            Owner::Throws(id, function) => &program[id].functions[function].throws[default.field],
        };
        found.push(evaluator.value(default.file, &field.ty, default.value, 0));
    }
    let consts = evaluator.consts;
    resolver.program = program;
    for (constant, known) in resolver.program.consts.iter_mut().zip(consts) {
        if let Some(known) = known {
            constant.value = known.value;
        }
    }
    for (default, value) in resolver.defaults.iter().zip(found) {
        let program = &mut resolver.program;
        let fields = match default.owner {
            Owner::Struct(id) => match &mut program.types[id.0 as usize].kind {
                TypeKind::Struct(s) => &mut s.fields,
                _ => continue,
            },
            Owner::Arguments(id, function) => {
                &mut program.services[id.0 as usize].functions[function].args
            }
            Owner::Throws(id, function) => {
                &mut program.services[id.0 as usize].functions[function].throws
            }
        };
        fields[default.field].default = value;
    }
    defaults::check(&mut resolver);
    resolver
}

/// The fields of one struct, for look-ups.
struct Fields<'r> {
    by_name: HashMap<&'r str, usize>,
    /// Those that a value must have.
    required: Vec<usize>,
}

pub(super) struct Evaluator<'r, 'a> {
    pub(super) context: Context<'r, 'a>,
    pub(super) program: &'r Program,
    pub(super) diagnostics: &'r mut Diagnostics,
    pub(super) suggester: &'r Suggester,
    pub(super) enums: Enums<'r>,
    structs: HashMap<TypeId, Fields<'r>>,
    pub(super) consts: Vec<Option<Known>>,
    copied: usize,
}

impl<'r> Evaluator<'r, '_> {
    pub(super) fn text(&self, at: Location) -> &'r str {
        self.context.loaded.sources[at.file].slice(at.span)
    }

    /// The shape behind typedefs, if none of them is unknown.
    fn shape(&self, mut ty: &'r Type) -> Option<&'r Shape> {
        while let Shape::Named(id) = ty.shape {
            if self.context.unknown.contains(&id) {
                return None;
            }
            let TypeKind::Typedef(target) = &self.program[id].kind else {
                break;
            };
            ty = target;
        }
        Some(&ty.shape)
    }

    /// Evaluates a value for a type; `None` if that was not possible, which is reported.
    fn value(
        &mut self,
        file: SourceId,
        ty: &'r Type,
        value: &ast::Value,
        depth: u32,
    ) -> Option<Value> {
        let shape = self.shape(ty)?;
        self.shaped(file, shape, value, depth)
    }

    fn shaped(
        &mut self,
        file: SourceId,
        shape: &'r Shape,
        value: &ast::Value,
        depth: u32,
    ) -> Option<Value> {
        let at = location(file, value.at);
        if depth > NESTING_MAX {
            self.diagnostics
                .error(|| catalog::value_too_deep(at, NESTING_MAX));
            return None;
        }
        match (shape, &value.kind) {
            (_, ValueKind::Broken) => None,
            (_, ValueKind::Name) => self.reference(at, shape, depth),
            (Shape::Bool, ValueKind::Int(number)) => {
                if !matches!(number, 0 | 1) {
                    self.diagnostics
                        .warning(|| catalog::bool_from_integer(at, *number));
                }
                Some(Value::Bool(*number != 0))
            }
            (Shape::I8 | Shape::I16 | Shape::I32 | Shape::I64, ValueKind::Int(number)) => {
                let (name, bits) = integer_bits(shape)?;
                if !fits(*number, bits) {
                    self.diagnostics
                        .error(|| catalog::value_out_of_range(at, *number, name, bits));
                    return None;
                }
                Some(Value::Int(*number))
            }
            (Shape::Double, ValueKind::Int(number)) => {
                let (double, exact) = double(*number);
                if !exact {
                    self.diagnostics
                        .warning(|| catalog::inexact_double(at, double));
                }
                Some(Value::Double(double))
            }
            (Shape::Double, ValueKind::Double(number)) => {
                if number.is_infinite() {
                    self.diagnostics.warning(|| catalog::infinite_double(at));
                }
                Some(Value::Double(*number))
            }
            (Shape::String, ValueKind::Literal) => {
                Some(Value::String(literal::text(self.text(at)).into_owned()))
            }
            (Shape::Binary, ValueKind::Literal) => Some(Value::Binary(
                literal::text(self.text(at)).into_owned().into_bytes(),
            )),
            (Shape::Uuid, ValueKind::Literal) => {
                let uuid = literal::uuid(&literal::text(self.text(at)));
                if uuid.is_none() {
                    self.diagnostics.error(|| catalog::invalid_uuid(at));
                }
                uuid.map(Value::Uuid)
            }
            (Shape::List(element), ValueKind::List(list)) => {
                Some(Value::List(self.elements(file, element, list, depth)?))
            }
            (Shape::Set(element), ValueKind::List(list)) => self.set(file, element, list, depth),
            (Shape::Map(key, item), ValueKind::Map(entries)) => {
                self.map(file, (key, item), entries, depth)
            }
            // Files write `{}` and `[]` alike where nothing is in them.
            (Shape::List(_), ValueKind::Map(entries)) if entries.is_empty() => {
                Some(Value::List(Vec::new()))
            }
            (Shape::Set(_), ValueKind::Map(entries)) if entries.is_empty() => {
                Some(Value::Set(Vec::new()))
            }
            (Shape::Map(..), ValueKind::List(list)) if list.is_empty() => {
                Some(Value::Map(Vec::new()))
            }
            (Shape::Named(id), kind) => self.named(at, *id, kind, shape, depth),
            _ => self.mismatch(at, value, shape),
        }
    }

    fn named(
        &mut self,
        at: Location,
        id: TypeId,
        kind: &ast::ValueKind,
        shape: &'r Shape,
        depth: u32,
    ) -> Option<Value> {
        match (&self.program[id].kind, kind) {
            (TypeKind::Struct(owner), ValueKind::Map(entries)) => {
                self.structure(at, (id, owner), entries, depth)
            }
            (TypeKind::Enum(_), ValueKind::Int(number)) => {
                let member = i32::try_from(*number).ok();
                let member = member.filter(|number| self.enums.members(id).values.contains(number));
                if member.is_none() && !self.context.incomplete.contains(&id) {
                    self.no_member(at, *number, id);
                }
                member.map(|number| Value::Enum(id, number))
            }
            _ => self.mismatch_kind(at, kind, shape),
        }
    }

    fn no_member(&mut self, at: Location, number: i64, id: TypeId) {
        let name = self.program[id].meta.name.as_str();
        let defined = self.type_location(id);
        self.diagnostics
            .error(|| catalog::no_member_with_value(at, number, name, defined));
    }

    pub(super) fn type_location(&self, id: TypeId) -> Location {
        let place = self.context.names.types[id.0 as usize];
        location(place.file, place.ast.name)
    }

    fn mismatch(&mut self, at: Location, value: &ast::Value, shape: &Shape) -> Option<Value> {
        self.mismatch_kind(at, &value.kind, shape)
    }

    fn mismatch_kind(&mut self, at: Location, kind: &ValueKind, shape: &Shape) -> Option<Value> {
        let program = self.program;
        self.diagnostics.error(|| {
            let found = match kind {
                ValueKind::Int(_) => "an integer",
                ValueKind::Double(_) => "a double",
                ValueKind::Literal => "a string",
                ValueKind::List(_) => "a list",
                ValueKind::Map(_) => "a map",
                ValueKind::Name | ValueKind::Broken => "a name",
            };
            catalog::value_mismatch(at, found, &describe(program, shape))
        });
        None
    }

    /// All elements, or `None` if one of them is wrong; then the others were still looked at.
    fn elements(
        &mut self,
        file: SourceId,
        element: &'r Type,
        list: &[ast::Value],
        depth: u32,
    ) -> Option<Vec<Value>> {
        let shape = self.shape(element)?;
        let mut values = Vec::with_capacity(list.len());
        for value in list {
            values.extend(self.shaped(file, shape, value, depth + 1));
        }
        (values.len() == list.len()).then_some(values)
    }

    fn set(
        &mut self,
        file: SourceId,
        element: &'r Type,
        list: &[ast::Value],
        depth: u32,
    ) -> Option<Value> {
        let mut values = self.elements(file, element, list, depth)?;
        for (first, second) in remove_repeated(&mut values, |value| value, Keep::First) {
            let (first, second) = (
                location(file, list[first].at),
                location(file, list[second].at),
            );
            self.diagnostics
                .warning(|| catalog::repeated_element(second, first));
        }
        Some(Value::Set(values))
    }

    fn map(
        &mut self,
        file: SourceId,
        (key, item): (&'r Type, &'r Type),
        entries: &[(ast::Value, ast::Value)],
        depth: u32,
    ) -> Option<Value> {
        let (key, item) = (self.shape(key)?, self.shape(item)?);
        let mut values = Vec::with_capacity(entries.len());
        for (k, v) in entries {
            let k = self.shaped(file, key, k, depth + 1);
            let v = self.shaped(file, item, v, depth + 1);
            values.extend(k.zip(v));
        }
        if values.len() < entries.len() {
            return None;
        }
        for (first, second) in remove_repeated(&mut values, |(key, _)| key, Keep::Last) {
            let (first, second) = (
                location(file, entries[first].0.at),
                location(file, entries[second].0.at),
            );
            self.diagnostics
                .warning(|| catalog::repeated_key(second, first));
        }
        Some(Value::Map(values))
    }

    fn structure(
        &mut self,
        at: Location,
        (id, owner): (TypeId, &'r Struct),
        entries: &[(ast::Value, ast::Value)],
        depth: u32,
    ) -> Option<Value> {
        let file = at.file;
        let before = self.context.incomplete.contains(&id);
        let mut values: Vec<(usize, Value)> = Vec::with_capacity(entries.len());
        let mut seen: HashMap<usize, Span> = HashMap::new();
        let mut whole = true;
        for (key, value) in entries {
            let Some(field) = self.field_index(location(file, key.at), key, id, owner) else {
                whole = false;
                continue;
            };
            if let Some(first) = seen.insert(field, key.at) {
                let (first, second) = (location(file, first), location(file, key.at));
                let name = owner.fields[field].meta.name.as_str();
                self.diagnostics
                    .error(|| catalog::duplicate_field_value(second, first, name));
                whole = false;
                continue;
            }
            match self.value(file, &owner.fields[field].ty, value, depth + 1) {
                Some(value) => values.push((field, value)),
                None => whole = false,
            }
        }
        if !whole || before {
            return None;
        }
        // One is enough: a list of a million `{}` should not be told each of a hundred fields.
        let missing = self
            .fields_of(id, owner)
            .required
            .iter()
            .find(|f| !seen.contains_key(f));
        if let Some(&field) = missing {
            let name = owner.fields[field].meta.name.as_str();
            self.diagnostics.error(|| {
                let place = self.context.names.types[id.0 as usize];
                let defined = field_location(&self.context, place, name);
                catalog::missing_field(at, name, defined)
            });
            return None;
        }
        if owner.kind == StructKind::Union {
            self.complete_union(at, id, &mut values, depth)?;
        }
        values.sort_unstable_by_key(|(field, _)| *field);
        Some(Value::Struct(id, values))
    }

    /// A union has one field; `{}` means the one with a default.
    fn complete_union(
        &mut self,
        at: Location,
        id: TypeId,
        values: &mut Vec<(usize, Value)>,
        depth: u32,
    ) -> Option<()> {
        let place = self.context.names.types[id.0 as usize];
        if values.is_empty()
            && let Kind::Struct { fields, .. } = &place.ast.kind
            && let Some(field) = fields.list.iter().position(|field| field.default.is_some())
            && let Some(default) = &fields.list[field].default
            && let TypeKind::Struct(owner) = &self.program[id].kind
        {
            let ty = &owner.fields.get(field)?.ty;
            // The default may hold this union again, many times: it counts as a copy and a level.
            let length = (default.at.end - default.at.start) as usize;
            self.spend(at, length.saturating_mul(size_of::<Value>()))?;
            let value = self.value(place.file, ty, default, depth + 1)?;
            values.push((field, value));
        }
        if values.len() == 1 {
            return Some(());
        }
        let name = self.program[id].meta.name.as_str();
        let count = values.len();
        self.diagnostics
            .error(|| catalog::union_not_one_field(at, name, count));
        None
    }

    fn fields_of(&mut self, id: TypeId, owner: &'r Struct) -> &Fields<'r> {
        self.structs.entry(id).or_insert_with(|| {
            let place = self.context.names.types[id.0 as usize];
            let mut required = Vec::new();
            let Kind::Struct { fields, .. } = &place.ast.kind else {
                return Fields {
                    by_name: HashMap::new(),
                    required,
                };
            };
            let fields = owner.fields.iter().zip(&fields.list).enumerate();
            for (index, (field, ast)) in fields.clone() {
                if field.requiredness == crate::model::Requiredness::Required
                    && ast.default.is_none()
                {
                    required.push(index);
                }
            }
            let by_name = fields.map(|(index, (field, _))| (field.meta.name.as_str(), index));
            Fields {
                by_name: by_name.collect(),
                required,
            }
        })
    }

    fn field_index(
        &mut self,
        at: Location,
        key: &ast::Value,
        id: TypeId,
        owner: &'r Struct,
    ) -> Option<usize> {
        if !matches!(key.kind, ValueKind::Literal) {
            let written = self.text(at);
            self.diagnostics
                .error(|| catalog::field_name_not_string(at, written));
            return None;
        }
        let name = literal::text(self.text(at)).into_owned();
        let found = self
            .fields_of(id, owner)
            .by_name
            .get(name.as_str())
            .copied();
        if found.is_none() && !self.context.incomplete.contains(&id) {
            let defined = self.type_location(id);
            let (suggester, type_name) = (self.suggester, self.program[id].meta.name.as_str());
            self.diagnostics.error(|| {
                let known = owner.fields.iter().map(|field| field.meta.name.as_str());
                let near = suggester.nearest(&name, known);
                catalog::unknown_field(at, &name, type_name, defined, near)
            });
        }
        found
    }

    /// Counts bytes that are about to be copied.
    fn spend(&mut self, at: Location, bytes: usize) -> Option<()> {
        let copied = self.copied.saturating_add(bytes);
        if copied > COPIED_BYTES_MAX {
            self.diagnostics
                .error(|| catalog::values_too_large(at, COPIED_BYTES_MAX));
            return None;
        }
        self.copied = copied;
        Some(())
    }

    /// A copy of a constant's value, fitted to the type.
    pub(super) fn copy(
        &mut self,
        at: Location,
        id: ConstId,
        shape: &'r Shape,
        depth: u32,
    ) -> Option<Value> {
        // A value that is no larger than the reference costs no more than what is written.
        let bytes = self.consts[id.0 as usize].as_ref()?.bytes - size_of::<Value>();
        self.spend(at, bytes)?;
        let known = self.consts[id.0 as usize].as_ref()?;
        if depth + known.depth > NESTING_MAX {
            self.diagnostics
                .error(|| catalog::value_too_deep(at, NESTING_MAX));
            return None;
        }
        let place = self.context.names.consts[id.0 as usize];
        let defined = location(place.file, place.ast.name);
        match convert(&mut self.enums, &known.value, shape) {
            Ok(value) => return Some(value),
            Err(misfit) => self.misfit(at, defined, misfit),
        }
        None
    }
}

fn field_location(context: &Context<'_, '_>, place: Place<'_>, name: &str) -> Location {
    let source = &context.loaded.sources[place.file];
    let span = match &place.ast.kind {
        Kind::Struct { fields, .. } => {
            let mut spans = fields.list.iter().map(|field| field.name);
            spans.find(|span| source.slice(*span) == name)
        }
        _ => None,
    };
    location(place.file, span.unwrap_or(place.ast.name))
}

/// A shape as called in messages.
pub(super) fn describe(program: &Program, shape: &Shape) -> String {
    match shape {
        Shape::Bool => "`bool`".to_owned(),
        Shape::Double => "`double`".to_owned(),
        Shape::String => "`string`".to_owned(),
        Shape::Binary => "`binary`".to_owned(),
        Shape::Uuid => "`uuid`".to_owned(),
        Shape::List(_) => "a list".to_owned(),
        Shape::Set(_) => "a set".to_owned(),
        Shape::Map(..) => "a map".to_owned(),
        Shape::Named(id) => {
            let kind = match &program[*id].kind {
                TypeKind::Enum(_) => "enum",
                TypeKind::Typedef(_) => "typedef",
                TypeKind::Struct(s) => match s.kind {
                    StructKind::Struct => "struct",
                    StructKind::Union => "union",
                    StructKind::Exception => "exception",
                },
            };
            format!("the {kind} `{}`", program[*id].meta.name)
        }
        integer => format!(
            "`{}`",
            integer_bits(integer).map_or("i64", |(name, _)| name)
        ),
    }
}
