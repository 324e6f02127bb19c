//! Values for people and scripts: text that is only written.

use std::fmt;

use crate::codec::Encode;
use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::{Output, SimpleJsonOutput, TextLimits, TextOutput};

/// A value as simple JSON in one line: `{"name":"x","sizes":[1,2]}`.
///
/// `docs/protocols.md` says how each type is written. It cannot be read back.
///
/// # Errors
/// [`Limit`](crate::ErrorKind::Limit) when the value is deeper than the default
/// [`depth_max`](Limits::depth_max).
pub fn to_simple_json(value: &impl Encode) -> Result<String> {
    written(value, SimpleJsonOutput::new(Vec::new(), &Limits::default()))
}

/// The same with a line for each field and element.
///
/// # Errors
/// As for [`to_simple_json`].
pub fn to_simple_json_pretty(value: &impl Encode) -> Result<String> {
    let out = SimpleJsonOutput::new(Vec::new(), &Limits::default());
    written(value, out.pretty())
}

fn written(value: &impl Encode, mut out: SimpleJsonOutput) -> Result<String> {
    value.encode(&mut out);
    let bytes = out.finish().into_bytes()?;
    // It is: every part was a `str`.
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// A value as text for a log, of bounded length: `Coffee { 1: name (string) = "Ristretto" }`.
///
/// It is written when it is displayed. `{:#}` takes a line for each field and element.
///
/// ```
/// # use seapink::{TextLimits, debug_text};
/// let sizes = vec![1, 2, 3, 4];
/// assert_eq!(debug_text(&sizes).to_string(), "list<i32>[4] { 1, 2, 3, 4 }");
/// let limits = TextLimits::default().elements_max(2);
/// assert_eq!(
///     debug_text(&sizes).with_limits(limits).to_string(),
///     "list<i32>[4] { 1, 2, … 2 more }",
/// );
/// ```
pub fn debug_text<T: Encode>(value: &T) -> DebugText<'_, T> {
    DebugText {
        value,
        limits: TextLimits::default(),
    }
}

/// What [`debug_text`] returns: something to display.
#[derive(Clone, Copy)]
pub struct DebugText<'a, T> {
    value: &'a T,
    limits: TextLimits,
}

impl<T> DebugText<'_, T> {
    /// The same, showing more or less.
    #[must_use]
    pub fn with_limits(mut self, limits: TextLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl<T: Encode> fmt::Display for DebugText<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = TextOutput::new(self.limits);
        if f.alternate() {
            out = out.pretty();
        }
        self.value.encode(&mut out);
        f.write_str(&out.into_text())
    }
}

/// As it is displayed.
impl<T: Encode> fmt::Debug for DebugText<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
