//! Idle connections beside active ones: what each costs, and whether they are in the way.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Run;
use super::child::Child;
use super::figures::{Figures, connections};
use super::load::{Measured, measure};

const ACTIVE: usize = 16;

/// A process that was busy holds some memory more or less, however many connections there are.
const ELSE: u64 = 1024 * 1024;

pub(crate) fn run(run: &Run, figures: &mut Figures) {
    let wanted = run.of(10_000, 1_000);
    for model in run.models(&["nonblocking", "thread-pool"]) {
        let of = &format!("idle {model}");
        let most: u64 = if model == "thread-pool" { 4096 } else { 2048 };
        let idle = connections(wanted, figures);
        let mut child = Child::start(model, "connections_max = 1_000_000");
        let time = Duration::from_millis(run.of(5_000, 700));
        let active = || measure(&child, ACTIVE, time, ("echo", "some text"));
        // The first time brings threads and buffers to their size.
        active();
        let without = active();
        let before = child.process().resident();
        let mut streams: Vec<_> = (0..idle).map(|_| connect(child.address())).collect();
        let after = child.process().resident();
        let with = measure(&child, ACTIVE, time, ("echo", "some text"));
        let each = after.saturating_sub(before) / idle as u64;
        figures.show(of, "idle connections", idle);
        let spent = after.saturating_sub(before);
        figures.show(of, "resident bytes for each", each);
        let bound = most * idle as u64 + if run.quick { ELSE } else { 0 };
        figures.at_most(of, "resident bytes for all", spent, bound);
        let lost = idle.saturating_sub(child.open());
        figures.equal(of, "idle connections lost", lost, 0);
        let failed = without.failed + with.failed;
        figures.equal(of, "active calls that failed", failed, 0);
        let silent = streams
            .iter_mut()
            .step_by(97)
            .map(echo)
            .filter(|answered| !answered)
            .count();
        figures.equal(of, "idle connections that answer no call", silent, 0);
        show(figures, of, &without, &with);
    }
}

fn show(figures: &mut Figures, of: &str, without: &Measured, with: &Measured) {
    for (name, active) in [("without", without), ("with", with)] {
        let Measured { p50_us, p99_us, .. } = active;
        let name = format!("p50 and p99 of active calls {name} idle ones");
        figures.show(of, &name, format!("{p50_us:.0} µs, {p99_us:.0} µs"));
    }
    let ratio = with.p99_us / without.p99_us;
    let name = "p99 with idle ones, divided by without";
    figures.aim(of, name, format!("{ratio:.2}"), "at most 1.5", ratio <= 1.5);
}

/// A connection that has made a call.
fn connect(address: &str) -> TcpStream {
    let address = address.strip_prefix("tcp://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    assert!(echo(&mut stream));
    stream
}

/// Bytes, not a client: that has buffers and descriptors of its own.
fn echo(stream: &mut TcpStream) -> bool {
    let call = b"\0\0\0\x19\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x01\x0b\0\x01\0\0\0\x01x\0";
    let reply = b"\0\0\0\x19\x80\x01\0\x02\0\0\0\x04echo\0\0\0\x01\x0b\0\0\0\0\0\x01x\0";
    let mut answer = vec![0; reply.len()];
    stream.write_all(call).is_ok() && stream.read_exact(&mut answer).is_ok() && answer == reply
}
