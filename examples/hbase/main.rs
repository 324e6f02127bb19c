//! `hbase-server [--config FILE]`: tables in memory, for clients of `HBase`'s Thrift gateway.
//!
//! Start it and use it from Python, with the library that people use for `HBase`:
//!
//! ```text
//! $ cargo run --bin hbase-server
//! >>> connection = happybase.Connection("127.0.0.1")
//! >>> connection.create_table("birds", {"seen": {}})
//! >>> connection.table("birds").put(b"tern", {b"seen:where": b"the pier"})
//! ```

mod gateway;
mod table;

include!(concat!(env!("OUT_DIR"), "/hbase.rs"));

use std::path::PathBuf;

use clap::Parser;
use seapink::{Server, ServerConfig};

#[derive(Debug, Parser)]
#[command(about = "Tables in memory, for clients of HBase's Thrift gateway.")]
struct Args {
    /// Where and how to listen.
    #[arg(
        long,
        value_name = "FILE",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/hbase/server.toml")
    )]
    config: PathBuf,
}

fn main() -> seapink::Result<()> {
    let config = ServerConfig::from_file(Args::parse().config)?;
    let processor = hbase::HbaseProcessor::new(gateway::Gateway::default());
    let server = Server::bind(&config, processor)?;
    println!("listening on {}", server.local_addr());
    server.run()
}
