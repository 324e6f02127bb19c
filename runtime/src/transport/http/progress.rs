//! When to look again at what was not whole.

use super::{HEAD_BYTES_MAX, LINE_BYTES_MAX};

/// How far somebody has looked for the end of a head or a line.
///
/// Why not parse what there is whenever more arrives? Because then a peer that sends a head byte by byte
/// has all of it parsed with each of them. Bytes are parsed again when an end is in sight, or when there are
/// twice as many: so what is no HTTP is found out soon, and no byte costs more than a few looks.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::transport) struct Progress {
    seen: usize,
    parsed: usize,
}

impl Progress {
    /// Whether to parse what may be a head, which ends with an empty line.
    pub(in crate::transport) fn of_head(&mut self, raw: &[u8]) -> bool {
        self.look(raw, HEAD_BYTES_MAX, |raw| {
            let mut breaks = raw.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            breaks.any(|(at, _)| matches!(raw[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
        })
    }

    /// Whether to parse what may be a line.
    pub(super) fn of_line(&mut self, raw: &[u8]) -> bool {
        self.look(raw, LINE_BYTES_MAX, |raw| raw.contains(&b'\n'))
    }

    /// Whether something has begun that is not whole.
    pub(super) fn is_begun(self) -> bool {
        self.seen > 0
    }

    fn look(&mut self, raw: &[u8], max: usize, has_end: impl Fn(&[u8]) -> bool) -> bool {
        // The first bytes of an end may have been there before.
        let new = &raw[self.seen.saturating_sub(2).min(raw.len())..];
        self.seen = raw.len();
        let worth = has_end(new) || raw.len() >= self.parsed * 2 || raw.len() > max;
        if worth {
            self.parsed = raw.len();
        }
        worth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_however_the_bytes_arrive() {
        for head in [
            "POST / HTTP/1.1\r\na: b\r\n\r\n",
            "POST / HTTP/1.1\na: b\n\n",
        ] {
            for first in 0..head.len() {
                let mut progress = Progress::default();
                progress.of_head(&head.as_bytes()[..first]);
                assert!(progress.of_head(head.as_bytes()), "{first}");
            }
        }
        let mut progress = Progress::default();
        assert!(progress.of_line(b"1"));
        assert!(progress.of_line(b"1\r\n"));
    }

    #[test]
    fn each_byte_is_parsed_a_few_times() {
        let head = format!("POST / HTTP/1.1\r\n{}", "a: b\r\n".repeat(10_000));
        let mut progress = Progress::default();
        let lengths = 1..=head.len();
        let parsed = lengths.filter(|length| progress.of_head(&head.as_bytes()[..*length]));
        assert!(parsed.sum::<usize>() <= 2 * head.len());
    }
}
