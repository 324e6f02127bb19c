//! Whether some bytes are one message and no more, for who has to know before it is run.

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::WireProtocol;

/// Refuses what is more or less than one message, before anybody is told that it has come.
///
/// # Errors
/// One that says which.
pub(super) fn check_whole(wire: &dyn WireProtocol, message: &[u8], limits: &Limits) -> Result<()> {
    let bytes = message.len();
    match wire.scanner(limits).scan(message) {
        Ok(Some(length)) if length == bytes => Ok(()),
        Ok(Some(length)) => {
            let text = format!("a message of {length} bytes stands in {bytes}");
            Err(Error::new(ErrorKind::Malformed, text))
        }
        Ok(None) => {
            let text = format!("a message does not end within its {bytes} bytes");
            Err(Error::new(ErrorKind::Truncated, text))
        }
        // A program's own protocol may have no scanner.
        Err(error) if error.kind() == ErrorKind::Config => Ok(()),
        Err(error) => Err(error),
    }
}
