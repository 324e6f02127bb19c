//! How IDL names are spelled in Rust.

use std::collections::HashSet;

/// Keywords that can be written as raw identifiers.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while",
];

/// Keywords that cannot.
const NEVER_RAW: [&str; 5] = ["self", "Self", "super", "crate", "_"];

/// `TypeName`.
pub(super) fn camel(name: &str) -> String {
    let shouting = !name.contains(|c: char| c.is_ascii_lowercase());
    let mut out = String::new();
    for word in words(name) {
        let (first, rest) = word.split_at(1);
        out.push_str(&first.to_ascii_uppercase());
        if shouting {
            out.push_str(&rest.to_ascii_lowercase());
        } else {
            out.push_str(rest);
        }
    }
    if out.starts_with(|c: char| !c.is_ascii_alphabetic()) || out.is_empty() {
        out.insert(0, 'T');
    }
    out
}

/// `field_name`.
pub(super) fn snake(name: &str) -> String {
    let words: Vec<_> = words(name)
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let out = words.join("_");
    if out.starts_with(|c: char| !c.is_ascii_alphabetic()) || out.is_empty() {
        return format!("n{out}");
    }
    out
}

/// `CONST_NAME`.
pub(super) fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// The name as an identifier: raw where it is a keyword.
pub(super) fn identifier(name: &str) -> String {
    if NEVER_RAW.contains(&name) {
        format!("{name}_")
    } else if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// Splits at underscores, dots and dashes, between a small and a capital letter, and before the
/// last capital of several (`HTTPServer` is `HTTP`, `Server`).
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let bytes = part.as_bytes();
        let mut start = 0;
        for at in 1..bytes.len() {
            let (before, here) = (bytes[at - 1], bytes[at]);
            let after = bytes.get(at + 1).copied().unwrap_or_default();
            let rises = !before.is_ascii_uppercase() && here.is_ascii_uppercase();
            let falls = before.is_ascii_uppercase()
                && here.is_ascii_uppercase()
                && after.is_ascii_lowercase();
            if rises || falls {
                words.push(&part[start..at]);
                start = at;
            }
        }
        if start < part.len() {
            words.push(&part[start..]);
        }
    }
    words
}

/// The names of one place, each taken once.
#[derive(Debug, Default)]
pub(super) struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// With names that emitted code uses for itself.
    pub(super) fn with(reserved: &[&str]) -> Self {
        Self {
            taken: reserved.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// The name, with a number behind it if it is taken: types that differ only in case style are
    /// `UserId` and `UserId2`, fields `user_id` and `user_id_2`.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let separator = if wanted.starts_with(|c: char| c.is_ascii_uppercase())
            && wanted.contains(|c: char| c.is_ascii_lowercase())
        {
            ""
        } else {
            "_"
        };
        let mut name = wanted.to_owned();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}{separator}{number}");
            number += 1;
        }
        name
    }

    /// Whether the name is in use here.
    pub(super) fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }
}

/// Rust names for a list of IDL names, in order. Names that are spelled right already keep their
/// spelling, whatever stands before them.
pub(super) fn distinct(
    names: &[&str],
    reserved: &[&str],
    spell: fn(&str) -> String,
) -> Vec<String> {
    let mut scope = Scope::with(reserved);
    let mut out: Vec<Option<String>> = names
        .iter()
        .map(|&name| (spell(name) == name && !scope.has(name)).then(|| scope.take(name)))
        .collect();
    for (slot, name) in out.iter_mut().zip(names) {
        slot.get_or_insert_with(|| scope.take(&spell(name)));
    }
    out.into_iter()
        .flatten()
        .map(|name| identifier(&name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_types() {
        for (idl, rust) in [
            ("my_struct", "MyStruct"),
            ("HTTPServer", "HTTPServer"),
            ("UUID", "Uuid"),
            ("A", "A"),
            ("_1", "T1"),
            ("__", "T"),
            ("fooBar", "FooBar"),
        ] {
            assert_eq!(camel(idl), rust);
        }
    }

    #[test]
    fn spells_fields() {
        for (idl, rust) in [
            ("fooBar", "foo_bar"),
            ("HTTPPort", "http_port"),
            ("a1b", "a1b"),
            ("__a_", "a"),
            ("_", "n"),
            ("X", "x"),
        ] {
            assert_eq!(snake(idl), rust);
        }
    }

    #[test]
    fn keeps_apart_what_differs_only_in_case() {
        let names = distinct(&["fooBar", "foo_bar", "FooBar", "type", "self"], &[], snake);
        assert_eq!(
            names,
            ["foo_bar_2", "foo_bar", "foo_bar_3", "r#type", "self_"]
        );
    }
}
