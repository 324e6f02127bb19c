//! The service that is recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seapink::{CallContext, Error, Result};

use crate::tally::{Tally, TallyAddError, TallyCountsError, TooMuch};

/// Adds up everything that it is told. Clones add to the same sum.
#[derive(Clone)]
pub struct Sum {
    state: Arc<Mutex<State>>,
    limit: i32,
}

#[derive(Default)]
struct State {
    sum: i32,
    counts: HashMap<i32, i32>,
}

impl Sum {
    /// Refuses larger amounts than this.
    pub fn new(limit: i32) -> Self {
        Self {
            state: Arc::default(),
            limit,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally for Sum {
    fn add(&self, _: &CallContext, amount: i32) -> Result<i32, TallyAddError> {
        if amount < 0 {
            return Err(Error::handler("it goes upwards only", "a negative amount").into());
        }
        if amount > self.limit {
            return Err(TooMuch { limit: self.limit }.into());
        }
        let mut state = self.state();
        state.sum += amount;
        *state.counts.entry(amount).or_default() += 1;
        Ok(state.sum)
    }

    fn clear(&self, _: &CallContext) -> Result<()> {
        *self.state() = State::default();
        Ok(())
    }

    fn counts(&self, _: &CallContext) -> Result<HashMap<i32, i32>, TallyCountsError> {
        Ok(self.state().counts.clone())
    }
}
