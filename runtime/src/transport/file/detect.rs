//! The head of a file with checksums, and how a file without it is told from it.
//!
//! ```text
//! 89 "SEALOG" 0A   version   0   chunk_bytes   0 …   checksum of the 28 bytes
//!       8             2      2        4        12       4
//! ```
//!
//! Read as the size of an event in Apache's format, the first four bytes are more than a chunk can
//! have, so no file is both.

use crate::error::{Error, ErrorKind, Result};
use crate::transport::file::format::{FILE_HEAD, Layout};
use crate::transport::file::{FileFormat, FileOptions};
use crate::transport::{self, FIRST_BYTES, Framing};

const MAGIC: &[u8; 8] = b"\x89SEALOG\n";
const VERSION: u16 = 1;

/// What the first bytes of a file look like.
enum Look {
    /// There are too few of them.
    Unclear,
    Apache,
    /// With chunks of so many bytes.
    Checksummed(u32),
    /// With checksums, but the head has another.
    Damaged,
}

/// What a reader knows of the beginning of a file.
pub(super) enum Found {
    /// There is too little of it.
    Unclear,
    Whole(Layout),
    /// The head is damaged, and the reader was told what it says.
    Told(Layout),
}

/// What a writer finds.
pub(super) enum Begun {
    /// Events, perhaps.
    Yes(Layout),
    /// Nothing, or part of a head. The file has to begin like this.
    No(Layout, Vec<u8>),
}

/// The head of a file.
fn head(chunk_bytes: u32) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.extend_from_slice(&[0; 2]);
    head.extend_from_slice(&chunk_bytes.to_le_bytes());
    head.extend_from_slice(&[0; 12]);
    let checksum = crc32fast::hash(&head);
    head.extend_from_slice(&checksum.to_le_bytes());
    head
}

/// Whether bytes look like a whole file of events, each of which begins with a message.
pub(crate) fn is_file_of_events(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || is_apache(bytes)
}

/// Whether the first event has a message in it, and something that may stand there behind it.
fn is_apache(bytes: &[u8]) -> bool {
    let Some((size, rest)) = bytes.split_first_chunk::<4>() else {
        return false;
    };
    let event = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    let begins = |bytes: &[u8]| {
        let first = &bytes[..bytes.len().min(FIRST_BYTES)];
        matches!(
            transport::look(first),
            transport::Look::Thrift(Framing::Unframed, _)
        )
    };
    // As a frame, it would be cut off.
    let frame = usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX);
    if event == 0 || frame <= rest.len() || !begins(rest) {
        return false;
    }
    match rest.get(event..).map(<[u8]>::split_first_chunk::<4>) {
        None => false,
        Some(None) => true,
        Some(Some((next, behind))) => *next == [0; 4] || begins(behind),
    }
}

/// Looks at the first [`FILE_HEAD`] bytes of a file, or at all of a shorter one.
fn look(first: &[u8]) -> Result<Look> {
    let known = first.len().min(MAGIC.len());
    if first[..known] != MAGIC[..known] {
        return Ok(Look::Apache);
    }
    let Some(first) = first.first_chunk::<{ FILE_HEAD as usize }>() else {
        return Ok(Look::Unclear);
    };
    let (fields, checksum) = first.split_at(28);
    if crc32fast::hash(fields).to_le_bytes() != checksum {
        return Ok(Look::Damaged);
    }
    let version = u16::from_le_bytes([first[8], first[9]]);
    let chunk_bytes = u32::from_le_bytes([first[12], first[13], first[14], first[15]]);
    if version != VERSION || !(64..=1 << 30).contains(&chunk_bytes) {
        let text = format!(
            "the file is of version {version} with chunks of {chunk_bytes} bytes, which is not understood"
        );
        return Err(Error::new(ErrorKind::Malformed, text));
    }
    Ok(Look::Checksummed(chunk_bytes))
}

/// What a reader makes of the first bytes.
///
/// # Errors
/// When the file is not what the options say, or its head is damaged and they say nothing.
pub(super) fn found(first: &[u8], options: &FileOptions) -> Result<Found> {
    let layout = |format, chunk_bytes| Layout::new(format, chunk_bytes, options);
    let checksummed = |chunk_bytes| layout(FileFormat::Checksummed, chunk_bytes);
    match (look(first)?, options.format) {
        (Look::Unclear, _) => Ok(Found::Unclear),
        (Look::Apache, Some(FileFormat::Checksummed)) => Err(not_checksummed()),
        (Look::Apache, _) => Ok(Found::Whole(layout(
            FileFormat::Apache,
            options.chunk_bytes,
        ))),
        (_, Some(FileFormat::Apache)) => Err(not_apache()),
        (Look::Checksummed(chunk_bytes), _) => Ok(Found::Whole(checksummed(chunk_bytes))),
        (Look::Damaged, Some(FileFormat::Checksummed)) => {
            Ok(Found::Told(checksummed(options.chunk_bytes)))
        }
        (Look::Damaged, None) => {
            let text = "the head of the file is damaged; whoever names its format and chunk_bytes \
                        can read the rest";
            Err(Error::new(ErrorKind::Malformed, text))
        }
    }
}

/// What a writer makes of them.
///
/// # Errors
/// When the file is not what the options say, or its head is damaged.
pub(super) fn begun(first: &[u8], options: &FileOptions) -> Result<Begun> {
    let layout = |format, chunk_bytes| Layout::new(format, chunk_bytes, options);
    let checksummed = |chunk_bytes| layout(FileFormat::Checksummed, chunk_bytes);
    match (look(first)?, options.format) {
        (Look::Unclear, None | Some(FileFormat::Apache)) if first.is_empty() => {
            let layout = layout(FileFormat::Apache, options.chunk_bytes);
            Ok(Begun::No(layout, Vec::new()))
        }
        (Look::Apache, Some(FileFormat::Checksummed)) => Err(not_checksummed()),
        (Look::Apache, _) => Ok(Begun::Yes(layout(FileFormat::Apache, options.chunk_bytes))),
        (_, Some(FileFormat::Apache)) => Err(not_apache()),
        (Look::Checksummed(chunk_bytes), _) => Ok(Begun::Yes(checksummed(chunk_bytes))),
        // The head of a writer that was killed before it could write more.
        (Look::Unclear, _) => {
            let chunk_bytes = options.format(FileFormat::Checksummed).check()?.chunk_bytes;
            Ok(Begun::No(checksummed(chunk_bytes), head(chunk_bytes)))
        }
        (Look::Damaged, _) => {
            let text = "the head of the file is damaged, so nothing is appended to it";
            Err(Error::new(ErrorKind::Malformed, text))
        }
    }
}

#[cold]
fn not_checksummed() -> Error {
    let text = "the file has no checksums, and FileFormat::Checksummed was asked for";
    Error::new(ErrorKind::Config, text)
}

#[cold]
fn not_apache() -> Error {
    let text = "the file has checksums, and FileFormat::Apache was asked for";
    Error::new(ErrorKind::Config, text)
}
