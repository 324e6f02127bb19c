//! What a name means where a value is expected: a constant, or a member of an enum.

use super::convert::{Misfit, convert};
use super::names::{Defined, Lookup, Names, Target, location};
use super::values::{Evaluator, describe};
use crate::diagnostic::catalog;
use crate::loader::Loaded;
use crate::model::{Enum, Program, Shape, Type, TypeId, TypeKind, Value};
use crate::source::{Location, SourceId};
use std::collections::{HashMap, HashSet};

/// The members of one enum, for look-ups.
#[derive(Debug, Default)]
pub(super) struct Members<'r> {
    pub(super) by_name: HashMap<&'r str, i32>,
    pub(super) values: HashSet<i32>,
}

/// What a name with a dot that is no constant means.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// A member, maybe written in a way that only Apache's compiler understands.
    Found {
        owner: TypeId,
        value: i32,
        loose: bool,
    },
    /// The part before the last dot is this enum, but it has no such member.
    NotIn(TypeId),
    /// The part before the last dot means nothing.
    Unknown,
    /// It cannot be said, because of another error.
    Silent,
}

/// Finds members of enums by name.
#[derive(Debug)]
pub(super) struct Enums<'r> {
    pub(super) program: &'r Program,
    members: HashMap<TypeId, Members<'r>>,
    /// By file: members of its enums, `None` where two enums have it.
    by_member: HashMap<SourceId, HashMap<&'r str, Option<TypeId>>>,
}

impl<'r> Enums<'r> {
    pub(super) fn new(program: &'r Program) -> Self {
        Enums {
            program,
            members: HashMap::new(),
            by_member: HashMap::new(),
        }
    }

    /// The enum behind a type's name.
    pub(super) fn enum_of(&self, id: TypeId, unknown: &HashSet<TypeId>) -> Option<TypeId> {
        let mut id = id;
        loop {
            match &self.program[id].kind {
                TypeKind::Enum(_) => return Some(id),
                TypeKind::Typedef(Type {
                    shape: Shape::Named(next),
                    ..
                }) if !unknown.contains(&id) => {
                    id = *next;
                }
                _ => return None,
            }
        }
    }

    pub(super) fn members(&mut self, id: TypeId) -> &Members<'r> {
        let program = self.program;
        self.members.entry(id).or_insert_with(|| {
            let TypeKind::Enum(Enum { values }) = &program[id].kind else {
                return Members::default();
            };
            Members {
                by_name: values
                    .iter()
                    .map(|v| (v.meta.name.as_str(), v.value))
                    .collect(),
                values: values.iter().map(|v| v.value).collect(),
            }
        })
    }

    /// The enum of a file that alone has a member of that name.
    fn owner_in(&mut self, names: &Names<'_>, file: SourceId, member: &str) -> Option<TypeId> {
        let program = self.program;
        let index = self.by_member.entry(file).or_insert_with(|| {
            let mut index: HashMap<&'r str, Option<TypeId>> = HashMap::new();
            for defined in names.file(file).types.values() {
                let Target::Type(id) = defined.target else {
                    continue;
                };
                let TypeKind::Enum(Enum { values }) = &program[id].kind else {
                    continue;
                };
                for value in values {
                    let known = index.entry(value.meta.name.as_str()).or_insert(Some(id));
                    if *known != Some(id) {
                        *known = None;
                    }
                }
            }
            index
        });
        index.get(member).copied().flatten()
    }

    /// Resolves `prefix.member`. `wanted` is the enum that a value is needed for, if it is one.
    pub(super) fn find(
        &mut self,
        context: &Context<'_, '_>,
        from: SourceId,
        (prefix, member): (&str, &str),
        wanted: Option<TypeId>,
    ) -> Member {
        let mut not_in = None;
        match context.names.look_up(context.loaded, from, prefix) {
            Lookup::Unknown
            | Lookup::Ambiguous(..)
            | Lookup::Found(Defined {
                target: Target::Broken,
                ..
            }) => return Member::Silent,
            Lookup::Found(Defined {
                target: Target::Type(id),
                ..
            }) => {
                if context.unknown.contains(&id) {
                    return Member::Silent;
                }
                if let Some(owner) = self.enum_of(id, context.unknown) {
                    if let Some(&value) = self.members(owner).by_name.get(member) {
                        return Member::Found {
                            owner,
                            value,
                            loose: false,
                        };
                    }
                    not_in = Some(owner);
                }
            }
            _ => {}
        }
        if let Some((owner, value)) = self.find_loose(context, from, (prefix, member), wanted) {
            return Member::Found {
                owner,
                value,
                loose: true,
            };
        }
        if context.loaded.units[from.0 as usize]
            .missing
            .contains(prefix)
        {
            return Member::Silent;
        }
        match not_in {
            Some(owner) if context.incomplete.contains(&owner) => Member::Silent,
            Some(owner) => Member::NotIn(owner),
            None => Member::Unknown,
        }
    }

    /// Two shorthands that Apache's compiler takes and files rely on: `Enum.MEMBER` for an enum of an
    /// included file, and `file.MEMBER`. Both only if one enum alone can be meant.
    fn find_loose(
        &mut self,
        context: &Context<'_, '_>,
        from: SourceId,
        (prefix, member): (&str, &str),
        wanted: Option<TypeId>,
    ) -> Option<(TypeId, i32)> {
        let Context { loaded, names, .. } = *context;
        if let Some(owner) = wanted {
            let file = names.types[owner.0 as usize].file;
            let name = self.program[owner].meta.name.as_str();
            let stem = loaded.units[file.0 as usize].stem.as_str();
            let value = *self.members(owner).by_name.get(member)?;
            return (prefix == name && file != from || prefix == stem).then_some((owner, value));
        }
        let mut owners = Vec::new();
        for &(_, file) in &loaded.units[from.0 as usize].includes {
            let defined = names.file(file).types.get(prefix);
            if let Some(Defined {
                target: Target::Type(id),
                ..
            }) = defined
                && let Some(owner) = self.enum_of(*id, context.unknown)
            {
                owners.push(owner);
            }
        }
        let files = names
            .file(from)
            .includes
            .get(prefix)
            .cloned()
            .unwrap_or_default();
        owners.extend(
            files
                .iter()
                .filter_map(|&file| self.owner_in(names, file, member)),
        );
        let mut found = owners
            .into_iter()
            .filter_map(|owner| Some((owner, *self.members(owner).by_name.get(member)?)));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }
}

