//! The call that is made, and its answer.

use seapink::Binary;
use seapink::codec::to_vec;

use crate::Result;
use crate::workloads::{Small, Workload};

/// Bytes of a call of `echo`, and of the reply.
pub struct Echo {
    pub call: Vec<u8>,
    pub reply: Vec<u8>,
}

impl Echo {
    pub fn new(framed: bool) -> Result<Self> {
        let small = to_vec::<Binary>(&Small::value()).map_err(|error| error.to_string())?;
        // Kind and id of the field that holds the value: an argument, the result.
        Ok(Self {
            call: message(framed, 1, 1, &small),
            reply: message(framed, 2, 0, &small),
        })
    }
}

fn message(framed: bool, kind: u8, field: u8, value: &[u8]) -> Vec<u8> {
    let mut body = vec![0x80, 1, 0, kind];
    body.extend(b"\0\0\0\x04echo\0\0\0\x01");
    body.extend([0x0c, 0, field]);
    body.extend(value);
    body.push(0);
    if framed {
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        body.splice(0..0, length.to_be_bytes());
    }
    body
}
