//! Pilota, the codec of Volo, with code from `pilota-build`.
//!
//! Its binary codec comes checked and unchecked; the latter reads past the end of bad input, and
//! writes past the end of a buffer that is too small. Its compact codec panics on fields of type
//! bool, so it cannot take part.

use std::hint::black_box;

use pilota::thrift::Message;
use pilota::thrift::binary::TBinaryProtocol;
use pilota::thrift::binary_unsafe::{TBinaryUnsafeInputProtocol, TBinaryUnsafeOutputProtocol};
use pilota::{Bytes, BytesMut};

use super::{Field, Sample, thrift};
use crate::Result;
use crate::workloads::Workload;

#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated")]
#[allow(unsafe_code, reason = "generated")]
mod idl {
    include!(concat!(env!("OUT_DIR"), "/pilota.rs"));
}

pub use idl::pilota::bench;

pub const PEER: &str = "pilota";

pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    checked(sample, field)?;
    unchecked(sample, field)
}

fn checked<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    let who = thrift(PEER, "binary", "");
    let fail = |error| format!("{who}: {error}");
    let bytes = Bytes::from(sample.binary.clone());
    let value = read::<W::Pilota>(&mut bytes.clone()).map_err(fail)?;
    let mut buffer = BytesMut::new();
    write(&value, &mut buffer).map_err(fail)?;
    sample.check::<seapink::Binary>(&who, &sample.binary, &buffer)?;

    field.encode(who.clone(), move |loops| {
        for _ in 0..loops {
            buffer.clear();
            let _ = black_box(write(black_box(&value), &mut buffer));
            black_box(&buffer);
        }
    });
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let _ = black_box(read::<W::Pilota>(&mut black_box(&bytes).clone()));
        }
    });
    Ok(())
}

fn unchecked<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    let who = thrift(PEER, "binary", "unchecked");
    let fail = |error| format!("{who}: {error}");
    let bytes = Bytes::from(sample.binary.clone());
    let value = read_unchecked::<W::Pilota>(&mut bytes.clone()).map_err(fail)?;
    let mut buffer = BytesMut::zeroed(sample.binary.len());
    let len = write_unchecked(&value, &mut buffer).map_err(fail)?;
    sample.check::<seapink::Binary>(&who, &sample.binary, &buffer[..len])?;

    field.encode(who.clone(), move |loops| {
        for _ in 0..loops {
            let _ = black_box(write_unchecked(black_box(&value), &mut buffer));
            black_box(&buffer);
        }
    });
    // Who does not know how long the bytes will be has to ask first, as Volo does.
    let sized = thrift(PEER, "binary", "unchecked, sized");
    let value = read_unchecked::<W::Pilota>(&mut bytes.clone()).map_err(fail)?;
    let mut buffer = BytesMut::new();
    field.encode(sized, move |loops| {
        for _ in 0..loops {
            let size = black_box(&value).size(&mut TBinaryProtocol::new((), false));
            buffer.resize(size, 0);
            let _ = black_box(write_unchecked(black_box(&value), &mut buffer));
            black_box(&buffer);
        }
    });
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let _ = black_box(read_unchecked::<W::Pilota>(&mut black_box(&bytes).clone()));
        }
    });
    Ok(())
}

type Outcome<T> = std::result::Result<T, pilota::thrift::ThriftException>;

fn read<T: Message>(bytes: &mut Bytes) -> Outcome<T> {
    T::decode(&mut TBinaryProtocol::new(bytes, true))
}

fn write<T: Message>(value: &T, buffer: &mut BytesMut) -> Outcome<()> {
    value.encode(&mut TBinaryProtocol::new(buffer, false))
}

#[allow(unsafe_code, reason = "pilota's unchecked codec")]
fn read_unchecked<T: Message>(bytes: &mut Bytes) -> Outcome<T> {
    // SAFETY: the bytes are a whole value, which the checked codec has read before.
    T::decode(&mut unsafe { TBinaryUnsafeInputProtocol::new(bytes) })
}

/// The buffer is as long as what is written.
#[allow(unsafe_code, reason = "pilota's unchecked codec")]
fn write_unchecked<T: Message>(value: &T, buffer: &mut BytesMut) -> Outcome<usize> {
    // SAFETY: the slice is the buffer's, initialised, and used by nothing else until `out` is gone.
    let mut out = unsafe {
        let slice = std::slice::from_raw_parts_mut(buffer.as_mut_ptr(), buffer.len());
        TBinaryUnsafeOutputProtocol::new(buffer, slice, false)
    };
    value.encode(&mut out)?;
    Ok(out.index())
}
