//! Shared by the examples: what is compiled from their IDL.
//!
//! A program with one IDL needs no library for this; it has the `include!` line in its `main.rs`.

/// From `calculator/calculator.thrift`, for the server and the client.
pub mod idl {
    include!(concat!(env!("OUT_DIR"), "/calculator.rs"));
}
