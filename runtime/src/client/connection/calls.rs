//! Which calls are in flight on a connection, and whose reply a message is. No I/O, no waiting.
//!
//! A sequence id says which slot a call has and how often the slot was used before, so a reply that
//! comes after its call has given up can never be taken for that of another call, not even of the
//! next one in the same slot.

use std::collections::VecDeque;
use std::mem;

use crate::config::ReplyOrder;
use crate::error::{Delivery, Error};

/// A call in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) struct Ticket {
    pub(in crate::client) slot: usize,
    pub(in crate::client) sequence_id: i32,
}

pub(in crate::client) struct Calls {
    slots: Vec<Slot>,
    /// Those that were free longest come first, so that sequence ids mostly ascend.
    free: VecDeque<usize>,
    reply_order: ReplyOrder,
    /// Slots in the order in which their calls were sent, if replies come in that order.
    order: VecDeque<usize>,
}

#[derive(Default)]
struct Slot {
    /// How often it was used before, counted from 0 again before sequence ids would overflow.
    used: i32,
    state: State,
    /// Where in the stream of bytes the call starts and ends.
    start: u64,
    end: u64,
    /// How many replies had come when it was put there.
    replies: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Free,
    Waiting,
    /// Nobody waits any more, and the reply may still come.
    Abandoned,
    /// Somebody else has read the reply, with this sequence id in it.
    Answered(i32, Vec<u8>),
    Failed(Error),
}

/// How a call stands.
pub(in crate::client) enum Progress {
    Waiting,
    Answered(i32, Vec<u8>),
    Failed(Error),
}

/// Whose reply a message is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::client) enum Whose {
    /// That of the call in this slot.
    Call(usize),
    /// That of a call which has given up, and is forgotten now.
    Abandoned,
    /// Of no call that was sent.
    Nobody,
}

impl Calls {
    /// Room for so many calls at the same time.
    pub(in crate::client) fn new(calls_max: usize, reply_order: ReplyOrder) -> Self {
        Self {
            slots: (0..calls_max).map(|_| Slot::default()).collect(),
            free: (0..calls_max).collect(),
            reply_order,
            order: VecDeque::new(),
        }
    }

    /// How many calls are in flight, abandoned ones included.
    pub(in crate::client) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many calls were given up whose replies may still come.
    #[cfg(feature = "tokio")]
    pub(in crate::client) fn abandoned(&self) -> usize {
        let abandoned = |slot: &&Slot| matches!(slot.state, State::Abandoned);
        self.slots.iter().filter(abandoned).count()
    }

    /// Takes a slot for a call. `None` when all are taken.
    pub(in crate::client) fn begin(&mut self) -> Option<Ticket> {
        let slot = self.free.pop_front()?;
        let count = self.count();
        let place = &mut self.slots[slot];
        place.state = State::Waiting;
        let number = place.used * count + i32::try_from(slot).unwrap_or(0);
        place.used = (place.used + 1) % (i32::MAX / count);
        let sequence_id = number + 1;
        Some(Ticket { slot, sequence_id })
    }

    /// How many slots there are; a configuration keeps them far below what an `i32` holds.
    fn count(&self) -> i32 {
        i32::try_from(self.slots.len()).unwrap_or(i32::MAX)
    }

    /// Notes where in the stream a call stands, how many replies had come when it was put
    /// there, and that it awaits a reply unless it is oneway.
    pub(in crate::client) fn place(
        &mut self,
        ticket: Ticket,
        (start, end): (u64, u64),
        replies: u64,
        oneway: bool,
    ) {
        let slot = &mut self.slots[ticket.slot];
        (slot.start, slot.end, slot.replies) = (start, end, replies);
        if !oneway && self.reply_order == ReplyOrder::Sent {
            self.order.push_back(ticket.slot);
        }
    }

    /// Whether no reply has come since the call was put into the stream.
    pub(in crate::client) fn is_silent_since(&self, ticket: Ticket, replies: u64) -> bool {
        self.slots[ticket.slot].replies == replies
    }

    /// Where in the stream the call starts.
    pub(in crate::client) fn start_of(&self, ticket: Ticket) -> u64 {
        self.slots[ticket.slot].start
    }

    /// Where in the stream the call ends.
    pub(in crate::client) fn end_of(&self, ticket: Ticket) -> u64 {
        self.end_of_slot(ticket.slot)
    }

    /// The same of the call in a slot.
    pub(in crate::client) fn end_of_slot(&self, slot: usize) -> u64 {
        self.slots[slot].end
    }

    /// How a call stands. What has come of it is taken away.
    pub(in crate::client) fn progress(&mut self, ticket: Ticket) -> Progress {
        let state = &mut self.slots[ticket.slot].state;
        match mem::replace(state, State::Waiting) {
            State::Answered(id, reply) => Progress::Answered(id, reply),
            State::Failed(error) => Progress::Failed(error),
            _ => Progress::Waiting,
        }
    }

    /// Frees the slot of a call whose reply was read or will never come.
    pub(in crate::client) fn end(&mut self, ticket: Ticket) {
        self.slots[ticket.slot].state = State::Free;
        self.free.push_back(ticket.slot);
    }

    /// Nobody waits for this call any more. Its slot stays taken until its reply comes.
    pub(in crate::client) fn abandon(&mut self, ticket: Ticket) {
        let state = &mut self.slots[ticket.slot].state;
        if matches!(state, State::Waiting) {
            *state = State::Abandoned;
        } else {
            self.end(ticket);
        }
    }

