//! What the server and the client of the cross tests share: the emitted code, and the options that the
//! reference's runner passes.

#[allow(missing_docs)]
mod emitted {
    include!(concat!(env!("OUT_DIR"), "/thrift_test.rs"));
}

pub mod handler;
pub mod options;

pub use emitted::thrift::test as idl;
