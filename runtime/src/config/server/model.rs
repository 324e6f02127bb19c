//! How a server shares its work.

/// How a server shares its work among threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Model {
    /// One connection at a time.
    Simple,
    /// A thread for each connection.
    Threaded,
    /// A fixed number of threads for any number of connections.
    #[default]
    ThreadPool,
    /// A few threads that read and write for all connections, whichever is ready.
    Nonblocking,
}

impl Model {
    pub(super) const NAMED: [(&'static str, Self); 4] = [
        ("simple", Self::Simple),
        ("threaded", Self::Threaded),
        ("thread-pool", Self::ThreadPool),
        ("nonblocking", Self::Nonblocking),
    ];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Threaded => "threaded",
            Self::ThreadPool => "thread-pool",
            Self::Nonblocking => "nonblocking",
        }
    }
}

/// Which threads of the model [`Nonblocking`](Model::Nonblocking) call the handlers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dispatch {
    /// Threads of their own, so that a slow handler keeps nobody from being read.
    #[default]
    Workers,
    /// Those that read and write: the fastest for handlers that never wait.
    Inline,
}

impl Dispatch {
    pub(super) const NAMED: [(&'static str, Self); 2] =
        [("workers", Self::Workers), ("inline", Self::Inline)];
}
