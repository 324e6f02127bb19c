//! Compiles the reference's own `ThriftTest.thrift`, whose path is in `THRIFT_TEST`.

use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=THRIFT_TEST");
    println!("cargo::rustc-check-cfg=cfg(has_uuid)");
    let idl = env::var("THRIFT_TEST").map_err(|_| {
        "set THRIFT_TEST to the path of ThriftTest.thrift, which is in Apache Thrift's sources under test/"
    })?;
    // Newer than the one of 0.17.
    if fs::read_to_string(&idl)?.contains("testUuid(") {
        println!("cargo::rustc-cfg=has_uuid");
    }
    seapink_idl::Builder::new()
        .name("thrift_test")
        .compile(&[idl])?;
    Ok(())
}
