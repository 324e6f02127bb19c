//! What clients do about servers and connections that fail, are slow, or are too few.

#![allow(clippy::unwrap_used, reason = "tests")]

mod deadlines;
mod half_open;
mod in_process;
mod neighbours;
mod order;
mod poison;
mod pool;
mod reconnect;
mod retired;
mod retry;
mod stress;
mod support;
