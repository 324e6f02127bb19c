//! A span as a line.

use std::fmt::{self, Display};

use crate::idl::jaeger::{Process, Span, Tag, TagType};

/// `trace=… span=… parent=… service=… operation=… duration=…us` and the tags.
pub fn span<'a>(process: &'a Process, span: &'a Span) -> impl Display + 'a {
    Line { process, span }
}

struct Line<'a> {
    process: &'a Process,
    span: &'a Span,
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, span } = self;
        f.write_str("trace=")?;
        if span.trace_id_high != 0 {
            write!(f, "{:016x}", span.trace_id_high)?;
        }
        write!(f, "{:016x} span={:016x}", span.trace_id_low, span.span_id)?;
        match span.parent_span_id {
            0 => f.write_str(" parent=-")?,
            parent => write!(f, " parent={parent:016x}")?,
        }
        write!(
            f,
            " service={:?} operation={:?} duration={}us",
            process.service_name, span.operation_name, span.duration
        )?;
        for tag in span.tags.iter().flatten() {
            write!(f, " {}={}", Plain(&tag.key), Value(tag))?;
        }
        Ok(())
    }
}

/// A name, without what would break the line.
struct Plain<'a>(&'a str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_debug().fmt(f)
    }
}

/// What a tag says. A peer may have left out the value that it names.
struct Value<'a>(&'a Tag);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = self.0;
        match tag.v_type {
            TagType::STRING => match &tag.v_str {
                Some(text) => write!(f, "{text:?}"),
                None => f.write_str("?"),
            },
            TagType::DOUBLE => shown(tag.v_double.as_ref(), f),
            TagType::BOOL => shown(tag.v_bool.as_ref(), f),
            TagType::LONG => shown(tag.v_long.as_ref(), f),
            TagType::BINARY => match &tag.v_binary {
                Some(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
                None => f.write_str("?"),
            },
            _ => f.write_str("?"),
        }
    }
}

fn shown(value: Option<&impl Display>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Some(value) => value.fmt(f),
        None => f.write_str("?"),
    }
}
