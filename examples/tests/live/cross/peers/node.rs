//! Node: `server.js` and `client.js` of `lib/nodejs/test`, with the library of npm.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Peer, Program};
use crate::cell::Side;
use crate::offer::Offer;
use crate::support::Result;
use crate::support::install::{once, thrift_compiler};
use crate::support::process::run;
use crate::{keys, source};

const THRIFT: &str = "0.24.0";
/// What the scripts need, in versions whose interface they know.
const NEEDED: [&str; 2] = ["commander@2.20.3", "tape@4.17.0"];

const INSTALL: Duration = Duration::from_mins(4);

pub fn peer() -> Result<Peer> {
    let dir = once(
        "cross-node",
        &format!("{THRIFT} {}", NEEDED.join(" ")),
        build,
    )?;
    let program = |script: &str, side| -> Result<Program> {
        let offer = Offer::of("nodejs", side)?;
        let program = Program::new("node".into(), dir.join("nodejs/test"), offer);
        Ok(program
            .before([script, "--type=tcp", "--es6"])
            .env("NODE_PATH", dir.join("node_modules")))
    };
    Ok(Peer {
        name: "node",
        title: "Node",
        version: THRIFT.to_owned(),
        server: program("server.js", Side::Server)?,
        client: Some(program("client.js", Side::Client)?),
    })
}

fn build(dir: &Path) -> Result {
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
        .arg(dir);
    npm.arg(format!("thrift@{THRIFT}")).args(NEEDED);
    run(&mut npm, INSTALL)?;
    let test = dir.join("nodejs/test");
    source::copy("lib/nodejs/test", &test)?;
    for file in ["server.key", "server.crt"] {
        std::fs::remove_file(test.join(file))?;
        source::link(&keys::dir()?.join(file), &test.join(file))?;
    }
    // The scripts name it by its place in the sources.
    let library = dir.join("node_modules/thrift/lib/nodejs/lib/thrift");
    source::link(&library, &dir.join("nodejs/lib/thrift"))?;
    // Older code needs a library of promises, which this version has no more.
    let emitted = test.join("gen-nodejs-es6");
    std::fs::create_dir(&emitted)?;
    let mut thrift = Command::new(thrift_compiler()?);
    thrift.args(["--gen", "js:node,es6", "-out"]).arg(emitted);
    run(thrift.arg(source::idl()?), INSTALL)?;
    Ok(())
}
