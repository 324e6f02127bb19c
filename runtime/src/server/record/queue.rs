//! Events on their way to a file, bounded in bytes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::Result;
use crate::server::RecordStats;
use crate::server::events::Unrecorded;
use crate::transport::file::FileWriter;

/// Memory that an event takes besides its bytes.
const EVENT_BYTES: usize = 64;

/// Filled by calls, emptied by one thread.
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is something to write, or no more will come.
    filled: Condvar,
    /// There is room.
    emptied: Condvar,
    bytes_max: usize,
    wait: Duration,
    log: Unrecorded,
}

#[derive(Default)]
struct State {
    events: VecDeque<Vec<u8>>,
    /// Those of the events, and of the one that is being written.
    bytes: usize,
    stats: RecordStats,
    closed: bool,
}

impl Queue {
    pub(super) fn new(bytes_max: usize, wait: Duration) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            bytes_max,
            wait,
            log: Unrecorded::default(),
        }
    }

    /// Adds an event, made of two parts. Waits for room if it may.
    pub(super) fn push(&self, parts: [&[u8]; 2], may_wait: bool) {
        let bytes = parts[0].len() + parts[1].len() + EVENT_BYTES;
        let mut state = self.state.lock();
        let has_room = |state: &State| state.bytes.saturating_add(bytes) <= self.bytes_max;
        if may_wait && !self.wait.is_zero() && bytes <= self.bytes_max {
            let until = Instant::now() + self.wait;
            while !state.closed && !has_room(&state) {
                if self.emptied.wait_until(&mut state, until).timed_out() {
                    break;
                }
            }
        }
        if state.closed || !has_room(&state) {
            state.stats.dropped += 1;
            return;
        }
        state.bytes += bytes;
        state.events.push_back(parts.concat());
        drop(state);
        self.filled.notify_one();
    }

    /// Lets the thread end once everything is written.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    /// Writes events until the queue is closed and empty. The lock is not held meanwhile.
    pub(super) fn write(&self, file: FileWriter) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            let Some(event) = state.events.pop_front() else {
                if state.closed {
                    break;
                }
                self.filled.wait(&mut state);
                continue;
            };
            drop(state);
            let taken = file.append(&event);
            if let Err(error) = &taken {
                self.log.tell(error);
            }
            state = self.state.lock();
            state.bytes -= event.len() + EVENT_BYTES;
            match taken {
                Ok(()) => state.stats.recorded += 1,
                Err(_) => state.stats.failed += 1,
            }
            self.emptied.notify_all();
        }
        drop(state);
        file.close()
    }

    pub(super) fn stats(&self) -> RecordStats {
        self.state.lock().stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_holds_a_call_up_for_a_bounded_time() {
        let wait = Duration::from_millis(50);
        let queue = Queue::new(100, wait);
        let event = [&[1; 20][..], &[2; 10]];
        queue.push(event, true);
        let begun = Instant::now();
        queue.push(event, false);
        queue.push(event, true);
        assert!(begun.elapsed() >= wait);
        assert_eq!(queue.stats().dropped, 2);
        assert_eq!(queue.state.lock().events, [event.concat()]);
        // It lets go when nothing is written any more.
        let queue = Queue::new(100, Duration::from_hours(1));
        queue.push(event, true);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.push(event, true));
            while !waiting.is_finished() {
                queue.close();
                std::thread::yield_now();
            }
        });
        assert_eq!(queue.stats().dropped, 1);
    }
}
