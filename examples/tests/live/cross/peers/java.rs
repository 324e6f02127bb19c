//! Java: `TestServer` and `TestClient` of `lib/java`, with Debian's library.

use std::env;
use std::ffi::OsString;
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

/// With what the handler's file has of `JUnit`.
const PACKAGES: [&str; 4] = [
    "libthrift-java",
    "libslf4j-java",
    "libhttpclient-java",
    "junit5",
];

const JARS: [&str; 8] = [
    "thrift",
    "slf4j-api",
    "httpclient",
    "httpcore",
    "commons-logging",
    "commons-codec",
    "junit-jupiter-api",
    "apiguardian-api",
];

const SOURCES: [&str; 3] = [
    "lib/java/src/test/java/org/apache/thrift/server/ServerTestBase.java",
    "lib/java/src/crossTest/java/org/apache/thrift/test/TestServer.java",
    "lib/java/src/crossTest/java/org/apache/thrift/test/TestClient.java",
];

const COMPILE: Duration = Duration::from_mins(4);

pub fn peer() -> Result<Peer> {
    let dir = once("cross-java", "1", build)?;
    let packages = packages()?;
    let mut class_path = class_path(&packages)?;
    class_path.push(dir.join("classes"));
    let class_path = env::join_paths(class_path)?;
    let program = |store: &str, file: &str, class: &str, side| -> Result<Program> {
        let mut arguments: Vec<OsString> = vec!["-cp".into(), class_path.clone()];
        let file = keys::dir()?.join(file);
        arguments.push(format!("-Djavax.net.ssl.{store}={}", file.display()).into());
        arguments.push(format!("-Djavax.net.ssl.{store}Password={}", keys::PASSWORD).into());
        // Each runs for a second or two.
        arguments.push("-XX:TieredStopAtLevel=1".into());
        arguments.push(format!("org.apache.thrift.test.{class}").into());
        let offer = Offer::of("java", side)?;
        Ok(Program::new("java".into(), dir.clone(), offer).before(arguments))
    };
    Ok(Peer {
        name: "java",
        title: "Java",
        version: debian_version("libthrift-java")?,
        server: program("keyStore", "server.p12", "TestServer", Side::Server)?,
        client: Some(program(
            "trustStore",
            "trusted.p12",
            "TestClient",
            Side::Client,
        )?),
    })
}

fn packages() -> Result<PathBuf> {
    debian_packages("cross-java-packages", &PACKAGES)
}

fn build(dir: &Path) -> Result {
    let class_path = env::join_paths(class_path(&packages()?)?)?;
    let emitted = dir.join("emitted");
    fs::create_dir_all(&emitted)?;
    let mut thrift = Command::new(thrift_compiler()?);
    thrift.args(["--gen", "java:generated_annotations=suppress", "-out"]);
    run(thrift.arg(&emitted).arg(source::idl()?), COMPILE)?;
    let mut javac = Command::new("javac");
    javac
        .args(["-nowarn", "-encoding", "UTF-8", "-d"])
        .arg(dir.join("classes"));
    javac.arg("-cp").arg(class_path);
    javac.args(crate::support::files(&emitted, ".java")?);
    for file in SOURCES {
        javac.arg(source::dir()?.join(file));
    }
    run(&mut javac, COMPILE).map_err(|error| {
        format!("a JDK is needed, such as default-jdk-headless of Debian\n{error}")
    })?;
    Ok(())
}

/// Unpacked or installed.
fn class_path(packages: &Path) -> Result<Vec<PathBuf>> {
    let find = |name: &&str| {
        let jar = format!("usr/share/java/{name}.jar");
        let roots = [packages, Path::new("/")].map(|root| root.join(&jar));
        roots
            .into_iter()
            .find(|file| file.exists())
            .ok_or_else(|| format!("there is no {jar}").into())
    };
    JARS.iter().map(find).collect()
}
