//! A service with handlers of both styles.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use seapink::Result;
use seapink::codegen::{CallContext, Error};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::golden::acme::shared::{Health, HealthAsync, HealthUptimeError, Place};
use crate::golden::asynchronous as idl;
use crate::support::in_time;
use idl::{
    Calculator, CalculatorAddError, CalculatorAsync, CalculatorEchoError, CalculatorFailError,
    CalculatorRepeatError, CalculatorResetError, CalculatorSumError, CalculatorWaitError,
    Scratched,
};

/// What handlers of both styles do.
#[derive(Default)]
pub(crate) struct Calc {
    seen: Mutex<Seen>,
    changed: Condvar,
    notify: Notify,
}

#[derive(Default)]
struct Seen {
    /// Calls of `wait` that run now, and those that were dropped while they did.
    waiting: usize,
    dropped: usize,
    notes: Vec<String>,
    released: bool,
}

impl Calc {
    fn sum(numbers: &[i64]) -> Result<i64, CalculatorSumError> {
        let sum = numbers.iter().try_fold(0_i64, |sum, n| sum.checked_add(*n));
        let why = "too much".to_owned();
        sum.ok_or_else(|| CalculatorSumError::Scratched(Box::new(Scratched { why })))
    }

    fn fail(how: &str) -> Result<(), CalculatorFailError> {
        let why = how.to_owned();
        Err(match how {
            "declared" => CalculatorFailError::Scratched(Box::new(Scratched { why })),
            "again" => CalculatorFailError::Again(Box::new(Scratched { why })),
            "chosen" => Error::handler("try later", "the disk is full").into(),
            _ => panic!("{how}"),
        })
    }

    fn note(&self, text: String) -> Result<()> {
        let how = text.clone();
        self.change(|seen| seen.notes.push(text));
        match how.as_str() {
            "fail" => Err(Error::handler("no", "no")),
            "panic" => panic!("in a oneway"),
            _ => Ok(()),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock());
        self.changed.notify_all();
        self.notify.notify_waiters();
    }

    /// Lets calls of `wait` return.
    pub(crate) fn release(&self) {
        self.change(|seen| seen.released = true);
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.seen.lock().notes.clone()
    }

    pub(crate) async fn until_waiting(&self, calls: usize) {
        self.until(|seen| seen.waiting >= calls).await;
    }

    pub(crate) async fn until_dropped(&self, calls: usize) {
        self.until(|seen| seen.dropped >= calls).await;
    }

    pub(crate) async fn until_noted(&self, text: &str) {
        self.until(|seen| seen.notes.iter().any(|note| note == text))
            .await;
    }

    async fn until(&self, is: impl Fn(&Seen) -> bool) {
        in_time(async {
            loop {
                let change = self.notify.notified();
                if is(&self.seen.lock()) {
                    return;
                }
                change.await;
            }
        })
        .await;
    }
}

/// A call of `wait`, until it returns or is dropped.
struct Waiting<'a>(&'a Calc, bool);

impl<'a> Waiting<'a> {
    fn begin(calc: &'a Calc) -> Self {
        calc.change(|seen| seen.waiting += 1);
        Self(calc, false)
    }

    fn end(mut self) {
        self.1 = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let ended = self.1;
        self.0.change(|seen| {
            seen.waiting -= 1;
            seen.dropped += usize::from(!ended);
        });
    }
}

/// The handler, of both styles.
#[derive(Clone, Default)]
pub(crate) struct Handler(pub(crate) Arc<Calc>);

impl Health for Handler {
    fn uptime(&self, _: &CallContext) -> Result<i64, HealthUptimeError> {
        Ok(42)
    }
}

impl Calculator for Handler {
    fn add(&self, _: &CallContext, left: i32, right: i32) -> Result<i32, CalculatorAddError> {
        Ok(left + right)
    }

    fn sum(&self, _: &CallContext, numbers: Vec<i64>) -> Result<i64, CalculatorSumError> {
        Calc::sum(&numbers)
    }

    fn echo(&self, _: &CallContext, text: String) -> Result<String, CalculatorEchoError> {
        Ok(text)
    }

    fn repeat(
        &self,
        _: &CallContext,
        text: String,
        times: i32,
    ) -> Result<String, CalculatorRepeatError> {
        Ok(text.repeat(usize::try_from(times).unwrap()))
    }

    fn wait(
        &self,
        _: &CallContext,
        for_what: String,
        milliseconds: i64,
        _: HashMap<String, Vec<Place>>,
        _: bool,
    ) -> Result<idl::Future, CalculatorWaitError> {
        let waiting = Waiting::begin(&self.0);
        if for_what == "time" {
            thread::sleep(Duration::from_millis(milliseconds.try_into().unwrap()));
        } else {
            let mut seen = self.0.seen.lock();
            while !seen.released {
                self.0.changed.wait(&mut seen);
            }
        }
        waiting.end();
        Ok(idl::Future { year: 2000 })
    }

    fn fail(&self, _: &CallContext, how: String) -> Result<(), CalculatorFailError> {
        Calc::fail(&how)
    }

    fn reset(&self, _: &CallContext) -> Result<(), CalculatorResetError> {
        Ok(())
    }

    fn note(&self, _: &CallContext, text: String) -> Result<()> {
        self.0.note(text)
    }
}

impl HealthAsync for Handler {
    async fn uptime(&self, cx: &CallContext) -> Result<i64, HealthUptimeError> {
        assert_eq!(cx.method(), "uptime");
        tokio::task::yield_now().await;
        Ok(42)
    }
}

impl CalculatorAsync for Handler {
    // A function may return any future.
    fn add(
        &self,
        _: &CallContext,
        left: i32,
        right: i32,
    ) -> impl Future<Output = Result<i32, CalculatorAddError>> + Send {
        std::future::ready(Ok(left + right))
    }

    async fn sum(&self, _: &CallContext, numbers: Vec<i64>) -> Result<i64, CalculatorSumError> {
        tokio::task::yield_now().await;
        Calc::sum(&numbers)
    }

    async fn echo(&self, cx: &CallContext, text: String) -> Result<String, CalculatorEchoError> {
        tokio::task::yield_now().await;
        assert_eq!(cx.method(), "echo");
        Ok(text)
    }

    async fn repeat(
        &self,
        _: &CallContext,
        text: String,
        times: i32,
    ) -> Result<String, CalculatorRepeatError> {
        Ok(text.repeat(usize::try_from(times).unwrap()))
    }

    async fn wait(
        &self,
        _: &CallContext,
        for_what: String,
        milliseconds: i64,
        _: HashMap<String, Vec<Place>>,
        _: bool,
    ) -> Result<idl::Future, CalculatorWaitError> {
        let waiting = Waiting::begin(&self.0);
        if for_what == "time" {
            sleep(Duration::from_millis(milliseconds.try_into().unwrap())).await;
        } else {
            loop {
                let change = self.0.notify.notified();
                if self.0.seen.lock().released {
                    break;
                }
                change.await;
            }
        }
        waiting.end();
        Ok(idl::Future { year: 2000 })
    }

    async fn fail(&self, _: &CallContext, how: String) -> Result<(), CalculatorFailError> {
        tokio::task::yield_now().await;
        Calc::fail(&how)
    }

    async fn reset(&self, _: &CallContext) -> Result<(), CalculatorResetError> {
        Ok(())
    }

    async fn note(&self, _: &CallContext, text: String) -> Result<()> {
        self.0.note(text)
    }
}
