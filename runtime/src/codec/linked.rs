//! Writing values without copying what is large in them.

use std::io::{self, IoSlice, Write};

use crate::codec::Encode;
use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::{self, Output, Protocol};

/// A value as bytes, between which its large binaries are referred to.
///
/// A binary of 4 KiB or more costs a reference instead of a copy. It is for those who write to a file
/// or socket themselves; JSON, which has no place for raw bytes, copies all the same.
#[derive(Debug)]
pub struct Linked<'v> {
    bytes: Vec<u8>,
    blobs: Vec<(usize, &'v [u8])>,
}

/// Encodes a value; `buffer` is cleared and used for all that is not referred to.
///
/// # Errors
/// [`Limit`](crate::ErrorKind::Limit) when the value is deeper than
/// [`depth_max`](Limits::depth_max).
pub fn encode_linked<'v, P: Protocol>(
    value: &'v impl Encode,
    mut buffer: Vec<u8>,
    limits: &Limits,
) -> Result<Linked<'v>> {
    buffer.clear();
    let mut out = P::output(buffer, limits);
    out.link_blobs();
    value.encode(&mut out);
    let written = out.finish();
    written.result?;
    Ok(Linked {
        bytes: written.bytes,
        blobs: written.blobs,
    })
}

impl Linked<'_> {
    /// How many bytes the value has.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.blobs.iter().map(|(_, blob)| blob.len()).sum::<usize>()
    }

    /// Whether it has none, as no value does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parts in their order.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        protocol::parts(&self.bytes, &self.blobs).filter(|part| !part.is_empty())
    }

    /// Writes all parts, together as far as the writer takes them.
    pub fn write_to(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut slices: Vec<_> = self.parts().map(IoSlice::new).collect();
        let mut left = slices.as_mut_slice();
        while !left.is_empty() {
            match writer.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut left, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The buffer, to be used again.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }
}
