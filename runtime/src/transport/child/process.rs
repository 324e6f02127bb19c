//! A child process, which is always waited for.

use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How often it is asked whether a child has ended.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// How long a child may take that was killed, before nobody waits for it any more but its reaper.
const KILLED: Duration = Duration::from_secs(1);

/// A child. When this is dropped, its input has ended; it has a time to end then, and is killed if
/// it takes longer.
pub(super) struct Process {
    /// Taken by the reaper.
    child: Mutex<Option<Child>>,
    reapers: Reapers,
}

/// The threads that wait for children to end.
#[derive(Clone)]
pub(crate) struct Reapers {
    shared: Arc<Shared>,
    /// How long a child may take.
    exit: Duration,
}

#[derive(Default)]
struct Shared {
    running: Mutex<usize>,
    changed: Condvar,
}

impl Process {
    pub(super) fn new(child: Child, reapers: &Reapers) -> Self {
        Self {
            child: Mutex::new(Some(child)),
            reapers: reapers.clone(),
        }
    }

    /// How it has ended, if it has or does so within this time.
    pub(super) fn status(&self, wait: Duration) -> Option<ExitStatus> {
        status(self.child.lock().as_mut()?, wait)
    }
}

impl Drop for Process {
    /// Whoever drops it may hold a lock, so a thread waits for it.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.get_mut().take()
            && status(&mut child, Duration::ZERO).is_none()
        {
            self.reapers.reap(child);
        }
    }
}

impl Reapers {
    pub(crate) fn new(exit: Duration) -> Self {
        Self {
            shared: Arc::default(),
            exit,
        }
    }

    fn reap(&self, child: Child) {
        *self.shared.running.lock() += 1;
        let guard = Running(Arc::clone(&self.shared));
        let exit = self.exit;
        // Kept here as well, for the case that there is no thread.
        let child = Arc::new(Mutex::new(child));
        let reaped = Arc::clone(&child);
        let thread = thread::Builder::new().name("seapink-reaper".to_owned());
        let work = move || {
            let _guard = guard;
            end(&mut reaped.lock(), exit);
        };
        if thread.spawn(work).is_err() {
            end(&mut child.lock(), Duration::ZERO);
        }
    }

    /// Waits until no child is left that was let go of. Each is killed when its time is over.
    pub(crate) fn wait(&self) {
        let deadline = Instant::now() + self.exit + KILLED;
        let mut running = self.shared.running.lock();
        while *running > 0 {
            if self
                .shared
                .changed
                .wait_until(&mut running, deadline)
                .timed_out()
            {
                return;
            }
        }
    }
}

/// A thread that waits for a child.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.running.lock() -= 1;
        self.0.changed.notify_all();
    }
}

/// Waits for the end of a child, and brings it about if it takes longer than this.
fn end(child: &mut Child, exit: Duration) {
    if status(child, exit).is_none() {
        // It fails when it has ended just now.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// How a child has ended, if it has or does so within this time.
fn status(child: &mut Child, wait: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + wait;
    let mut pause = PAUSE_MIN;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::sleep(pause.min(left));
        pause = (2 * pause).min(PAUSE_MAX);
    }
}
