//! What stands between the bytes of a stream and those that a connection reads and writes: encryption,
//! compression, the messages of another protocol.
//!
//! ```text
//! server, client ── content ── LayerStream ── raw bytes ── Stream (tcp, unix, memory, …, LayerStream)
//!                               Layer: no I/O
//! ```
//!
//! A server only wraps what it accepts: the handshake is made by the reads and writes of whoever
//! serves the connection, so that no peer holds up the loop that accepts. A client makes the
//! handshake before it hands out the stream, within the time that connecting may take.
//!
//! Raw bytes are read into the caller's buffer, and their content is put into the front of it where it
//! fits, so that a read of the stream below is as large as the caller's.

#[cfg(feature = "tokio")]
mod asynchronous;
mod coded;
mod halves;
mod incoming;
mod side;
mod stream;

#[cfg(feature = "tokio")]
pub(in crate::transport) use asynchronous::AsyncLayered;
#[cfg(feature = "tokio")]
pub(crate) use asynchronous::{AsyncLayerListener, handshake};
pub(in crate::transport) use coded::{CONTENT_MAX, Coded, Coding};
pub(crate) use side::{ClientSide, LayerConnector, LayerListener, ServerSide};
pub(super) use stream::LayerStream;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "tls")]
use crate::peer::TlsPeer;
use crate::peer::User;

/// How long a goodbye may wait for room. Whoever closes a connection waits for nobody.
const GOODBYE: Duration = Duration::from_millis(1);

/// One connection's state. Does no I/O.
pub(crate) trait Layer: Send {
    /// Brings content that is here: 0 bytes after the peer has said goodbye, and `None` when there is
    /// none yet.
    ///
    /// # Errors
    /// What ended the connection, when there will be no more.
    fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>>;

    /// Takes raw bytes from the front of the buffer, puts content there instead, and says how much.
    /// What finds no room is brought by [`read`](Self::read), and so are errors. Only called when
    /// there is nothing to read.
    fn take(&mut self, buffer: &mut [u8], arrived: usize) -> usize;

    /// Keeps content for the next read.
    fn keep(&mut self, content: &[u8]);

    /// Notes that the stream below has ended.
    fn end(&mut self);

    /// Fails with what ended the connection, if something has.
    ///
    /// # Errors
    /// That.
    fn check(&self) -> io::Result<()>;

    /// Takes as much content for the peer as there is room for, and says how much.
    ///
    /// # Errors
    /// What ended the connection.
    fn put(&mut self, content: &[u8]) -> io::Result<usize>;

    /// Hands over raw bytes, once.
    ///
    /// # Errors
    /// Those of who takes them.
    fn write_to(&mut self, out: &mut dyn Write) -> io::Result<()>;

    /// Whether there are raw bytes to hand over.
    fn wants_write(&self) -> bool;

    /// Whether both ends still agree on how to speak.
    fn is_handshaking(&self) -> bool;

    /// Whether what the peer has sent makes no sense.
    fn has_failed(&self) -> bool;

    /// Whether a read would bring content.
    fn has_content(&mut self) -> bool;

    /// Whether the peer will send no more.
    fn is_over(&mut self) -> bool;

    /// Makes the goodbye, unless something has gone wrong or there is nobody yet to say it to.
    fn say_goodbye(&mut self);

    /// Whether the layer has nothing more to do: raw bytes and content are the same from now on, and
    /// it holds none. Then it is not asked any more.
    fn is_done(&self) -> bool {
        false
    }

    /// Whom the peer acts for, once that is known.
    fn user(&self) -> Option<Arc<User>> {
        None
    }

    /// Who the peer is, once that is known.
    #[cfg(feature = "tls")]
    fn tls(&self) -> Option<Arc<TlsPeer>> {
        None
    }
}
