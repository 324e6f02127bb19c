//! What was measured, for readers.

pub mod aims;
pub mod calls;
pub mod markdown;
pub mod svg;
pub mod text;

use crate::codec::Table;
use crate::contestants::seapink;
use crate::measure::Figure;

/// A figure's time divided by Seapink's for the same protocol, or for binary where a format is not
/// Thrift's. Who reads into old values is compared with us doing that.
fn ratio(table: &Table, figure: &Figure) -> Option<f64> {
    let protocol = figure.label.protocol.unwrap_or("binary");
    let with = |how: &str| {
        table.figures.iter().find(|ours| {
            let label = &ours.label;
            label.peer == seapink::PEER && label.protocol == Some(protocol) && label.how == how
        })
    };
    let ours = match figure.label.how {
        "recycled" if figure.label.peer != seapink::PEER => with("recycled"),
        _ => with(""),
    };
    ours.map(|ours| figure.ns / ours.ns)
}

/// Three digits that count, and whole numbers beyond, with groups of three.
fn number(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => grouped(&format!("{value:.0}")),
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
