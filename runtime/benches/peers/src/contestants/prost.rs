//! Protocol Buffers by `prost`. The structs are what `prost-build` makes of the same definitions,
//! without a need for `protoc`.

use std::collections::HashMap;
use std::hint::black_box;

use prost::Message;

use super::seapink::bench;
use super::{Field, Sample, other};
use crate::Result;
use crate::workloads::Workload;

pub const PEER: &str = "prost";

pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
    let who = other(PEER, "");
    let value = W::Prost::from(&sample.value);
    let bytes = value.encode_to_vec();
    let read = W::Prost::decode(&bytes[..]).map_err(|error| format!("{who}: {error}"))?;
    sample.check_value(&who, &read.into())?;

    let mut buffer = Vec::with_capacity(bytes.len());
    field.encode(who.clone(), move |loops| {
        for _ in 0..loops {
            buffer.clear();
            let _ = black_box(black_box(&value).encode(&mut buffer));
            black_box(&buffer);
        }
    });
    field.decode(who, move |loops| {
        for _ in 0..loops {
            let _ = black_box(W::Prost::decode(&black_box(&bytes)[..]));
        }
    });
    Ok(())
}

#[derive(Clone, PartialEq, Message)]
pub struct Small {
    #[prost(bool, tag = "1")]
    flag: bool,
    #[prost(int32, tag = "2")]
    kind: i32,
    #[prost(int32, tag = "3")]
    port: i32,
    #[prost(int32, tag = "4")]
    count: i32,
    #[prost(int64, tag = "5")]
    id: i64,
    #[prost(double, tag = "6")]
    score: f64,
    #[prost(string, tag = "7")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Item {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(sint32, tag = "2")]
    qty: i32,
    #[prost(double, tag = "3")]
    price: f64,
    #[prost(string, tag = "4")]
    label: String,
    #[prost(bool, tag = "5")]
    active: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Header {
    #[prost(int64, tag = "1")]
    trace: i64,
    #[prost(string, tag = "2")]
    origin: String,
    #[prost(message, tag = "3")]
    detail: Option<Small>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Medium {
    #[prost(message, tag = "1")]
    header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    items: Vec<Item>,
    #[prost(int64, tag = "3")]
    total: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Postings {
    #[prost(sint32, repeated, tag = "1")]
    places: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Index {
    #[prost(map = "string, message", tag = "1")]
    postings: HashMap<String, Postings>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Blob {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "vec", tag = "2")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Longs {
    #[prost(sint64, repeated, tag = "1")]
    values: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Doubles {
    #[prost(double, repeated, tag = "1")]
    values: Vec<f64>,
}

impl From<&bench::Small> for Small {
    fn from(value: &bench::Small) -> Self {
        Self {
            flag: value.flag,
            kind: value.kind.into(),
            port: value.port.into(),
            count: value.count,
            id: value.id,
            score: value.score,
            name: value.name.clone(),
        }
    }
}

impl From<Small> for bench::Small {
    fn from(value: Small) -> Self {
        Self {
            flag: value.flag,
            kind: value.kind.try_into().unwrap_or_default(),
            port: value.port.try_into().unwrap_or_default(),
            count: value.count,
            id: value.id,
            score: value.score,
            name: value.name,
        }
    }
}

impl From<&bench::Medium> for Medium {
    fn from(value: &bench::Medium) -> Self {
        let item = |item: &bench::Item| Item {
            id: item.id,
            qty: item.qty,
            price: item.price,
            label: item.label.clone(),
            active: item.active,
        };
        Self {
            header: Some(Header {
                trace: value.header.trace,
                origin: value.header.origin.clone(),
                detail: Some((&value.header.detail).into()),
            }),
            items: value.items.iter().map(item).collect(),
            total: value.total,
        }
    }
}

impl From<Medium> for bench::Medium {
    fn from(value: Medium) -> Self {
        let header = value.header.unwrap_or_default();
        let item = |item: Item| bench::Item {
            id: item.id,
            qty: item.qty,
            price: item.price,
            label: item.label,
            active: item.active,
        };
        Self {
            header: bench::Header {
                trace: header.trace,
                origin: header.origin,
                detail: header.detail.unwrap_or_default().into(),
            },
            items: value.items.into_iter().map(item).collect(),
            total: value.total,
        }
    }
}

impl From<&bench::Index> for Index {
    fn from(value: &bench::Index) -> Self {
        let entry = |(word, places): (&String, &Vec<i32>)| {
            let places = places.clone();
            (word.clone(), Postings { places })
        };
        Self {
            postings: value.postings.iter().map(entry).collect(),
        }
    }
}

impl From<Index> for bench::Index {
    fn from(value: Index) -> Self {
        let entries = value.postings.into_iter();
        Self {
            postings: entries.map(|(word, list)| (word, list.places)).collect(),
        }
    }
}

impl From<&bench::Blob> for Blob {
    fn from(value: &bench::Blob) -> Self {
        Self {
            name: value.name.clone(),
            data: value.data.clone(),
        }
    }
}

impl From<Blob> for bench::Blob {
    fn from(value: Blob) -> Self {
        Self {
            name: value.name,
            data: value.data,
        }
    }
}

macro_rules! columns {
    ($($ty:ident)*) => {$(
        impl From<&bench::$ty> for $ty {
            fn from(value: &bench::$ty) -> Self {
                Self { values: value.values.clone() }
            }
        }

        impl From<$ty> for bench::$ty {
            fn from(value: $ty) -> Self {
                Self { values: value.values }
            }
        }
    )*};
}

columns! { Longs Doubles }
