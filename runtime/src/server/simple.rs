//! The model `simple`: one connection at a time. The others wait in the system's queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::Result;
use crate::server::accept::accept;
use crate::server::shared::Shared;
use crate::transport::Listener;

#[allow(clippy::unnecessary_wraps, reason = "every model has this signature")]
pub(super) fn run(shared: &Arc<Shared>, listener: Box<dyn Listener>) -> Result<()> {
    accept(
        shared,
        listener,
        // A stream or transport of a user's own may panic; what it served is dropped then.
        |connection| drop(catch_unwind(AssertUnwindSafe(|| connection.run()))),
    );
    Ok(())
}
