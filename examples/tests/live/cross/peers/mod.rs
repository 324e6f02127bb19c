//! The programs of each language, as they are in the reference's sources.

mod cpp;
mod go;
mod java;
mod node;
mod ours;
mod python;

use std::ffi::OsString;
use std::path::PathBuf;

use super::cell::Side;
use super::offer::Offer;
use super::support::Result;

pub use ours::{build as build_ours, program as our_program};
pub use python::dir as python_dir;

/// The programs of one language.
pub struct Peer {
    /// As in cells and in the list of known failures.
    pub name: &'static str,
    /// For readers.
    pub title: &'static str,
    /// Of the library.
    pub version: String,
    pub server: Program,
    /// Ours is no peer of its own client.
    pub client: Option<Program>,
}

impl Peer {
    pub fn side(&self, side: Side) -> Option<&Program> {
        match side {
            Side::Server => Some(&self.server),
            Side::Client => self.client.as_ref(),
        }
    }
}

/// How a program is started.
pub struct Program {
    pub file: PathBuf,
    /// Before what a cell says.
    pub before: Vec<OsString>,
    /// And after it.
    pub after: Vec<OsString>,
    pub env: Vec<(&'static str, OsString)>,
    /// Where it runs.
    pub dir: PathBuf,
    pub offer: Offer,
}

impl Program {
    fn new(file: PathBuf, dir: PathBuf, offer: Offer) -> Self {
        Self {
            file,
            before: Vec::new(),
            after: Vec::new(),
            env: Vec::new(),
            dir,
            offer,
        }
    }

    fn before<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.before.extend(arguments.into_iter().map(Into::into));
        self
    }

    fn after(mut self, argument: &str) -> Self {
        self.after.push(argument.into());
        self
    }

    fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }
}

/// All of them, fetched and built if they are not there.
pub fn all() -> Result<Vec<Peer>> {
    Ok(vec![
        cpp::peer()?,
        python::peer()?,
        go::peer()?,
        java::peer()?,
        node::peer()?,
        ours::peer()?,
    ])
}
