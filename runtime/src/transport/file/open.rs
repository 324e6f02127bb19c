//! Opens files, with errors that name them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

/// Opens a file that ends somewhere: in `/dev/zero`, a reader would look for the first event for ever.
pub(super) fn open(path: &Path, how: &OpenOptions) -> Result<File> {
    let file = how.open(path).map_err(|error| not_open(path, error))?;
    let about = file.metadata().map_err(|error| not_open(path, error))?;
    if about.is_file() {
        return Ok(file);
    }
    Err(not_open(path, io::Error::other("it is no regular file")))
}

#[cold]
pub(super) fn not_open(path: &Path, error: io::Error) -> Error {
    let text = format!("cannot open {}: {error}", path.display());
    Error::new(ErrorKind::Io, text).with_source(error)
}

/// An error of what is in the file.
#[cold]
pub(super) fn unusable(path: &Path, error: Error) -> Error {
    let text = format!("cannot open {}: {error}", path.display());
    Error::new(error.kind(), text).with_source(error)
}

/// Stores the name of a new file.
pub(super) fn store_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()?;
    }
    let _ = path;
    Ok(())
}
