//! The lines that the library logs in a process of tests, where it logs: with the feature `tracing`.

use std::mem;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Keeps the lines of all tests that run in this process from now on: there can be one only.
    pub(crate) fn listen() -> Self {
        let log = Self::default();
        #[cfg(feature = "tracing")]
        tracing::subscriber::set_global_default(log.clone()).unwrap();
        log
    }

    /// The same for several tests of a process, which leave the lines of others alone.
    pub(crate) fn shared() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(Self::listen)
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.0.lock().iter().any(|line| line.contains(part))
    }

    pub(crate) fn take(&self) -> Vec<String> {
        mem::take(&mut self.0.lock())
    }
}

#[cfg(feature = "tracing")]
mod subscriber {
    use std::fmt::{Debug, Write as _};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::Log;

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            // Writing to a string cannot fail.
            let _ = write!(self.0, " {field}={value:?}");
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().push(line.0);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }
}
