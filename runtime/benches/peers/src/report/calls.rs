//! Servers: tables and aims.

#![allow(clippy::print_stdout, reason = "this is what the program is for")]

use std::fmt::Write as _;

use super::aims::Verdict;
use super::number;
use crate::calls::{NAMES, SEAPINK, Scene, Shape};

/// One line for each server.
pub fn print(scene: &Scene) {
    println!("{}", scene.shape);
    println!(
        "  {:<32}{:>12}{:>12}{:>12}",
        "", "calls/s", "p50 µs", "p99 µs"
    );
    for (name, sample) in &scene.figures {
        let (calls, p50, p99) = (sample.calls_per_second, sample.p50, sample.p99);
        println!("  {name:<32}{calls:>12.0}{p50:>12.1}{p99:>12.1}");
    }
    println!();
}

/// A row for each server, a column for each shape.
pub fn grid(page: &mut String, scenes: &[Scene]) -> std::fmt::Result {
    let heads = scenes.iter().map(|scene| scene.shape.to_string());
    writeln!(page, "| | {} |", heads.collect::<Vec<_>>().join(" | "))?;
    writeln!(page, "| --- |{}", " --- |".repeat(scenes.len()))?;
    for name in NAMES {
        write!(page, "| {name} |")?;
        for scene in scenes {
            let figure = scene.figures.iter().find(|(found, _)| *found == name);
            let text = figure.map_or(String::new(), |(_, sample)| {
                let calls = number(sample.calls_per_second / 1e3);
                format!("{calls} ({:.0}, {:.0})", sample.p50, sample.p99)
            });
            write!(page, " {text} |")?;
        }
        writeln!(page)?;
    }
    Ok(())
}

/// Our fastest server beside the fastest of others.
struct Aim {
    shape: Shape,
    theirs: &'static [&'static str],
    least: f64,
}

const fn aim(
    connections: usize,
    in_flight: usize,
    theirs: &'static [&'static str],
    least: f64,
) -> Aim {
    Aim {
        shape: Shape::new(connections, in_flight),
        theirs,
        least,
    }
}

const RAW: &[&str] = &["raw poll"];
const VOLO: &[&str] = &["volo"];
const APACHE: &[&str] = &["apache framed", "apache buffered"];
const PEERS: &[&str] = &["apache framed", "apache buffered", "volo"];

const AIMS: [Aim; 10] = [
    aim(8, 1, RAW, 0.9),
    aim(8, 1, VOLO, 1.4),
    aim(8, 1, APACHE, 2.0),
    aim(64, 1, RAW, 0.9),
    aim(64, 1, VOLO, 1.4),
    aim(64, 1, APACHE, 2.0),
    aim(1, 32, RAW, 0.7),
    aim(1, 32, PEERS, 2.0),
    aim(8, 32, RAW, 0.4),
    aim(8, 32, VOLO, 10.0),
];

pub fn judge(scenes: &[Scene]) -> Vec<Verdict> {
    AIMS.iter().map(|aim| aim.judge(scenes)).collect()
}

impl Aim {
    fn judge(&self, scenes: &[Scene]) -> Verdict {
        let scene = scenes.iter().find(|scene| scene.shape == self.shape);
        let best = |names: &[&str]| {
            let speeds = names
                .iter()
                .filter_map(|name| scene?.calls_per_second(name));
            speeds.reduce(f64::max)
        };
        let ratio = best(&SEAPINK).zip(best(self.theirs));
        let ratio = ratio.map(|(ours, theirs)| ours / theirs);
        Verdict {
            what: format!("calls/s, {}", self.shape),
            most: format!("≥ {} × {}", self.least, self.theirs.join(" or ")),
            measured: ratio.map(|ratio| format!("{ratio:.2}")),
            reached: ratio.is_some_and(|ratio| ratio >= self.least),
        }
    }
}
