//! What has come out, for the console and for `docs/interop.md`.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::fs;

use super::cell::Side;
use super::features::Feature;
use super::known::Verdict;
use super::offer::{PROTOCOLS, SOCKETS, TRANSPORTS};
use super::peers::Peer;
use super::support::{Result, repository};

const BEGIN: &str = "<!-- cross tests: begin -->\n";
const END: &str = "<!-- cross tests: end -->";

pub fn is_fine(verdicts: &[Verdict], features: &[Feature], stale: &[String]) -> bool {
    verdicts.iter().all(Verdict::is_expected)
        && features.iter().all(|feature| feature.failure.is_none())
        && stale.is_empty()
}

pub fn print(verdicts: &[Verdict], features: &[Feature], stale: &[String]) {
    for verdict in verdicts.iter().filter(|verdict| !verdict.is_expected()) {
        match (&verdict.failure, &verdict.reason) {
            (Some(failure), _) => println!(
                "FAILED {} ({}): {failure}\n",
                verdict.cell, verdict.cell.model
            ),
            (None, Some(reason)) => println!(
                "PASSED {} ({}), though it is listed to fail: {reason}",
                verdict.cell, verdict.cell.model
            ),
            _ => {}
        }
    }
    for feature in features {
        if let Some(failure) = &feature.failure {
            println!(
                "FAILED feature {} ({}): {failure}\n",
                feature.name, feature.model
            );
        }
    }
    for line in stale {
        println!("{line}");
    }
    for ((peer, side), count) in counts(verdicts) {
        println!(
            "{peer:8} {:6} {:4} passed {:3} known to fail {:3} unexpected",
            side.name(),
            count.passed,
            count.known,
            count.unexpected
        );
    }
    let failed = features.iter().filter(|feature| feature.failure.is_some());
    println!(
        "features        {:4} passed {:3} failed",
        features.len() - failed.clone().count(),
        failed.count()
    );
}

#[derive(Default)]
struct Count {
    passed: usize,
    known: usize,
    unexpected: usize,
}

fn counts(verdicts: &[Verdict]) -> BTreeMap<(&'static str, Side), Count> {
    let mut counts: BTreeMap<_, Count> = BTreeMap::new();
    for verdict in verdicts {
        let count = counts
            .entry((verdict.cell.peer, verdict.cell.side))
            .or_default();
        if !verdict.is_expected() {
            count.unexpected += 1;
        } else if verdict.failure.is_some() {
            count.known += 1;
        } else {
            count.passed += 1;
        }
    }
    counts
}

/// Writes the result of the whole matrix, in which all was as expected, into the documentation.
pub fn bless(peers: &[Peer], verdicts: &[Verdict], features: &[Feature]) -> Result {
    let file = repository().join("docs/interop.md");
    let text = fs::read_to_string(&file)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .ok_or("docs/interop.md has no place for the table")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("docs/interop.md has no end of the table")?;
    let table = table(peers, verdicts, features)?;
    fs::write(file, format!("{before}{BEGIN}{table}{END}{after}"))?;
    Ok(())
}

fn table(peers: &[Peer], verdicts: &[Verdict], features: &[Feature]) -> Result<String> {
    let mut text = String::from(
        "\n| peer | version | it is the | passed | failed | cells of the matrix not offered |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    let counts = counts(verdicts);
    for peer in peers {
        for side in Side::BOTH {
            let Some(count) = counts.get(&(peer.name, side)) else {
                continue;
            };
            let Peer { title, version, .. } = peer;
            writeln!(
                text,
                "| {title} | {version} | {} | {} | {} | {} |",
                side.name(),
                count.passed,
                count.known,
                not_offered(verdicts, peer.name, side)
            )?;
        }
    }
    let passed = features
        .iter()
        .filter(|feature| feature.failure.is_none())
        .count();
    writeln!(
        text,
        "\nOf the reference's feature tests against our server, with each of the four models, {passed} of {} passed.\n",
        features.len()
    )?;
    text.push_str("| failed cells | of the peer as | why |\n| --- | --- | --- |\n");
    for ((peer, side, reason), number) in failures(verdicts) {
        let title = peers
            .iter()
            .find(|other| other.name == peer)
            .map_or(peer, |peer| peer.title);
        writeln!(text, "| {number} | {title} {} | {reason} |", side.name())?;
    }
    text.push('\n');
    Ok(text)
}

/// How many cells of the basic matrix the programs of a peer do not have.
fn not_offered(verdicts: &[Verdict], peer: &str, side: Side) -> usize {
    let all: HashSet<_> = PROTOCOLS
        .iter()
        .flat_map(|protocol| TRANSPORTS.map(|transport| (*protocol, transport)))
        .flat_map(|(protocol, transport)| SOCKETS.map(|socket| (protocol, transport, socket)))
        .collect();
    let had: HashSet<_> = verdicts
        .iter()
        .map(|verdict| &verdict.cell)
        .filter(|cell| (cell.peer, cell.side) == (peer, side))
        .map(|cell| (&*cell.protocol.spec, &*cell.transport.spec, &*cell.socket))
        .collect();
    all.difference(&had).count()
}

fn failures(verdicts: &[Verdict]) -> BTreeMap<(&str, Side, &str), usize> {
    let mut failures = BTreeMap::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.failure.is_some()) {
        let reason = verdict.reason.as_deref().unwrap_or_default();
        *failures
            .entry((verdict.cell.peer, verdict.cell.side, reason))
            .or_default() += 1;
    }
    failures
}
