//! Where a call stands on its link, and what its end depends on.

use std::time::{Duration, Instant};

use crate::client::CallOptions;

/// How long the empty answer to a oneway call holds up the next call, where there is one at a time.
/// Some servers never give one, and a call sent without waiting is lost when the answer ends the
/// connection, so the next call goes over another one then.
const ACKNOWLEDGED: Duration = Duration::from_millis(200);

/// Where a call stands in the stream of bytes that goes over a link.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::client) struct Place {
    /// The number of the link.
    pub(in crate::client) link: u64,
    /// Its first byte, and the one behind its last.
    pub(in crate::client) start: u64,
    pub(in crate::client) end: u64,
    /// How many replies had come over the link when it was put there.
    pub(in crate::client) replies: u64,
    /// It awaits no reply.
    pub(in crate::client) oneway: bool,
    /// It is oneway, and awaits an empty message nevertheless.
    pub(in crate::client) acknowledged: bool,
    /// Its reply may be lost, and nobody ever know.
    pub(in crate::client) lossy: bool,
    /// When it should have been answered.
    pub(in crate::client) due: Option<Instant>,
}

impl Place {
    /// That of a call whose bytes were appended for a link. `exclusive` when the link carries one call
    /// at a time, and answers oneway calls too.
    pub(in crate::client) fn new(
        link: u64,
        (start, end): (u64, u64),
        options: &CallOptions,
        exclusive: bool,
    ) -> Self {
        let due = options.deadline.at();
        let acknowledged = options.oneway && exclusive;
        Self {
            link,
            start,
            end,
            replies: 0,
            oneway: options.oneway && !exclusive,
            acknowledged,
            lossy: false,
            due: Some(if acknowledged {
                due.min(Instant::now() + ACKNOWLEDGED)
            } else {
                due
            }),
        }
    }
}
