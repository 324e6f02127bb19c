//! Lists of fields: ids, names, requiredness, types.

use super::names::location;
use super::{Default, Owner, Resolver};
use crate::ast;
use crate::diagnostic::catalog;
use crate::model::{Field, Requiredness};
use crate::source::{Location, SourceId, Span};
use std::collections::HashMap;

/// A reader of emitted code keeps one bit for each required field in 128.
const REQUIRED_MAX: usize = 128;

/// The runtime calls handlers of up to so many arguments.
const ARGUMENTS_MAX: usize = 32;

/// What a list of fields belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Also for exceptions.
    Struct,
    Union,
    Arguments,
    Throws,
}

/// The ids of one list so far.
struct Ids {
    by_id: HashMap<i16, Span>,
    /// What a field without an id gets; below an `i16` when they have run out.
    next: i32,
    /// The largest id written anywhere in the list, to suggest one above it.
    max: i64,
    implicit: Vec<(Span, i16)>,
}

impl<'a> Resolver<'a> {
    /// Resolves a list of fields; the flag says whether all of them are there.
    pub(super) fn fields(
        &mut self,
        file: SourceId,
        fields: &'a ast::Fields,
        list: List,
        owner: Owner,
    ) -> (Vec<Field>, bool) {
        let mut complete = fields.complete;
        let mut out: Vec<Field> = Vec::with_capacity(fields.list.len());
        let mut by_name: HashMap<&str, Span> = HashMap::with_capacity(fields.list.len());
        let mut ids = Ids {
            by_id: HashMap::with_capacity(fields.list.len()),
            next: -1,
            max: fields
                .list
                .iter()
                .filter_map(|f| f.id)
                .map(|id| id.value)
                .max()
                .unwrap_or(0),
            implicit: Vec::new(),
        };
        for field in &fields.list {
            let name = self.text(file, field.name);
            let id = self.field_id(file, field, list, &mut ids);
            let repeated = *by_name.entry(name).or_insert(field.name) != field.name;
            if repeated {
                let (second, first) = (location(file, field.name), location(file, by_name[name]));
                self.diagnostics
                    .error(|| catalog::duplicate_field_name(second, first, name));
            }
            let requiredness = self.requiredness(file, field, list);
            let (Some(id), Some(ty), false) = (id, self.ty(file, &field.ty), repeated) else {
                complete = false;
                continue;
            };
            if let Some(value) = field.default.as_deref() {
                self.defaults.push(Default {
                    file,
                    value,
                    owner,
                    field: out.len(),
                });
            }
            let meta = self.meta(file, field.name, field.doc, &field.annotations);
            let reference = field.reference;
            out.push(Field {
                meta,
                id,
                requiredness,
                ty,
                default: None,
                reference,
            });
        }
        self.report_implicit(file, fields, &ids);
        self.check_list(file, fields, list);
        (out, complete)
    }

    fn field_id(
        &mut self,
        file: SourceId,
        field: &ast::Field,
        list: List,
        ids: &mut Ids,
    ) -> Option<i16> {
        let (id, at) = if let Some(written) = field.id {
            let at = location(file, written.at);
            (self.written_id(at, written.value, list, ids)?, at)
        } else {
            let at = location(file, field.name);
            let Ok(id) = i16::try_from(ids.next) else {
                self.diagnostics.error(|| catalog::field_ids_exhausted(at));
                return None;
            };
            ids.next -= 1;
            ids.implicit.push((field.name, id));
            (id, at)
        };
        let first = *ids.by_id.entry(id).or_insert(at.span);
        if first != at.span {
            let first = location(file, first);
            let free = i16::try_from(ids.max + 1).ok().filter(|_| id > 0);
            self.diagnostics
                .error(|| catalog::duplicate_field_id(at, first, id, free));
            return None;
        }
        Some(id)
    }

    fn written_id(&mut self, at: Location, value: i64, list: List, ids: &mut Ids) -> Option<i16> {
        let Ok(id) = i16::try_from(value) else {
            self.diagnostics
                .error(|| catalog::field_id_out_of_range(at, value));
            return None;
        };
        if id == 0 && list == List::Throws {
            self.diagnostics.error(|| catalog::throws_id_zero(at));
            return None;
        }
        if id <= 0 {
            self.diagnostics
                .warning(|| catalog::nonpositive_field_id(at, id));
            ids.next = i32::from(id) - 1;
        }
        Some(id)
    }

    /// One warning for a list, however many fields have no id; with `--strict`, an error for each.
    fn report_implicit(&mut self, file: SourceId, fields: &ast::Fields, ids: &Ids) {
        if self.strict {
            for field in fields.list.iter().filter(|field| field.id.is_none()) {
                let (at, name) = (location(file, field.name), self.text(file, field.name));
                self.diagnostics
                    .error(|| catalog::field_id_missing(at, name));
            }
        } else if let Some(&(at, id)) = ids.implicit.first() {
            let count = ids.implicit.len();
            self.diagnostics
                .warning(|| catalog::implicit_field_ids(location(file, at), count, id));
        }
    }

    fn requiredness(&mut self, file: SourceId, field: &ast::Field, list: List) -> Requiredness {
        let at = location(file, field.requiredness_at);
        let word = self.text(file, field.requiredness_at);
        let warnings = &mut *self.diagnostics;
        match (list, field.requiredness) {
            (List::Union, Requiredness::Required) => {
                warnings.warning(|| catalog::ignored_requiredness_in_union(at, word));
                Requiredness::Optional
            }
            (List::Union, _) => Requiredness::Optional,
            (List::Arguments, Requiredness::Optional) => {
                warnings.warning(|| catalog::ignored_requiredness_of_argument(at, word));
                Requiredness::Default
            }
            (List::Throws, Requiredness::Required) => {
                warnings.warning(|| catalog::ignored_requiredness_of_thrown(at, word));
                Requiredness::Default
            }
            (_, written) => written,
        }
    }

    fn check_list(&mut self, file: SourceId, fields: &ast::Fields, list: List) {
        let place = |field: &ast::Field| location(file, field.name);
        if matches!(list, List::Struct | List::Arguments) {
            let required = || {
                fields
                    .list
                    .iter()
                    .filter(|f| f.requiredness == Requiredness::Required)
            };
            if let Some(field) = required().nth(REQUIRED_MAX) {
                let (at, count) = (place(field), required().count());
                self.diagnostics
                    .error(|| catalog::too_many_required(at, count, REQUIRED_MAX));
            }
        }
        if list == List::Arguments
            && let Some(field) = fields.list.get(ARGUMENTS_MAX)
        {
            let (at, count) = (place(field), fields.list.len());
            self.diagnostics
                .error(|| catalog::too_many_arguments(at, count, ARGUMENTS_MAX));
        }
        if list == List::Union {
            let mut defaults = fields
                .list
                .iter()
                .filter_map(|field| field.default.as_ref());
            if let Some(first) = defaults.next() {
                for second in defaults {
                    let (second, first) = (location(file, second.at), location(file, first.at));
                    self.diagnostics
                        .error(|| catalog::union_two_defaults(second, first));
                }
            }
        }
    }
}
