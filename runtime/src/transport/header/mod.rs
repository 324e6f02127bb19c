//! The transport `header`: frames that say which protocol their message is in, and carry names with
//! values beside it. Apache's libraries call this `THeaderTransport`.
//!
//! ```text
//! length:4 │ 0x0fff:2 flags:2 sequence-id:4 words:2 │ protocol transforms… │ names and values │ 0… │ message
//!          │                                        └──── words × 4 bytes ────────────────────┘
//! ```
//!
//! `protocol` is 0 for binary and 2 for compact. The one transform that there is compresses the
//! message with zlib. Peers that know nothing of all this are answered in kind: in frames, or without
//! any. Each message stands for itself, so the bytes of one never depend on another.

mod decoder;
mod encoder;
mod varint;

use decoder::HeaderDecoder;
use encoder::HeaderEncoder;

use crate::transport::{Decoder, Encoder, Framing, Setup, Transport};

/// The transport `header`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Header {
    compressed: bool,
}

impl Header {
    /// One whose calls are compressed with zlib, for clients. Servers compress the answers to such
    /// calls in any case. Takes the feature `zlib`; without it, messages are not compressed.
    pub fn compressed() -> Self {
        Self { compressed: true }
    }
}

impl Transport for Header {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let compressed = self.compressed && cfg!(feature = "zlib");
        (
            Box::new(HeaderDecoder::new(setup)),
            Box::new(HeaderEncoder::new(setup, compressed)),
        )
    }

    fn framing(&self) -> Option<Framing> {
        Some(Framing::Header)
    }

    fn names_protocol(&self) -> bool {
        true
    }
}

const MAGIC: [u8; 2] = [0x0f, 0xff];

/// From the length of a frame to the words of its head.
const HEAD: usize = 10;

/// What heads may hold.
const HEADERS_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 128;
const TRANSFORMS_MAX: usize = 8;

const ZLIB: u32 = 1;
const KEY_VALUE: u32 = 1;

/// What a peer speaks, in [`Envelope::form`](crate::envelope::Envelope::form): frames with heads, with
/// or without compression; plain frames; or messages without anything.
mod form {
    pub(super) const HEADER: u32 = 0;
    pub(super) const HEADER_ZLIB: u32 = 1;
    pub(super) const FRAMED: u32 = 2;
    pub(super) const UNFRAMED: u32 = 3;
}

/// Protocols, by the number that a head says.
const PROTOCOLS: [(u32, &str); 2] = [(0, "binary"), (2, "compact")];
