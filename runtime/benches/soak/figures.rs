//! What was measured, a line each, and whether it is as it should be.

use std::fmt::Display;
use std::fs;
use std::process::ExitCode;

pub(crate) struct Figures {
    strict: bool,
    failed: usize,
}

impl Figures {
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, failed: 0 }
    }

    /// A figure for information.
    #[allow(clippy::unused_self, reason = "as the other figures")]
    pub(crate) fn show(&self, of: &str, name: &str, value: impl Display) {
        println!("{of:<22} {name:<44} {value}");
    }

    /// One that has to be at most this, on every machine.
    pub(crate) fn at_most<T: Copy + Display + PartialOrd>(
        &mut self,
        of: &str,
        name: &str,
        value: T,
        most: T,
    ) {
        let good = value <= most;
        self.note(of, name, format!("{value} (at most {most})"), good);
    }

    /// One that has to be this, on every machine.
    pub(crate) fn equal<T: Copy + Display + PartialEq>(
        &mut self,
        of: &str,
        name: &str,
        value: T,
        expected: T,
    ) {
        let good = value == expected;
        self.note(of, name, format!("{value} (expected {expected})"), good);
    }

    /// One that depends on the machine.
    pub(crate) fn aim(&mut self, of: &str, name: &str, value: impl Display, aim: &str, good: bool) {
        let missed = if good { "" } else { ", missed" };
        let value = format!("{value} (aim: {aim}{missed})");
        self.note(of, name, value, good || !self.strict);
    }

    fn note(&mut self, of: &str, name: &str, value: String, good: bool) {
        self.show(of, name, value + if good { "" } else { " FAILED" });
        self.failed += usize::from(!good);
    }

    pub(crate) fn end(self) -> ExitCode {
        if self.failed == 0 {
            return ExitCode::SUCCESS;
        }
        println!("{} figures are not as they should be", self.failed);
        ExitCode::FAILURE
    }
}

/// What a process takes of the system.
pub(crate) struct Process(pub(crate) u32);

impl Process {
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// Bytes of memory that are resident.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        1024 * kilobytes.unwrap().parse::<u64>().unwrap()
    }

    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0))
            .unwrap()
            .count()
    }
}

/// How many connections of those that are wanted this process may have: as many descriptors as the
/// system allows at all, without some for other things.
pub(crate) fn connections(wanted: usize, figures: &Figures) -> usize {
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let room = usize::try_from(allowed)
        .unwrap_or(usize::MAX)
        .saturating_sub(200);
    if room < wanted {
        let text =
            format!("{room} instead of {wanted}: the hard limit of `ulimit -n` is {allowed}");
        figures.show("", "connections", text);
    }
    wanted.min(room)
}
