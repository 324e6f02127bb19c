//! What a writer needs of a file.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// A file, or what a test has instead.
pub(super) trait Medium: Send {
    /// Writes at least one of the bytes, perhaps not all, and says how many.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    fn set_len(&mut self, bytes: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

impl dyn Medium {
    pub(super) fn write_all_at(&mut self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(offset, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    bytes = bytes.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A file that no other writer has open.
pub(super) struct Locked(pub(super) File);

impl Medium for Locked {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.write(bytes)
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing is not enough while a process that was forked meanwhile has the file open.
        let _ = self.0.unlock();
    }
}
