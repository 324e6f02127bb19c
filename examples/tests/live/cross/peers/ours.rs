//! Ours: the programs of `examples/cross-test`.

use std::process::Command;
use std::time::Duration;

use super::{Peer, Program};
use crate::cell::Side;
use crate::offer::Offer;
use crate::support::process::run;
use crate::support::{Result, repository, scratch};
use crate::{keys, source};

/// With all that it depends on.
const BUILD: Duration = Duration::from_mins(10);

/// Compiles them from the reference's IDL.
pub fn build() -> Result {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--manifest-path"])
        .arg(repository().join("examples/cross-test/Cargo.toml"))
        .arg("--target-dir")
        .arg(scratch("cross-target")?)
        .env("THRIFT_TEST", source::idl()?)
        // What calls the test would otherwise apply here as well.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS");
    run(&mut cargo, BUILD)?;
    Ok(())
}

/// At one side.
pub fn program(side: Side) -> Result<Program> {
    let program = scratch("cross-target")?.join("debug").join(side.name());
    let keys = keys::dir()?;
    let program = Program::new(program, keys.clone(), Offer::ours());
    Ok(program.before(["--keys".into(), keys]))
}

/// Its server, for ours as client.
pub fn peer() -> Result<Peer> {
    Ok(Peer {
        name: "seapink",
        title: "Seapink",
        version: "itself".to_owned(),
        server: program(Side::Server)?,
        client: None,
    })
}
