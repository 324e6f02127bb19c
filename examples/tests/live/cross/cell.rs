//! One cell of the matrix: a peer at one side, and what is spoken.

use std::fmt;

/// Which side the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Server,
    Client,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Server, Self::Client];

    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// A word that both sides match on, and what the peer is told for it, such as `binary:accel`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word {
    pub spec: String,
    pub theirs: String,
}

impl Word {
    pub fn new(text: &str) -> Self {
        let (spec, theirs) = text.split_once(':').unwrap_or((text, text));
        Self {
            spec: spec.to_owned(),
            theirs: theirs.to_owned(),
        }
    }

    /// Whether a pattern means it: `*`, or some of the words of either side, separated by commas.
    pub fn matches(&self, pattern: &str) -> bool {
        pattern == "*"
            || pattern
                .split(',')
                .any(|word| word == self.spec || word == self.to_string())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spec)?;
        if self.theirs == self.spec {
            return Ok(());
        }
        write!(f, ":{}", self.theirs)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The name of the peer.
    pub peer: &'static str,
    pub side: Side,
    pub protocol: Word,
    pub transport: Word,
    /// `ip`, `ip-ssl`, `domain`, `abstract` or `activated`.
    pub socket: String,
    /// How our server shares its work.
    pub model: &'static str,
}

impl Cell {
    /// Whether a filter of the command line means it.
    pub fn has(&self, word: &str) -> bool {
        let text = self.to_string();
        text.split([' ', ':']).any(|part| part == word)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            peer,
            side,
            protocol,
            transport,
            socket,
            ..
        } = self;
        write!(f, "{peer} {} {protocol} {transport} {socket}", side.name())
    }
}
