//! Apache's crate `thrift`, with code from Apache's compiler.

use std::hint::black_box;

use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TOutputProtocol, TSerializable,
};

use super::{Field, Sample, thrift as label};
use crate::Result;
use crate::workloads::Workload;

#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated")]
pub mod bench {
    include!(concat!(env!("OUT_DIR"), "/apache/bench.rs"));
}

pub const PEER: &str = "apache";

pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    binary(sample, field)?;
    compact(sample, field)
}

fn binary<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    let who = label(PEER, "binary", "");
    let read = |bytes: &[u8]| -> thrift::Result<W::Apache> {
        decode(&mut TBinaryInputProtocol::new(bytes, true))
    };
    let write = |value: &W::Apache, buffer: &mut Vec<u8>| {
        encode(value, &mut TBinaryOutputProtocol::new(buffer, true))
    };
    let value = read(&sample.binary).map_err(|error| format!("{who}: {error}"))?;
    let mut buffer = Vec::new();
    write(&value, &mut buffer).map_err(|error| format!("{who}: {error}"))?;
    sample.check::<seapink::Binary>(&who, &sample.binary, &buffer)?;

    field.encode(who.clone(), encoding(value, buffer, write));
    field.decode(who, decoding(&sample.binary, read));
    Ok(())
}

fn compact<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    let who = label(PEER, "compact", "");
    let read = |bytes: &[u8]| -> thrift::Result<W::Apache> {
        decode(&mut TCompactInputProtocol::new(bytes))
    };
    let write = |value: &W::Apache, buffer: &mut Vec<u8>| {
        encode(value, &mut TCompactOutputProtocol::new(buffer))
    };
    let value = read(&sample.compact).map_err(|error| format!("{who}: {error}"))?;
    let mut buffer = Vec::new();
    write(&value, &mut buffer).map_err(|error| format!("{who}: {error}"))?;
    sample.check::<seapink::Compact>(&who, &sample.compact, &buffer)?;

    field.encode(who.clone(), encoding(value, buffer, write));
    field.decode(who, decoding(&sample.compact, read));
    Ok(())
}

fn decode<T: TSerializable>(input: &mut dyn TInputProtocol) -> thrift::Result<T> {
    T::read_from_in_protocol(input)
}

fn encode<T: TSerializable>(value: &T, output: &mut dyn TOutputProtocol) -> thrift::Result<()> {
    value.write_to_out_protocol(output)
}

fn encoding<T>(
    value: T,
    mut buffer: Vec<u8>,
    write: impl Fn(&T, &mut Vec<u8>) -> thrift::Result<()>,
) -> impl FnMut(u64) {
    move |loops| {
        for _ in 0..loops {
            buffer.clear();
            let _ = black_box(write(black_box(&value), &mut buffer));
            black_box(&buffer);
        }
    }
}

fn decoding<T, F>(bytes: &[u8], read: F) -> impl FnMut(u64) + use<T, F>
where
    F: Fn(&[u8]) -> thrift::Result<T>,
{
    let input = bytes.to_vec();
    move |loops| {
        for _ in 0..loops {
            let _ = black_box(read(black_box(&input)));
        }
    }
}
