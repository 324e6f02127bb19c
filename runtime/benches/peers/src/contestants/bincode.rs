//! bincode with numbers of fixed length, which is what Thrift's binary protocol has: a bound for what
//! a format without field ids can do.

use std::hint::black_box;

use bincode::config::{Configuration, Fixint, LittleEndian, standard};

use super::{Field, Sample, other};
use crate::Result;
use crate::workloads::Workload;

pub const PEER: &str = "bincode";

const CONFIG: Configuration<LittleEndian, Fixint> = standard().with_fixed_int_encoding();

pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    let who = other(PEER, "");
    let value = W::Plain::from(&sample.value);
    let bytes =
        bincode::encode_to_vec(&value, CONFIG).map_err(|error| format!("{who}: {error}"))?;
    let (read, _): (W::Plain, usize) =
        bincode::decode_from_slice(&bytes, CONFIG).map_err(|error| format!("{who}: {error}"))?;
    sample.check_value(&who, &read.into())?;

    let mut buffer = bytes.clone();
    field.encode(who.clone(), move |loops| {
        for _ in 0..loops {
            let written = bincode::encode_into_slice(black_box(&value), &mut buffer, CONFIG);
            let _ = black_box(written);
            black_box(&buffer);
        }
    });
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let read = bincode::decode_from_slice::<W::Plain, _>(black_box(&bytes), CONFIG);
            let _ = black_box(read);
        }
    });
    Ok(())
}
