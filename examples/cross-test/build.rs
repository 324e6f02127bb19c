//! Compiles the reference's own `ThriftTest.thrift`, whose path is in `THRIFT_TEST`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=THRIFT_TEST");
    let idl = std::env::var("THRIFT_TEST").map_err(|_| {
        "set THRIFT_TEST to the path of ThriftTest.thrift, which is in Apache Thrift's sources under test/"
    })?;
    seapink_idl::Builder::new().name("thrift_test").compile(&[idl])?;
    Ok(())
}
