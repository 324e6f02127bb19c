//! One file for each side: how it encodes and decodes a workload, the way its documentation says or
//! the fastest way that it offers, and the proof that it does so correctly.
//!
//! Each gives contestants only after it has decoded the bytes of the others and written them again
//! (`check`), so nothing is timed that does not work.

pub mod apache;
pub mod bincode;
pub mod copy;
pub mod cpp;
pub mod pilota;
pub mod plain;
pub mod prost;
pub mod rkyv;
pub mod seapink;

use crate::Result;
use crate::measure::{Contestant, Label};
use crate::workloads::Workload;
use ::seapink::codec::{from_slice, to_vec};
use ::seapink::{Binary, Compact, Json, Protocol};

/// The contestants of a workload.
#[derive(Default)]
pub struct Field {
    /// How long the value is in the binary protocol.
    pub bytes: usize,
    pub encode: Vec<Contestant>,
    pub decode: Vec<Contestant>,
}

impl Field {
    fn encode(&mut self, label: Label, run: impl FnMut(u64) + 'static) {
        self.encode.push(Contestant::new(label, run));
    }

    fn decode(&mut self, label: Label, run: impl FnMut(u64) + 'static) {
        self.decode.push(Contestant::new(label, run));
    }
}

fn thrift(peer: &'static str, protocol: &'static str, how: &'static str) -> Label {
    Label {
        peer,
        protocol: Some(protocol),
        how,
    }
}

fn other(peer: &'static str, how: &'static str) -> Label {
    Label {
        peer,
        protocol: None,
        how,
    }
}

/// A workload's value, and its bytes in each protocol.
pub struct Sample<W: Workload> {
    pub value: W::Seapink,
    pub binary: Vec<u8>,
    pub compact: Vec<u8>,
    pub json: Vec<u8>,
}

impl<W: Workload> Sample<W> {
    pub fn new() -> Result<Self> {
        let value = W::value();
        let fail = |error| format!("{}: {error}", W::NAME);
        Ok(Self {
            binary: to_vec::<Binary>(&value).map_err(fail)?,
            compact: to_vec::<Compact>(&value).map_err(fail)?,
            json: to_vec::<Json>(&value).map_err(fail)?,
            value,
        })
    }

    /// What someone wrote after having read our bytes: the same bytes, or the same map in another order.
    fn check<P: Protocol>(&self, who: &Label, ours: &[u8], theirs: &[u8]) -> Result<()> {
        let same = if W::ORDERED {
            ours == theirs
        } else {
            let read = from_slice::<P, W::Seapink>(theirs);
            ours.len() == theirs.len() && read.is_ok_and(|value| value == self.value)
        };
        expect(same, W::NAME, who)
    }

    fn check_value(&self, who: &Label, value: &W::Seapink) -> Result<()> {
        expect(*value == self.value, W::NAME, who)
    }
}

fn expect(same: bool, workload: &str, who: &Label) -> Result<()> {
    if same {
        Ok(())
    } else {
        Err(format!("{workload}: {who} does not give the same"))
    }
}

/// All sides, ready to run.
pub fn field<W: Workload>() -> Result<Field> {
    let sample = Sample::<W>::new()?;
    let mut field = Field {
        bytes: sample.binary.len(),
        ..Field::default()
    };
    seapink::enter(&sample, &mut field)?;
    apache::enter(&sample, &mut field)?;
    pilota::enter(&sample, &mut field)?;
    cpp::enter(&sample, &mut field)?;
    prost::enter(&sample, &mut field)?;
    bincode::enter(&sample, &mut field)?;
    rkyv::enter(&sample, &mut field)?;
    copy::enter(&sample, &mut field);
    Ok(field)
}
