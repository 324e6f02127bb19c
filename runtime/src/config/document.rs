//! A TOML document, read key by key.
//!
//! Why can't we just derive `Deserialize`? Because its errors know neither the path of a key nor
//! the valid range of a number, and forget the lines that a later error needs.

use std::fmt::Display;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::config::origin::{Origin, choices};
use crate::config::suggest::{self, bare, home};
use crate::config::{advice, file, syntax};
use crate::error::{Error, ErrorKind, Result, words};

/// The sections of a file. Client and server may share one.
const SECTIONS: [&str; 2] = ["server", "client"];

/// A configuration has no more bytes than so.
const BYTES_MAX: u64 = 1 << 20;

/// Reads a file and hands its text to `parse`.
pub(super) fn from_file<T>(
    path: &Path,
    parse: impl FnOnce(&str, Option<String>) -> Result<T>,
) -> Result<T> {
    let name = path.display().to_string();
    let bytes = file::read(path, BYTES_MAX);
    let text = bytes
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()));
    let text = text.map_err(|error| {
        let text = format!("cannot read {name}: {}", words(&error));
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
        Err(error) => return Err(not_toml(text, &origin, &error)),
    };
    let mut top = Section {
        path: "",
        table: Some(&root),
        text,
        known: SECTIONS.to_vec(),
        missing: None,
        origin: &mut origin,
    };
    top.check_sections(section)?;
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
    inner.finish()?;
    Ok((value, origin))
}

#[cold]
fn not_toml(text: &str, origin: &Origin, error: &toml::de::Error) -> Error {
    let offset = error.span().map_or(0, |span| span.start);
    let number = line(text, offset);
    let begins = text.get(..offset).and_then(|before| before.rfind('\n'));
    let column = offset - begins.map_or(0, |newline| newline + 1);
    let why = text.lines().nth(number - 1).unwrap_or_default();
    let why = syntax::explain(why, column, error.message());
    let place = match &origin.file {
        Some(file) => format!("{file}:{number}"),
        None => format!("line {number}"),
    };
    Error::new(ErrorKind::Config, format!("{place}: not TOML: {why}"))
}