/// What look-ups need to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'r, 'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) names: &'r Names<'a>,
    pub(super) unknown: &'r HashSet<TypeId>,
    pub(super) incomplete: &'r HashSet<TypeId>,
}

impl<'r> Evaluator<'r, '_> {
    /// The value that a name stands for.
    pub(super) fn reference(
        &mut self,
        at: Location,
        shape: &'r Shape,
        depth: u32,
    ) -> Option<Value> {
        let name = self.text(at);
        match self
            .context
            .names
            .constant(self.context.loaded, at.file, name)
        {
            Lookup::Found(found) => return self.copy(at, found.target?, shape, depth),
            Lookup::Unknown => return None,
            Lookup::Ambiguous(one, other) => {
                self.diagnostics
                    .error(|| catalog::ambiguous_name(at, name, one, other));
                return None;
            }
            Lookup::NoInclude | Lookup::Missing => {}
        }
        let wanted = match shape {
            Shape::Named(id) => self.enums.enum_of(*id, self.context.unknown),
            _ => None,
        };
        let Some((prefix, member)) = name.rsplit_once('.') else {
            self.unknown_word(at, name, wanted);
            return None;
        };
        let context = self.context;
        match self.enums.find(&context, at.file, (prefix, member), wanted) {
            Member::Found {
                owner,
                value,
                loose,
            } => {
                if wanted.is_some_and(|wanted| wanted != owner) {
                    self.wrong_enum(at, member, wanted?);
                    return None;
                }
                if loose {
                    let full = self.full_name(at.file, owner, member);
                    self.diagnostics
                        .warning(|| catalog::loose_member(at, &full));
                }
                match convert(&mut self.enums, &Value::Enum(owner, value), shape) {
                    Ok(value) => return Some(value),
                    Err(misfit) => self.misfit(at, self.type_location(owner), misfit),
                }
            }
            Member::NotIn(owner) => {
                // The reference looks at the member alone, and Apache's own tests rely on it. It
                // is harmless as long as the enum that was named has no such member.
                if let Some(wanted) = wanted
                    && let Some(&value) = self.enums.members(wanted).by_name.get(member)
                {
                    let full = self.full_name(at.file, wanted, member);
                    self.diagnostics
                        .warning(|| catalog::loose_member(at, &full));
                    return Some(Value::Enum(wanted, value));
                }
                let defined = self.type_location(owner);
                let enumeration = self.program[owner].meta.name.as_str();
                let known = self.enums.members(owner).by_name.keys().copied();
                let near = self.suggester.nearest(member, known);
                self.diagnostics
                    .error(|| catalog::unknown_member(at, member, enumeration, defined, near));
            }
            Member::Unknown => self.unknown_dotted(at, (prefix, member), wanted),
            Member::Silent => {}
        }
        None
    }

    /// How a member is written in a file.
    fn full_name(&self, from: SourceId, owner: TypeId, member: &str) -> String {
        let file = self.context.names.types[owner.0 as usize].file;
        let name = &self.program[owner].meta.name;
        if file == from {
            return format!("{name}.{member}");
        }
        format!(
            "{}.{name}.{member}",
            self.context.loaded.units[file.0 as usize].stem
        )
    }

    fn wrong_enum(&mut self, at: Location, member: &str, wanted: TypeId) {
        let known = self.enums.members(wanted).by_name.contains_key(member);
        let help = known.then(|| catalog::did_you_mean(&self.full_name(at.file, wanted, member)));
        let (written, wanted) = (self.text(at), self.program[wanted].meta.name.as_str());
        self.diagnostics
            .error(|| catalog::wrong_enum(at, written, wanted, help));
    }

    fn unknown_word(&mut self, at: Location, name: &str, wanted: Option<TypeId>) {
        let names = self.context.names;
        let has = |owner: &TypeId, enums: &mut Enums<'r>| {
            enums.members(*owner).by_name.contains_key(name)
        };
        let owner = wanted
            .filter(|owner| has(owner, &mut self.enums))
            .or_else(|| self.enums.owner_in(names, at.file, name));
        if let Some(owner) = owner {
            let full = self.full_name(at.file, owner, name);
            let enumeration = full.rsplit_once('.').map_or("", |(prefix, _)| prefix);
            self.diagnostics
                .error(|| catalog::unqualified_member(at, name, enumeration));
            return;
        }
        let suggester = self.suggester;
        self.diagnostics.error(|| {
            let number = ["nan", "inf", "infinity"]
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n));
            let help = if number {
                Some(catalog::no_such_literal())
            } else {
                let known = names
                    .file(at.file)
                    .consts
                    .keys()
                    .copied()
                    .chain(["true", "false"]);
                suggester.nearest(name, known).map(catalog::did_you_mean)
            };
            catalog::unknown_constant(at, name, help)
        });
    }

    fn unknown_dotted(
        &mut self,
        at: Location,
        (prefix, member): (&str, &str),
        wanted: Option<TypeId>,
    ) {
        if let Some(wanted) = wanted
            && self.enums.members(wanted).by_name.contains_key(member)
        {
            return self.wrong_enum(at, member, wanted);
        }
        let (names, suggester) = (self.context.names, self.suggester);
        let name = self.text(at);
        self.diagnostics.error(|| {
            let file = names.file(at.file);
            let help = if let Some(files) = file.includes.get(prefix) {
                let known = files
                    .iter()
                    .flat_map(|&file| names.file(file).consts.keys().copied());
                suggester
                    .nearest(member, known)
                    .map(|near| format!("{prefix}.{near}"))
            } else {
                let known = file.types.keys().chain(file.includes.keys()).copied();
                suggester
                    .nearest(prefix, known)
                    .map(|near| format!("{near}.{member}"))
            };
            catalog::unknown_constant(at, name, help.map(|help| catalog::did_you_mean(&help)))
        });
    }

    /// Reports that the value of a constant or member does not fit.
    pub(super) fn misfit(&mut self, at: Location, defined: Location, misfit: Misfit<'_>) {
        let program = self.program;
        match misfit {
            Misfit::Kind(shape) => {
                self.diagnostics
                    .error(|| catalog::constant_mismatch(at, defined, &describe(program, shape)));
            }
            Misfit::Range(number, name, bits) => {
                self.diagnostics
                    .error(|| catalog::value_out_of_range(at, number, name, bits));
            }
            Misfit::Member(number, owner) => {
                let place = self.context.names.types[owner.0 as usize];
                let (name, defined) = (
                    program[owner].meta.name.as_str(),
                    location(place.file, place.ast.name),
                );
                self.diagnostics
                    .error(|| catalog::no_member_with_value(at, number, name, defined));
            }
        }
    }
}
