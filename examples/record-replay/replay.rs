//! Makes the calls of a recording, one after the other, and compares the answers.

use std::fmt;
use std::path::Path;

use seapink::server::RecordedCall;
use seapink::transport::file::{FileOptions, FileReader, ReadMode};
use seapink::{Client, ClientConfig, Error, Limits, ProtocolSet, Standard};

use crate::Failure;
use crate::answer::{Message, translated};

/// What has come of a recording.
#[derive(Debug, Default)]
pub struct Summary {
    events: u64,
    same: u64,
    different: u64,
    /// Calls whose answer was not recorded.
    uncompared: u64,
    oneways: u64,
    /// Calls that got no answer now.
    failed: u64,
    /// Events that hold no call.
    unreadable: u64,
    skipped_bytes: u64,
    skipped_places: u64,
}

impl Summary {
    /// Whether something is not as it was when it was recorded.
    pub fn differs(&self) -> bool {
        self.different + self.failed + self.unreadable > 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events: {} answers the same, {} different, {} not recorded, {} oneway calls, {} failed, \
             {} unreadable",
            self.events,
            self.same,
            self.different,
            self.uncompared,
            self.oneways,
            self.failed,
            self.unreadable
        )?;
        if self.skipped_places > 0 {
            let (bytes, places) = (self.skipped_bytes, self.skipped_places);
            write!(f, "\npassed over {bytes} damaged bytes in {places} places")?;
        }
        Ok(())
    }
}

/// Replays a recording, and prints the first calls that come to something else.
pub fn replay(
    log: &Path,
    options: FileOptions,
    config: &ClientConfig,
    show: u64,
) -> Result<Summary, Failure> {
    let mut reader = FileReader::open(log, options, ReadMode::ToEnd)?;
    let protocol = Standard::named(&config.protocol).ok_or("there is no such protocol")?;
    let client = Client::<Standard>::connect(config)?;
    let mut summary = Summary::default();
    let mut shown = 0;
    while let Some(event) = reader.next_event()? {
        summary.events += 1;
        if let Some(difference) = summary.repeat(event, &client, protocol)? {
            if shown < show {
                println!("event {}: {difference}", summary.events);
            }
            shown += 1;
        }
    }
    if shown > show {
        println!("and {} more", shown - show);
    }
    summary.skipped_bytes = reader.skipped_bytes();
    summary.skipped_places = reader.skipped_places();
    Ok(summary)
}

impl Summary {
    /// Makes the call of an event. Returns what is to be said of it, if something is.
    ///
    /// # Errors
    /// When the recording and the server have protocols that cannot be translated.
    fn repeat(
        &mut self,
        event: &[u8],
        client: &Client<Standard>,
        protocol: Standard,
    ) -> Result<Option<String>, Failure> {
        let recorded = match RecordedCall::read(event, Standard::WIRE, &Limits::default()) {
            Ok(recorded) => recorded,
            Err(error) => {
                self.unreadable += 1;
                return Ok(Some(error.to_string()));
            }
        };
        let from = Standard::named(recorded.protocol.name()).ok_or("there is no such protocol")?;
        let call = if from == protocol {
            recorded.call.to_vec()
        } else if [from, protocol].contains(&Standard::Json) {
            // JSON has binaries in another form than text, and nobody knows which is which.
            let name = recorded.protocol.name();
            return Err(format!("a call in {name} cannot be replayed in another protocol").into());
        } else {
            translated(from, recorded.call, protocol)?
        };
        let now = match client.relay(&call) {
            Ok(Some(now)) => Message::read(protocol, &now),
            Ok(None) => {
                self.oneways += 1;
                return Ok(None);
            }
            Err(error) => Err(error),
        };
        Ok(self.compare(&recorded, from, &now))
    }

    fn compare(
        &mut self,
        recorded: &RecordedCall<'_>,
        protocol: Standard,
        now: &Result<Message, Error>,
    ) -> Option<String> {
        let call = shown(&Message::read(protocol, recorded.call));
        let then = recorded.answer.map(|then| Message::read(protocol, then));
        match (&then, now) {
            (_, Err(error)) => {
                self.failed += 1;
                return Some(format!("{call}\n  failed:   {error}"));
            }
            (None, Ok(_)) => self.uncompared += 1,
            (Some(Ok(then)), Ok(now)) if then == now => self.same += 1,
            (Some(then), Ok(now)) => {
                self.different += 1;
                let then = shown(then);
                return Some(format!("{call}\n  recorded: {then}\n  now:      {now}"));
            }
        }
        None
    }
}

fn shown(message: &Result<Message, Error>) -> String {
    match message {
        Ok(message) => message.to_string(),
        Err(error) => format!("unreadable: {error}"),
    }
}
