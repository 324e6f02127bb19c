//! The service of `testdata/interop/uuid.thrift`: served here, and called at a peer.

use std::collections::{HashMap, HashSet};

use seapink::{CallContext, Client, Uuid};

use super::support::Result as Tested;
use idl::{
    UuidInterop, UuidInteropClient, UuidInteropDescribeError, UuidInteropEchoError,
    UuidInteropEchoUuidError, Uuids,
};

pub use idl::UuidInteropProcessor;

/// What is emitted for the IDL.
mod idl {
    include!(concat!(env!("OUT_DIR"), "/uuid.rs"));
    pub use uuid::*;
}

pub struct Handler;

impl UuidInterop for Handler {
    fn echo_uuid(&self, _: &CallContext, value: Uuid) -> Result<Uuid, UuidInteropEchoUuidError> {
        Ok(value)
    }

    fn echo(&self, _: &CallContext, value: Uuids) -> Result<Uuids, UuidInteropEchoError> {
        Ok(value)
    }

    fn describe(&self, _: &CallContext, value: Uuids) -> Result<String, UuidInteropDescribeError> {
        Ok(describe(&value))
    }
}

/// Every function, over one connection.
pub fn session(client: Client) -> Tested {
    let client = UuidInteropClient::new(client);
    for id in ids() {
        assert_eq!(client.echo_uuid(id)?, id);
    }
    for value in samples() {
        assert_eq!(client.echo(&value)?, value);
        assert_eq!(client.describe(&value)?, describe(&value));
    }
    Ok(())
}

/// The values as text; the peers have the same function.
fn describe(value: &Uuids) -> String {
    let mut distinct: Vec<_> = value.distinct.iter().map(Uuid::to_string).collect();
    distinct.sort();
    let pairs = value.pairs.iter();
    let mut pairs: Vec<_> = pairs.map(|(key, item)| format!("{key}={item}")).collect();
    pairs.sort();
    let absent = value.absent.map_or("None".to_owned(), |id| id.to_string());
    let mut parts = vec![value.own.to_string()];
    parts.extend(value.many.iter().map(Uuid::to_string));
    parts.extend(distinct);
    parts.extend(pairs);
    parts.extend([absent, value.far.to_string(), value.after.clone()]);
    parts.join(" ")
}

fn ids() -> [Uuid; 4] {
    [
        0,
        u128::MAX,
        0x0011_2233_4455_6677_8899_aabb_ccdd_eeff,
        0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8,
    ]
    .map(Uuid::from_u128)
}

fn samples() -> [Uuids; 2] {
    [Uuids::default(), full()]
}

/// A value in every place; the peers have the same one.
pub fn full() -> Uuids {
    let ids = ids();
    Uuids {
        own: ids[2],
        many: ids.repeat(5),
        distinct: HashSet::from(ids),
        pairs: HashMap::from([0, 1, 2, 3].map(|index| (ids[index], ids[(index + 1) % 4]))),
        absent: Some(ids[0]),
        far: ids[1],
        after: String::from("after"),
    }
}
