//! One TLS connection, without I/O.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::{Connection, ProtocolVersion};

use crate::peer::{TlsPeer, TlsVersion};
use crate::transport::layer::Layer;
use crate::transport::tls::fault;

/// Ciphertext that waits to be written; a session takes no more plaintext before some of it is.
const BUFFER_MAX: usize = 64 * 1024;

pub(super) struct Session {
    tls: Connection,
    /// How the stream began, to name what is not TLS.
    first: [u8; 8],
    /// How many of them there are.
    begun: usize,
    /// Plaintext for which its reader had no room. Mostly empty, and without memory then.
    kept: VecDeque<u8>,
    /// What made the session unusable.
    error: Option<rustls::Error>,
    /// The stream below has ended.
    ended: bool,
}

impl Session {
    pub(super) fn new(mut tls: Connection) -> Self {
        tls.set_buffer_limit(Some(BUFFER_MAX));
        Self {
            tls,
            first: [0; 8],
            begun: 0,
            kept: VecDeque::new(),
            error: None,
            ended: false,
        }
    }

    fn plaintext(&mut self, buffer: &mut [u8]) -> usize {
        // It fails when there is none.
        self.tls.reader().read(buffer).unwrap_or(0)
    }

    fn remember(&mut self, bytes: &[u8]) {
        if self.begun < self.first.len() {
            let room = &mut self.first[self.begun..];
            let more = room.len().min(bytes.len());
            room[..more].copy_from_slice(&bytes[..more]);
            self.begun += more;
        }
    }
}

impl Layer for Session {
    fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        if !self.kept.is_empty() {
            let read = self.kept.read(buffer);
            if self.kept.is_empty() {
                self.kept = VecDeque::new();
            }
            return Some(read);
        }
        match self.tls.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.check().err().map(Err),
            read => Some(read),
        }
    }

    /// Plaintext never overtakes ciphertext that is still to be taken, and what piles up meanwhile
    /// is less than one record, which is what `rustls` allows.
    fn take(&mut self, buffer: &mut [u8], arrived: usize) -> usize {
        self.remember(&buffer[..arrived]);
        let (mut taken, mut filled) = (0, 0);
        while taken < arrived {
            match self.tls.read_tls(&mut &buffer[taken..arrived]) {
                // After `close_notify`.
                Ok(0) => break,
                Ok(bytes) => taken += bytes,
                Err(error) => {
                    self.error = Some(rustls::Error::General(error.to_string()));
                    break;
                }
            }
            let processed = self.tls.process_new_packets();
            filled += self.plaintext(&mut buffer[filled..taken]);
            if let Err(error) = processed {
                self.error = Some(error);
                break;
            }
        }
        filled += self.plaintext(&mut buffer[filled..]);
        if arrived < buffer.len() {
            // Makes `rustls` give back what it needed for a large record.
            let _ = self.tls.read_tls(&mut Nothing);
        }
        filled
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.kept.extend(bytes);
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn check(&self) -> io::Result<()> {
        if let Some(error) = &self.error {
            let client = matches!(self.tls, Connection::Client(_));
            let error = fault::explain(error, client, &self.first[..self.begun]);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        if self.ended {
            let text = if self.is_handshaking() {
                "the peer closed it during the TLS handshake"
            } else {
                "the peer closed it without TLS's close_notify"
            };
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.tls.writer().write(bytes)
    }

    fn write_to(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.tls.write_tls(out)? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        }
    }

    fn wants_write(&self) -> bool {
        self.tls.wants_write()
    }

    fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    fn has_content(&mut self) -> bool {
        use io::BufRead;

        let more = |bytes: &[u8]| !bytes.is_empty();
        !self.kept.is_empty() || self.tls.reader().fill_buf().is_ok_and(more)
    }

    fn is_over(&mut self) -> bool {
        use io::BufRead;

        let none = |bytes: &[u8]| bytes.is_empty();
        self.ended || self.tls.reader().fill_buf().is_ok_and(none)
    }

    fn say_goodbye(&mut self) {
        if !self.is_handshaking() && self.error.is_none() {
            self.tls.send_close_notify();
        }
    }

    fn tls(&self) -> Option<Arc<TlsPeer>> {
        if self.is_handshaking() {
            return None;
        }
        let version = match self.tls.protocol_version()? {
            ProtocolVersion::TLSv1_3 => TlsVersion::V1_3,
            _ => TlsVersion::V1_2,
        };
        let name = match &self.tls {
            Connection::Server(tls) => tls.server_name().map(str::to_owned),
            Connection::Client(_) => None,
        };
        let chain = self.tls.peer_certificates().unwrap_or_default();
        let chain = chain.iter().map(|certificate| certificate.to_vec());
        Some(Arc::new(TlsPeer::new(version, name, chain.collect())))
    }
}

/// A stream that has nothing at the moment.
struct Nothing;

impl Read for Nothing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}