fn line(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

type Key<'a> = Spanned<DeString<'a>>;

/// A table whose keys are asked for one by one; the rest is unknown.
pub(super) struct Section<'a> {
    path: &'static str,
    table: Option<&'a DeTable<'a>>,
    text: &'a str,
    known: Vec<&'static str>,
    /// A key that must be there and is not, with what could be written. Reported last: the key may
    /// be there with a slip in its name.
    missing: Option<(&'static str, &'static str)>,
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
            missing: None,
            origin: self.origin,
        })
    }

    /// Refuses a key that somebody may look for here.
    pub(super) fn refuse(&mut self, key: &'static str, why: &str) -> Result<()> {
        let found = self.table.and_then(|table| table.get_key_value(key));
        found.map_or(Ok(()), |(key, _)| Err(self.error_at(key, why)))
    }

    /// Whether it stands in the document.
    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
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

    /// The same for one that has no default.
    pub(super) fn optional_string(
        &mut self,
        key: &'static str,
        into: &mut Option<String>,
    ) -> Result<()> {
        let mut text = String::new();
        if self.string(key, &mut text)? {
            *into = Some(text);
        }
        Ok(())
    }

    /// A table of strings, which are what the document's author has called them.
    pub(super) fn strings(
        &mut self,
        key: &'static str,
        into: &mut Vec<(String, String)>,
    ) -> Result<()> {
        let table = match self.get(key).map(Spanned::get_ref) {
            None => return Ok(()),
            Some(DeValue::Table(table)) => table,
            Some(other) => return Err(self.wrong_type(key, "a section", other)),
        };
        for (name, value) in table {
            let full = self.full(&format!("{key}.{}", name.get_ref()));
            let line = line(self.text, name.span().start);
            self.origin.lines.insert(full, line);
            match value.get_ref() {
                DeValue::String(text) => {
                    into.push((name.get_ref().to_string(), text.clone().into_owned()));
                }
                other => {
                    let key = format!("{key}.{}", name.get_ref());
                    return Err(self.wrong_type(&key, "a string", other));
                }
            }
        }
        Ok(())
    }

    /// A list of strings.
    pub(super) fn list(&mut self, key: &'static str, into: &mut Vec<String>) -> Result<()> {
        let list = match self.get(key).map(Spanned::get_ref) {
            None => return Ok(()),
            Some(DeValue::Array(list)) => list,
            Some(other) => return Err(self.wrong_type(key, "a list of strings", other)),
        };
        for value in list {
            match value.get_ref() {
                DeValue::String(text) => into.push(text.clone().into_owned()),
                other => return Err(self.wrong_type(key, "a list of strings", other)),
            }
        }
        Ok(())
    }

    /// A string that must be there.
    pub(super) fn required(
        &mut self,
        key: &'static str,
        example: &'static str,
        into: &mut String,
    ) -> Result<()> {
        if !self.string(key, into)? {
            self.missing.get_or_insert((key, example));
        }
        Ok(())
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
        if let Some((_, why)) = unavailable.iter().find(|(name, _)| *name == bare(&text)) {
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

    /// Refuses keys that nobody asked for, and the absence of one that must be there.
    pub(super) fn finish(self) -> Result<()> {
        if let Some((key, name, _)) = self.unknown() {
            let valid = choices(name, &self.known);
            let hint = match home(name, self.path) {
                Some((section, key)) if suggest::nearest(name, &self.known).is_none() => {
                    belongs(name, key, section)
                }
                _ => String::new(),
            };
            let text = format!("unknown key; there are {valid}{hint}");
            return Err(self.error_at(key, text));
        }
        match self.missing {
            None => Ok(()),
            Some((key, example)) => {
                let text = format!("is missing; write `{key} = \"{example}\"`, for example");
                let mut origin = self.origin.clone();
                if let Some(&line) = origin.lines.get(self.path) {
                    origin.lines.insert(self.full(key), line);
                }
                Err(origin.error(&self.full(key), text))
            }
        }
    }

    /// Refuses what is no section at the top of a document that is read for one.
    fn check_sections(&self, wanted: &str) -> Result<()> {
        let Some((key, name, value)) = self.unknown() else {
            return Ok(());
        };
        let text = if matches!(value, DeValue::Table(_)) {
            let valid = choices(name, &self.known);
            match suggest::inner(wanted, name) {
                Some(inner) => {
                    format!("unknown section; there are {valid}; did you mean [{inner}]?")
                }
                None => format!("unknown section; there are {valid}"),
            }
        } else {
            match home(name, wanted).or_else(|| home(name, "")) {
                _ if suggest::is_of(wanted, name) => {
                    format!("belongs to a section; write [{wanted}] in a line above it")
                }
                Some((section, key)) if key == name => {
                    format!("belongs to a section; write [{section}] in a line above it")
                }
                Some((section, key)) => {
                    format!("unknown key, and in no section; did you mean `{key}` in [{section}]?")
                }
                None => format!(
                    "unknown key, and in no section; write [{wanted}] in a line above its keys"
                ),
            }
        };
        Err(self.error_at(key, text))
    }

    /// The first key that nobody has asked for.
    fn unknown(&self) -> Option<(&Key<'a>, &str, &DeValue<'a>)> {
        let keys = self.table.into_iter().flat_map(|table| table.iter());
        keys.map(|(key, value)| (key, &**key.get_ref(), value.get_ref()))
            .filter(|(_, name, _)| !self.known.contains(name))
            .min_by_key(|(key, ..)| key.span().start)
    }

    fn error_at(&self, key: &Key<'_>, text: impl Display) -> Error {
        let mut origin = self.origin.clone();
        let full = self.full(key.get_ref());
        let line = line(self.text, key.span().start);
        origin.lines.insert(full.clone(), line);
        origin.error(&full, text)
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

    pub(super) fn error(&self, key: &str, text: impl Display) -> Error {
        self.origin.error(&self.full(key), text)
    }

    fn wrong_type(&self, key: &str, expected: &str, found: &DeValue<'_>) -> Error {
        let text = advice::wrong_type(&self.full(key), expected, found);
        self.error(key, text)
    }
}

/// Where a key belongs that stands somewhere else, maybe with a slip in its name.
fn belongs(given: &str, key: &str, section: &str) -> String {
    if given == key {
        format!("; `{key}` belongs to [{section}]")
    } else {
        format!("; did you mean `{key}` in [{section}]?")
    }
}
