//! Files of events, each of them a message, in one of two formats.
//!
//! ```text
//! ├──────────── chunk ────────────┼──────────── chunk ────────────┼──
//! │ size event size event … zeros │ size event …                  │      Apache
//! │ head ‖ head event … end zeros │ head event …                  │      Checksummed
//! ```
//!
//! A file is cut into chunks of equal size, 16 MiB by default. No event crosses the border of a
//! chunk, so a reader that meets nonsense goes on at the next border.
//!
//! [`FileFormat::Apache`] is that of Apache Thrift's `TFileTransport`. An event is its size, 4 bytes
//! little-endian, and that many bytes; a size of 0 means padding. There are no checksums: bytes that
//! were changed inside an event are not noticed. Nothing in the file says how large its chunks are.
//!
//! [`FileFormat::Checksummed`] has a head at the start, which says that, and checksums before each
//! event: what is read is what was written. `docs/files.md` has the bytes.

mod detect;
mod format;
mod medium;
mod open;
mod options;
mod reader;
mod recover;
mod skipped;
mod stop;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use detect::is_file_of_events;
pub use format::FileFormat;
pub use options::FileOptions;
pub use reader::{FileReader, ReadMode};
pub use skipped::Skipped;
pub use stop::Stop;
pub use writer::FileWriter;