    /// Finds the call that a reply with this sequence id is for.
    pub(in crate::client) fn whose(&mut self, sequence_id: i32) -> Whose {
        let slot = match self.reply_order {
            ReplyOrder::Any => self.slot_of(sequence_id),
            ReplyOrder::Sent => self.order.pop_front(),
        };
        let Some(slot) = slot else {
            return Whose::Nobody;
        };
        match self.slots[slot].state {
            State::Waiting => Whose::Call(slot),
            State::Abandoned => {
                self.slots[slot].state = State::Free;
                self.free.push_back(slot);
                Whose::Abandoned
            }
            _ => Whose::Nobody,
        }
    }

    fn slot_of(&self, sequence_id: i32) -> Option<usize> {
        let number = sequence_id.checked_sub(1).filter(|&number| number >= 0)?;
        let (used, slot) = (number / self.count(), number % self.count());
        let slot = usize::try_from(slot).ok()?;
        // It was counted up when the call began.
        let now = (used + 1) % (i32::MAX / self.count());
        (self.slots[slot].used == now).then_some(slot)
    }

    /// Keeps a reply for the thread that waits for it.
    pub(in crate::client) fn answer(&mut self, slot: usize, sequence_id: i32, reply: Vec<u8>) {
        self.slots[slot].state = State::Answered(sequence_id, reply);
    }

    /// Fails every call in flight: the connection is gone. `sent` bytes of the stream had left.
    pub(in crate::client) fn fail(&mut self, sent: u64, error: impl Fn(Delivery) -> Error) {
        self.order.clear();
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            match slot.state {
                State::Waiting => {
                    let delivery = if slot.start < sent {
                        Delivery::Sent
                    } else {
                        Delivery::NotSent
                    };
                    slot.state = State::Failed(error(delivery));
                }
                State::Abandoned => {
                    slot.state = State::Free;
                    self.free.push_back(index);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A failed expectation is a failed test.
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn ids(calls: &mut Calls, count: usize) -> Vec<i32> {
        let ids = (0..count).map(|_| {
            let ticket = calls.begin().unwrap();
            calls.end(ticket);
            ticket.sequence_id
        });
        ids.collect()
    }

    #[test]
    fn sequence_ids_ascend_while_calls_end_in_their_order() {
        let mut calls = Calls::new(3, ReplyOrder::Any);
        assert_eq!(ids(&mut calls, 7), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn no_id_comes_twice_before_all_have_come() {
        let mut calls = Calls::new(2, ReplyOrder::Any);
        let held = calls.begin().unwrap();
        let ids = ids(&mut calls, 1000);
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len());
        assert!(!unique.contains(&held.sequence_id));
    }

    #[test]
    fn ids_stay_positive_and_slots_findable_around_the_last_one() {
        let mut calls = Calls::new(3, ReplyOrder::Any);
        calls.slots[0].used = i32::MAX / 3 - 1;
        for _ in 0..2 {
            let ticket = calls.begin().unwrap();
            assert!(ticket.sequence_id > 0);
            assert_eq!(calls.whose(ticket.sequence_id), Whose::Call(ticket.slot));
            calls.end(ticket);
            calls.free = [0, 1, 2].into();
        }
        assert_eq!(calls.slots[0].used, 1);
    }

    #[test]
    fn a_late_reply_is_nobody_elses() {
        let mut calls = Calls::new(1, ReplyOrder::Any);
        let late = calls.begin().unwrap();
        calls.abandon(late);
        assert!(calls.begin().is_none(), "its slot is taken until it comes");
        assert_eq!(calls.whose(late.sequence_id), Whose::Abandoned);
        let next = calls.begin().unwrap();
        assert_eq!(calls.whose(late.sequence_id), Whose::Nobody);
        assert_eq!(calls.whose(next.sequence_id), Whose::Call(0));
        for id in [0, -1, i32::MIN, i32::MAX, next.sequence_id + 1] {
            assert_eq!(calls.whose(id), Whose::Nobody, "{id}");
        }
    }

    #[test]
    fn replies_in_order_need_no_ids() {
        let mut calls = Calls::new(3, ReplyOrder::Sent);
        let tickets: Vec<_> = (0..3).map(|_| calls.begin().unwrap()).collect();
        for &ticket in &tickets {
            calls.place(ticket, (0, 1), 0, false);
        }
        calls.abandon(tickets[1]);
        assert_eq!(calls.whose(0), Whose::Call(0));
        assert_eq!(calls.whose(0), Whose::Abandoned);
        assert_eq!(calls.whose(7), Whose::Call(2));
        assert_eq!(calls.whose(7), Whose::Nobody);
    }

    #[test]
    fn a_failure_says_of_each_call_whether_it_was_sent() {
        let mut calls = Calls::new(3, ReplyOrder::Any);
        let tickets: Vec<_> = (0..3).map(|_| calls.begin().unwrap()).collect();
        for (&ticket, place) in tickets.iter().zip([(0, 10), (10, 20), (20, 30)]) {
            calls.place(ticket, place, 0, false);
        }
        calls.fail(11, |delivery| {
            Error::new(ErrorKind::Closed, "gone").with_delivery(delivery)
        });
        let deliveries = tickets.iter().map(|&ticket| {
            let Progress::Failed(error) = calls.progress(ticket) else {
                panic!("it failed");
            };
            calls.end(ticket);
            error.delivery()
        });
        let expected = [Delivery::Sent, Delivery::Sent, Delivery::NotSent];
        assert_eq!(deliveries.collect::<Vec<_>>(), expected);
        assert_eq!(calls.len(), 0);
    }
}
