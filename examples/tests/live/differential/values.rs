//! Random values of the struct that has everything, and random damage.

use std::collections::{HashMap, HashSet};

use fastrand::Rng;
use seapink::{Double, Protocol};

use super::interop::idl::interop::{Choice, Colour, Containers, Everything, Fields, Scalars, Tree};

const TEXTS: [&str; 8] = [
    "",
    "plain",
    "\"quoted\" and \\slashed/",
    "\0\u{1}\u{8}\t\n\u{c}\r\u{1f}\u{7f}",
    "pâté 日本語 🦀 \u{2028}",
    "\\u0041",
    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789",
    "[1,{\"a\":2}]",
];

/// Makes values, always the same ones from the same seed.
pub struct Values {
    rng: Rng,
    /// What C++ reads of `\u0000` in JSON is nothing.
    has_zeros: bool,
}

impl Values {
    pub fn new<P: Protocol>(seed: u8) -> Self {
        Self {
            rng: Rng::with_seed(seed.into()),
            has_zeros: P::NAME != "json",
        }
    }

    pub fn everything(&mut self) -> Everything {
        Everything {
            scalars: self.scalars(),
            fields: self.fields(),
            containers: self.containers(),
            choice: self.rng.bool().then(|| self.choice(3)),
            tree: self.tree(3),
        }
    }

    /// How many elements a container has: mostly few, sometimes as many as change its header.
    fn count(&mut self) -> usize {
        match self.rng.u8(..20) {
            0 => self.rng.usize(13..18),
            1..4 => 0,
            _ => self.rng.usize(1..4),
        }
    }

    /// Numbers near those where widths change are as likely as all the others.
    fn integer(&mut self) -> i64 {
        match self.rng.u8(..3) {
            0 => self.rng.i64(..),
            1 => self.rng.i64(-3..3),
            _ => (1i64 << self.rng.u32(..64)).wrapping_add(self.rng.i64(-1..2)),
        }
    }

    fn i32(&mut self) -> i32 {
        let [a, b, c, d, ..] = self.integer().to_le_bytes();
        i32::from_le_bytes([a, b, c, d])
    }

    fn i16(&mut self) -> i16 {
        let [a, b, ..] = self.integer().to_le_bytes();
        i16::from_le_bytes([a, b])
    }

    /// JSON has one NaN.
    fn double(&mut self) -> f64 {
        let value = match self.rng.u8(..4) {
            0 => f64::from_bits(self.rng.u64(..)),
            1 => f64::from(self.i32()),
            2 => f64::from(self.i32()) * 10f64.powi(self.rng.i32(-30..30)),
            _ => *self.one_of(&[
                0.0,
                -0.0,
                f64::MAX,
                5e-324,
                f64::INFINITY,
                f64::NEG_INFINITY,
            ]),
        };
        if value.is_nan() { f64::NAN } else { value }
    }

