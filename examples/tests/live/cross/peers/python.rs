//! Python: `TestServer.py` and `TestClient.py` of `test/py`, with the library of its package index.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Peer, Program};
use crate::cell::Side;
use crate::offer::Offer;
use crate::support::install::{once, python, thrift_compiler};
use crate::support::process::run;
use crate::support::{Result, repository};
use crate::{keys, source};

const QUICK: Duration = Duration::from_mins(1);

pub fn peer() -> Result<Peer> {
    let dir = dir()?;
    let program = |script: &str, side| -> Result<Program> {
        let program = Program::new(python()?, dir.join("test/py"), Offer::of("py3", side)?);
        Ok(program.before(["-B", script, "--genpydir=gen-py"]))
    };
    Ok(Peer {
        name: "python",
        title: "Python",
        version: version()?,
        // As the list says; the others differ in how they use threads.
        server: program("TestServer.py", Side::Server)?.after("TSimpleServer"),
        client: Some(program("TestClient.py", Side::Client)?.before(["--host=localhost"])),
    })
}

/// The part of the reference's sources that is written in it.
pub fn dir() -> Result<PathBuf> {
    once("cross-python", &version()?, build)
}

fn build(dir: &Path) -> Result {
    let test = dir.join("test");
    source::copy("test/py", &test.join("py"))?;
    source::copy("test/features", &test.join("features"))?;
    source::link(&keys::dir()?, &test.join("keys"))?;
    let mut thrift = Command::new(thrift_compiler()?);
    thrift.args(["--gen", "py", "-o"]).arg(test.join("py"));
    run(thrift.arg(source::idl()?), QUICK)?;
    // Where the scripts look for the library.
    let mut version = Command::new(python()?);
    let script =
        "import site, sys; print(site.getsitepackages()[0]); print('%d.%d' % sys.version_info[:2])";
    let said = run(version.args(["-c", script]), QUICK)?.stdout;
    let (packages, version) = said
        .split_once('\n')
        .ok_or("Python does not say where its packages are")?;
    let library = dir
        .join("lib/py/build")
        .join(format!("lib.linux-{version}"));
    source::link(Path::new(packages), &library)
}

/// The one that is pinned.
fn version() -> Result<String> {
    let requirements = fs::read_to_string(repository().join("examples/live/requirements.txt"))?;
    let version = requirements
        .lines()
        .find_map(|line| line.strip_prefix("thrift=="));
    Ok(version.ok_or("requirements.txt has no thrift")?.to_owned())
}
