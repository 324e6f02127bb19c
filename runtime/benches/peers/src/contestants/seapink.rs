//! Seapink, with code from its own `build.rs` line.

use std::hint::black_box;

use seapink::codec::{View, decode_from, encode_to, from_slice};
use seapink::{Binary, Compact, Json, Limits, Protocol};

use super::{Field, Sample, thrift};
use crate::Result;
use crate::workloads::Workload;

#[allow(clippy::all, clippy::pedantic, reason = "emitted")]
mod idl {
    include!(concat!(env!("OUT_DIR"), "/seapink.rs"));
}

pub use idl::bench;

pub const PEER: &str = "seapink";

pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    protocol::<Binary, W>("binary", sample, &sample.binary, field)?;
    protocol::<Compact, W>("compact", sample, &sample.compact, field)?;
    protocol::<Json, W>("json", sample, &sample.json, field)
}

fn protocol<P: Protocol, W: Workload>(
    name: &'static str,
    sample: &Sample<W>,
    bytes: &[u8],
    field: &mut Field,
) -> Result<()> {
    encode::<P, W>(name, sample, bytes, field);
    fresh::<P, W>(name, sample, bytes, field)?;
    recycled::<P, W>(name, sample, bytes, field)?;
    view::<P, W>(name, sample, bytes, field)
}

fn encode<P: Protocol, W: Workload>(
    name: &'static str,
    sample: &Sample<W>,
    bytes: &[u8],
    field: &mut Field,
) {
    let value = sample.value.clone();
    let mut buffer = Vec::with_capacity(bytes.len());
    field.encode(thrift(PEER, name, ""), move |loops| {
        for _ in 0..loops {
            buffer.clear();
            let written = encode_to::<P>(black_box(&value), &mut buffer);
            let _ = black_box(written);
            black_box(&buffer);
        }
    });
}

fn fresh<P: Protocol, W: Workload>(
    name: &'static str,
    sample: &Sample<W>,
    bytes: &[u8],
    field: &mut Field,
) -> Result<()> {
    let who = thrift(PEER, name, "");
    let value = from_slice::<P, W::Seapink>(bytes).map_err(|error| format!("{who}: {error}"))?;
    sample.check_value(&who, &value)?;

    let input = bytes.to_vec();
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let _ = black_box(from_slice::<P, W::Seapink>(black_box(&input)));
        }
    });
    Ok(())
}

fn recycled<P: Protocol, W: Workload>(
    name: &'static str,
    sample: &Sample<W>,
    bytes: &[u8],
    field: &mut Field,
) -> Result<()> {
    let who = thrift(PEER, name, "recycled");
    let limits = Limits::default();
    let mut place = W::Seapink::default();
    // The first time into an empty value, then into one that is there.
    for _ in 0..2 {
        decode_from::<P, _>(&mut place, bytes, &limits)
            .map_err(|error| format!("{who}: {error}"))?;
        sample.check_value(&who, &place)?;
    }

    let input = bytes.to_vec();
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let read = decode_from::<P, _>(&mut place, black_box(&input), &limits);
            let _ = black_box(read);
            black_box(&place);
        }
    });
    Ok(())
}

/// What borrows from the message, and reads the elements of containers when they are asked for.
fn view<P: Protocol, W: Workload>(
    name: &'static str,
    sample: &Sample<W>,
    bytes: &[u8],
    field: &mut Field,
) -> Result<()> {
    let who = thrift(PEER, name, "view");
    let read = from_slice::<P, W::View<'_>>(bytes).and_then(View::into_owned);
    sample.check_value(&who, &read.map_err(|error| format!("{who}: {error}"))?)?;

    let input = bytes.to_vec();
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let _ = black_box(from_slice::<P, W::View<'_>>(black_box(&input)));
        }
    });
    Ok(())
}
