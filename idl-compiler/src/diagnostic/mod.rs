//! What the compiler has to say about IDL files: collected here, worded in `catalog`, shown by
//! `human` and `json`.
//!
//! Nothing here knows the language. A [`Report`] owns the sources that its diagnostics point into,
//! so it can be rendered after the loader and the resolver are gone.

pub(crate) mod catalog;
mod human;
mod json;
mod suggest;

use crate::source::{Location, Sources};
pub use catalog::Code;
pub(crate) use suggest::Suggester;

/// How many errors, and how many warnings, are kept; the rest are counted.
pub const SHOWN_MAX: usize = 100;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No code is generated.
    Error,
    /// Code is generated.
    Warning,
}

/// A place and what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub at: Location,
    /// What is there; may be empty.
    pub text: String,
}

/// One error or warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its entry in the catalogue.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// The first is the place at fault. Empty when an argument, not a file, is at fault.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            message: message.into(),
            labels: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn label(mut self, at: Location, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            at,
            text: text.into(),
        });
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// A help that is there only if there is something to suggest.
    pub(crate) fn help_if(mut self, text: Option<String>) -> Self {
        if text.is_some() {
            self.help = text;
        }
        self
    }

    /// Error or warning; the catalogue decides.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Errors and warnings as they are found.
///
/// Takes closures, because a hostile file can cause millions of errors, of which only the first
/// [`SHOWN_MAX`] are worth the wording.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    pub(crate) fn error(&mut self, make: impl FnOnce() -> Diagnostic) {
        self.errors += 1;
        if self.errors <= SHOWN_MAX {
            self.list.push(make());
        }
    }

    pub(crate) fn warning(&mut self, make: impl FnOnce() -> Diagnostic) {
        self.warnings += 1;
        if self.warnings <= SHOWN_MAX {
            self.list.push(make());
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }
}

/// Everything said about one run, with the sources.
#[derive(Debug, Default)]
pub struct Report {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    pub(crate) unreadable: bool,
}

impl Report {
    pub(crate) fn new(sources: Sources, found: Diagnostics) -> Self {
        let Diagnostics {
            mut list,
            errors,
            warnings,
        } = found;
        list.sort_by_key(|d| (d.labels.first().map(|l| l.at), d.severity()));
        Report {
            sources,
            diagnostics: list,
            errors,
            warnings,
            unreadable: false,
        }
    }

    /// Whether there is at least one error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether one of the files to compile could not be read, which is not the IDL's fault.
    pub fn has_unreadable_file(&self) -> bool {
        self.unreadable
    }

    /// Errors and warnings by place; at most [`SHOWN_MAX`] of each kind.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How many errors were found, shown or not.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// How many warnings were found, shown or not.
    pub fn warning_count(&self) -> usize {
        self.warnings
    }

    /// The files that were read.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The text for people: excerpts with both places underlined, and a count at the end. Empty
    /// when there is nothing to say. With `styled`, it holds ANSI escapes.
    pub fn human(&self, styled: bool) -> String {
        human::render(self, styled)
    }

    /// One JSON object, described in `docs/idl.md`.
    pub fn json(&self) -> String {
        json::render(self)
    }
}
