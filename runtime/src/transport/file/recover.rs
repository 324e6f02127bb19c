//! What a writer does with a file that it finds.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::error::Result;
use crate::transport::file::detect::{Begun, begun};
use crate::transport::file::format::{FILE_HEAD, Layout};
use crate::transport::file::{FileOptions, FileReader};

/// Finds out what the file is and where the next event goes, and removes what a killed writer has left
/// there. A new file gets its head.
pub(super) fn recover(file: &mut File, options: &FileOptions) -> Result<(Layout, u64)> {
    match begun(&beginning(file)?, options)? {
        Begun::Yes(layout) => Ok((layout, end_of_events(file, layout)?)),
        Begun::No(layout, head) => {
            if !head.is_empty() {
                write_head(file, &head)?;
            }
            Ok((layout, layout.first()))
        }
    }
}

/// The first bytes of a file, as many as tell what it is.
pub(super) fn beginning<F: Read + Seek>(file: &mut F) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut first = Vec::new();
    file.take(FILE_HEAD.into()).read_to_end(&mut first)?;
    Ok(first)
}

/// Stored at once: without its head, nobody could make anything of the events behind it.
fn write_head(file: &mut File, head: &[u8]) -> io::Result<()> {
    use std::io::Write;

    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(head)?;
    file.sync_data()
}

/// The end of the last whole event or, behind nonsense, the next border: nonsense is kept, for
/// somebody to look at, and readers pass over it to there.
fn end_of_events(file: &File, layout: Layout) -> Result<u64> {
    let mut reader = FileReader::known(file, layout.unlimited());
    let len = reader.len()?;
    let end = if reader.seek_to_last_event()? {
        reader.offset()
    } else {
        layout.border(reader.offset())
    };
    if end != len {
        file.set_len(end)?;
    }
    Ok(end)
}
