//! What a peer may make this process spend.
//!
//! One rule stands behind every bound: memory, stack and time spent on a peer are limited by the
//! bytes that it has really sent, times a constant. A length or count that a peer merely *declares*
//! never sizes an allocation. Why can't we just trust counts up to a generous maximum? Because six
//! bytes can declare 10⁸ elements, and a server has many connections.

/// Bounds on what is read from a peer, and on how deep values may nest in both directions.
///
/// The error for each names the bound that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one message. Default 16 MiB; Apache's libraries default to 100 MiB.
    pub message_bytes_max: usize,
    /// Bytes of one frame, without its length prefix. Default 16 384 000, as in Apache's libraries.
    pub frame_bytes_max: usize,
    /// Bytes of one `string` or `binary`. Default: no bound but the message.
    pub string_bytes_max: usize,
    /// Elements of one list, set or map. Default 1 000 000. A container is also refused when its
    /// elements could not fit into what is left of the message.
    pub container_elements_max: usize,
    /// Levels of structs and containers inside each other, counted alike when decoding, skipping
    /// and encoding. Default 64. More than [`DEPTH_MAX`](Self::DEPTH_MAX) count as that many.
    pub depth_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 16 * 1024 * 1024,
            frame_bytes_max: 16_384_000,
            string_bytes_max: usize::MAX,
            container_elements_max: 1_000_000,
            depth_max: 64,
        }
    }
}

impl Limits {
    /// The most levels that can be allowed: deeper values could overflow the stack of a thread.
    pub const DEPTH_MAX: u32 = 256;

    /// The levels that are really allowed.
    #[inline(always)]
    pub(crate) fn depth(&self) -> u32 {
        self.depth_max.min(Self::DEPTH_MAX)
    }

    /// The defaults with another [`message_bytes_max`](Self::message_bytes_max).
    #[must_use]
    pub fn message_bytes_max(mut self, bytes: usize) -> Self {
        self.message_bytes_max = bytes;
        self
    }

    /// The same with another [`frame_bytes_max`](Self::frame_bytes_max).
    #[must_use]
    pub fn frame_bytes_max(mut self, bytes: usize) -> Self {
        self.frame_bytes_max = bytes;
        self
    }

    /// The same with another [`string_bytes_max`](Self::string_bytes_max).
    #[must_use]
    pub fn string_bytes_max(mut self, bytes: usize) -> Self {
        self.string_bytes_max = bytes;
        self
    }

    /// The same with another [`container_elements_max`](Self::container_elements_max).
    #[must_use]
    pub fn container_elements_max(mut self, elements: usize) -> Self {
        self.container_elements_max = elements;
        self
    }

    /// The same with another [`depth_max`](Self::depth_max).
    #[must_use]
    pub fn depth_max(mut self, levels: u32) -> Self {
        self.depth_max = levels;
        self
    }
}
