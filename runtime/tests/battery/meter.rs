//! Memory and descriptors of this process, which one test at a time may count.

use std::alloc::System;

use parking_lot::{Mutex, MutexGuard};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

static TURN: Mutex<()> = Mutex::new(());

/// Waits until no other test runs. To be kept until the end of the test.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    TURN.lock()
}

/// Bytes that were ever allocated.
pub(crate) fn allocated() -> usize {
    HEAP.stats().bytes_allocated
}

/// Bytes that are allocated and not freed.
pub(crate) fn heap() -> usize {
    let stats = HEAP.stats();
    // They are read one after the other, while other threads go on.
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}

/// Descriptors that are open.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
