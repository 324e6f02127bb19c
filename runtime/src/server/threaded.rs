//! The model `threaded`: a thread for each connection.

use std::sync::Arc;

use crate::error::Result;
use crate::server::accept::accept;
use crate::server::connection::Connection;
use crate::server::counters::Counters;
use crate::server::shared::Shared;
use crate::server::spawn;
use crate::transport::Listener;

#[allow(clippy::unnecessary_wraps, reason = "every model has this signature")]
pub(super) fn run(shared: &Arc<Shared>, listener: Box<dyn Listener>) -> Result<()> {
    let mut number = 0_u64;
    accept(shared, listener, |connection| {
        number += 1;
        serve(shared, connection, number);
    });
    Ok(())
}

/// Serves a connection to its end, on a thread of its own.
pub(super) fn serve(shared: &Shared, connection: Connection, number: u64) {
    let peer = connection.peer().clone();
    if let Err(error) = spawn(&format!("seapink-{number}"), move || connection.run()) {
        // The connection went down with the closure.
        Counters::add(&shared.counters.refused);
        shared.events.refused(&peer, &error.to_string());
    }
}
