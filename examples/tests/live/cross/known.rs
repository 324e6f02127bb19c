//! Cells that are known to fail, and why.

use std::fs;

use super::cell::Cell;
use super::run::Failed;
use super::support::{Result, repository};

/// One line of `examples/live/cross_known.txt`.
pub struct Rule {
    line: usize,
    peer: String,
    side: String,
    protocol: String,
    transport: String,
    socket: String,
    /// What it fails with, or somebody says.
    words: String,
    pub reason: String,
    /// An option of our client with which the cell passes.
    pub with: Option<String>,
    /// Whether it depends on the moment, so that the cell may pass.
    sometimes: bool,
}

impl Rule {
    fn parse(line: usize, text: &str) -> Result<Self> {
        let bad = || {
            format!(
                "cross_known.txt:{line}: `{text}` is not `peer | side | protocol transport socket | words | reason`"
            )
        };
        let parts: Vec<&str> = text.splitn(5, '|').map(str::trim).collect();
        let [peer, side, pattern, words, reason] = parts[..] else {
            return Err(bad().into());
        };
        let [protocol, transport, socket] = pattern.split_whitespace().collect::<Vec<_>>()[..]
        else {
            return Err(bad().into());
        };
        if reason.is_empty() || !["*", "server", "client"].contains(&side) {
            return Err(bad().into());
        }
        let (with, reason) = match reason
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((with, reason)) => (Some(with.to_owned()), reason.trim()),
            None => (None, reason),
        };
        let (sometimes, reason) = match reason.strip_prefix("sometimes: ") {
            Some(reason) => (true, reason),
            None => (false, reason),
        };
        let passes = with
            .as_ref()
            .map(|option| format!(" Passes with `{option}`."));
        Ok(Self {
            line,
            peer: peer.to_owned(),
            side: side.to_owned(),
            protocol: protocol.to_owned(),
            transport: transport.to_owned(),
            socket: socket.to_owned(),
            words: words.to_owned(),
            reason: format!("{reason}{}", passes.unwrap_or_default()),
            with,
            sometimes,
        })
    }

    fn matches(&self, cell: &Cell) -> bool {
        let one_of = |pattern: &str, word: &str| {
            pattern == "*" || pattern.split(',').any(|part| part == word)
        };
        one_of(&self.peer, cell.peer)
            && one_of(&self.side, cell.side.name())
            && cell.protocol.matches(&self.protocol)
            && cell.transport.matches(&self.transport)
            && one_of(&self.socket, &cell.socket)
    }
}

/// The whole list.
pub struct Known(Vec<Rule>);

/// What has come of a cell.
pub struct Verdict {
    pub cell: Cell,
    /// What has gone wrong.
    pub failure: Option<String>,
    /// The reason that the list gives. None if the cell has passed and may.
    pub reason: Option<String>,
}

impl Verdict {
    pub fn is_expected(&self) -> bool {
        self.failure.is_some() == self.reason.is_some()
    }
}

impl Known {
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(repository().join("examples/live/cross_known.txt"))?;
        let lines = text.lines().enumerate();
        let rules = lines
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(line, text)| Rule::parse(line, text));
        Ok(Self(rules.collect::<Result<_>>()?))
    }

    /// The first line that means a cell.
    pub fn rule(&self, cell: &Cell) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.matches(cell))
    }

    pub fn judge(&self, cell: Cell, failure: Option<Failed>) -> Verdict {
        let rule = self.rule(&cell).filter(|rule| match &failure {
            Some(failure) => !failure.even_so && (rule.words == "*" || failure.says(&rule.words)),
            None => !rule.sometimes,
        });
        let reason = rule.map(|rule| rule.reason.clone());
        Verdict {
            cell,
            failure: failure.map(|failure| failure.to_string()),
            reason,
        }
    }

    /// Lines that mean no cell at all.
    pub fn unused(&self, verdicts: &[Verdict]) -> Vec<String> {
        let used = |rule: &&Rule| {
            verdicts.iter().any(|verdict| {
                self.rule(&verdict.cell)
                    .is_some_and(|found| found.line == rule.line)
            })
        };
        let unused = self.0.iter().filter(|rule| !used(rule));
        unused
            .map(|rule| format!("cross_known.txt:{}: no cell needs this line", rule.line))
            .collect()
    }
}
