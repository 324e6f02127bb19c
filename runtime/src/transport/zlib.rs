//! Compression of a whole stream, as a [layer](crate::transport::layer): one deflate stream in each
//! direction, flushed behind each batch of messages. Apache's libraries call this `TZlibTransport`.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::explain;
use crate::transport::layer::{CONTENT_MAX, ClientSide, Coded, Coding, Layer, ServerSide};

/// How many bytes one byte may become, on average. Deflate itself cannot do more than 1032.
const RATIO_MAX: u64 = 1000;

/// How many bytes one byte of a message becomes at most, usually.
const USUAL: usize = 4;

/// How much is made at once.
const STEP: usize = 16 * 1024;

/// Each direction has its state, hundreds of kilobytes in all, from the first byte on: a peer that only
/// connects costs nothing.
struct Zlib {
    inflate: Option<Decompress>,
    deflate: Option<Compress>,
    /// How much content there may be before that counts: one message may be the same byte all over.
    free: u64,
}

impl Zlib {
    fn layer(free: usize) -> Box<dyn Layer> {
        let zlib = Self {
            inflate: None,
            deflate: None,
            free: free as u64,
        };
        Box::new(Coded::new(zlib, Vec::new()))
    }
}

/// Refuses a bomb.
fn check_ratio(inflate: &Decompress, free: u64) -> Result<()> {
    let (raw, content) = (inflate.total_in(), inflate.total_out());
    if content > raw.saturating_mul(RATIO_MAX).saturating_add(free) {
        let text = format!(
            "{raw} bytes were decompressed to {content}, more than {RATIO_MAX} times as many"
        );
        return Err(Error::new(ErrorKind::Limit, text));
    }
    Ok(())
}

impl Coding for Zlib {
    fn decode(&mut self, raw: &[u8], content: &mut Vec<u8>, _: &mut Vec<u8>) -> Result<usize> {
        let inflate = self.inflate.get_or_insert_with(|| Decompress::new(true));
        let before = inflate.total_in();
        loop {
            let taken = usize::try_from(inflate.total_in() - before).unwrap_or(raw.len());
            let made = content.len();
            content.reserve(STEP);
            let status = inflate
                .decompress_vec(&raw[taken..], content, FlushDecompress::Sync)
                .map_err(|error| {
                    let text =
                        format!("what was compressed with zlib cannot be decompressed: {error}");
                    let error = Error::new(ErrorKind::Malformed, text).with_source(error);
                    // What has begun as zlib is not something else.
                    if before == 0 {
                        return explain(error, raw, "zlib", "");
                    }
                    error
                })?;
            check_ratio(inflate, self.free)?;
            let taken = usize::try_from(inflate.total_in() - before).unwrap_or(raw.len());
            match status {
                Status::StreamEnd => {
                    if taken < raw.len() {
                        let text = "something follows the end of what was compressed with zlib";
                        return Err(Error::new(ErrorKind::Malformed, text));
                    }
                    return Ok(taken);
                }
                _ if content.len() >= CONTENT_MAX => return Ok(taken),
                // It has more in store as long as it fills all the room that there is.
                _ if content.len() < content.capacity() && taken == raw.len() => return Ok(taken),
                _ if content.len() == made && taken == raw.len() => return Ok(taken),
                _ => {}
            }
        }
    }

    fn encode(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let new = || Compress::new(Compression::default(), true);
        let deflate = self.deflate.get_or_insert_with(new);
        let before = deflate.total_in();
        loop {
            let taken = usize::try_from(deflate.total_in() - before).unwrap_or(content.len());
            out.reserve(STEP.min(content.len() + 64));
            deflate
                .compress_vec(&content[taken..], out, FlushCompress::Sync)
                .map_err(|error| Error::new(ErrorKind::Malformed, error.to_string()))?;
            let taken = usize::try_from(deflate.total_in() - before).unwrap_or(content.len());
            if taken == content.len() && out.len() < out.capacity() {
                return Ok(());
            }
        }
    }
}

/// Decompresses one message.
///
/// Most fit into a few times the memory that they came in. The others are counted first and then
/// decompressed again, so that nothing has to grow, and no more is taken than there is content.
///
/// # Errors
/// When it is no zlib, or has more than so many bytes.
pub(super) fn inflate(raw: &[u8], max: usize) -> Result<Vec<u8>> {
    let mut content = Vec::with_capacity(raw.len().saturating_mul(USUAL).min(max));
    let bytes = fill(&mut content, raw, max)?;
    if bytes > content.len() {
        drop(content);
        content = Vec::with_capacity(bytes);
        fill(&mut content, raw, max)?;
    }
    Ok(content)
}

