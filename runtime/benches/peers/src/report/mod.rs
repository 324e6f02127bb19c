//! What was measured, for readers.

pub mod text;

use crate::contestants::seapink;
use crate::measure::Figure;

/// The figure that another is compared with: Seapink's of the same protocol, binary for formats that
/// are not Thrift's. `recycled` is compared with `recycled` where there is such a figure.
pub fn baseline<'a>(figures: &'a [Figure], figure: &Figure) -> Option<&'a Figure> {
    let protocol = figure.label.protocol.unwrap_or("binary");
    let with = |how: &str| {
        figures.iter().find(|ours| {
            let label = &ours.label;
            label.peer == seapink::PEER && label.protocol == Some(protocol) && label.how == how
        })
    };
    match figure.label.how {
        "recycled" if figure.label.peer != seapink::PEER => with("recycled").or_else(|| with("")),
        _ => with(""),
    }
}
