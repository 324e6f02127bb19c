//! Connections that break while something that a layer has made is on its way.

use std::io::{self, Read, Write};
use std::time::Duration;

use parking_lot::Mutex;
use seapink::transport::{Closer, Connector, MemoryStream, Split, Stream, WriteHalf};
use seapink::{Client, ClientConfig, Delivery, Peer, Result};

use crate::support::ProbeClient;

/// Connects to peers that read nothing.
struct Breaking {
    /// How many bytes leave before a connection breaks.
    room: usize,
    peers: Mutex<Vec<MemoryStream>>,
}

impl Connector for Breaking {
    fn connect(&self, _: Duration) -> Result<Box<dyn Stream>> {
        let (near, far) = MemoryStream::pair();
        self.peers.lock().push(far);
        Ok(Box::new(Narrow(near, self.room)))
    }
}

struct Narrow(MemoryStream, usize);

impl Read for Narrow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stream for Narrow {
    fn peer(&self) -> Peer {
        self.0.peer()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_write_timeout(timeout)
    }

    fn closer(&self) -> Closer {
        self.0.closer()
    }

    fn is_quiet(&mut self) -> bool {
        self.0.is_quiet()
    }

    fn split(self: Box<Self>) -> Split {
        let room = self.1;
        match Box::new(self.0).split() {
            Split::Halves(reader, half) => Split::Halves(reader, Box::new(Half { half, room })),
            whole => whole,
        }
    }
}

struct Half {
    half: Box<dyn WriteHalf>,
    room: usize,
}

impl WriteHalf for Half {
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        let part = &bytes[..bytes.len().min(self.room)];
        if part.is_empty() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let written = self.half.write(part, timeout)?;
        self.room -= written;
        Ok(written)
    }
}

/// The first of several calls in it may be whole then.
#[test]
fn what_has_left_in_part_may_have_arrived() {
    let mut transports = vec!["framed"];
    if cfg!(feature = "zlib") {
        transports.extend(["zlib+framed", "zlib+zlib+framed"]);
    }
    if cfg!(feature = "http") {
        transports.push("http");
    }
    for transport in transports {
        for (room, delivery) in [(0, Delivery::NotSent), (1, Delivery::Sent)] {
            let breaking = Breaking {
                room,
                peers: Mutex::default(),
            };
            let config = ClientConfig::new("").transport(transport);
            let client = ProbeClient(Client::with_connector(breaking, &config).unwrap());
            let error = client.echo("hi").unwrap_err().other();
            assert_eq!(error.delivery(), delivery, "{transport}: {error}");
        }
    }
}
