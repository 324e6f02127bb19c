//! The reference's sources, from Debian.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::support::install::debian_source;
use super::support::{Result, files};

/// Where `test/` and `lib/` are.
pub fn dir() -> Result<PathBuf> {
    let unpacked = debian_source("thrift")?;
    let mut dirs = fs::read_dir(unpacked)?.filter_map(|entry| Some(entry.ok()?.path()));
    let dir = dirs.find(|dir| dir.join("test/ThriftTest.thrift").is_file());
    Ok(dir.ok_or("the source package of thrift has no test/ThriftTest.thrift")?)
}

/// The service that all of them speak.
pub fn idl() -> Result<PathBuf> {
    Ok(dir()?.join("test/ThriftTest.thrift"))
}

/// Copies a folder of the sources, with all that is in it.
pub fn copy(folder: &str, to: &Path) -> Result {
    let from = dir()?.join(folder);
    for file in files(&from, "")? {
        let copy = to.join(file.strip_prefix(&from)?);
        fs::create_dir_all(copy.parent().unwrap_or(to))?;
        fs::copy(file, copy)?;
    }
    Ok(())
}

/// A link, with the folders above it.
pub fn link(original: &Path, link: &Path) -> Result {
    fs::create_dir_all(link.parent().unwrap_or(link))?;
    symlink(original, link)?;
    Ok(())
}
