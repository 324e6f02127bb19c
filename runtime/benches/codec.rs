//! Encoding and decoding, for each kind of value and each protocol.
//!
//! ```console
//! cargo bench -p seapink --bench codec
//! cargo bench -p seapink --bench codec -- medium
//! ```
//!
//! These figures are for comparing a change with the code before it, on one machine. How Seapink
//! compares with other implementations is measured by `runtime/benches/peers`.

#![allow(clippy::unwrap_used, reason = "a bench that fails may panic")]
#![allow(missing_docs, reason = "a program")]

mod workloads;

use divan::{Bencher, black_box};
use seapink::codec::{decode_from, encode_to, from_slice, to_vec};
use seapink::{Binary, Compact, Json, Limits, Protocol};

fn main() {
    divan::main();
}

macro_rules! kinds {
    ($($kind:ident: $ty:ident;)*) => {$(
        mod $kind {
            use super::*;
            use super::workloads::{$ty, $kind};

            #[divan::bench(types = [Binary, Compact, Json])]
            fn encode<P: Protocol>(bencher: Bencher<'_, '_>) {
                let value = $kind();
                let mut buffer = Vec::new();
                bencher.bench_local(|| {
                    buffer.clear();
                    encode_to::<P>(black_box(&value), &mut buffer).unwrap();
                    black_box(&buffer);
                });
            }

            #[divan::bench(types = [Binary, Compact, Json])]
            fn decode<P: Protocol>(bencher: Bencher<'_, '_>) {
                let bytes = to_vec::<P>(&$kind()).unwrap();
                bencher.bench_local(|| from_slice::<P, $ty>(black_box(&bytes)).unwrap());
            }

            #[divan::bench(types = [Binary, Compact, Json])]
            fn decode_recycled<P: Protocol>(bencher: Bencher<'_, '_>) {
                let bytes = to_vec::<P>(&$kind()).unwrap();
                let mut value = $kind();
                let limits = Limits::default();
                bencher.bench_local(|| {
                    decode_from::<P, $ty>(&mut value, black_box(&bytes), &limits).unwrap();
                    black_box(&value);
                });
            }
        }
    )*};
}

kinds! {
    small: Small;
    medium: Medium;
    index: Index;
    blob: Blob;
    longs: Longs;
    doubles: Doubles;
}
