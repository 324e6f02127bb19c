//! What a reader has passed over.

/// Bytes that were no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Where they start.
    pub offset: u64,
    /// Up to the border of the chunk, or where checksums tell more, up to the next event.
    pub bytes: u64,
}

/// How many of the latest are remembered.
const LATEST_MAX: usize = 1024;

/// All of it.
#[derive(Default)]
pub(super) struct Damage {
    latest: Vec<Skipped>,
    pub(super) places: u64,
    pub(super) bytes: u64,
}

impl Damage {
    pub(super) fn add(&mut self, offset: u64, bytes: u64) {
        if self.latest.len() == LATEST_MAX {
            self.latest.remove(0);
        }
        self.latest.push(Skipped { offset, bytes });
        self.places += 1;
        self.bytes += bytes;
    }

    pub(super) fn latest(&self) -> &[Skipped] {
        &self.latest
    }
}
