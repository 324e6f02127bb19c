//! Reads the given files and everything that they include, each once.
//!
//! Walks includes with an explicit stack, so a chain of 10⁵ files is as safe as one of two.

mod files;

pub use files::{Disk, Files, Memory};

use crate::ast::{self, literal};
use crate::diagnostic::{Diagnostics, Suggester, catalog};
use crate::parser;
use crate::source::{FILE_BYTES_MAX, Location, Source, SourceId, Sources, Span};
use files::tidy;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

/// The parsed files of a program.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) sources: Sources,
    /// One per source, by its id.
    pub(crate) units: Vec<Unit>,
    /// Included files before those that include them.
    pub(crate) order: Vec<SourceId>,
    /// Whether one of the files to compile could not be read at all.
    pub(crate) unreadable: bool,
}

/// One parsed file.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) stem: String,
    pub(crate) root: bool,
    pub(crate) ast: ast::Program,
    /// Files included, in order and without repeats, by the place of their `include`.
    pub(crate) includes: Vec<(Span, SourceId)>,
    /// Stems of includes that failed; what they define is unknown rather than missing.
    pub(crate) missing: HashSet<String>,
    /// Where it was found; includes are looked for beside it.
    path: PathBuf,
}

/// Loads the given files and all that they include.
pub(crate) fn load(
    files: &dyn Files,
    roots: &[PathBuf],
    include_dirs: &[PathBuf],
    diagnostics: &mut Diagnostics,
) -> Loaded {
    let mut loader = Loader {
        files,
        include_dirs,
        diagnostics,
        suggester: Suggester::default(),
        known: HashMap::new(),
        open: Vec::new(),
        position: HashMap::new(),
        found: HashMap::new(),
        linked: HashSet::new(),
        out: Loaded::default(),
    };
    for root in roots {
        loader.root(root);
    }
    loader.out
}

struct Loader<'a> {
    files: &'a dyn Files,
    include_dirs: &'a [PathBuf],
    diagnostics: &'a mut Diagnostics,
    suggester: Suggester,
    /// By canonical path.
    known: HashMap<PathBuf, SourceId>,
    /// The chain of includes being followed: a file and the index of its next include.
    open: Vec<(SourceId, usize)>,
    /// Where a file stands in that chain.
    position: HashMap<SourceId, usize>,
    /// What looking for an include gave, by its path beside the including file.
    found: HashMap<PathBuf, Option<(PathBuf, PathBuf)>>,
    /// Pairs of a file and one that it includes.
    linked: HashSet<(SourceId, SourceId)>,
    out: Loaded,
}

