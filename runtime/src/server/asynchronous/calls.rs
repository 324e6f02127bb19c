//! The calls of a connection, from when they were read to when their answers are left.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep_until;

use super::either;
use super::outlet::Outlet;
use crate::config::{ReplyOrder, ServerConfig};
use crate::envelope::Envelope;
use crate::error::{Error, ErrorKind, Result};
use crate::processor::{AsyncProcessor, CallContext, Outcome, Request, caught};
use crate::server::call;
use crate::server::refusal::{Refusal, Unanswered};
use crate::server::shared::Shared;

/// Who runs the handlers.
pub(super) enum Handlers {
    /// They are futures.
    Async(Arc<dyn AsyncProcessor>),
    /// The task of the connection.
    Inline,
    /// Threads for blocking work, so many at a time.
    Workers(Arc<Semaphore>, usize),
}

impl Handlers {
    pub(super) fn workers(max: usize) -> Self {
        Self::Workers(Arc::new(Semaphore::new(max)), max)
    }
}

/// What the connections of a server have in common.
pub(super) struct Service {
    handlers: Handlers,
    /// Calls of one connection at the same time.
    pub(super) at_once: usize,
    /// Calls of all connections that run or wait, and how many may.
    calls: Arc<AtomicUsize>,
    calls_max: usize,
    /// The server's phase, or the number of its connections.
    changed: Arc<Notify>,
}

impl Service {
    pub(super) fn new(handlers: Handlers, config: &ServerConfig, changed: Arc<Notify>) -> Self {
        let workers = match handlers {
            Handlers::Workers(_, max) => max,
            _ => 0,
        };
        let at_once = match config.reply_order {
            ReplyOrder::Any => config.in_flight_max,
            ReplyOrder::Sent => 1,
        };
        Self {
            handlers,
            at_once,
            calls: Arc::default(),
            calls_max: workers.saturating_add(config.queue_or_default()),
            changed,
        }
    }

    /// Counts a call in, unless there are as many as may be.
    fn admit(&self) -> Option<Admitted> {
        let max = self.calls_max;
        let more = |calls: usize| (calls < max).then_some(calls + 1);
        let admitted = self
            .calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        admitted.ok().map(|_| Admitted(Arc::clone(&self.calls)))
    }
}

/// A call that is counted, until it is dropped.
struct Admitted(Arc<AtomicUsize>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One message, on its way to a handler.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) service: Arc<Service>,
    pub(super) outlet: Arc<Outlet>,
    pub(super) protocol: usize,
    pub(super) envelope: Option<Arc<Envelope>>,
    pub(super) message: Vec<u8>,
    pub(super) arrived: Instant,
}

