//! Where files come from: the disk, or memory.

use crate::source::FILE_BYTES_MAX;
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// Reads files. The compiler touches the file system through this alone.
pub trait Files {
    /// The whole content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// One name for all paths that lead to the same file; an error if there is no such file.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// Names in a directory, for suggestions. May be empty.
    fn list(&self, directory: &Path) -> Vec<String>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = std::fs::File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        // A device or pipe may never end.
        if !meta.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn list(&self, directory: &Path) -> Vec<String> {
        const ENTRIES_MAX: usize = 1000;
        let directory = if directory == Path::new("") {
            Path::new(".")
        } else {
            directory
        };
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Vec::new();
        };
        let names = entries
            .take(ENTRIES_MAX)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.collect()
    }
}

/// Files held in memory, for tests and tools. Paths are compared after `.` and `..` are removed.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Memory {
    /// No files.
    pub fn new() -> Self {
        Memory::default()
    }

    /// With one more file.
    #[must_use]
    pub fn with(mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(tidy(path.as_ref()), content.into());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let content = self.files.get(&tidy(path));
        content
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let path = tidy(path);
        if self.files.contains_key(&path) {
            Ok(path)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn list(&self, directory: &Path) -> Vec<String> {
        let directory = tidy(directory);
        let inside = self
            .files
            .keys()
            .filter(|path| path.parent() == Some(&directory));
        inside
            .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
            .collect()
    }
}

/// The path without `.` and, where possible, without `..`. For showing and for [`Memory`]; on a disk
/// with symbolic links it can be another file.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
