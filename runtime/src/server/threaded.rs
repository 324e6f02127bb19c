//! The model `threaded`: a thread for each connection.

use std::sync::Arc;

use crate::error::Result;
use crate::server::accept::accept;
use crate::server::shared::{Counters, Shared};
use crate::server::{events, spawn};
use crate::transport::Listener;

#[allow(clippy::unnecessary_wraps, reason = "every model has this signature")]
pub(super) fn run(shared: &Arc<Shared>, listener: Box<dyn Listener>) -> Result<()> {
    let mut number = 0_u64;
    let counters = Arc::clone(shared);
    accept(
        shared,
        listener,
        || Ok(()),
        |connection| {
            number += 1;
            let peer = connection.peer().clone();
            if let Err(error) = spawn(&format!("seapink-{number}"), move || connection.run()) {
                // The connection went down with the closure.
                Counters::add(&counters.counters.refused);
                events::refused(&peer, &error.to_string());
            }
        },
    );
    Ok(())
}