/// A call, as long as it runs.
pub(super) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Call {
    /// Runs the call once it is polled. One too many is refused at once.
    pub(super) fn start(self) -> Option<Running> {
        let Some(admitted) = self.service.admit() else {
            self.refuse(Refusal::QueueFull);
            return None;
        };
        match &self.service.handlers {
            Handlers::Inline => {
                self.run();
                None
            }
            Handlers::Async(processor) => {
                let processor = Arc::clone(processor);
                let mut call = self;
                Some(Box::pin(async move {
                    match call.room().await {
                        Ok(()) => call.run_async(&*processor).await,
                        Err(why) => call.refuse(why),
                    }
                    drop(admitted);
                }))
            }
            Handlers::Workers(workers, _) => {
                let workers = Arc::clone(workers);
                Some(Box::pin(self.run_on(workers, admitted)))
            }
        }
    }

    fn read(&self) -> Result<Request<'_>> {
        let settings = &self.shared.settings;
        let processor = &*settings.processor;
        let mut request = Request::read(processor, self.protocol, &self.message, &settings.limits)?;
        request.envelope.clone_from(&self.envelope);
        Ok(request)
    }

    fn context(&self) -> CallContext {
        let mut cx = CallContext::default();
        cx.meet(&self.outlet.cx);
        cx
    }

    pub(super) fn refuse(&self, why: Refusal) {
        match self.read() {
            Ok(request) => self
                .outlet
                .leave(|encoder, out| call::refuse(&self.shared, &request, why, encoder, out)),
            Err(error) => self.fail(error),
        }
    }

    /// Not with Seapink's own protocols: the connection has read this head already.
    #[cold]
    fn fail(&self, error: Error) {
        self.outlet.leave(|_, _| Err(error));
    }

    /// Runs it on this thread.
    fn run(&self) {
        let request = match self.read() {
            Ok(request) => request,
            Err(error) => return self.fail(error),
        };
        let (mut reply, mut cx) = (Vec::new(), self.context());
        let ran = call::run(&self.shared, &request, &mut cx, self.arrived, &mut reply);
        self.answer(&request, &reply, ran);
    }

    fn answer(&self, request: &Request<'_>, reply: &[u8], ran: Result<Outcome, Unanswered>) {
        self.outlet.leave(|encoder, out| {
            call::answer(&self.shared, request, encoder, out, |out| {
                out.extend_from_slice(reply);
                ran
            })
        });
    }

    async fn run_async(&self, processor: &dyn AsyncProcessor) {
        let request = match self.read() {
            Ok(request) => request,
            Err(error) => return self.fail(error),
        };
        let (mut reply, mut cx) = (Vec::new(), self.context());
        if let Err(why) = call::begin(&self.shared, &request, &mut cx, self.arrived) {
            return self.answer(&request, &reply, Err(why));
        }
        let running = self.shared.counters.running();
        let process = async { processor.process(&request, &mut reply, &mut cx).await };
        let processed = caught(process).await;
        drop(running);
        let ran = call::judge(&request, &cx, &processed, !reply.is_empty());
        self.answer(&request, &reply, ran);
    }

    /// Runs it on a thread for blocking work, once one of those that the server may use is free.
    async fn run_on(mut self, workers: Arc<Semaphore>, admitted: Admitted) {
        let worker = match self.worker(workers).await {
            Ok(worker) => worker,
            Err(why) => return self.refuse(why),
        };
        let outlet = Arc::clone(&self.outlet);
        let work = spawn_blocking(move || {
            self.run();
            drop((worker, admitted));
        });
        if work.await.is_err() {
            let text = "a thread of the server panicked";
            outlet.leave(|_, _| Err(Error::new(ErrorKind::Handler, text)));
        }
    }

    /// Waits for a thread and, before, for the peer to take what others have answered.
    async fn worker(&mut self, workers: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
        loop {
            self.room().await?;
            let worker = if let Ok(worker) = Arc::clone(&workers).try_acquire_owned() {
                worker
            } else {
                let time = Duration::from_millis(self.shared.settings.timeouts.queue_ms);
                let acquire = Arc::clone(&workers).acquire_owned();
                let acquired = self.wait(acquire, Some(self.arrived + time)).await?;
                acquired.map_err(|_| Refusal::ShuttingDown)?
            };
            if !self.outlet.is_full() {
                return Ok(worker);
            }
        }
    }

    /// Waits until the peer has taken enough answers. That it is slow is not the fault of the call,
    /// which counts as if it had arrived then.
    async fn room(&mut self) -> Result<(), Refusal> {
        while self.outlet.is_full() {
            let outlet = Arc::clone(&self.outlet);
            let mut taken = pin!(outlet.taken.notified());
            taken.as_mut().enable();
            if self.outlet.is_full() {
                self.wait(taken, None).await?;
            }
            self.arrived = Instant::now();
        }
        Ok(())
    }

    /// Waits for something, until a time if there is one.
    async fn wait<T>(
        &self,
        something: impl Future<Output = T>,
        until: Option<Instant>,
    ) -> Result<T, Refusal> {
        let _queued = Queued::new(&self.shared);
        let mut late = pin!(async {
            match until {
                Some(at) => sleep_until(at.into()).await,
                None => pending().await,
            }
        });
        let mut something = pin!(something);
        loop {
            let mut change = pin!(self.service.changed.notified());
            change.as_mut().enable();
            if self.shared.is_refusing() {
                return Err(Refusal::ShuttingDown);
            }
            match either(either(something.as_mut(), change), late.as_mut()).await {
                Some(Some(value)) => return Ok(value),
                Some(None) => {}
                None => return Err(Refusal::QueuedTooLong),
            }
        }
    }
}

/// A call that waits, until it is dropped.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn new(shared: &'a Shared) -> Self {
        let queued = &shared.counters.queued;
        queued.fetch_add(1, Ordering::Relaxed);
        Self(queued)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The calls of one connection that run.
pub(super) enum Calls {
    /// One after the other, in the task of the connection.
    One(Option<Running>),
    /// At the same time, each in a task of its own. They end when this is dropped.
    Many(JoinSet<()>),
}

impl Calls {
    pub(super) fn new(at_once: usize) -> Self {
        if at_once == 1 {
            Self::One(None)
        } else {
            Self::Many(JoinSet::new())
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(running) => usize::from(running.is_some()),
            Self::Many(tasks) => tasks.len(),
        }
    }

    pub(super) fn start(&mut self, call: Running) {
        match self {
            Self::One(running) => *running = Some(call),
            Self::Many(tasks) => drop(tasks.spawn(call)),
        }
    }

    /// Lets them run, and forgets those that are done. Whether there were any.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::One(running) => {
                let done = running
                    .as_mut()
                    .is_some_and(|call| call.as_mut().poll(cx).is_ready());
                if done {
                    *running = None;
                }
                done
            }
            Self::Many(tasks) => {
                let mut done = false;
                while let Poll::Ready(Some(_)) = tasks.poll_join_next(cx) {
                    done = true;
                }
                done
            }
        }
    }
}
