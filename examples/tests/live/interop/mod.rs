//! The service of `testdata/interop/interop.thrift`: served here, and called at a peer.

pub mod handler;
pub mod serving;
pub mod session;

/// What is emitted for the IDL.
pub mod idl {
    include!(concat!(env!("OUT_DIR"), "/interop.rs"));
}

use std::fmt::Write as _;

use idl::interop::{Colour, Scalars};

/// Characters of one to four bytes, all that JSON escapes, and some that it need not.
pub const TEXT: &str = "pâté 日本語 \u{1f33f} \0\u{1}\u{1f} \"quoted\" back\\slash /slash/ \n\r\t\u{8}\u{c} \u{7f}\u{2028}";

/// Each type at its largest value.
pub fn largest() -> Scalars {
    Scalars {
        yes: true,
        tiny: i8::MAX,
        small: i16::MAX,
        medium: i32::MAX,
        large: i64::MAX,
        real: 5e-324,
        text: TEXT.to_owned(),
        raw: Vec::new(),
        colour: Colour::LAST,
    }
}

/// Each type at its smallest value.
pub fn smallest() -> Scalars {
    Scalars {
        yes: false,
        tiny: i8::MIN,
        small: i16::MIN,
        medium: i32::MIN,
        large: i64::MIN,
        real: f64::MIN,
        text: TEXT.to_owned(),
        raw: (0..=255).collect(),
        colour: Colour::BLUE,
    }
}

/// The fields as text; the peers have the same function.
pub fn describe(value: &Scalars) -> String {
    let mut raw = String::new();
    for byte in &value.raw {
        let _ = write!(raw, "{byte:02x}");
    }
    let Scalars {
        yes,
        tiny,
        small,
        medium,
        large,
        text,
        ..
    } = value;
    let bits = value.real.to_bits();
    let colour = value.colour.0;
    format!("{yes} {tiny} {small} {medium} {large} {bits:016x} {text} {raw} {colour}")
        .to_lowercase()
}
