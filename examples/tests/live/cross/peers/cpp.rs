//! C++: `TestServer` and `TestClient` of `test/cpp`, with Debian's library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::{Peer, Program};
use crate::cell::Side;
use crate::offer::Offer;
use crate::support::install::{debian_packages, debian_version, once, thrift_compiler};
use crate::support::process::run;
use crate::support::{Failure, Result};
use crate::{keys, source};

const PACKAGES: [&str; 6] = [
    "libthrift-dev",
    "libboost-dev",
    "libboost-program-options-dev",
    "libboost-filesystem-dev",
    "libevent-dev",
    "libssl-dev",
];

const LIBRARIES: [&str; 9] = [
    "-lthriftnb",
    "-lthriftz",
    "-lthrift",
    "-levent",
    "-lz",
    "-lssl",
    "-lcrypto",
    "-lboost_program_options",
    "-lboost_filesystem",
];

/// What `config.h` would say.
const HEADERS: [&str; 6] = [
    "-DHAVE_STDINT_H",
    "-DHAVE_INTTYPES_H",
    "-DHAVE_NETINET_IN_H",
    "-DHAVE_ARPA_INET_H",
    "-DHAVE_SIGNAL_H",
    "-DHAVE_UNISTD_H",
];

const COMPILE: Duration = Duration::from_mins(8);

pub fn peer() -> Result<Peer> {
    let dir = once("cross-cpp", "1", build)?;
    let program = |name: &str, side| -> Result<Program> {
        let mut offer = Offer::of("cpp", side)?;
        // It has been able to since 2009, and newer lists say so.
        offer.sockets.push("abstract".to_owned());
        let program = dir.join("cpp/bin").join(name);
        Ok(Program::new(program, dir.clone(), offer))
    };
    Ok(Peer {
        name: "cpp",
        title: "C++",
        version: debian_version("libthrift-dev")?,
        server: program("TestServer", Side::Server)?,
        client: Some(program("TestClient", Side::Client)?),
    })
}

fn build(dir: &Path) -> Result {
    let libraries = debian_packages("cross-cpp-packages", &PACKAGES)?;
    source::copy("test/cpp/src", &dir.join("cpp/src"))?;
    // It looks for them beside the folder of the language.
    source::link(&keys::dir()?, &dir.join("keys"))?;
    std::fs::create_dir_all(dir.join("cpp/bin"))?;
    let mut thrift = Command::new(thrift_compiler()?);
    thrift.args(["-r", "--gen", "cpp:templates,cob_style", "-o"]);
    run(thrift.arg(dir.join("cpp")).arg(source::idl()?), COMPILE)?;
    let sources = [
        "gen-cpp/ThriftTest.cpp",
        "src/TestServer.cpp",
        "src/TestClient.cpp",
        "gen-cpp/SecondService.cpp",
        "gen-cpp/ThriftTest_types.cpp",
        "src/ThriftTest_extras.cpp",
    ];
    // Two at a time: each needs a lot of memory.
    for pair in sources.chunks(2) {
        thread::scope(|scope| {
            let threads: Vec<_> = pair
                .iter()
                .map(|file| {
                    let compiled =
                        || compile(dir, &libraries, file).map_err(|error| error.to_string());
                    scope.spawn(compiled)
                })
                .collect();
            threads.into_iter().try_for_each(|thread| {
                let compiled = thread.join().map_err(|_| "the compiler cannot be run")?;
                Ok::<_, Failure>(compiled?)
            })
        })?;
    }
    ["TestServer", "TestClient"]
        .iter()
        .try_for_each(|program| link(dir, &libraries, program))
}

fn gxx(dir: &Path, libraries: &Path) -> Command {
    let mut gxx = Command::new("g++");
    gxx.current_dir(dir.join("cpp"))
        .args(["-std=c++14", "-O0", "-w", "-I.", "-Igen-cpp", "-isystem"])
        .arg(libraries.join("usr/include"))
        .args(HEADERS);
    gxx
}

fn object(file: &str) -> String {
    let name = Path::new(file).file_stem().unwrap_or_default();
    format!("{}.o", name.to_string_lossy())
}

fn compile(dir: &Path, libraries: &Path, file: &str) -> Result {
    let mut gxx = gxx(dir, libraries);
    run(gxx.args(["-c", file, "-o", &object(file)]), COMPILE)?;
    Ok(())
}

fn link(dir: &Path, libraries: &Path, program: &str) -> Result {
    let folder = folder_of_libraries(libraries)?;
    let mut gxx = gxx(dir, libraries);
    gxx.args([&object(program), "ThriftTest.o", "SecondService.o"])
        .args(["ThriftTest_types.o", "ThriftTest_extras.o", "-L"])
        .arg(&folder)
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .args(LIBRARIES)
        .args(["-lpthread", "-o", &format!("bin/{program}")]);
    run(&mut gxx, COMPILE)?;
    Ok(())
}

fn folder_of_libraries(libraries: &Path) -> Result<PathBuf> {
    let mut gxx = Command::new("g++");
    let triplet = run(gxx.arg("-print-multiarch"), COMPILE)?.stdout;
    Ok(libraries.join("usr/lib").join(triplet.trim()))
}
