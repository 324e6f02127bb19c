//! Where in the schema a decoder was, noted only on the way out of an error.

use std::fmt;

/// One level of the path, innermost first in [`Error`](super::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// In a struct, but not in the value of one of its fields.
    Struct(&'static str),
    /// In a field of a struct, union, exception, argument list or result.
    Field {
        owner: &'static str,
        name: &'static str,
        id: i16,
    },
    /// In an element of a list or set.
    Index(usize),
    /// In the n-th key of a map.
    Key(usize),
    /// In the n-th value of a map.
    Value(usize),
}

/// Writes steps outermost first: `Order.items[17].name (#2)`.
pub(super) struct Path<'a>(pub(super) &'a [Step]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut innermost_id = None;
        for (depth, step) in self.0.iter().rev().enumerate() {
            match *step {
                // Further in, the field that holds the struct has said enough.
                Step::Struct(owner) if depth == 0 => f.write_str(owner)?,
                Step::Struct(_) => {}
                Step::Field { owner, name, id } => {
                    if depth == 0 {
                        f.write_str(owner)?;
                    }
                    write!(f, ".{name}")?;
                    innermost_id = Some(id);
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(index) => write!(f, "{{key {index}}}")?,
                Step::Value(index) => write!(f, "{{value {index}}}")?,
            }
        }
        innermost_id.map_or(Ok(()), |id| write!(f, " (#{id})"))
    }
}
