//! The values that the benches work on: the same in every run, and varied enough that no branch is
//! always taken.

#![allow(dead_code, reason = "each bench uses some of it")]

#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub)]
mod emitted {
    include!("../../../testdata/golden/bench.rs");
}

pub(crate) use emitted::bench::*;

/// A small generator of numbers (`SplitMix64`), so that a bench needs no seed from outside.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of up to so many bits, all lengths equally likely.
    pub(crate) fn of_bits(&mut self, bits: u64) -> i64 {
        let shift = 64 - self.next() % (bits + 1);
        let value = self
            .next()
            .checked_shr(u32::try_from(shift).unwrap_or(0))
            .unwrap_or(0);
        let value = value.cast_signed();
        if self.next() & 1 == 0 {
            value
        } else {
            value.wrapping_neg()
        }
    }

    pub(crate) fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    pub(crate) fn text(&mut self, least: usize, most: u64) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz-0123456789";
        (0..least + self.below(most))
            .map(|_| char::from(LETTERS[self.below(LETTERS.len() as u64)]))
            .collect()
    }

    #[allow(clippy::cast_precision_loss, reason = "any double will do")]
    pub(crate) fn double(&mut self) -> f64 {
        self.of_bits(40) as f64 / 128.0
    }
}

pub(crate) fn small() -> Small {
    Small {
        flag: true,
        kind: 7,
        port: 9090,
        count: 123_456,
        id: 0x0123_4567_89ab,
        score: 0.75,
        name: String::from("sea pink"),
    }
}

pub(crate) fn medium() -> Medium {
    let mut numbers = Numbers::new(1);
    let items = (0..100)
        .map(|index| Item {
            id: 1_000_000 + index * 37,
            qty: i32::try_from(numbers.of_bits(12)).unwrap_or(0),
            price: numbers.double(),
            label: numbers.text(12, 17),
            active: numbers.next() & 1 == 0,
        })
        .collect();
    Medium {
        header: Header {
            trace: 0x7000_0000_1234_5678,
            origin: String::from("shop.example/orders"),
            detail: small(),
        },
        items,
        total: 4_200_042,
    }
}

pub(crate) fn index() -> Index {
    let mut numbers = Numbers::new(2);
    Index {
        postings: (0..200)
            .map(|_| {
                let count = 10 + numbers.below(20);
                let list = (0..count).map(|_| i32::try_from(numbers.of_bits(20)).unwrap_or(0));
                let list = list.collect();
                (numbers.text(6, 9), list)
            })
            .collect(),
    }
}

pub(crate) fn blob() -> Blob {
    Blob {
        name: String::from("picture"),
        data: (0..1_048_576_u32)
            .map(|byte| byte.to_le_bytes()[0])
            .collect(),
    }
}

pub(crate) fn longs() -> Longs {
    let mut numbers = Numbers::new(3);
    Longs {
        values: (0..10_000).map(|_| numbers.of_bits(63)).collect(),
    }
}

pub(crate) fn doubles() -> Doubles {
    let mut numbers = Numbers::new(4);
    Doubles {
        values: (0..10_000).map(|_| numbers.double()).collect(),
    }
}