/// Decompresses as much as there is room for. How many bytes there are.
fn fill(content: &mut Vec<u8>, raw: &[u8], max: usize) -> Result<usize> {
    let mut inflate = Decompress::new(true);
    let mut rest = Vec::new();
    loop {
        let (taken, made) = (inflate.total_in(), inflate.total_out());
        let room = if content.len() < content.capacity() {
            &mut *content
        } else {
            rest.clear();
            rest.reserve_exact(STEP);
            &mut rest
        };
        let left = &raw[usize::try_from(taken).unwrap_or(raw.len())..];
        let status = inflate.decompress_vec(left, room, FlushDecompress::Finish);
        let bytes = usize::try_from(inflate.total_out()).unwrap_or(usize::MAX);
        let wrong = |kind, text: &str| Err(Error::new(kind, text.to_owned()));
        match status {
            _ if bytes > max => {
                let text = format!(
                    "a message has more than message_bytes_max = {max} when it is decompressed"
                );
                return Err(Error::new(ErrorKind::Limit, text));
            }
            Ok(Status::StreamEnd) if inflate.total_in() < raw.len() as u64 => {
                let text = "something follows a message that was compressed with zlib";
                return wrong(ErrorKind::Malformed, text);
            }
            Ok(Status::StreamEnd) => return Ok(bytes),
            // It takes nothing more and makes nothing more: the end is missing.
            Ok(_) if inflate.total_out() == made && inflate.total_in() == taken => {
                let text = "a message that was compressed with zlib ends too early";
                return wrong(ErrorKind::Truncated, text);
            }
            Ok(_) => {}
            Err(error) => {
                let text = format!(
                    "a message that was compressed with zlib cannot be decompressed: {error}"
                );
                return Err(Error::new(ErrorKind::Malformed, text).with_source(error));
            }
        }
    }
}

/// Compresses one message.
///
/// # Errors
/// None that is known.
pub(super) fn deflate(message: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut deflate = Compress::new(Compression::default(), true);
    loop {
        let taken = usize::try_from(deflate.total_in()).unwrap_or(message.len());
        out.reserve(STEP.min(message.len() + 64));
        let status = deflate
            .compress_vec(&message[taken..], out, FlushCompress::Finish)
            .map_err(|error| Error::new(ErrorKind::Malformed, error.to_string()))?;
        if status == Status::StreamEnd {
            return Ok(());
        }
    }
}

/// Both ends of such a stream. One message has no more than so many bytes.
pub(crate) struct ZlibSide(pub(crate) usize);

impl ClientSide for ZlibSide {
    fn names(&self) -> (&'static str, String) {
        ("zlib", "the server".to_owned())
    }

    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        Ok(Zlib::layer(self.0))
    }
}

