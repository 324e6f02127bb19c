//! The text of every file read, and places in it.
//!
//! Spans are byte offsets of 32 bits: the loader refuses files past [`FILE_BYTES_MAX`], so they
//! cannot overflow, and a token is twelve bytes instead of twenty-four.

/// Files larger than this are refused. The largest real file known is below 1 MiB.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Index of a file in [`Sources`], in the order in which files were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A range of bytes of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From the start of `self` to the end of `last`.
    #[must_use]
    pub fn to(self, last: Span) -> Span {
        Span {
            start: self.start,
            end: last.end,
        }
    }

    /// The empty span at the start.
    #[must_use]
    pub fn before(self) -> Span {
        Span {
            start: self.start,
            end: self.start,
        }
    }

    /// The same range for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A span and the file that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The file.
    pub file: SourceId,
    /// The bytes.
    pub span: Span,
}

/// Line and column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One file's text.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    /// Where bytes that are not UTF-8 were replaced by U+FFFD.
    replaced: Vec<u32>,
    /// Where each line starts.
    lines: Vec<u32>,
}

/// Offsets fit because of [`FILE_BYTES_MAX`]; saturating keeps the conversion free of panics.
pub(crate) fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Source {
    /// Takes a file's bytes. What is not UTF-8 is replaced, and remembered so that the lexer can
    /// say whether it matters.
    pub fn new(path: String, bytes: Vec<u8>) -> Self {
        let (text, replaced) = match String::from_utf8(bytes) {
            Ok(text) => (text, Vec::new()),
            Err(error) => replace_invalid(error.as_bytes()),
        };
        let mut lines = vec![0];
        lines.extend(
            text.bytes()
                .enumerate()
                .filter(|&(_, b)| b == b'\n')
                .map(|(i, _)| offset(i + 1)),
        );
        Source {
            path,
            text,
            replaced,
            lines,
        }
    }

    /// The path as it is shown.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The first place inside `span` where the file was not UTF-8.
    pub fn invalid_within(&self, span: Span) -> Option<u32> {
        let next = self.replaced.partition_point(|&at| at < span.start);
        self.replaced.get(next).copied().filter(|&at| at < span.end)
    }

    /// The line of a byte, from 1.
    pub fn line(&self, at: u32) -> u32 {
        offset(self.lines.partition_point(|&start| start <= at))
    }

    /// The bytes of a line, without its line feed.
    pub fn line_span(&self, line: u32) -> Span {
        let index = line as usize;
        let start = self
            .lines
            .get(index.wrapping_sub(1))
            .copied()
            .unwrap_or_default();
        let end = match self.lines.get(index) {
            Some(&next) => next - 1,
            None => offset(self.text.len()),
        };
        Span { start, end }
    }

    /// Line and column of a byte.
    pub fn position(&self, at: u32) -> Position {
        let line = self.line(at);
        let before = Span {
            start: self.line_span(line).start,
            end: at,
        };
        Position {
            line,
            column: offset(self.slice(before).chars().count() + 1),
        }
    }
}

fn replace_invalid(bytes: &[u8]) -> (String, Vec<u32>) {
    let mut text = String::with_capacity(bytes.len());
    let mut replaced = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            replaced.push(offset(text.len()));
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    (text, replaced)
}

/// Every file read so far.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, source: Source) -> SourceId {
        self.files.push(source);
        SourceId(offset(self.files.len() - 1))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }
}

impl std::ops::Index<SourceId> for Sources {
    type Output = Source;
    fn index(&self, id: SourceId) -> &Source {
        &self.files[id.0 as usize]
    }
}
