//! A TOML document, read key by key.
//!
//! Why can't we just derive `Deserialize`? Because its errors know neither the path of a key nor
//! the valid range of a number, and forget the lines that a later error needs.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::origin::{Origin, choices};
use crate::error::{Error, ErrorKind, Result};

/// The sections of a file. Client and server may share one.
const SECTIONS: [&str; 2] = ["server", "client"];

/// Reads a file and hands its text to `parse`.
pub(super) fn from_file<T>(
    path: &Path,
    parse: impl FnOnce(&str, Option<String>) -> Result<T>,
) -> Result<T> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let text = format!("cannot read {name}: {error}");
        Error::new(ErrorKind::Config, text).with_source(error)
    })?;
    parse(&text, Some(name))
}

/// Parses a document and hands one of its sections to `read`.
pub(super) fn read<T>(
    text: &str,
    file: Option<String>,
    section: &'static str,
    read: impl FnOnce(&mut Section<'_>) -> Result<T>,
) -> Result<(T, Origin)> {
    let mut origin = Origin {
        file,
        ..Origin::default()
    };
    let root = match DeTable::parse(text) {
        Ok(root) => root.into_inner(),
        Err(error) => {
            let line = error.span().map(|span| line(text, span.start));
            let place = match (&origin.file, line) {
                (Some(file), Some(line)) => format!("{file}:{line}: "),
                (Some(file), None) => format!("{file}: "),
                (None, Some(line)) => format!("line {line}: "),
                (None, None) => String::new(),
            };
            let text = format!("{place}not TOML: {}", error.message());
            return Err(Error::new(ErrorKind::Config, text));
        }
    };
    let mut top = Section {
        path: "",
        table: Some(&root),
        text,
        known: SECTIONS.to_vec(),
        origin: &mut origin,
    };
    top.check_keys()?;
    let mut inner = top.section(section)?;
    if inner.table.is_none() {
        let place = origin
            .file
            .map(|file| format!("{file}: "))
            .unwrap_or_default();
        let text = format!("{place}there is no section [{section}]");
        return Err(Error::new(ErrorKind::Config, text));
    }
    let value = read(&mut inner)?;
    inner.check_keys()?;
    Ok((value, origin))
}

fn line(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// A table whose keys are asked for one by one; the rest is unknown.
pub(super) struct Section<'a> {
    path: &'static str,
    table: Option<&'a DeTable<'a>>,
    text: &'a str,
    known: Vec<&'static str>,
    origin: &'a mut Origin,
}

impl<'a> Section<'a> {
    /// A table in this one, which is empty when it is absent.
    pub(super) fn section(&mut self, path: &'static str) -> Result<Section<'_>> {
        let key = path.rsplit('.').next().unwrap_or(path);
        let table = match self.get(key) {
            None => None,
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => Some(table),
                other => return Err(self.wrong_type(key, "a section", other)),
            },
        };
        Ok(Section {
            path,
            table,
            text: self.text,
            known: Vec::new(),
            origin: self.origin,
        })
    }

    /// A string.
    pub(super) fn string(&mut self, key: &'static str, into: &mut String) -> Result<bool> {
        match self.get(key).map(Spanned::get_ref) {
            None => Ok(false),
            Some(DeValue::String(text)) => {
                *into = text.clone().into_owned();
                Ok(true)
            }
            Some(other) => Err(self.wrong_type(key, "a string", other)),
        }
    }

    /// One of several strings.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        valid: &[(&str, T)],
        into: &mut T,
        unavailable: &[(&str, &str)],
    ) -> Result<()> {
        let mut text = String::new();
        if !self.string(key, &mut text)? {
            return Ok(());
        }
        let names: Vec<_> = valid.iter().map(|(name, _)| *name).collect();
        if let Some((_, why)) = unavailable.iter().find(|(name, _)| *name == text) {
            let names = choices("", &names);
            return Err(self.error(key, format_args!("`{text}` {why}; there are {names}")));
        }
        match valid.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => *into = *value,
            None => return Err(self.origin.no_such(&self.full(key), &text, &names)),
        }
        Ok(())
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str, into: &mut bool) -> Result<()> {
        match self.get(key).map(Spanned::get_ref) {
            None => {}
            Some(DeValue::Boolean(value)) => *into = *value,
            Some(other) => return Err(self.wrong_type(key, "`true` or `false`", other)),
        }
        Ok(())
    }

    /// A whole number in a range.
    pub(super) fn number<N>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<N>,
        into: &mut N,
    ) -> Result<()>
    where
        N: Copy + Display + PartialOrd + TryFrom<u64>,
    {
        let (digits, radix) = match self.get(key).map(Spanned::get_ref) {
            None => return Ok(()),
            Some(DeValue::Integer(number)) => (number.as_str(), number.radix()),
            Some(other) => return Err(self.wrong_type(key, "a whole number", other)),
        };
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let number = u64::from_str_radix(digits, radix).ok();
        let number = number.and_then(|number| N::try_from(number).ok());
        match number {
            Some(number) if range.contains(&number) => {
                *into = number;
                Ok(())
            }
            _ => {
                let (low, high) = range.into_inner();
                let text = format!("must be a number from {low} to {high}, not {digits}");
                Err(self.error(key, text))
            }
        }
    }

    /// The same for a number that has no default.
    pub(super) fn optional(
        &mut self,
        key: &'static str,
        range: RangeInclusive<usize>,
        into: &mut Option<usize>,
    ) -> Result<()> {
        let mut number = 0;
        self.number(key, range, &mut number)?;
        if number > 0 {
            *into = Some(number);
        }
        Ok(())
    }

    /// An error for a key that must be there.
    pub(super) fn missing(&self, key: &str) -> Error {
        let place = self
            .origin
            .file
            .as_ref()
            .map(|file| format!("{file}: "))
            .unwrap_or_default();
        let text = format!("{place}the section [{}] has no `{key}`", self.path);
        Error::new(ErrorKind::Config, text)
    }

    /// Refuses keys that nobody asked for.
    pub(super) fn finish(self) -> Result<()> {
        self.check_keys()
    }

    fn check_keys(&self) -> Result<()> {
        for key in self.table.into_iter().flat_map(|table| table.keys()) {
            let name = &**key.get_ref();
            if !self.known.contains(&name) {
                let mut origin = self.origin.clone();
                let full = self.full(name);
                origin
                    .lines
                    .insert(full.clone(), line(self.text, key.span().start));
                let valid = choices(name, &self.known);
                let text = format!("unknown key; there are {valid}");
                return Err(origin.error(&full, text));
            }
        }
        Ok(())
    }

    /// Looks a key up, and notes its line.
    fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let (name, value) = self.table?.get_key_value(key)?;
        let line = line(self.text, name.span().start);
        self.origin.lines.insert(self.full(key), line);
        Some(value)
    }

    fn full(&self, key: &str) -> String {
        match self.path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    fn error(&self, key: &str, text: impl Display) -> Error {
        self.origin.error(&self.full(key), text)
    }

    fn wrong_type(&self, key: &str, expected: &str, found: &DeValue<'_>) -> Error {
        let found = match found {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a section",
        };
        self.error(key, format_args!("must be {expected}, not {found}"))
    }
}
