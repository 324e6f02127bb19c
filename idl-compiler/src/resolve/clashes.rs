//! Names that are fine in their own files and clash once files come together.

use super::names::{Names, Target, location};
use crate::ast::Kind;
use crate::diagnostic::{Diagnostics, catalog};
use crate::loader::{Loaded, Unit};
use crate::source::{Location, SourceId};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Reports types and services of one name in a file and one that it includes, if all their
/// namespaces agree: the rule of Apache's compiler. Warns of other files that become one Rust
/// module, where one of two equal names has to give way.
pub(crate) fn check(loaded: &Loaded, names: &Names<'_>, diagnostics: &mut Diagnostics) {
    let scopes: Vec<BTreeMap<&str, &str>> = loaded
        .units
        .iter()
        .enumerate()
        .map(|(index, unit)| namespaces(loaded, index, unit))
        .collect();
    let mut reported: HashSet<(Location, Location)> = HashSet::new();
    for &file in &loaded.order {
        for &(_, included) in &loaded.units[file.0 as usize].includes {
            if included != file && scopes[file.0 as usize] == scopes[included.0 as usize] {
                for (here, there, name) in common(names, file, included) {
                    reported.insert((here, there));
                    diagnostics.error(|| catalog::duplicate_across_files(here, there, name));
                }
            }
        }
    }
    let mut modules: HashMap<&str, HashMap<(bool, &str), Location>> = HashMap::new();
    for &file in &loaded.order {
        let scopes = &scopes[file.0 as usize];
        let written = scopes.get("rs").or_else(|| scopes.get("*"));
        let module = written
            .copied()
            .unwrap_or(&loaded.units[file.0 as usize].stem);
        let module = modules.entry(module).or_default();
        for definition in &loaded.units[file.0 as usize].ast.definitions {
            let name = loaded.sources[file].slice(definition.name);
            let is_const = matches!(definition.kind, Kind::Const { .. });
            let here = location(file, definition.name);
            let there = *module.entry((is_const, name)).or_insert(here);
            if there.file != here.file && !reported.contains(&(here, there)) {
                diagnostics.warning(|| catalog::shared_module(here, there, name));
            }
        }
    }
}

/// The last namespace of each scope.
fn namespaces<'a>(loaded: &'a Loaded, index: usize, unit: &Unit) -> BTreeMap<&'a str, &'a str> {
    let source = &loaded.sources[SourceId(crate::source::offset(index))];
    let pair = |n: &crate::ast::Namespace| (source.slice(n.scope), source.slice(n.name));
    unit.ast.namespaces.iter().map(pair).collect()
}

/// The names that both files define, in the order of the first.
fn common<'a>(
    names: &Names<'a>,
    file: SourceId,
    included: SourceId,
) -> Vec<(Location, Location, &'a str)> {
    let (here, there) = (&names.file(file).types, &names.file(included).types);
    let mut clashes = Vec::new();
    let (fewer, more) = if here.len() < there.len() {
        (here, there)
    } else {
        (there, here)
    };
    for name in fewer.keys().filter(|name| more.contains_key(*name)) {
        let (here, there) = (here[name], there[name]);
        if here.target != Target::Broken && there.target != Target::Broken {
            clashes.push((here.at, there.at, *name));
        }
    }
    clashes.sort_unstable();
    clashes
}
