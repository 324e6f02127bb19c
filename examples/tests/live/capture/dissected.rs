//! What `tshark` makes of a capture.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::pcap;
use super::recorder::{Conversation, From};
use crate::support::process::run;
use crate::support::{Result, install};

const DISSECTION: Duration = Duration::from_mins(1);

/// What it says of each message, and of what it is in.
const STRUCTURE: [&str; 7] = [
    "thrift.method",
    "thrift.mtype",
    "thrift.fid",
    "thrift.type",
    "thrift.num_list_item",
    "thrift.num_set_item",
    "thrift.num_map_item",
];
const VALUES: [&str; 9] = [
    "thrift.frame_len",
    "thrift.bool",
    "thrift.i8",
    "thrift.i16",
    "thrift.i32",
    "thrift.i64",
    "thrift.double",
    "thrift.string",
    "thrift.binary",
];

/// What one end of a connection has said.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub methods: Vec<String>,
    pub sequence_ids: Vec<String>,
    /// A line for each packet that ends a message.
    pub structure: Vec<String>,
    pub values: Vec<String>,
    /// What it has to complain of.
    pub complaints: Vec<String>,
}

/// By connection and end.
pub type Dissected = BTreeMap<(usize, From), Said>;

/// Writes a capture into a file, and has it taken apart.
pub fn dissect(conversations: &[Conversation], file: &Path) -> Result<Dissected> {
    fs::write(file, pcap::file(conversations))?;
    let mut command = install::tshark()?;
    command.arg("-r").arg(file);
    command.args(["-d", &format!("tcp.port=={},thrift", pcap::PORT)]);
    command.args(["-o", "thrift.show_internal:TRUE", "-T", "fields"]);
    command.args(["-E", "separator=|", "-E", "aggregator=;"]);
    let own = [
        "tcp.stream",
        "tcp.dstport",
        "thrift.seq_id",
        "_ws.expert.message",
    ];
    for field in own.iter().chain(&STRUCTURE).chain(&VALUES) {
        command.args(["-e", field]);
    }
    let mut all = Dissected::new();
    for line in run(&mut command, DISSECTION)?.stdout.lines() {
        let columns: Vec<_> = line.split('|').collect();
        let [stream, to, sequence_id, complaint, rest @ ..] = &columns[..] else {
            return Err(format!("tshark says: {line}").into());
        };
        let from = if *to == pcap::PORT.to_string() {
            From::Client
        } else {
            From::Server
        };
        let said = all.entry((stream.parse()?, from)).or_default();
        let (structure, values) = rest.split_at(STRUCTURE.len());
        let list = |text: &str| {
            text.split(';')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        said.methods.extend(list(structure[0]));
        said.sequence_ids.extend(list(sequence_id));
        said.complaints.extend(list(complaint));
        said.structure.push(structure.join("|"));
        said.values.push(values.join("|"));
    }
    Ok(all)
}
