//! A copy of the binary protocol's bytes: what no codec can beat that moves bytes at all.

use std::hint::black_box;

use super::{Field, Sample, other};
use crate::workloads::Workload;

pub const PEER: &str = "memcpy";

pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) {
    field.encode(other(PEER, ""), copying(&sample.binary));
    field.decode(other(PEER, ""), copying(&sample.binary));
}

fn copying(bytes: &[u8]) -> impl FnMut(u64) + use<> {
    let (input, mut buffer) = (bytes.to_vec(), bytes.to_vec());
    move |loops| {
        for _ in 0..loops {
            buffer.clear();
            buffer.extend_from_slice(black_box(&input));
            black_box(&buffer);
        }
    }
}
