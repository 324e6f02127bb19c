//! Emits Rust that links `seapink`.

use crate::emit::GeneratedFile;
use crate::model::Program;

/// How the emitted modules are laid out in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One file, `NAME.rs`, that holds the whole module tree inline. For `include!` from `OUT_DIR`.
    Tree {
        /// The file's name without `.rs`.
        name: String,
    },
    /// A file per module and a `mod.rs` that declares them. For code that is checked in.
    Modules,
}

/// The collection that `map` and `set` become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collection {
    /// `HashMap` and `HashSet`.
    #[default]
    Hash,
    /// `BTreeMap` and `BTreeSet`.
    BTree,
}

/// The type that `binary` becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BinaryType {
    /// `Vec<u8>`.
    #[default]
    Vec,
    /// `bytes::Bytes`; needs the runtime's feature `bytes`.
    Bytes,
}

/// What a user may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Files and modules.
    pub layout: Layout,
    /// For `map` and `set` without an annotation of their own.
    pub collection: Collection,
    /// For `binary` without an annotation of its own.
    pub binary: BinaryType,
    /// Derives added to every emitted type, as paths: `::serde::Serialize`.
    pub derives: Vec<String>,
}

/// Emits the program. The same program and options give the same text.
pub fn emit(program: &Program, options: &Options) -> Vec<GeneratedFile> {
    let _ = (program, options);
    Vec::new()
}
