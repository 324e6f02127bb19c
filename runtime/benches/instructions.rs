#![allow(missing_docs, clippy::unwrap_used)]
mod workloads;
use seapink::codec::{decode_from, encode_to, from_slice, to_vec};
use seapink::{Binary, Compact, Json, Limits, Protocol};
use std::hint::black_box;

fn go<P: Protocol>(op: &str, n: u32) {
    use workloads::*;
    let limits = Limits::default();
    macro_rules! k {
        ($kind:ident, $ty:ident, $verb:expr) => {{
            let value = $kind();
            let bytes = to_vec::<P>(&value).unwrap();
            let mut buffer = Vec::with_capacity(2 * bytes.len());
            let mut place = $kind();
            for _ in 0..n {
                match $verb {
                    "encode" => {
                        buffer.clear();
                        encode_to::<P>(black_box(&value), &mut buffer).unwrap();
                        black_box(&buffer);
                    }
                    "decode" => {
                        black_box(from_slice::<P, $ty>(black_box(&bytes)).unwrap());
                    }
                    _ => {
                        decode_from::<P, $ty>(&mut place, black_box(&bytes), &limits).unwrap();
                        black_box(&place);
                    }
                }
            }
        }};
    }
    let (kind, verb) = op.split_once('.').unwrap();
    match kind {
        "small" => k!(small, Small, verb),
        "medium" => k!(medium, Medium, verb),
        "index" => k!(index, Index, verb),
        "longs" => k!(longs, Longs, verb),
        _ => k!(doubles, Doubles, verb),
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    if a.len() < 4 {
        return;
    }
    let n = a[3].parse().unwrap();
    match a[1].as_str() {
        "binary" => go::<Binary>(&a[2], n),
        "compact" => go::<Compact>(&a[2], n),
        _ => go::<Json>(&a[2], n),
    }
}
