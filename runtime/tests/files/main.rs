//! Files of messages: written, torn, damaged, tailed, and left behind by writers that were killed.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod apache;
mod checksummed;
mod formats;
mod mutated;
mod support;
mod t25_killed;
mod t26_disks;
