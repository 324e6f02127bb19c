//! Backends: each turns a resolved [`Program`](crate::model::Program) into text.
//!
//! A backend sees the model and its own options, nothing else. It reads no file, writes no file and
//! cannot fail, because whatever could go wrong was reported while the model was built.

pub mod rust;

/// One file that a backend wants written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Relative to the output directory, with `/` between parts.
    pub path: String,
    /// The whole text.
    pub text: String,
}
