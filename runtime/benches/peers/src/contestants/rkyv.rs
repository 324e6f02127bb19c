//! rkyv, whose bytes are the archived structs themselves: a bound for what a format can do that is
//! made for reading in place.

use std::hint::black_box;

use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::Error;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Serialize};

use super::{Field, Sample, other};
use crate::Result;
use crate::workloads::Workload;

pub const PEER: &str = "rkyv";

type Serializer<'a> = HighSerializer<AlignedVec, ArenaHandle<'a>, Error>;

/// The bounds of rkyv in one word.
pub trait Archived: Sized + for<'a> Serialize<Serializer<'a>> {
    fn write(&self, buffer: AlignedVec) -> std::result::Result<AlignedVec, Error>;
    fn read(bytes: &[u8]) -> std::result::Result<Self, Error>;
    /// Checks the bytes and says whether they may be used in place.
    fn access(bytes: &[u8]) -> bool;
}

impl<T> Archived for T
where
    T: for<'a> Serialize<Serializer<'a>>,
    T::Archived:
        for<'a> CheckBytes<HighValidator<'a, Error>> + Deserialize<T, HighDeserializer<Error>>,
{
    fn write(&self, buffer: AlignedVec) -> std::result::Result<AlignedVec, Error> {
        rkyv::api::high::to_bytes_in::<_, Error>(self, buffer)
    }

    fn read(bytes: &[u8]) -> std::result::Result<Self, Error> {
        rkyv::from_bytes::<T, Error>(bytes)
    }

    fn access(bytes: &[u8]) -> bool {
        black_box(rkyv::access::<<T as Archive>::Archived, Error>(bytes)).is_ok()
    }
}

pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    let who = other(PEER, "");
    let value = W::Plain::from(&sample.value);
    let bytes = value
        .write(AlignedVec::new())
        .map_err(|error| format!("{who}: {error}"))?;
    let read = W::Plain::read(&bytes).map_err(|error| format!("{who}: {error}"))?;
    sample.check_value(&who, &read.into())?;

    let mut buffer = Some(bytes.clone());
    field.encode(who.clone(), move |loops| {
        for _ in 0..loops {
            let mut bytes = buffer.take().unwrap_or_default();
            bytes.clear();
            buffer = black_box(black_box(&value).write(bytes)).ok();
        }
    });
    let input = bytes.clone();
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let _ = black_box(W::Plain::read(black_box(&input)));
        }
    });
    field.decode(other(PEER, "in place"), move |loops| {
        for _ in 0..loops {
            black_box(W::Plain::access(black_box(&bytes)));
        }
    });
    Ok(())
}
