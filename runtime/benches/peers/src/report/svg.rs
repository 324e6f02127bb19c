//! `docs/benchmarks.svg`: bars for what is used most.
//!
//! Text has the colour of the reader's scheme, bars have colours that can be seen on light and dark,
//! and there is no background.

use std::fmt::Write as _;

use super::number;
use crate::codec::Table;
use crate::contestants::{copy, seapink};
use crate::measure::Figure;

/// What is shown together.
#[derive(Clone, Copy)]
struct Panel {
    title: &'static str,
    task: &'static str,
    workload: &'static str,
    protocol: &'static str,
}

/// Formats of others are beside the binary protocol, which is the nearest to them.
const BINARY: &str = "binary";

#[rustfmt::skip] // a table
const PANELS: [Panel; 8] = [
    panel("encode 100 items, binary", "encode", "medium", BINARY),
    panel("decode 100 items, binary", "decode", "medium", BINARY),
    panel("encode 100 items, compact", "encode", "medium", "compact"),
    panel("decode 100 items, compact", "decode", "medium", "compact"),
    panel("encode 100 items, JSON protocol", "encode", "medium", "json"),
    panel("decode 100 items, JSON protocol", "decode", "medium", "json"),
    panel("decode 10,000 numbers, compact", "decode", "longs", "compact"),
    panel("decode a Parquet footer, 1,000 columns", "decode", "footer-1000", "compact"),
];

const fn panel(
    title: &'static str,
    task: &'static str,
    workload: &'static str,
    protocol: &'static str,
) -> Panel {
    Panel {
        title,
        task,
        workload,
        protocol,
    }
}

const PANEL_WIDTH: usize = 470;
const LABEL_WIDTH: usize = 165;
const BAR_WIDTH: f64 = 210.0;
const LINE: usize = 20;
const TITLE: usize = 34;

const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px }
.ours { fill: #d6457f }
.thrift { fill: #5b8cc0 }
.other { fill: #909090 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }";

/// The chart, in two columns of panels.
pub fn chart(tables: &[Table]) -> String {
    let mut body = String::new();
    let mut top = 0;
    for pair in PANELS.chunks(2) {
        let mut height = 0;
        for (column, panel) in pair.iter().enumerate() {
            let bars = bars(tables, panel);
            height = height.max(TITLE + bars.len() * LINE + 8);
            // Writing to a string cannot fail.
            let _ = write_panel(&mut body, panel.title, &bars, column * PANEL_WIDTH, top);
        }
        top += height;
    }
    let _ = write_legend(&mut body, top);
    let (width, height) = (2 * PANEL_WIDTH, top + LINE + 12);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>Times of Seapink and of others</title>\n\
         <style>{STYLE}</style>\n{body}</svg>\n"
    )
}

/// The fastest first.
fn bars<'a>(tables: &'a [Table], panel: &Panel) -> Vec<&'a Figure> {
    let table = tables
        .iter()
        .find(|table| (table.task, table.workload) == (panel.task, panel.workload));
    let mut bars: Vec<&Figure> = table.map_or(Vec::new(), |table| {
        let wanted = |figure: &&Figure| match figure.label.protocol {
            Some(of) => of == panel.protocol,
            None => panel.protocol == BINARY && figure.label.peer != copy::PEER,
        };
        table.figures.iter().filter(wanted).collect()
    });
    bars.sort_by(|a, b| a.ns.total_cmp(&b.ns));
    bars
}

fn write_panel(
    body: &mut String,
    title: &str,
    bars: &[&Figure],
    left: usize,
    top: usize,
) -> std::fmt::Result {
    writeln!(
        body,
        "<text class=\"title\" x=\"{}\" y=\"{}\">{title}</text>",
        left + LABEL_WIDTH,
        top + 22
    )?;
    let longest = bars.last().map_or(1.0, |bar| bar.ns);
    for (line, bar) in bars.iter().enumerate() {
        let y = top + TITLE + line * LINE;
        let width = (bar.ns / longest * BAR_WIDTH).max(1.0);
        let name = match bar.label.how {
            "" => bar.label.peer.to_owned(),
            how => format!("{} {how}", bar.label.peer),
        };
        let x = left + LABEL_WIDTH;
        writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"14\"/>\
             <text x=\"{:.1}\" y=\"{}\">{}</text>",
            x - 8,
            y + 11,
            class(bar),
            offset(x) + width + 6.0,
            y + 11,
            time(bar.ns),
        )?;
    }
    Ok(())
}

fn write_legend(body: &mut String, top: usize) -> std::fmt::Result {
    let entries = [
        ("ours", "Seapink"),
        ("thrift", "the same by others"),
        ("other", "other formats"),
    ];
    for (at, (class, text)) in entries.into_iter().enumerate() {
        let x = LABEL_WIDTH + at * 150;
        let y = top + 8;
        writeln!(
            body,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\"/>\
             <text x=\"{}\" y=\"{}\">{text}</text>",
            x + 18,
            y + 10
        )?;
    }
    Ok(())
}

fn class(bar: &Figure) -> &'static str {
    match bar.label.protocol {
        _ if bar.label.peer == seapink::PEER => "ours",
        Some(_) => "thrift",
        None => "other",
    }
}

fn time(ns: f64) -> String {
    match ns {
        ..10_000.0 => format!("{} ns", number(ns)),
        10_000.0..10_000_000.0 => format!("{} µs", number(ns / 1e3)),
        _ => format!("{} ms", number(ns / 1e6)),
    }
}

fn offset(x: usize) -> f64 {
    u32::try_from(x).map_or(0.0, f64::from)
}
