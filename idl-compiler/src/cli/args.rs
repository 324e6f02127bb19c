//! The arguments, declared for clap.

use clap::{Parser, Subcommand, ValueEnum};
use seapink_idl::emit::rust::{BinaryType, Collection, Layout};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  idl-compiler generate rust calculator.thrift -o src/api
  idl-compiler generate rust a.thrift b.thrift -I vendor -o src/api --collections btree
  idl-compiler check idl/*.thrift -I vendor
  idl-compiler check calculator.thrift --format json

Exit codes: 0 fine, 1 errors in the IDL, 2 wrong usage or a file that cannot be read or written.";

/// Compiles Thrift IDL.
#[derive(Debug, Parser)]
#[command(name = "idl-compiler", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generates code.
    Generate {
        #[command(subcommand)]
        backend: Backend,
    },
    /// Reports errors and warnings, and generates nothing.
    #[command(after_help = EXAMPLES)]
    Check(Check),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backend {
    /// Rust that links the crate `seapink`.
    #[command(after_help = EXAMPLES)]
    Rust(Rust),
}

/// What all commands read.
#[derive(Debug, clap::Args)]
pub(crate) struct Load {
    /// IDL files; what they include is compiled with them.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Directory to search for includes, after that of the including file; may be repeated.
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,

    /// Make a field without an id an error.
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) load: Load,

    /// How diagnostics are shown: for people on standard error, or as JSON on standard output.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Human,
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rust {
    #[command(flatten)]
    pub(crate) load: Load,

    /// Directory to write into; created if missing.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,

    /// A file per module, or one file with the whole tree.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) layout: LayoutArg,

    /// Name of the file for `--layout tree`, without `.rs` [default: that of the first FILE].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// What `map` and `set` become.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) collections: CollectionsArg,

    /// What `binary` becomes.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) binary: BinaryArg,

    /// Derive to add to every type, as a path such as `::serde::Serialize`; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) derive: Vec<String>,

    /// Emit a view of every struct, union and exception, which borrows from the message
    #[arg(long)]
    pub(crate) views: bool,

    /// Emit async clients and handler traits beside the blocking ones; needs the feature `tokio`
    #[arg(long = "async")]
    pub(crate) asynchronous: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    #[default]
    Modules,
    Tree,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum CollectionsArg {
    #[default]
    Hash,
    Btree,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum BinaryArg {
    #[default]
    Vec,
    Bytes,
}

impl Rust {
    /// The layout, made by a function that checks the name.
    pub(crate) fn layout(
        &self,
        make: impl FnOnce(bool, Option<&str>, &Path) -> Result<Layout, String>,
    ) -> Result<Layout, String> {
        let modules = self.layout == LayoutArg::Modules;
        if modules && self.name.is_some() {
            return Err("`--name` needs `--layout tree`".to_owned());
        }
        let first = self
            .load
            .files
            .first()
            .map_or(Path::new(""), PathBuf::as_path);
        make(modules, self.name.as_deref(), first)
    }
}

impl From<CollectionsArg> for Collection {
    fn from(arg: CollectionsArg) -> Self {
        match arg {
            CollectionsArg::Hash => Collection::Hash,
            CollectionsArg::Btree => Collection::BTree,
        }
    }
}

impl From<BinaryArg> for BinaryType {
    fn from(arg: BinaryArg) -> Self {
        match arg {
            BinaryArg::Vec => BinaryType::Vec,
            BinaryArg::Bytes => BinaryType::Bytes,
        }
    }
}
