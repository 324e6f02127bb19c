//! Compiles `idl/bench.thrift` with the IDL compiler of each side, so that no code of others is kept
//! here.
//!
//! The compiler of Apache is a program and has to be installed. Its C++ library is optional: without
//! it, the C++ contestants do not take part.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const IDL: &str = "idl/bench.thrift";
const INSTALL: &str = "apt-get install thrift-compiler libthrift-dev libboost-dev";

fn main() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    seapink_idl::Builder::new()
        .name("seapink")
        .compile(&[IDL])?;
    pilota_build::Builder::thrift()
        .ignore_unused(false)
        .compile([IDL], pilota_build::Output::File(out.join("pilota.rs")));
    apache_rust(&out)?;
    cpp(&out)?;
    println!(
        "cargo::rustc-env=PEERS_RUSTC={}",
        version(&env::var("RUSTC")?)
    );
    Ok(())
}

/// Apache's generator, and what its output needs to be included as a module.
fn apache_rust(out: &Path) -> Result<()> {
    let dir = fresh(out, "apache")?;
    thrift(&dir, "rs")?;
    let code = fs::read_to_string(dir.join("bench.rs"))?;
    // Attributes of a whole file are not allowed where a file is included.
    let lines = code.lines().filter(|line| !line.starts_with("#!["));
    fs::write(dir.join("bench.rs"), lines.collect::<Vec<_>>().join("\n"))?;
    println!(
        "cargo::rustc-env=PEERS_THRIFT_COMPILER={}",
        version("thrift")
    );
    Ok(())
}

/// The C++ contestants as a static library, if Apache's is there.
fn cpp(out: &Path) -> Result<()> {
    println!("cargo::rerun-if-changed=cpp/peers.cpp");
    let compiler = env::var("CXX").unwrap_or_else(|_| String::from("g++"));
    if !Path::new("/usr/include/thrift/TProcessor.h").exists() || version(&compiler).is_empty() {
        println!("cargo::warning=Apache's C++ library is not here, its rows stay empty: {INSTALL}");
        return Ok(());
    }
    let dir = fresh(out, "cpp")?;
    thrift(&dir, "cpp:templates,moveable_types,no_skeleton")?;
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        .warnings(false)
        .include(&dir)
        .file("cpp/peers.cpp")
        .file(dir.join("bench_types.cpp"))
        .try_compile("peers_cpp")?;
    println!("cargo::rustc-link-lib=thrift");
    println!("cargo::rustc-cfg=cpp");
    println!("cargo::rustc-env=PEERS_CXX={}", version(&compiler));
    Ok(())
}

fn thrift(dir: &Path, language: &str) -> Result<()> {
    let mut command = Command::new("thrift");
    command.args(["--gen", language, "-out"]).arg(dir).arg(IDL);
    let status = command
        .status()
        .map_err(|error| format!("Apache's IDL compiler, `thrift`: {error}; {INSTALL}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("thrift --gen {language}: {status}").into())
    }
}

fn fresh(out: &Path, name: &str) -> Result<PathBuf> {
    let dir = out.join(name);
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// The first line that a program says of its version; empty where there is no such program.
fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}
