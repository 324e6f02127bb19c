//! The values: the same in every run, and varied enough that no branch is always taken.

use crate::contestants::seapink::bench::{
    Blob, Doubles, Header, Index, Item, Longs, Medium, Small,
};

pub fn small() -> Small {
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

pub fn medium() -> Medium {
    let mut numbers = Numbers(1);
    let items = (0..100).map(|index| Item {
        id: 1_000_000 + index * 37,
        qty: numbers.int(12),
        price: numbers.double(),
        label: numbers.text(12, 28),
        active: numbers.next() & 1 == 0,
    });
    Medium {
        items: items.collect(),
        header: Header {
            trace: 0x7000_0000_1234_5678,
            origin: String::from("shop.example/orders"),
            detail: small(),
        },
        total: 4_200_042,
    }
}

pub fn index() -> Index {
    let mut numbers = Numbers(2);
    let postings = (0..200).map(|_| {
        let word = numbers.text(6, 14);
        let count = numbers.between(10, 29);
        (word, (0..count).map(|_| numbers.int(20)).collect())
    });
    Index {
        postings: postings.collect(),
    }
}

pub fn blob() -> Blob {
    let bytes = (0..1_u32 << 20).map(|byte| byte.to_le_bytes()[0]);
    Blob {
        name: String::from("picture"),
        data: bytes.collect(),
    }
}

pub fn longs() -> Longs {
    let mut numbers = Numbers(3);
    Longs {
        values: (0..10_000).map(|_| numbers.long(63)).collect(),
    }
}

pub fn doubles() -> Doubles {
    let mut numbers = Numbers(4);
    Doubles {
        values: (0..10_000).map(|_| numbers.double()).collect(),
    }
}

/// A generator of numbers (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Both bounds are included.
    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most + 1 - least)
    }

    /// A number of up to so many bits below 64, all lengths and both signs equally likely.
    fn long(&mut self, bits_max: u64) -> i64 {
        let bits = self.between(0, bits_max);
        let value = (self.next() & ((1 << bits) - 1)).cast_signed();
        if self.next() & 1 == 0 { value } else { -value }
    }

    fn int(&mut self, bits_max: u64) -> i32 {
        i32::try_from(self.long(bits_max)).unwrap_or_default()
    }

    fn text(&mut self, least: u64, most: u64) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz-0123456789";
        let len = self.between(least, most);
        let mut letter = || LETTERS[usize::try_from(self.next() % 37).unwrap_or_default()];
        (0..len).map(|_| char::from(letter())).collect()
    }

    #[allow(clippy::cast_precision_loss, reason = "any double will do")]
    fn double(&mut self) -> f64 {
        self.long(40) as f64 / 128.0
    }
}
