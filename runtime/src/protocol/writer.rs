//! What writers have in common.

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{Input, Protocol};
use crate::wire::WireType;

/// Blobs of so many bytes are referred to, where that was asked for. Below, copying them is cheaper
/// than one more part in a vectored write.
const LINKED_BYTES_MIN: usize = 4096;

/// A length in memory fits into an `i32`, or the limits refuse the message: a message of 2 GiB
/// could not be framed. What is longer is cut off at what the prefix can say.
#[inline(always)]
pub(super) fn cut(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(i32::MAX as usize)]
}

/// What a writer wrote: bytes, and blobs that belong between them.
#[derive(Debug)]
pub struct Written<'v> {
    /// The buffer that the writer was given, with everything in it but the blobs.
    pub bytes: Vec<u8>,
    /// Large binaries that were not copied, each with its place in `bytes`, in ascending order.
    /// Empty unless [`link_blobs`](super::Output::link_blobs) was called.
    pub blobs: Vec<(usize, &'v [u8])>,
    /// A [`Limit`](crate::ErrorKind::Limit) error when a value was too deep, and so is missing.
    pub result: Result<()>,
}

impl Written<'_> {
    /// All of it, with the blobs in their places.
    ///
    /// # Errors
    /// [`result`](Self::result).
    pub fn into_bytes(self) -> Result<Vec<u8>> {
        self.result?;
        if self.blobs.is_empty() {
            return Ok(self.bytes);
        }
        Ok(parts(&self.bytes, &self.blobs).collect::<Vec<_>>().concat())
    }
}

/// Bytes and the blobs between them, in their order.
pub(crate) fn parts<'a>(
    bytes: &'a [u8],
    blobs: &'a [(usize, &'a [u8])],
) -> impl Iterator<Item = &'a [u8]> {
    let mut start = 0;
    let between = blobs.iter().flat_map(move |&(place, blob)| {
        let before = &bytes[start..place];
        start = place;
        [before, blob]
    });
    let end = blobs.last().map_or(0, |(place, _)| *place);
    between.chain([&bytes[end..]])
}

/// The blobs that a writer refers to. `None`, and one word, until that or anything else is asked for
/// that is not usual.
#[derive(Clone, Debug, Default)]
pub(super) struct Blobs<'v>(Option<Box<Places<'v>>>);

/// Blobs with their places.
#[derive(Clone, Debug, Default)]
struct Places<'v> {
    blobs: Vec<(usize, &'v [u8])>,
    /// From here on the bytes are gone over at the end, so nothing may be missing in them.
    rework: Option<usize>,
}

impl<'v> Blobs<'v> {
    pub(super) fn link(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Copies blobs from here on: the bytes will be gone over at the end.
    pub(super) fn rework_from(&mut self, start: usize) {
        self.0.get_or_insert_default().rework = Some(start);
    }

    /// From where on they will be.
    #[inline(always)]
    pub(super) fn rework(&self) -> Option<usize> {
        self.0.as_ref()?.rework
    }

    /// Appends a blob to a buffer, or refers to it.
    #[inline(always)]
    pub(super) fn append(&mut self, buffer: &mut Vec<u8>, blob: &'v [u8]) {
        match &mut self.0 {
            Some(places) if blob.len() >= LINKED_BYTES_MIN && places.rework.is_none() => {
                places.blobs.push((buffer.len(), blob));
            }
            _ => buffer.extend_from_slice(blob),
        }
    }

    pub(super) fn finish(self) -> Vec<(usize, &'v [u8])> {
        self.0.map(|places| places.blobs).unwrap_or_default()
    }
}

/// The depth of a writer, which cannot fail and so remembers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth {
    left: u32,
    exceeded: bool,
}

impl Depth {
    #[inline]
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            left: limits.depth(),
            exceeded: false,
        }
    }

    /// Goes one level deeper, or remembers that it could not.
    #[inline(always)]
    pub(super) fn enter(&mut self) -> bool {
        let entered = self.left > 0;
        self.left -= u32::from(entered);
        self.exceeded |= !entered;
        entered
    }

    /// Comes one level up.
    #[inline(always)]
    pub(super) fn leave(&mut self) {
        self.left += 1;
    }

    /// Whether a value that was read elsewhere may stand here, or remembers that it may not.
    pub(super) fn fits<P: Protocol>(&mut self, ty: WireType, value: &[u8]) -> bool {
        // Each level takes a byte.
        if value.len() <= self.left as usize {
            return true;
        }
        let limits = Limits::default().depth_max(self.left);
        let limits = limits.container_elements_max(usize::MAX);
        let fits = P::input(value, 0, &limits).skip(ty).is_ok();
        self.exceeded |= !fits;
        fits
    }

    /// For [`Output::finish`](super::Output::finish).
    pub(super) fn finish(self) -> Result<()> {
        if self.exceeded {
            let text = "the value nests deeper than the limit depth_max";
            return Err(Error::new(ErrorKind::Limit, text));
        }
        Ok(())
    }
}
