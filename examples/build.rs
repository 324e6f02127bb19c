//! Compiles the IDL of every example into `OUT_DIR`, as a user's `build.rs` does.

fn main() -> Result<(), seapink_idl::Error> {
    seapink_idl::compile("../testdata/interop/interop.thrift")?;
    seapink_idl::compile("../testdata/interop/uuid.thrift")?;
    seapink_idl::compile("hbase/hbase.thrift")?;
    seapink_idl::compile("hello/hello.thrift")?;
    seapink_idl::compile("jaeger-agent/agent.thrift")?;
    seapink_idl::compile("quickstart/coffee.thrift")?;
    seapink_idl::compile("calculator/calculator.thrift")?;
    seapink_idl::compile("chat/chat.thrift")?;
    seapink_idl::Builder::new()
        .asynchronous(true)
        .name("async_calculator")
        .compile(&["async-calculator/calculator.thrift"])?;
    seapink_idl::compile("key-value/store.thrift")?;
    seapink_idl::compile("parquet-footer/parquet.thrift")?;
    seapink_idl::compile("record-replay/tally.thrift")?;
    seapink_idl::compile("reading/albums.thrift")
}
