//! The place of a call in a trace, as the headers `traceparent` and `tracestate` say it: W3C's [Trace
//! Context](https://www.w3.org/TR/trace-context/).
//!
//! Why isn't there a span for every call? Because spans are the matter of tracing libraries. This is
//! what they, and programs without one, need to take part: reading, checking, handing on, and new ids.

use std::fmt;
use std::str::FromStr;

use crate::envelope::Headers;
use crate::error::{Error, ErrorKind, Result};

pub(crate) const PARENT: &str = "traceparent";
pub(crate) const STATE: &str = "tracestate";

/// A longer state is not handed on.
const STATE_BYTES_MAX: usize = 512;
const STATE_MEMBERS_MAX: usize = 32;

/// `00-<trace id>-<parent id>-<flags>`.
const PARENT_BYTES: usize = 55;

const SAMPLED: u8 = 1;
/// That and whether the trace id is random; others mean nothing yet.
const KNOWN_FLAGS: u8 = 3;

/// A place in a trace: which trace, and which part of it calls.
///
/// ```
/// use seapink::TraceContext;
///
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let caller: TraceContext = header.parse()?;
/// assert_eq!(caller.to_string(), header);
///
/// // What this part of the trace calls in turn has an id of its own above it.
/// let own = caller.child();
/// assert_eq!(own.trace_id(), caller.trace_id());
/// assert_ne!(own.parent_id(), caller.parent_id());
/// # Ok::<(), seapink::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
    state: String,
}

impl TraceContext {
    /// Begins a trace, with ids at random. `sampled` asks everybody to record it.
    pub fn new(sampled: bool) -> Self {
        Self {
            trace_id: fastrand::u128(1..),
            parent_id: fastrand::u64(1..),
            // The id is random.
            flags: 2 | u8::from(sampled),
            state: String::new(),
        }
    }

    /// What headers say. `None` without a valid `traceparent`; a `tracestate` that is not valid is left
    /// out.
    pub fn of(headers: &Headers) -> Option<Self> {
        let trace: Self = headers.get(PARENT)?.parse().ok()?;
        let Some(state) = headers.get(STATE) else {
            return Some(trace);
        };
        Some(trace.clone().with_state(state).unwrap_or(trace))
    }

    /// The same with what tracing systems say to themselves, as `tracestate` has it: `name=value`, and
    /// commas between them.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) when it is not so, and [`Limit`](ErrorKind::Limit) with more
    /// than 512 bytes or 32 of them.
    pub fn with_state(mut self, state: &str) -> Result<Self> {
        check_state(state)?;
        state.clone_into(&mut self.state);
        Ok(self)
    }

    /// The same trace below a new id: that of the part of it which makes the next calls.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            parent_id: fastrand::u64(1..),
            flags: self.flags & KNOWN_FLAGS,
            ..self.clone()
        }
    }

    /// The id of the trace, which is not 0.
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The id of the part that calls, which is not 0.
    pub fn parent_id(&self) -> u64 {
        self.parent_id
    }

    /// Whether the caller has perhaps recorded its part.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// What tracing systems say to themselves; mostly empty.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Puts it into headers.
    pub fn set(&self, headers: &mut Headers) {
        headers.set(PARENT, self.to_string());
        if self.state.is_empty() {
            headers.remove(STATE);
        } else {
            headers.set(STATE, &self.state);
        }
    }
}

/// As `traceparent` has it, in version 00.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            parent_id,
            flags,
            ..
        } = self;
        write!(f, "00-{trace_id:032x}-{parent_id:016x}-{flags:02x}")
    }
}

/// Of `traceparent`. Later versions are taken as far as they are like this one.
impl FromStr for TraceContext {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: &str| {
            let text = format!("`{}` is no traceparent: {what}", text.escape_debug());
            Error::new(ErrorKind::Malformed, text)
        };
        let known = text.get(..PARENT_BYTES);
        let known = known.ok_or_else(|| bad("it has less than 55 characters"))?;
        let mut parts = known.split('-');
        let (Some(version), Some(trace_id), Some(parent_id), Some(flags), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(bad("it has not four parts"));
        };
        let version = hex(version, 2).filter(|version| *version != 0xff);
        let version = version.ok_or_else(|| bad("there is no such version"))?;
        let rest = &text[PARENT_BYTES..];
        if !rest.is_empty() && (version == 0 || !rest.starts_with('-')) {
            return Err(bad("it is too long"));
        }
        let trace_id = hex(trace_id, 32).filter(|id| *id != 0);
        let parent_id = hex(parent_id, 16).filter(|id| *id != 0);
        let flags = hex(flags, 2);
        Ok(Self {
            trace_id: trace_id.ok_or_else(|| bad("the trace has no valid id"))?,
            parent_id: parent_id
                .and_then(|id| u64::try_from(id).ok())
                .ok_or_else(|| bad("the parent has no valid id"))?,
            flags: flags
                .and_then(|flags| u8::try_from(flags).ok())
                .ok_or_else(|| bad("the flags are not valid"))?,
            state: String::new(),
        })
    }
}

/// Lower-case digits, so many.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != digits || !text.bytes().all(is_digit) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

