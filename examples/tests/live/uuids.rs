//! The type `uuid` between Apache's library for Python and us. Its part in C is left out: it writes
//! and reads what generated code says, and there is none.

use std::collections::{HashMap, HashSet};

use seapink::{CallContext, Client, Uuid};

use super::support::Result as Tested;
use super::support::process::{Running, run};
use super::{Python, SESSION, Serving, client_config, config};
use idl::{Marked, Marks, MarksClient, MarksDescribeError, MarksEchoError, MarksProcessor};

/// What is emitted for the IDL.
mod idl {
    include!(concat!(env!("OUT_DIR"), "/uuids.rs"));
    pub use uuids::*;
}

struct Handler;

impl Marks for Handler {
    fn echo(&self, _: &CallContext, value: Marked) -> Result<Marked, MarksEchoError> {
        Ok(value)
    }

    fn describe(&self, _: &CallContext, value: Marked) -> Result<String, MarksDescribeError> {
        Ok(describe(&value))
    }
}

/// The values as text; Python has the same function.
fn describe(value: &Marked) -> String {
    let mut distinct: Vec<_> = value.distinct.iter().map(Uuid::to_string).collect();
    distinct.sort();
    let pairs = value.pairs.iter();
    let mut pairs: Vec<_> = pairs.map(|(key, item)| format!("{key}={item}")).collect();
    pairs.sort();
    let absent = value.absent.map_or("None".to_owned(), |id| id.to_string());
    let mut parts = vec![value.id.to_string()];
    parts.extend(value.many.iter().map(Uuid::to_string));
    parts.extend(distinct);
    parts.extend(pairs);
    parts.extend([absent, value.far.to_string(), value.after.clone()]);
    parts.join(" ")
}

fn samples() -> [Marked; 2] {
    let ids = [0, u128::MAX, 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff].map(Uuid::from_u128);
    let full = Marked {
        id: ids[2],
        many: ids.repeat(6),
        distinct: HashSet::from(ids),
        pairs: HashMap::from([(ids[0], ids[1]), (ids[2], ids[2])]),
        absent: Some(ids[0]),
        far: ids[1],
        after: String::from("after"),
    };
    [Marked::default(), full]
}

const PROTOCOLS: [&str; 3] = ["binary", "compact", "json"];

#[test]
fn python_sends_uuids_to_us() -> Tested {
    let python = Python::get()?;
    for transport in ["framed", "buffered"] {
        for protocol in PROTOCOLS {
            let serving =
                Serving::start(&config(transport, protocol), MarksProcessor::new(Handler))?;
            let mut client = python.script("uuids_client.py", transport, protocol);
            run(client.args(["--port", &serving.port]), SESSION)?;
        }
    }
    Ok(())
}

#[test]
fn we_send_uuids_to_python() -> Tested {
    let python = Python::get()?;
    for transport in ["framed", "buffered"] {
        for protocol in PROTOCOLS {
            let mut server =
                Running::start(&mut python.script("uuids_server.py", transport, protocol))?;
            let port = server.announced("listening on ", SESSION)?;
            let client: Client = Client::connect(&client_config(&port, transport, protocol))?;
            let client = MarksClient::new(client);
            for value in samples() {
                assert_eq!(client.echo(&value)?, value, "{transport} {protocol}");
                assert_eq!(client.describe(&value)?, describe(&value));
            }
        }
    }
    Ok(())
}
