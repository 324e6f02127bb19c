//! Services as child processes, and processes that are killed while they share memory.
//!
//! The children are this program again, with a word in its environment that says what to do. Their
//! standard output is theirs alone, which is why nothing of the usual harness runs in them.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(missing_docs, reason = "a program")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what children print is tested"
)]

#[cfg(all(unix, feature = "stdio"))]
mod exec;
#[cfg(all(target_os = "linux", feature = "shm"))]
mod killed;
mod role;
#[cfg(all(unix, feature = "stdio"))]
mod stdio;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test, by its name.
type Test = (&'static str, fn());

#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), $name)),*]
    };
}

fn main() -> ExitCode {
    if let Ok(role) = std::env::var(role::ROLE) {
        role::play(&role);
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    // Each looks whether it leaves descriptors and children behind.
    arguments.test_threads = Some(1);
    let all: &[&[Test]] = &[
        #[cfg(all(unix, feature = "stdio"))]
        exec::TESTS,
        #[cfg(all(unix, feature = "stdio"))]
        stdio::TESTS,
        #[cfg(all(target_os = "linux", feature = "shm"))]
        killed::TESTS,
    ];
    let trials = all.iter().flat_map(|tests| tests.iter());
    let trials = trials.map(|&(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
