//! Services as child processes: a server at its standard input and output, `stdio://`, and a client that
//! starts one, `exec:///path/to/program`.
//!
//! ```text
//! client ── socket pair ──► stdin  ┐
//!                      ◄── stdout ├ server, one connection
//!    stderr ◄───────────── stderr ┘
//! ```
//!
//! A client gives its child one socket for both directions, which it treats as any Unix socket. A
//! server takes what it finds: one socket, or two pipes of any other program.

mod exec;
mod pipes;
mod process;
mod stdio;

pub(crate) use exec::{Deaths, spawn};
pub(crate) use process::Reapers;
pub(super) use stdio::listen;