impl ServerSide for ZlibSide {
    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        Ok(Zlib::layer(self.0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A failed expectation is a failed test.
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::transport::layer::LayerStream;
    use crate::transport::{MemoryStream, Stream};

    fn pair() -> [LayerStream; 2] {
        let (near, far) = MemoryStream::pair();
        [near, far].map(|stream| LayerStream::new(Box::new(stream), Zlib::layer(10 << 20)))
    }

    fn noise(bytes: usize) -> Vec<u8> {
        let mut rng = fastrand::Rng::with_seed(7);
        std::iter::repeat_with(|| rng.u8(..)).take(bytes).collect()
    }

    /// Hands bytes to a layer, and reads all content that comes of them.
    fn inflated(raw: &[u8], at_once: usize) -> io::Result<Vec<u8>> {
        let mut layer = Zlib::layer(64 * 1024);
        let (mut content, mut buffer) = (Vec::new(), vec![0; at_once.max(10)]);
        for part in raw.chunks(at_once) {
            buffer[..part.len()].copy_from_slice(part);
            let taken = layer.take(&mut buffer, part.len());
            content.extend_from_slice(&buffer[..taken]);
            while let Some(read) = layer.read(&mut buffer) {
                match read? {
                    0 => return Ok(content),
                    read => content.extend_from_slice(&buffer[..read]),
                }
            }
        }
        layer.check()?;
        Ok(content)
    }

    fn deflated(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.flush().unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_written_arrives_with_every_flush() {
        for size in [1, 100, 16 * 1024 - 1, 16 * 1024, 100_000, 3 << 20] {
            for text in [noise(size), vec![7; size]] {
                let [mut near, mut far] = pair();
                let expected = text.clone();
                std::thread::scope(|scope| {
                    let (text, near) = (&text, &mut near);
                    scope.spawn(move || {
                        for _ in 0..2 {
                            near.write_all(text).unwrap();
                            near.flush().unwrap();
                        }
                    });
                    for _ in 0..2 {
                        let mut read = vec![0; size];
                        far.read_exact(&mut read).unwrap();
                        assert!(read == expected);
                    }
                });
                assert!(far.is_quiet());
            }
        }
    }

    #[test]
    fn bytes_may_arrive_in_any_parts() {
        let content = [noise(50_000), vec![3; 20_000], noise(10)].concat();
        let raw = deflated(&content);
        for at_once in [1, 2, 3, 1000, 4096, 70_000, raw.len()] {
            assert!(inflated(&raw, at_once).unwrap() == content, "{at_once}");
        }
    }

    /// T07: what is decompressed is no more than was asked for, and what nobody could have meant is
    /// refused.
    #[test]
    fn t07_a_bomb_costs_what_is_read_of_it() {
        let raw = deflated(&vec![0; 20 << 20]);
        let mut layer = Zlib::layer(usize::MAX);
        let mut buffer = vec![0; 64 * 1024];
        let part = raw.len().min(buffer.len());
        buffer[..part].copy_from_slice(&raw[..part]);
        let info = allocation_counter::measure(|| {
            layer.take(&mut buffer, part);
            for _ in 0..100 {
                layer.read(&mut buffer).unwrap().unwrap();
            }
        });
        assert!(info.bytes_max < 400 * 1024, "{info:?}");

        let error = inflated(&raw, 4096).unwrap_err();
        let error = Error::from(error);
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
        assert!(
            error.to_string().contains("more than 1000 times"),
            "{error}"
        );
    }

    /// What one that only connects costs, one that sends a byte, and one that is answered.
    #[test]
    fn state_is_made_when_it_is_needed() {
        let mut layer = Zlib::layer(1);
        let mut buffer = [0x78; 4096];
        let idle = allocation_counter::measure(|| drop(Zlib::layer(1)));
        assert!(idle.bytes_max < 1024, "{idle:?}");
        let reading = allocation_counter::measure(|| {
            layer.take(&mut buffer, 1);
        });
        assert!((1..100_000).contains(&reading.bytes_current), "{reading:?}");
        let writing = allocation_counter::measure(|| drop(layer.put(b"x")));
        assert!((1..400_000).contains(&writing.bytes_current), "{writing:?}");
    }

    #[test]
    fn strangers_are_named() {
        for (first, name) in [
            (&b"GET / HTTP/1.1\r\n"[..], "the peer seems to speak HTTP"),
            (b"\x16\x03\x01\x02\x00\x01", "the peer seems to speak TLS"),
            (
                b"\0\0\0\x20\x80\x01\0\x01",
                "the binary protocol over the framed transport",
            ),
        ] {
            let error = inflated(first, 100).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn t07_wrong_bytes_are_an_error_and_never_more() {
        let raw = deflated(&noise(1000));
        assert!(inflated(b"GET / HTTP/1.1\r\n\r\n", 100).is_err());
        let mut longer = raw.clone();
        longer.extend(b"more");
        assert!(inflated(&longer, 10_000).is_err());
        // Another stream is something, too, and a dictionary is something that nobody has agreed upon.
        assert!(inflated(&[&raw[..], &raw].concat(), 10_000).is_err());
        assert!(inflated(&[b"\x78\xbb\x11\x22\x33\x44", &raw[2..]].concat(), 100).is_err());
        let info = allocation_counter::measure(|| drop(inflated(&raw[..500], 100)));
        assert_eq!(info.bytes_current, 0);
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..100_000 {
            let mut bad = raw[..rng.usize(..raw.len())].to_vec();
            for _ in 0..rng.usize(..4) {
                if !bad.is_empty() {
                    let at = rng.usize(..bad.len());
                    bad[at] = rng.u8(..);
                }
            }
            if let Ok(content) = inflated(&bad, 1 + rng.usize(..300)) {
                assert!(content.len() <= 1000 + 64);
            }
        }
    }
}