impl Loader<'_> {
    fn root(&mut self, path: &Path) {
        let found = self.files.canonical(path).and_then(|canonical| {
            match self.known.get(&canonical) {
                Some(&id) => Ok(id),
                None => Err(canonical),
            }
            .or_else(|canonical| self.add(path, canonical))
        });
        match found {
            Ok(id) => {
                self.out.units[id.0 as usize].root = true;
                self.follow();
            }
            Err(error) => {
                self.out.unreadable = true;
                let near = match error.kind() {
                    io::ErrorKind::NotFound => self.near(path.parent().unwrap_or(path), path),
                    _ => None,
                };
                let why = reason(&error);
                self.diagnostics
                    .error(|| catalog::file_unreadable(&path.display().to_string(), &why, near));
            }
        }
    }

    /// Reads and parses a file, and opens it so that its includes are followed next.
    fn add(&mut self, path: &Path, canonical: PathBuf) -> io::Result<SourceId> {
        let bytes = self.files.read(path)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other(format!(
                "it is larger than {} MiB",
                FILE_BYTES_MAX >> 20
            )));
        }
        let shown = shown(path);
        let id = self.out.sources.add(Source::new(shown, bytes));
        let ast = parser::parse(&self.out.sources[id], id, self.diagnostics);
        self.out.units.push(Unit {
            stem: stem(path),
            root: false,
            ast,
            includes: Vec::new(),
            missing: HashSet::new(),
            path: path.to_path_buf(),
        });
        self.known.insert(canonical, id);
        self.position.insert(id, self.open.len());
        self.open.push((id, 0));
        Ok(id)
    }

    fn follow(&mut self) {
        while let Some((id, next)) = self.open.last_mut() {
            let unit = &self.out.units[id.0 as usize];
            if let Some(&include) = unit.ast.includes.get(*next) {
                *next += 1;
                let id = *id;
                self.include(id, include);
            } else {
                self.out.order.push(*id);
                self.position.remove(id);
                self.open.pop();
            }
        }
    }

    fn include(&mut self, from: SourceId, include: ast::Include) {
        let at = Location {
            file: from,
            span: include.path,
        };
        let written = literal::text(self.out.sources[from].slice(include.path)).into_owned();
        let unit = &self.out.units[from.0 as usize];
        let here = unit.path.parent().unwrap_or(Path::new("")).to_path_buf();
        let relative = PathBuf::from(&written);
        let Some((path, canonical)) = self.find(&here, &relative) else {
            self.out.units[from.0 as usize]
                .missing
                .insert(stem(&relative));
            self.not_found(at, &here, &relative);
            return;
        };
        let id = if let Some(&id) = self.known.get(&canonical) {
            if self.position.contains_key(&id) {
                self.cycle(at, id);
            }
            id
        } else {
            match self.add(&path, canonical) {
                Ok(id) => id,
                Err(error) => {
                    self.out.units[from.0 as usize]
                        .missing
                        .insert(stem(&relative));
                    let why = reason(&error);
                    self.diagnostics
                        .error(|| catalog::include_unreadable(at, &written, &why));
                    return;
                }
            }
        };
        if self.linked.insert((from, id)) {
            self.out.units[from.0 as usize]
                .includes
                .push((include.path, id));
        }
    }

    /// The directories in which an include is looked for.
    fn directories<'d>(&'d self, here: &'d Path) -> impl Iterator<Item = &'d Path> {
        std::iter::once(here).chain(self.include_dirs.iter().map(PathBuf::as_path))
    }

    /// Where an included file is, and its canonical path. Asks the file system once for each.
    fn find(&mut self, here: &Path, relative: &Path) -> Option<(PathBuf, PathBuf)> {
        // An absolute path replaces what it is joined to.
        let key = here.join(relative);
        if let Some(known) = self.found.get(&key) {
            return known.clone();
        }
        let found = self.directories(here).find_map(|directory| {
            let path = directory.join(relative);
            let canonical = self.files.canonical(&path).ok()?;
            Some((path, canonical))
        });
        self.found.insert(key, found.clone());
        found
    }

    fn not_found(&mut self, at: Location, here: &Path, relative: &Path) {
        let make = |loader: &Self| {
            let this = loader.out.units[at.file.0 as usize].path.file_name();
            let near = loader.directories(here).find_map(|directory| {
                let path = directory.join(relative);
                let near = loader.near(path.parent()?, &path)?;
                if Some(near.as_ref()) == this {
                    return None;
                }
                Some(relative.with_file_name(near).display().to_string())
            });
            let shown: Vec<String> = if relative.is_absolute() {
                Vec::new()
            } else {
                loader.directories(here).map(shown_directory).collect()
            };
            catalog::include_not_found(at, &relative.display().to_string(), &shown, near)
        };
        let mut diagnostics = std::mem::take(self.diagnostics);
        diagnostics.error(|| make(self));
        *self.diagnostics = diagnostics;
    }

    fn cycle(&mut self, at: Location, first: SourceId) {
        let start = self.position.get(&first).copied().unwrap_or_default();
        let chain: Vec<&str> = self.open[start..]
            .iter()
            .map(|(id, _)| self.out.sources[*id].path())
            .collect();
        self.diagnostics
            .error(|| catalog::include_cycle(at, &chain));
    }

    /// A file beside `path` with nearly its name.
    fn near(&self, directory: &Path, path: &Path) -> Option<String> {
        let name = path.file_name()?.to_str()?;
        let names = self.files.list(directory);
        self.suggester
            .nearest(name, names.iter().map(String::as_str))
            .map(str::to_owned)
    }
}

/// A path as reports show it.
pub(crate) fn shown(path: &Path) -> String {
    tidy(path).display().to_string().replace('\\', "/")
}

fn shown_directory(directory: &Path) -> String {
    let shown = tidy(directory).display().to_string();
    if shown.is_empty() {
        ".".to_owned()
    } else {
        shown
    }
}

/// The file's name without its last extension.
fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Why a file could not be read, without the operating system's error number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}
