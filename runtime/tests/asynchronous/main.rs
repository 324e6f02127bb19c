//! Async clients and servers, against each other and against those that block.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(deprecated, reason = "a function of the IDL is")]

mod golden {
    include!("../../../testdata/golden/asynchronous.rs");
}

mod batch;
mod broken;
mod cancelled;
mod deadlines;
mod emitted;
mod failing;
mod matrix;
mod overload;
mod peers;
mod recorded;
mod service;
mod shutdown;
mod stalled;
mod stress;
mod support;
mod tokens;
