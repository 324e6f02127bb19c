//! Where events are in a file, and what stands before them.

use crc32fast::Hasher;

use crate::transport::file::FileOptions;

/// How events stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// As Apache's `TFileTransport` writes and reads them: with their sizes, and nothing by which
    /// damage could be noticed.
    Apache,
    /// With checksums, in a file that says how large its chunks are. Only Seapink reads it.
    Checksummed,
}

/// What stands where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) format: FileFormat,
    pub(super) chunk_bytes: u32,
    event_bytes_max: u32,
}

/// What stands at an offset of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// An event of so many bytes, with their checksum if it has one.
    Event(u32, Option<u32>),
    /// Four bytes of padding.
    Padding,
    /// The last event of the chunk was before; padding follows.
    End,
    /// Zeros, where there is a head before everything.
    Blank,
    /// What no writer can have left here.
    Nonsense,
}

/// Bytes of an event's size, which is all that Apache's files have before it.
const SIZE: u32 = 4;

/// Bytes before an event with checksums: its size, its checksum, and that of these and the offset.
const HEAD: u32 = 12;

/// Bytes of the larger of them.
pub(super) const HEAD_MAX: usize = 12;

/// Bytes of the head of a file with checksums.
pub(super) const FILE_HEAD: u32 = 32;

impl Layout {
    pub(super) fn new(format: FileFormat, chunk_bytes: u32, options: &FileOptions) -> Self {
        Self {
            format,
            chunk_bytes,
            event_bytes_max: options.event_bytes_max,
        }
    }

    /// The same for whoever takes events of every size.
    pub(super) fn unlimited(mut self) -> Self {
        self.event_bytes_max = u32::MAX;
        self
    }

    /// Bytes before an event.
    pub(super) fn head_bytes(self) -> u32 {
        match self.format {
            FileFormat::Apache => SIZE,
            FileFormat::Checksummed => HEAD,
        }
    }

    /// Where the first event of the file may be.
    pub(super) fn first(self) -> u64 {
        match self.format {
            FileFormat::Apache => 0,
            FileFormat::Checksummed => FILE_HEAD.into(),
        }
    }

    /// The largest event that can be.
    pub(super) fn event_max(self) -> u32 {
        self.event_bytes_max
            .min(self.chunk_bytes - self.head_bytes())
    }

    /// Where the chunk after this offset starts.
    pub(super) fn border(self, offset: u64) -> u64 {
        let chunk = u64::from(self.chunk_bytes);
        (offset / chunk + 1) * chunk
    }

    /// Whether a chunk starts here.
    pub(super) fn is_border(self, offset: u64) -> bool {
        offset.is_multiple_of(self.chunk_bytes.into())
    }

    /// Whether an event ends in the chunk in which it starts.
    pub(super) fn fits(self, offset: u64, size: u32) -> bool {
        offset + u64::from(self.head_bytes()) + u64::from(size) <= self.border(offset)
    }

    /// Judges the [`head_bytes`](Self::head_bytes) that stand at an offset.
    pub(super) fn judge(self, offset: u64, head: &[u8]) -> Place {
        match (self.format, head) {
            (FileFormat::Apache, &[a, b, c, d]) => match u32::from_le_bytes([a, b, c, d]) {
                0 => Place::Padding,
                size if size <= self.event_max() && self.fits(offset, size) => {
                    Place::Event(size, None)
                }
                _ => Place::Nonsense,
            },
            (FileFormat::Checksummed, head) => self.judge_checked(offset, head),
            _ => Place::Nonsense,
        }
    }

    fn judge_checked(self, offset: u64, head: &[u8]) -> Place {
        if head.iter().all(|byte| *byte == 0) {
            return Place::Blank;
        }
        let Some((fields, &[a, b, c, d])) = head.split_last_chunk() else {
            return Place::Nonsense;
        };
        let &[s0, s1, s2, s3, e0, e1, e2, e3] = fields else {
            return Place::Nonsense;
        };
        if u32::from_le_bytes([a, b, c, d]) != checksum_at(offset, fields) {
            return Place::Nonsense;
        }
        match u32::from_le_bytes([s0, s1, s2, s3]) {
            0 => Place::End,
            size if self.fits(offset, size) => {
                Place::Event(size, Some(u32::from_le_bytes([e0, e1, e2, e3])))
            }
            _ => Place::Nonsense,
        }
    }

    /// The checksum of an event, if it gets one.
    pub(super) fn checksum(self, event: &[u8]) -> Option<u32> {
        (self.format == FileFormat::Checksummed).then(|| crc32fast::hash(event))
    }

    /// Appends what stands before an event at an offset.
    pub(super) fn append_head(offset: u64, size: u32, checksum: Option<u32>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&size.to_le_bytes());
        if let Some(checksum) = checksum {
            out.extend_from_slice(&checksum.to_le_bytes());
            let own = checksum_at(offset, &out[start..]);
            out.extend_from_slice(&own.to_le_bytes());
        }
    }

    /// Appends what stands behind the last event of a chunk, before the padding.
    pub(super) fn append_end(self, offset: u64, out: &mut Vec<u8>) {
        let room = self.border(offset) - offset;
        if self.format == FileFormat::Checksummed && room >= HEAD.into() {
            Self::append_head(offset, 0, Some(0), out);
        }
    }
}

/// With the offset in it, a head that was copied to another place is none.
fn checksum_at(offset: u64, fields: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&offset.to_le_bytes());
    hasher.update(fields);
    hasher.finalize()
}
