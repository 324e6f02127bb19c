//! From a datagram to the one message in it.

use super::DatagramFault;
use crate::error::{Error, ErrorKind, Result};
use crate::processor::Request;
use crate::protocol::MessageForm;
use crate::server::shared::Settings;
use crate::wire::MessageKind;

/// A datagram that is not run.
pub(super) struct Refused<'m> {
    pub(super) fault: DatagramFault,
    pub(super) error: Error,
    /// The call whose head could be read nevertheless, and that waits for an answer.
    pub(super) call: Option<Request<'m>>,
}

impl<'m> Refused<'m> {
    #[cold]
    fn new(fault: DatagramFault, kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            fault,
            error: Error::new(kind, text.into()),
            call: None,
        }
    }

    #[cold]
    fn read(error: Error) -> Self {
        Self {
            fault: DatagramFault::of(error.kind()),
            error,
            call: None,
        }
    }

    fn with(mut self, request: Option<Request<'m>>) -> Self {
        self.call = request.filter(|request| request.head.kind == MessageKind::Call);
        self
    }
}

/// Finds the message, and reads its head.
pub(super) fn read<'m>(
    settings: &'m Settings,
    bytes: &'m [u8],
) -> Result<Request<'m>, Refused<'m>> {
    if bytes.is_empty() {
        let text = "there is nothing in it";
        return Err(Refused::new(
            DatagramFault::Empty,
            ErrorKind::Truncated,
            text,
        ));
    }
    let protocol = protocol(settings, bytes)?;
    let processor = &*settings.processor;
    let request = || Request::read(processor, protocol, bytes, &settings.limits);
    let max = settings.udp.datagram_bytes_max;
    if bytes.len() > max {
        let text = format!("it has more bytes than datagram_bytes_max = {max}");
        let refused = Refused::new(DatagramFault::TooLong, ErrorKind::Limit, text);
        return Err(refused.with(request().ok()));
    }
    let mut scanner = processor.protocols()[protocol].scanner(&settings.limits);
    let refused = match scanner.scan(bytes) {
        Ok(Some(len)) if len == bytes.len() => None,
        Ok(Some(len)) => {
            let text = format!("{} bytes stand behind its message", bytes.len() - len);
            Some(Refused::new(
                DatagramFault::Trailing,
                ErrorKind::Malformed,
                text,
            ))
        }
        Ok(None) => {
            let text = "it ends inside its message";
            Some(Refused::new(
                DatagramFault::CutShort,
                ErrorKind::Truncated,
                text,
            ))
        }
        Err(error) => Some(Refused::read(error)),
    };
    if let Some(refused) = refused {
        return Err(named(settings, refused, bytes).with(request().ok()));
    }
    let request = request().map_err(Refused::read)?;
    check(settings, request)
}

/// Which protocol it is in.
fn protocol<'m>(settings: &Settings, bytes: &[u8]) -> Result<usize, Refused<'m>> {
    let selection = &settings.selection;
    if let Some((_, protocol)) = selection.fixed() {
        return Ok(protocol);
    }
    match selection.detect(bytes) {
        Ok(Some((_, protocol))) => Ok(protocol),
        Ok(None) => {
            let text = "it ends before it is clear what it is";
            Err(Refused::new(
                DatagramFault::CutShort,
                ErrorKind::Truncated,
                text,
            ))
        }
        Err(error) => Err(Refused {
            fault: DatagramFault::Foreign,
            error,
            call: None,
        }),
    }
}

/// Names what it looks like, if that is nothing that the server speaks.
#[cold]
fn named<'m>(settings: &Settings, mut refused: Refused<'m>, bytes: &[u8]) -> Refused<'m> {
    if !settings.selection.may_be_own(bytes) {
        refused.fault = DatagramFault::Foreign;
        refused.error = settings.selection.explain(refused.error, bytes);
    }
    refused
}

/// Refuses what is no call, or has a head that is not taken here.
fn check<'m>(settings: &Settings, request: Request<'m>) -> Result<Request<'m>, Refused<'m>> {
    if !matches!(request.head.kind, MessageKind::Call | MessageKind::Oneway) {
        let text = "it is an answer, and a server takes calls";
        return Err(Refused::new(
            DatagramFault::NoCall,
            ErrorKind::Malformed,
            text,
        ));
    }
    if settings.strict_read && request.head.form == MessageForm::Old {
        let text = "the message has the old head, without a version, and strict_read is on";
        let refused = Refused::new(DatagramFault::Malformed, ErrorKind::Malformed, text);
        return Err(refused.with(Some(request)));
    }
    Ok(request)
}