    fn one_of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.rng.usize(..values.len())]
    }

    fn text(&mut self) -> String {
        let text = self.any_text();
        if self.has_zeros {
            text
        } else {
            text.replace('\0', "0")
        }
    }

    fn any_text(&mut self) -> String {
        match self.rng.u8(..3) {
            0 => self.rng.u32(..).to_string(),
            1 => (*self.one_of(&TEXTS)).to_owned(),
            _ => {
                let count = self.count();
                std::iter::repeat_with(|| self.rng.char(..))
                    .take(count)
                    .collect()
            }
        }
    }

    fn raw(&mut self) -> Vec<u8> {
        let count = self.count();
        std::iter::repeat_with(|| self.rng.u8(..))
            .take(count)
            .collect()
    }

    fn colour(&mut self) -> Colour {
        match self.rng.u8(..4) {
            0 => Colour(self.i32()),
            _ => *self.one_of(&[Colour::BLACK, Colour::RED, Colour::BLUE, Colour::LAST]),
        }
    }

    fn scalars(&mut self) -> Scalars {
        Scalars {
            yes: self.rng.bool(),
            tiny: self.rng.i8(..),
            small: self.i16(),
            medium: self.i32(),
            large: self.integer(),
            real: self.double(),
            text: self.text(),
            raw: self.raw(),
            colour: self.colour(),
        }
    }

    fn fields(&mut self) -> Fields {
        Fields {
            must: self.i32(),
            may: self.rng.bool().then(|| self.text()),
            filled: self.i32(),
            // What is absent here is filled in by the other side.
            may_be_filled: Some(self.i32()),
            plain: self.text(),
            flag: self.rng.bool().then(|| self.rng.bool()),
            far: self.rng.bool().then(|| self.scalars()),
            last: self.many(Self::text),
        }
    }

    fn many<T, C: FromIterator<T>>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> C {
        let count = self.count();
        std::iter::repeat_with(|| one(self)).take(count).collect()
    }

    fn containers(&mut self) -> Containers {
        Containers {
            numbers: self.many(Self::i32),
            words: self.many(Self::text),
            names: self.many(|it| (it.i32(), it.text())),
            nested: self.many(|it| {
                let lists = it.many(|it| {
                    it.many::<_, HashMap<_, HashSet<_>>>(|it| (it.i32(), it.many(Self::integer)))
                });
                (it.text(), lists)
            }),
            flags: self.many(|it| it.rng.bool()),
            by_colour: self.many(|it| (it.colour(), it.scalars())),
            matrix: self.many(|it| it.many(Self::double)),
            by_double: self.many(|it| (it.key(), it.text())),
            blobs: self.many(Self::raw),
            truths: self.many(|it| (it.rng.bool(), it.rng.bool())),
            fields: self.many(Self::fields),
        }
    }

    /// Zeros and NaN are keys that C++ and Rust order in other ways.
    fn key(&mut self) -> Double {
        let key = self.double();
        Double(if key == 0.0 || key.is_nan() { 1.5 } else { key })
    }

    fn choice(&mut self, levels: u8) -> Choice {
        match self.rng.u8(..5) {
            0 => Choice::Number(self.integer()),
            1 => Choice::Text(self.text()),
            2 if levels > 0 => Choice::Many(self.many(|it| it.choice(levels - 1))),
            3 => Choice::Scalars(self.scalars()),
            _ => Choice::Flag(self.rng.bool()),
        }
    }

    fn tree(&mut self, levels: u8) -> Tree {
        Tree {
            label: self.text(),
            children: match levels {
                0 => Vec::new(),
                _ => self.many(|it| it.tree(levels - 1)),
            },
        }
    }

    /// Changes bytes in one place, or in a few.
    pub fn damage(&mut self, bytes: &mut Vec<u8>, is_text: bool) {
        let places = if self.rng.u8(..4) == 0 { 3 } else { 1 };
        for _ in 0..places {
            if bytes.is_empty() {
                return;
            }
            let place = self.rng.usize(..bytes.len());
            match self.rng.u8(..if is_text { 9 } else { 7 }) {
                0 => bytes[place] ^= 1 << self.rng.u8(..8),
                1 => bytes[place] = self.rng.u8(..),
                2 => bytes[place] = *self.one_of(&[0, 1, 2, 0x0f, 0x10, 0x7f, 0x80, 0xf0, 0xff]),
                3 => bytes.insert(place, self.rng.u8(..)),
                4 => drop(bytes.remove(place)),
                5 if self.rng.u8(..8) == 0 => bytes.truncate(place),
                5 | 6 => {
                    let end = bytes.len().min(place + self.rng.usize(1..20));
                    let part = bytes[place..end].to_vec();
                    let at = self.rng.usize(..=bytes.len());
                    bytes.splice(at..at, part);
                }
                7 => bytes[place] = *self.one_of(b"\"\\{}[],:0123456789+-.eE ntfu/aNI\n"),
                _ => {
                    let word = *self.one_of(&[
                        &b"\"NaN\""[..],
                        b"nan",
                        b"1.5",
                        b"1e999",
                        b"-0",
                        b"007",
                        b"\\u00e9",
                        b"\\ud83e",
                        b"\\/",
                        b"\"i64\"",
                        b"null",
                        b"true",
                        b"{}",
                        b"[]",
                        b"=",
                    ]);
                    bytes.splice(place..place, word.iter().copied());
                }
            }
        }
    }
}
