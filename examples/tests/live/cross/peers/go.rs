//! Go: `testserver` and `testclient` of `test/go`, with Debian's library and compiler.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Peer, Program};
use crate::cell::Side;
use crate::offer::Offer;
use crate::support::Result;
use crate::support::install::{debian_packages, debian_version, once, thrift_compiler};
use crate::support::process::run;
use crate::{keys, source};

const PACKAGES: [&str; 2] = ["golang-go", "golang-thrift-dev"];

/// Where the code of Apache Thrift says that it is.
const APACHE: &str = "src/github.com/apache/thrift/test/go/src";
/// And imports itself from.
const IMPORT: &str = "github.com/apache/thrift/test/go/src";

const BUILD: Duration = Duration::from_mins(4);

pub fn peer() -> Result<Peer> {
    let dir = once("cross-go", "1", build)?;
    let program = |name: &str, side| -> Result<Program> {
        let offer = Offer::of("go", side)?;
        Ok(Program::new(dir.join("bin").join(name), dir.clone(), offer))
    };
    let mut certificates = keys::dir()?.into_os_string();
    certificates = [std::ffi::OsStr::new("--certPath="), &certificates]
        .into_iter()
        .collect();
    Ok(Peer {
        name: "go",
        title: "Go",
        version: debian_version("golang-thrift-dev")?,
        server: program("testserver", Side::Server)?.before([certificates]),
        client: Some(program("testclient", Side::Client)?),
    })
}

fn build(dir: &Path) -> Result {
    let packages = debian_packages("cross-go-packages", &PACKAGES)?;
    let sources = dir.join(APACHE);
    source::copy("test/go/src", &sources)?;
    for file in crate::support::files(&sources, "_test.go")? {
        fs::remove_file(file)?;
    }
    generate(dir, &sources)?;
    let go = go(&packages)?;
    for program in ["testserver", "testclient"] {
        let mut build = Command::new(go.join("bin/go"));
        build
            .args(["build", "-o"])
            .arg(dir.join("bin").join(program))
            .arg(format!("{IMPORT}/bin/{program}"))
            .env("GO111MODULE", "off")
            .env("GOROOT", &go)
            .env("GOPATH", env::join_paths([dir, &gocode(&packages)])?)
            .env("GOCACHE", dir.join("cache"))
            .env("CGO_ENABLED", "0");
        run(&mut build, BUILD)?;
    }
    Ok(())
}

/// Without the one field that Go cannot have, a map with maps as keys, as its own makefile does.
fn generate(dir: &Path, sources: &Path) -> Result {
    let idl = fs::read_to_string(source::idl()?)?;
    let lines = idl.lines().filter(|line| !has_map_of_maps(line));
    let file = dir.join("ThriftTest.thrift");
    fs::write(&file, lines.collect::<Vec<_>>().join("\n"))?;
    fs::create_dir_all(sources.join("gen"))?;
    let options = format!(
        "go:thrift_import=github.com/apache/thrift/lib/go/thrift,package_prefix={IMPORT}/gen/"
    );
    let mut thrift = Command::new(thrift_compiler()?);
    thrift
        .args(["--gen", &options, "-out"])
        .arg(sources.join("gen"));
    run(thrift.arg(file), BUILD)?;
    Ok(())
}

/// `grep list.*map.*list.*map`
fn has_map_of_maps(line: &str) -> bool {
    ["list", "map", "list", "map"]
        .iter()
        .try_fold(line, |rest, word| Some(rest.split_once(word)?.1))
        .is_some()
}

/// Unpacked or installed.
fn go(packages: &Path) -> Result<PathBuf> {
    for root in [packages, Path::new("/")] {
        let Ok(entries) = fs::read_dir(root.join("usr/lib")) else {
            continue;
        };
        let found = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|dir| dir.join("bin/go").exists() && dir.join("src").exists());
        if let Some(dir) = found {
            return Ok(dir);
        }
    }
    Err("golang-go has no bin/go".into())
}

fn gocode(packages: &Path) -> PathBuf {
    let unpacked = packages.join("usr/share/gocode");
    if unpacked.exists() {
        return unpacked;
    }
    PathBuf::from("/usr/share/gocode")
}
