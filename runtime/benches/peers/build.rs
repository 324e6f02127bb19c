//! Compiles `idl/bench.thrift` with the IDL compiler of each side, so that no code of others is kept
//! here.
//!
//! The compiler of Apache is a program and has to be installed. Its C++ library is optional: without
//! it, the C++ contestants do not take part. So is pip, which fetches the IDL of Parquet: without it,
//! there are no Parquet footers.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const IDL: &str = "idl/bench.thrift";
/// The Python package that ships `parquet.thrift`.
const PARQUET: &str = "fastparquet==2026.9.0";
const INSTALL: &str = "apt-get install thrift-compiler libthrift-dev libboost-dev";

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    seapink_idl::Builder::new()
        .name("seapink")
        .views(true)
        .compile(&[IDL])?;
    pilota_build::Builder::thrift()
        .ignore_unused(false)
        .compile([IDL], pilota_build::Output::File(out.join("pilota.rs")));
    volo_build::Builder::thrift()
        .ignore_unused(false)
        .add_service(IDL)
        .filename("volo.rs".into())
        .write()?;
    apache_rust(&out, Path::new(IDL))?;
    tell("THRIFT_COMPILER", &version("thrift"));
    let parquet = footers(&out)?;
    cpp(&out, parquet.as_deref())?;
    tell("RUSTC", &version(&env::var("RUSTC")?));
    Ok(())
}

/// Apache's generator, and what its output needs to be included as a module.
fn apache_rust(out: &Path, idl: &Path) -> Result<()> {
    let dir = fresh(out, "apache")?;
    thrift(&dir, "rs", idl)?;
    let name = idl.file_stem().unwrap_or_default();
    let file = dir.join(name).with_extension("rs");
    let code = fs::read_to_string(&file)?;
    // Attributes of a whole file are not allowed where a file is included.
    let lines = code.lines().filter(|line| !line.starts_with("#!["));
    fs::write(file, lines.collect::<Vec<_>>().join("\n"))?;
    Ok(())
}

/// Parquet's IDL, for those that have no parser of their own, if it can be had.
fn footers(out: &Path) -> Result<Option<PathBuf>> {
    let dir = fresh(out, "python")?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--upgrade",
        "--target",
    ]);
    let idl = dir.join("fastparquet/parquet.thrift");
    if !idl.exists()
        && !pip
            .arg(&dir)
            .arg(PARQUET)
            .status()
            .is_ok_and(|status| status.success())
    {
        println!("cargo::warning=pip cannot get {PARQUET}, which has Parquet's IDL: no footers");
        return Ok(None);
    }
    let text = fs::read_to_string(&idl)?;
    let idl = out.join("parquet.thrift");
    fs::write(&idl, with_newer_fields(text)?)?;
    seapink_idl::Builder::new()
        .name("parquet")
        .views(true)
        .compile(&[&idl])?;
    apache_rust(out, &idl)?;
    println!("cargo::rustc-cfg=footers");
    Ok(Some(idl))
}

/// The package's IDL is older than the files that are written. What it does not have would be skipped,
/// and skipping is not what is compared.
fn with_newer_fields(mut idl: String) -> Result<String> {
    const NEWER: [(&str, &str); 3] = [
        (
            "struct Statistics {",
            "7: optional bool is_max_value_exact; 8: optional bool is_min_value_exact;
            9: optional i64 nan_count;",
        ),
        (
            "struct ColumnMetaData {",
            "16: optional SizeStatistics size_statistics;",
        ),
        (
            "union ColumnOrder {",
            "2: Ieee754TotalOrder IEEE_754_TOTAL_ORDER;",
        ),
    ];
    const STRUCTS: &str = "struct Ieee754TotalOrder {}
    struct SizeStatistics {
        1: optional i64 unencoded_byte_array_data_bytes
        2: optional list<i64> repetition_level_histogram
        3: optional list<i64> definition_level_histogram
    }
    ";
    if idl.contains("is_max_value_exact") {
        return Ok(idl);
    }
    for (head, fields) in NEWER {
        let at = idl
            .find(head)
            .ok_or_else(|| format!("parquet.thrift has no `{head}`"))?;
        idl.insert_str(at + head.len(), fields);
    }
    let at = idl.find(NEWER[0].0).unwrap_or_default();
    idl.insert_str(at, STRUCTS);
    Ok(idl)
}

/// The C++ contestants as a static library, if Apache's is there.
fn cpp(out: &Path, parquet: Option<&Path>) -> Result<()> {
    println!("cargo::rerun-if-changed=cpp/peers.cpp");
    println!("cargo::rerun-if-env-changed=CXX");
    let compiler = env::var("CXX").unwrap_or_else(|_| String::from("g++"));
    let Some(library) = libthrift(&compiler) else {
        println!("cargo::warning=Apache's C++ library is not here, its rows stay empty: {INSTALL}");
        return Ok(());
    };
    let dir = fresh(out, "cpp")?;
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(3).warnings(false);
    // Where a short loop happens to lie would otherwise decide up to half of its time.
    build.flag("-falign-functions=64").flag("-falign-loops=64");
    build.include(&dir).file("cpp/peers.cpp");
    for idl in [Some(Path::new(IDL)), parquet].into_iter().flatten() {
        thrift(&dir, "cpp:templates,moveable_types,no_skeleton", idl)?;
        let name = idl.file_stem().unwrap_or_default().to_string_lossy();
        build.file(dir.join(format!("{name}_types.cpp")));
    }
    if parquet.is_some() {
        build.define("FOOTERS", None);
    }
    build.try_compile("peers_cpp")?;
    println!("cargo::rustc-link-lib=thrift");
    println!("cargo::rustc-cfg=cpp");
    tell("CXX", &version(&compiler));
    tell("LIBTHRIFT", &library);
    Ok(())
}

/// The version of Apache's C++ library, if the compiler finds it and what it includes of Boost.
fn libthrift(compiler: &str) -> Option<String> {
    let mut preprocessor = Command::new(compiler);
    preprocessor.args(["-x", "c++", "-E", "-dM", "/dev/null"]);
    preprocessor.args(["-include", "thrift/protocol/TCompactProtocol.h"]);
    let output = preprocessor.output().ok()?;
    let macros = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, version) = macros.split_once("#define PACKAGE_VERSION \"")?;
    let (version, _) = version.split_once('"')?;
    output.status.success().then(|| version.to_owned())
}

fn thrift(dir: &Path, language: &str, idl: &Path) -> Result<()> {
    let mut command = Command::new("thrift");
    command.args(["--gen", language, "-out"]).arg(dir).arg(idl);
    let status = command
        .status()
        .map_err(|error| format!("Apache's IDL compiler, `thrift`: {error}; {INSTALL}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("thrift --gen {language}: {status}").into())
    }
}

/// What the report says of the tools that were used.
fn tell(what: &str, version: &str) {
    println!("cargo::rustc-env=PEERS_{what}={version}");
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
