//! A `double` that can be an element of a set or the key of a map.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use crate::codec::{Decode, Encode};
use crate::error::Result;
use crate::protocol::{Input, Output};
use crate::wire::WireType;

/// An `f64` with a total order, for places that need `Eq`, `Ord` and `Hash`.
///
/// Emitted code uses it where a `double` is in a set or in the key of a map, and plain `f64`
/// elsewhere. Two values are equal when [`f64::total_cmp`] says so: a NaN equals the same NaN, and
/// `-0.0` differs from `0.0`, just as their bytes on the wire do.
#[derive(Clone, Copy, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(transparent)
)]
pub struct Double(pub f64);

impl From<f64> for Double {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl From<Double> for f64 {
    fn from(value: Double) -> Self {
        value.0
    }
}

impl Deref for Double {
    type Target = f64;
    fn deref(&self) -> &f64 {
        &self.0
    }
}

impl DerefMut for Double {
    fn deref_mut(&mut self) -> &mut f64 {
        &mut self.0
    }
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Double {}

impl PartialOrd for Double {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Double {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Hash for Double {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Encode for Double {
    const TYPE: WireType = WireType::Double;

    #[inline(always)]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        out.double(self.0);
    }
}

impl<'de> Decode<'de> for Double {
    const TYPE: WireType = WireType::Double;

    #[inline(always)]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        self.0 = input.double()?;
        Ok(())
    }

    #[inline(always)]
    fn reset(&mut self) {
        self.0 = 0.0;
    }
}
