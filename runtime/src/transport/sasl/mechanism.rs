//! What a mechanism has to do at each end. It does no I/O, and each connection has its own.

use crate::error::Result;
use crate::peer::User;

/// The client's side of a mechanism, for one connection.
pub trait ClientMechanism: Send {
    /// What it says first; may be empty.
    ///
    /// # Errors
    /// When it cannot. The connection is given up.
    fn begin(&mut self) -> Result<ClientStep>;

    /// Answers the server.
    ///
    /// # Errors
    /// When the server is not to be trusted, or makes no sense. It is told no more than that.
    fn answer(&mut self, challenge: &[u8]) -> Result<ClientStep>;
}

/// What the client's side goes on with.
#[derive(Debug)]
pub enum ClientStep {
    /// Says this, and waits for the server's challenge.
    More(Vec<u8>),
    /// Says this, and is satisfied, the server's identity included if the mechanism proves that.
    Done(Vec<u8>),
}

/// The server's side of a mechanism, for one connection.
///
/// It is called by the thread that reads the connection. With the model `nonblocking` and on an async
/// server other connections wait for that, so it must not wait for a network or a disk there.
pub trait ServerMechanism: Send {
    /// Answers the client; its first words come first, and may be empty.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) when the client makes no sense, which is told it in
    /// these words. Otherwise it is not let in: then the text is for the log alone, and the
    /// client is told "invalid credentials" for the kind [`Denied`](crate::ErrorKind::Denied), and for
    /// others that nobody could find out.
    fn answer(&mut self, response: &[u8]) -> Result<ServerStep>;
}

/// What the server's side goes on with.
#[derive(Debug)]
pub enum ServerStep {
    /// Says this, and waits for the client's answer.
    More(Vec<u8>),
    /// Knows who is there, and says this last.
    Done(User, Vec<u8>),
}
