//! Where the values of a configuration come from, so that a later error can say so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write};
use std::path::Path;

use crate::config::TIMEOUT_MS_MAX;
use crate::config::suggest::nearest;
use crate::error::{Error, ErrorKind, Result};

/// The file and the lines of keys, and what a program has set by builder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(super) file: Option<String>,
    /// Empty where there is no document.
    pub(super) lines: BTreeMap<String, usize>,
    pub(super) in_code: BTreeSet<&'static str>,
}

impl Origin {
    /// Notes that a program has set a key or a whole section, whatever a file has said of it.
    pub(super) fn set_in_code(&mut self, key: &'static str) {
        self.lines.retain(|name, _| !is_within(name, key));
        self.in_code.insert(key);
    }

    /// An error that a key is to blame for: `server.toml:4: server.workers: …`.
    #[cold]
    pub(crate) fn error(&self, key: &str, text: impl Display) -> Error {
        Error::new(ErrorKind::Config, self.sentence(key, text))
    }

    /// The same for an error that keeps its kind and becomes the source.
    #[cold]
    pub(crate) fn blame(&self, key: &str, error: Error) -> Error {
        let text = self.sentence(key, &error);
        Error::new(error.kind(), text).with_source(error)
    }

    /// A value that is none of the valid ones.
    #[cold]
    pub(crate) fn no_such(&self, key: &str, value: &str, valid: &[&str]) -> Error {
        self.error(
            key,
            format_args!("`{value}` is none of {}", choices(value, valid)),
        )
    }

    /// Refuses a time-out that is none.
    pub(super) fn check_ms(&self, key: &str, ms: u64) -> Result<()> {
        self.check_number(key, 1, TIMEOUT_MS_MAX, ms)
    }

    /// Refuses a number out of its bounds.
    pub(super) fn check_number<N>(&self, key: &str, min: N, max: N, number: N) -> Result<()>
    where
        N: Copy + PartialOrd + Display,
    {
        if min <= number && number <= max {
            return Ok(());
        }
        let text = format!("must be a number from {min} to {max}, not {number}");
        Err(self.error(key, text))
    }

    /// Refuses a least number that is above the most. What the configuration itself says is to blame,
    /// not a default.
    pub(super) fn check_order<N: Copy + PartialOrd + Display>(
        &self,
        section: &str,
        (min_key, min): (&str, N),
        (max_key, max): (&str, N),
    ) -> Result<()> {
        if min <= max {
            return Ok(());
        }
        let full = |key| format!("{section}.{key}");
        if self.has(&full(max_key)) && !self.has(&full(min_key)) {
            let text = format!("is {max}, less than {min_key} = {min}; write {min} or more");
            return Err(self.error(&full(max_key), text));
        }
        let text = format!("is {min}, more than {max_key} = {max}; write {max} or less");
        Err(self.error(&full(min_key), text))
    }

    /// Refuses a key that can do nothing, if the configuration gives it: if there is a line for it, or
    /// it is other than it would be by itself.
    pub(super) fn check_useful(&self, key: &str, changed: bool, why: impl Display) -> Result<()> {
        if changed || self.has(key) {
            return Err(self.error(key, why));
        }
        Ok(())
    }

    /// The folder from which relative names count: that of the configuration's own file.
    pub(super) fn folder(&self) -> Option<&Path> {
        Path::new(self.file.as_ref()?).parent()
    }

    /// Whether the configuration itself gave a value for the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.lines.contains_key(key) || self.in_code.contains(key)
    }

    fn sentence(&self, key: &str, text: impl Display) -> String {
        let mut set = self.in_code.iter();
        if self.lines.is_empty() || set.any(|section| is_within(key, section)) {
            return format!("in code: {key}: {text}");
        }
        match (&self.file, self.line(key)) {
            (Some(file), Some(line)) => format!("{file}:{line}: {key}: {text}"),
            (Some(file), None) => format!("{file}: {key}: {text}"),
            (None, Some(line)) => format!("line {line}: {key}: {text}"),
            (None, None) => format!("{key}: {text}"),
        }
    }

    /// The line of a key, or else of the section that it would stand in.
    fn line(&self, key: &str) -> Option<usize> {
        let line = self.lines.get(key).copied();
        line.or_else(|| self.line(key.rsplit_once('.')?.0))
    }
}

/// Whether a key is this one, or in the section of this name.
fn is_within(key: &str, section: &str) -> bool {
    let rest = key.strip_prefix(section);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The valid names, and which of them was probably meant.
pub(super) fn choices(given: &str, valid: &[&str]) -> String {
    let mut text = String::new();
    for (index, name) in valid.iter().enumerate() {
        let separator = match index {
            0 => "",
            _ if index + 1 == valid.len() => " and ",
            _ => ", ",
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}`{name}`");
    }
    if let Some(meant) = nearest(given, valid) {
        let _ = write!(text, "; did you mean `{meant}`?");
    }
    text
}
