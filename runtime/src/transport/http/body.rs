//! Bodies that arrive: each becomes a frame.

use httparse::Status;

use super::head::{Head, check_breaks};
use super::progress::Progress;
use super::{HEAD_BYTES_MAX, LINE_BYTES_MAX};
use crate::error::{Error, ErrorKind, Result};

/// A body that arrives. The length of the frame is written before it, so what is chunked, or ends with
/// the connection, is kept until it is whole.
pub(super) enum Body {
    /// So many bytes are still to come.
    Sized(u64),
    Chunked {
        kept: Vec<u8>,
        chunk: Chunk,
        /// Through a line or the fields behind the last chunk.
        progress: Progress,
    },
    ToEnd {
        kept: Vec<u8>,
    },
}

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy)]
pub(super) enum Chunk {
    Size,
    Data(u64),
    /// The line break behind data.
    Break,
    /// The fields behind the last chunk.
    Trailer,
}

impl Body {
    /// That of a message with this head. A request without a length has no body, and a response
    /// without one goes on to the end.
    ///
    /// # Errors
    /// When it is longer than a frame may be.
    pub(super) fn of(head: &Head, max: usize, content: &mut Vec<u8>) -> Result<Self> {
        if head.chunked {
            return Ok(Self::Chunked {
                kept: Vec::new(),
                chunk: Chunk::Size,
                progress: Progress::default(),
            });
        }
        let length = match (head.length, &head.status) {
            // These have none, whatever they say.
            (_, Some((204 | 304, _))) | (None, None) => 0,
            (Some(length), _) => length,
            (None, Some(_)) => return Ok(Self::ToEnd { kept: Vec::new() }),
        };
        match u32::try_from(length) {
            Ok(length) if length as usize <= max => {
                content.extend(length.to_be_bytes());
                Ok(Self::Sized(length.into()))
            }
            _ => Err(too_large(&format!("{length} bytes"), max)),
        }
    }

    /// Takes bytes of it, and says how many, and whether it is whole then.
    ///
    /// # Errors
    /// When they make no sense, or are too many.
    pub(super) fn take(
        &mut self,
        raw: &[u8],
        max: usize,
        content: &mut Vec<u8>,
    ) -> Result<(usize, bool)> {
        match self {
            Self::Sized(left) => {
                let part = part(raw, *left);
                content.extend_from_slice(part);
                *left -= part.len() as u64;
                Ok((part.len(), *left == 0))
            }
            Self::ToEnd { kept } => {
                keep(kept, raw, max)?;
                Ok((raw.len(), false))
            }
            Self::Chunked {
                kept,
                chunk,
                progress,
            } => {
                let mut taken = 0;
                loop {
                    let rest = &raw[taken..];
                    if !chunk.is_worth(rest, progress) {
                        return Ok((taken, false));
                    }
                    let Some(bytes) = chunk.step(rest, kept, max)? else {
                        return Ok((taken, false));
                    };
                    *progress = Progress::default();
                    taken += bytes.taken;
                    if bytes.last {
                        frame(kept, content)?;
                        return Ok((taken, true));
                    }
                }
            }
        }
    }

    /// The stream has ended. Whether that was the end of the body.
    pub(super) fn end(&mut self, content: &mut Vec<u8>) -> Result<bool> {
        match self {
            Self::ToEnd { kept } => frame(kept, content).map(|()| true),
            _ => Ok(false),
        }
    }
}

/// What a step through a chunked body has taken.
struct Step {
    taken: usize,
    last: bool,
}

impl Chunk {
    /// Whether a step may have become possible.
    fn is_worth(self, raw: &[u8], progress: &mut Progress) -> bool {
        match self {
            Self::Size => progress.of_line(raw),
            Self::Trailer => progress.of_head(raw),
            Self::Data(_) | Self::Break => true,
        }
    }

    /// Takes one part of it. `None` when more bytes are needed.
    fn step(&mut self, raw: &[u8], kept: &mut Vec<u8>, max: usize) -> Result<Option<Step>> {
        let more = |taken| Ok(Some(Step { taken, last: false }));
        match *self {
            Self::Size => match httparse::parse_chunk_size(raw) {
                Ok(Status::Complete((taken, _))) if !is_line(&raw[..taken]) => Err(bad_chunk()),
                Ok(Status::Complete((taken, size))) => {
                    if size > (max - kept.len().min(max)) as u64 {
                        return Err(too_large("more", max));
                    }
                    *self = if size == 0 {
                        Self::Trailer
                    } else {
                        Self::Data(size)
                    };
                    more(taken)
                }
                Ok(Status::Partial) if raw.len() <= LINE_BYTES_MAX => Ok(None),
                _ => Err(bad_chunk()),
            },
            Self::Data(left) => {
                let part = part(raw, left);
                if part.is_empty() {
                    return Ok(None);
                }
                kept.extend_from_slice(part);
                let left = left - part.len() as u64;
                *self = if left == 0 {
                    Self::Break
                } else {
                    Self::Data(left)
                };
                more(part.len())
            }
            Self::Break => match raw {
                [b'\r', b'\n', ..] => {
                    *self = Self::Size;
                    more(2)
                }
                [] | [b'\r'] => Ok(None),
                _ => Err(bad_chunk()),
            },
            Self::Trailer => {
                match httparse::parse_headers(raw, &mut [httparse::EMPTY_HEADER; 16]) {
                    Ok(Status::Complete((taken, _))) => {
                        check_breaks(&raw[..taken])?;
                        Ok(Some(Step { taken, last: true }))
                    }
                    Ok(Status::Partial) if raw.len() <= HEAD_BYTES_MAX => Ok(None),
                    _ => Err(bad_chunk()),
                }
            }
        }
    }
}

/// Whether it begins with a digit and ends with its only line break, which `httparse` does not ask for: who
/// understands that otherwise could be made to see another body.
fn is_line(line: &[u8]) -> bool {
    let first = line.iter().position(|byte| *byte == b'\n');
    first == Some(line.len() - 1) && line.len() <= LINE_BYTES_MAX && line[0].is_ascii_hexdigit()
}

/// As many bytes of it as are there.
fn part(raw: &[u8], left: u64) -> &[u8] {
    &raw[..usize::try_from(left).unwrap_or(usize::MAX).min(raw.len())]
}

fn keep(kept: &mut Vec<u8>, raw: &[u8], max: usize) -> Result<()> {
    if raw.len() > max - kept.len().min(max) {
        return Err(too_large("more", max));
    }
    kept.extend_from_slice(raw);
    Ok(())
}

fn frame(kept: &mut Vec<u8>, content: &mut Vec<u8>) -> Result<()> {
    let length = u32::try_from(kept.len());
    let length = length.map_err(|_| too_large("more", u32::MAX as usize))?;
    content.extend(length.to_be_bytes());
    content.append(kept);
    Ok(())
}

#[cold]
fn too_large(bytes: &str, max: usize) -> Error {
    let text = format!("the body of an HTTP message has {bytes}, and frame_bytes_max = {max}");
    Error::new(ErrorKind::Limit, text)
}

#[cold]
fn bad_chunk() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "the chunks of an HTTP body make no sense",
    )
}
