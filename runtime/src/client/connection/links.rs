//! The links of a connection: the one that calls go over, and those that get no more.

use super::calls::Calls;
use crate::error::Error;

/// Links that may get no more calls and still have some. One more goes on in doubt.
const RETIRED_MAX: usize = 2;

/// One connected stream, as its calls see it.
pub(in crate::client) trait Numbered {
    /// Tells it from every other link of the client.
    fn number(&self) -> u64;
}

pub(in crate::client) struct Links<L> {
    /// The one that calls go over.
    pub(in crate::client) current: Option<L>,
    /// Those that get no more, each as long as somebody waits for a call over it, and why.
    retired: Vec<(L, Error)>,
}

impl<L> Default for Links<L> {
    fn default() -> Self {
        Self {
            current: None,
            retired: Vec::new(),
        }
    }
}

impl<L: Numbered> Links<L> {
    /// The link of this number, if there still is one.
    pub(in crate::client) fn get(&mut self, number: u64) -> Option<&mut L> {
        let retired = self.retired.iter_mut().map(|(link, _)| link);
        let mut links = self.current.iter_mut().chain(retired);
        links.find(|link| link.number() == number)
    }

    /// The same, taken away.
    pub(in crate::client) fn take(&mut self, number: u64) -> Option<L> {
        if self.is_current(number) {
            return self.current.take();
        }
        let retired = |(link, _): &(L, Error)| link.number() == number;
        let place = self.retired.iter().position(retired)?;
        Some(self.retired.swap_remove(place).0)
    }

    fn is_current(&self, number: u64) -> bool {
        self.current
            .as_ref()
            .is_some_and(|link| link.number() == number)
    }

    /// All of them.
    pub(in crate::client) fn numbers(&self) -> Vec<u64> {
        let retired = self.retired.iter().map(|(link, _)| link);
        let links = self.current.iter().chain(retired);
        links.map(Numbered::number).collect()
    }

    /// Whether no link is there but the one that calls go over.
    pub(in crate::client) fn is_single(&self) -> bool {
        self.retired.is_empty()
    }

    /// Whether no more may be retired while they have calls.
    pub(in crate::client) fn is_full(&self) -> bool {
        self.retired.len() >= RETIRED_MAX
    }

    pub(in crate::client) fn is_retired(&self, number: u64) -> bool {
        self.retired.iter().any(|(link, _)| link.number() == number)
    }

    /// A link gets no more calls, and those over it that were given up are forgotten. Not while there
    /// are too many such links, unless nobody waits for a call over this one.
    pub(in crate::client) fn retire(&mut self, number: u64, calls: &mut Calls, reason: Error) {
        if self.is_full() && calls.wanted(number) > 0 {
            return;
        }
        calls.forget(number);
        if self.is_current(number)
            && let Some(link) = self.current.take()
        {
            self.retired.push((link, reason));
        }
    }

    /// One that nobody has a use for any more, and why it was retired.
    pub(in crate::client) fn unwanted(&self, calls: &Calls) -> Option<(u64, Error)> {
        let mut retired = self.retired.iter();
        let (link, reason) = retired.find(|(link, _)| calls.wanted(link.number()) == 0)?;
        Some((link.number(), super::words::told(reason)))
    }
}
