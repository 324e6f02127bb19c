//! Transports by the name that a configuration gives them.

use std::fmt;
use std::sync::Arc;

use crate::transport::{Buffered, Framed, Header, Transport};

/// The transports that a program can choose among by name.
///
/// ```
/// # use seapink::transport::{Framed, Transports};
/// # type Checksummed = Framed;
/// let transports = Transports::standard().with("crc", Checksummed::default());
/// assert!(transports.get("crc").is_some());
/// ```
#[derive(Clone)]
pub struct Transports {
    entries: Vec<(String, Arc<dyn Transport>)>,
}

impl Transports {
    /// `framed`, `buffered` and `header`.
    pub fn standard() -> Self {
        let entries = Vec::new();
        Self { entries }
            .with("framed", Framed)
            .with("buffered", Buffered)
            .with("header", Header::default())
    }

    /// The same with another transport. A name that is there already means the new one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, transport: impl Transport + 'static) -> Self {
        let name = name.into();
        self.entries.retain(|(other, _)| *other != name);
        self.entries.push((name, Arc::new(transport)));
        self
    }

    /// The transport of this name.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Transport>> {
        let entry = self.entries.iter().find(|(other, _)| other == name);
        entry.map(|(_, transport)| Arc::clone(transport))
    }

    /// The names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }
}

impl Default for Transports {
    fn default() -> Self {
        Self::standard()
    }
}

impl fmt::Debug for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
