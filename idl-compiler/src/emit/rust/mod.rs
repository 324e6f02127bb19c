//! Emits Rust that links `seapink`.
//!
//! The emitted code reads like the IDL: a struct is a struct, and reading and writing it is about a
//! line for each field. Loops, limits, depth, skipping and error paths are in the runtime, so a loop
//! in the output would be a function missing there.
//!
//! Everything is decided in `plan` before a line is written; the other modules only write. Paths
//! are absolute (`::seapink::codegen::…`), since an IDL may call its types `Result` or `String`.

mod borrowing;
mod clients;
mod consts;
mod docs;
mod enums;
mod expr;
mod generics;
mod keys;
mod modules;
mod names;
mod plan;
mod recursion;
mod services;
mod structs;
mod text;
mod types;
mod values;
mod views;

use crate::emit::GeneratedFile;
use crate::model::{Item, Meta, Program, TypeId, TypeKind, is_rust_path};
use plan::Plan;
use text::Text;
use types::Place;

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
    /// A view of every struct, not just of those that ask for one.
    pub views: bool,
    /// For every service also a client, a handler trait and a processor whose functions are futures;
    /// needs the runtime's feature `tokio`.
    pub asynchronous: bool,
}

/// Emits the program. The same program and options give the same text.
pub fn emit(program: &Program, options: &Options) -> Vec<GeneratedFile> {
    Emitter {
        program,
        options,
        plan: Plan::new(program, options),
    }
    .files()
}

/// Writes items; decides nothing.
struct Emitter<'a> {
    program: &'a Program,
    options: &'a Options,
    plan: Plan,
}

impl Emitter<'_> {
    fn emit_item(&self, item: Item, text: &mut Text) {
        match item {
            Item::Type(id) => self.emit_type(id, text),
            Item::Const(id) => self.emit_const(id, &self.program[id], text),
            Item::Service(id) => self.emit_service(id, &self.program[id], text),
        }
    }

    fn emit_type(&self, id: TypeId, text: &mut Text) {
        let ty = &self.program[id];
        match &ty.kind {
            TypeKind::Enum(of) => self.emit_enum(id, ty, of, text),
            TypeKind::Struct(of) => self.emit_struct(id, ty, of, text),
            TypeKind::Typedef(target) => {
                let module = self.plan.module_of(ty.meta.origin.file);
                let place = Place {
                    module,
                    key: self.plan.is_key(id),
                };
                let chosen = types::annotation(&ty.meta.annotations);
                let target = self.rust_type(target, chosen, place);
                self.item_docs(&ty.meta, text);
                text.alias(self.plan.type_name(id), &target);
            }
        }
    }

    fn origin(&self, meta: &Meta) -> String {
        let path = &self.program[meta.origin.file].path;
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        format!("{name}:{}", meta.origin.line)
    }

    /// The IDL's doc comment, and where the item comes from.
    fn item_docs(&self, meta: &Meta, text: &mut Text) {
        docs::write(text, meta.doc.as_deref(), Some(&self.origin(meta)));
    }

    /// `#[derive(…)]`: what every such type has, what the options add, what the IDL adds with
    /// `(rust.derive = "…")`.
    fn derives(&self, derives: &[&str], meta: &Meta, text: &mut Text) {
        let own = meta.annotation("rust.derive").unwrap_or_default();
        let own = own
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty());
        let mut all: Vec<&str> = derives.to_vec();
        // What is no path was warned of, and would not compile.
        let own = own.filter(|path| is_rust_path(path));
        for path in self.options.derives.iter().map(String::as_str).chain(own) {
            if !all.contains(&path) {
                all.push(path);
            }
        }
        let line = format!("#[derive({})]", all.join(", "));
        if text.fits(line.len()) {
            return text.line(line);
        }
        text.line("#[derive(");
        text.indented(|text| {
            for path in all {
                text.line(format_args!("{path},"));
            }
        });
        text.line(")]");
    }

    /// `#[deprecated]` for what the IDL marks so.
    fn deprecated(meta: &Meta, text: &mut Text) {
        match meta.annotation("deprecated") {
            None => {}
            Some("" | "1") => text.line("#[deprecated]"),
            Some(note) => {
                text.line(format_args!(
                    "#[deprecated(note = {})]",
                    values::quote(note)
                ));
            }
        }
    }
}