fn check_state(state: &str) -> Result<()> {
    let limit = |text: &'static str| Err(Error::new(ErrorKind::Limit, text));
    if state.len() > STATE_BYTES_MAX {
        return limit("a tracestate has 512 bytes at most");
    }
    let members = state
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']));
    let members: Vec<_> = members.filter(|member| !member.is_empty()).collect();
    if members.len() > STATE_MEMBERS_MAX {
        return limit("a tracestate has 32 members at most");
    }
    let mut keys = Vec::new();
    for member in members {
        match member.split_once('=') {
            Some((key, value)) if is_key(key) && is_value(value) && !keys.contains(&key) => {
                keys.push(key);
            }
            _ => {
                let text = format!("`{}` cannot be in a tracestate", member.escape_debug());
                return Err(Error::new(ErrorKind::Malformed, text));
            }
        }
    }
    Ok(())
}

/// A system's name, or a tenant's at a system's.
fn is_key(key: &str) -> bool {
    let is_name = |name: &str, max: usize| {
        let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        (1..=max).contains(&name.len())
            && name.bytes().next().is_some_and(first)
            && name
                .bytes()
                .all(|byte| first(byte) || b"_-*/".contains(&byte))
    };
    match key.split_once('@') {
        Some((tenant, system)) => is_name(tenant, 241) && is_name(system, 14),
        None => is_name(key, 256),
    }
}

/// What is around it is no part of it, so it does not end with a space.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A failed expectation is a failed test.
mod tests {
    use super::*;

    const PLAIN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn parents_are_read_and_written() {
        let trace: TraceContext = PLAIN.parse().unwrap();
        assert_eq!(trace.trace_id(), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(trace.parent_id(), 0xb7ad_6b71_6920_3331);
        assert!(trace.is_sampled());
        assert_eq!(trace.to_string(), PLAIN);
        let small = "00-00000000000000000000000000000001-0000000000000002-fe";
        let trace: TraceContext = small.parse().unwrap();
        assert!(!trace.is_sampled());
        assert_eq!(trace.to_string(), small);
        assert!(
            trace.child().to_string().ends_with("-02"),
            "{}",
            trace.child()
        );
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_are_known() {
        for later in [
            PLAIN.replacen("00", "01", 1),
            PLAIN.replacen("00", "fe", 1) + "-more",
        ] {
            let trace: TraceContext = later.parse().unwrap();
            assert_eq!(trace.to_string(), PLAIN);
        }
    }

    #[test]
    fn what_is_no_parent_is_refused() {
        let zero = "0".repeat(32);
        for text in [
            String::new(),
            PLAIN[..54].to_owned(),
            format!("{PLAIN}-"),
            format!("{PLAIN}0"),
            PLAIN.replacen("00", "ff", 1),
            PLAIN.replacen("00", "01", 1) + "more",
            PLAIN.replacen("00", "0", 1) + "0",
            PLAIN.to_uppercase(),
            PLAIN.replace('-', "_"),
            PLAIN.replacen("af7", "-f7", 1),
            PLAIN.replacen("af7", "xf7", 1),
            PLAIN.replacen("0af7", "+af7", 1),
            PLAIN.replace("0af7651916cd43dd8448eb211c80319c", &zero),
            PLAIN.replace("b7ad6b7169203331", &zero[..16]),
            PLAIN.replace("-01", "-0g"),
            PLAIN.replace("-01", "-é"),
            format!(" {PLAIN}"),
            "é".repeat(60),
        ] {
            assert!(text.parse::<TraceContext>().is_err(), "{text}");
        }
    }

    #[test]
    fn states_are_handed_on_or_not_at_all() {
        let trace: TraceContext = PLAIN.parse().unwrap();
        let many = |count: usize| {
            let members = (0..count).map(|index| format!("k{index}=v"));
            members.collect::<Vec<_>>().join(",")
        };
        for state in [
            "",
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
            "a=1 , ,\tb=2",
            "1a-_*/=~ !",
            "tenant@system=x",
            &many(32),
            &format!("a={}", "x".repeat(256)),
        ] {
            let with = trace.clone().with_state(state).unwrap();
            assert_eq!(with.state(), state);
            assert_eq!(with.child().state(), state);
        }
        for state in [
            "a",
            "=1",
            "a=",
            "A=1",
            "a=1,a=2",
            "a=1=2",
            "a=é",
            "a=\u{7}",
            "@system=x",
            "a@b@c=1",
            &format!("t@{}=x", "s".repeat(15)),
            &many(33),
            &format!("a={},b={}", "x".repeat(254), "x".repeat(254)),
        ] {
            assert!(trace.clone().with_state(state).is_err(), "{state}");
        }
    }

    #[test]
    fn headers_carry_it() {
        let mut headers = Headers::new();
        assert_eq!(TraceContext::of(&headers), None);
        headers.set(STATE, "a=1");
        assert_eq!(TraceContext::of(&headers), None);
        headers.set(PARENT, PLAIN);
        let trace = TraceContext::of(&headers).unwrap();
        assert_eq!(
            (trace.to_string(), trace.state()),
            (PLAIN.to_owned(), "a=1")
        );
        // What is not valid is not there.
        headers.set(STATE, "A=1");
        let bare = TraceContext::of(&headers).unwrap();
        assert_eq!(bare.state(), "");
        bare.set(&mut headers);
        assert_eq!((headers.len(), headers.get(PARENT)), (1, Some(PLAIN)));
        headers.set(PARENT, "00");
        assert_eq!(TraceContext::of(&headers), None);
    }

    #[test]
    fn ids_are_new() {
        let (one, other) = (TraceContext::new(true), TraceContext::new(false));
        assert_ne!(one.trace_id(), other.trace_id());
        assert!(one.is_sampled() && !other.is_sampled());
        assert!(one.to_string().parse::<TraceContext>().is_ok());
        let child = one.child();
        assert_eq!(child.trace_id(), one.trace_id());
        assert_ne!(child.parent_id(), one.parent_id());
    }
}
