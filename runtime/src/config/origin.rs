//! Where the values of a configuration come from, so that a later error can say so.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use crate::config::TIMEOUT_MS_MAX;
use crate::config::suggest::nearest;
use crate::error::{Error, ErrorKind, Result};

/// The file and the lines of keys; nothing for a configuration made by builder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(super) file: Option<String>,
    pub(super) lines: BTreeMap<String, usize>,
}

impl Origin {
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
            let text = format!("is {max}, less than {min_key} = {min}");
            return Err(self.error(&full(max_key), text));
        }
        let text = format!("is {min}, more than {max_key} = {max}");
        Err(self.error(&full(min_key), text))
    }

    /// Whether the configuration itself gave a value for the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.lines.contains_key(key)
    }

    fn sentence(&self, key: &str, text: impl Display) -> String {
        match (&self.file, self.lines.get(key)) {
            (Some(file), Some(line)) => format!("{file}:{line}: {key}: {text}"),
            (Some(file), None) => format!("{file}: {key}: {text}"),
            (None, Some(line)) => format!("line {line}: {key}: {text}"),
            (None, None) => format!("{key}: {text}"),
        }
    }
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
