//! Writing generated files.

use crate::emit::GeneratedFile;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}", path.display())]
pub struct WriteError {
    /// The file or directory.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

/// Writes files under a directory, which is created if missing. A file that already has the text is
/// left alone, so that its time stays and nothing is rebuilt without need.
///
/// Paths that would lead out of the directory are refused. Gives the paths of the files, whether
/// they were written or not.
pub fn write(directory: &Path, files: &[GeneratedFile]) -> Result<Vec<PathBuf>, WriteError> {
    files
        .iter()
        .map(|file| {
            let path = directory.join(&file.path);
            write_one(&path, file).map_err(|source| WriteError {
                path: path.clone(),
                source,
            })?;
            Ok(path)
        })
        .collect()
}

fn write_one(path: &Path, file: &GeneratedFile) -> io::Result<()> {
    let inside = |part| matches!(part, Component::Normal(_));
    if file.path.is_empty() || !Path::new(&file.path).components().all(inside) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is outside the output directory",
        ));
    }
    if std::fs::read(path).is_ok_and(|old| old == file.text.as_bytes()) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, &file.text)
}
