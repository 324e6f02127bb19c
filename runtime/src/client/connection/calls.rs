//! Which calls are in flight on a connection, and whose reply a message is. No I/O, no waiting.
//!
//! A sequence id says which slot a call has and how often the slot was used before, so a reply that
//! comes after its call has given up can never be taken for that of another call, not even of the
//! next one in the same slot.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::time::Instant;

use super::place::Place;
use crate::config::ReplyOrder;
use crate::envelope::{Envelope, ReplyHeaders};
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
    /// Calls in the order in which they were sent, and over which link, if replies come in that order.
    order: VecDeque<(u64, Ticket)>,
    /// What has come of calls that nobody waits for yet, whose slots others needed, by sequence id,
    /// and over which link.
    aside: HashMap<i32, (u64, Outcome)>,
}

#[derive(Default)]
struct Slot {
    /// How often it was used before, counted from 0 again before sequence ids would overflow.
    used: i32,
    state: State,
    place: Place,
    /// Somebody will wait for the call, but not yet.
    later: bool,
    /// Where to leave what comes with the reply.
    reply_headers: Option<ReplyHeaders>,
}

#[derive(Default)]
enum State {
    #[default]
    Free,
    Waiting,
    /// Nobody waits any more, and the reply may still come.
    Abandoned,
    Ended(Outcome),
}

/// What has come of a call.
pub(in crate::client) enum Outcome {
    /// Somebody else has read the reply, with this sequence id in it.
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
            aside: HashMap::new(),
        }
    }

    /// How many calls are in flight, abandoned ones included.
    pub(in crate::client) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many calls over a link await a reply, those included that were given up.
    pub(in crate::client) fn awaited(&self, link: u64) -> usize {
        let awaited = |state: &State| matches!(state, State::Waiting | State::Abandoned);
        self.count_on(link, |slot| awaited(&slot.state))
    }

    /// How many calls over a link somebody waits for, or will.
    pub(in crate::client) fn wanted(&self, link: u64) -> usize {
        self.count_on(link, |slot| matches!(slot.state, State::Waiting))
    }

    /// Whether calls were given up whose replies may still come over a link.
    #[cfg(feature = "tokio")]
    pub(in crate::client) fn has_abandoned(&self, link: u64) -> bool {
        self.count_on(link, |slot| matches!(slot.state, State::Abandoned)) > 0
    }

    /// Whether at least half of the room that a link has for calls is taken by such that were given up
    /// and should have been answered.
    pub(in crate::client) fn is_clogged(&self, link: u64, room: usize) -> bool {
        let now = Instant::now();
        let lost = |slot: &Slot| {
            matches!(slot.state, State::Abandoned) && slot.place.due.is_some_and(|due| due <= now)
        };
        self.count_on(link, lost) * 2 >= room
    }

    /// When the next of the calls over a link that were given up should be answered.
    pub(in crate::client) fn next_due(&self, link: u64) -> Option<Instant> {
        let now = Instant::now();
        let given_up =
            |slot: &&Slot| slot.place.link == link && matches!(slot.state, State::Abandoned);
        let dues = self.slots.iter().filter(given_up);
        dues.filter_map(|slot| slot.place.due)
            .filter(|due| *due > now)
            .min()
    }

    /// Whether any slot is taken by a call over a link.
    pub(in crate::client) fn is_used(&self, link: u64) -> bool {
        self.count_on(link, |slot| !matches!(slot.state, State::Free)) > 0
    }

    fn count_on(&self, link: u64, counts: impl Fn(&Slot) -> bool) -> usize {
        let on = |slot: &&Slot| slot.place.link == link && counts(slot);
        self.slots.iter().filter(on).count()
    }

    /// Takes a slot for a call. `None` when all are taken.
    pub(in crate::client) fn begin(&mut self) -> Option<Ticket> {
        if self.free.is_empty() {
            self.set_aside();
        }
        let slot = self.free.pop_front()?;
        let count = self.count();
        let place = &mut self.slots[slot];
        (place.state, place.later) = (State::Waiting, false);
        let number = place.used * count + i32::try_from(slot).unwrap_or(0);
        place.used = (place.used + 1) % (i32::MAX / count);
        let sequence_id = number + 1;
        Some(Ticket { slot, sequence_id })
    }

    /// How many slots there are; a configuration keeps them far below what an `i32` holds.
    fn count(&self) -> i32 {
        i32::try_from(self.slots.len()).unwrap_or(i32::MAX)
    }

    /// Frees the slots of calls that have ended and that nobody waits for yet.
    fn set_aside(&mut self) {
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            if slot.later
                && let Some(outcome) = slot.state.take()
            {
                let link = slot.place.link;
                slot.state = State::Free;
                self.free.push_back(index);
                self.aside.insert(self.sequence_id(index), (link, outcome));
            }
        }
    }

    /// That of the call which has the slot.
    fn sequence_id(&self, slot: usize) -> i32 {
        let before = match self.slots[slot].used {
            0 => i32::MAX / self.count() - 1,
            used => used - 1,
        };
        before * self.count() + i32::try_from(slot).unwrap_or(0) + 1
    }

    /// Somebody will wait for the call, but not yet.
    pub(in crate::client) fn leave(&mut self, ticket: Ticket) {
        self.slots[ticket.slot].later = true;
    }

    /// Somebody waits for it now. `Some` when it has ended and has no slot any more.
    pub(in crate::client) fn come_back(&mut self, ticket: Ticket) -> Option<(u64, Outcome)> {
        let aside = self.aside.remove(&ticket.sequence_id);
        if aside.is_none() {
            self.slots[ticket.slot].later = false;
        }
        aside
    }

    /// Notes where a call stands.
    pub(in crate::client) fn place(&mut self, ticket: Ticket, place: Place) {
        self.slots[ticket.slot].place = place;
        if !place.oneway && self.reply_order == ReplyOrder::Sent {
            self.order.push_back((place.link, ticket));
        }
    }

    /// Notes where to leave what comes with the reply.
    pub(in crate::client) fn await_headers(&mut self, ticket: Ticket, at: Option<ReplyHeaders>) {
        self.slots[ticket.slot].reply_headers = at;
    }

    /// Leaves what has come with the reply to the call in a slot.
    pub(in crate::client) fn leave_headers(&mut self, slot: usize, envelope: Option<&Envelope>) {
        if let (Some(at), Some(envelope)) = (&self.slots[slot].reply_headers, envelope) {
            at.lock().clone_from(&envelope.headers);
        }
    }

    /// Where it stands.
    pub(in crate::client) fn place_of(&self, ticket: Ticket) -> Place {
        self.slots[ticket.slot].place
    }

    /// Ends a call that was taken out of the bytes which are to be sent; those behind it move up.
    pub(in crate::client) fn cut(&mut self, ticket: Ticket) {
        let Place {
            link, start, end, ..
        } = self.place_of(ticket);
        for Slot { place, .. } in &mut self.slots {
            if place.link == link && place.start >= end {
                place.start -= end - start;
                place.end -= end - start;
            }
        }
        self.order.retain(|&(_, other)| other != ticket);
        self.end(ticket);
    }

    /// Where the call in a slot ends.
    pub(in crate::client) fn end_of_slot(&self, slot: usize) -> u64 {
        self.slots[slot].place.end
    }

    /// What has come of a call, which is taken away. `None` as long as it waits.
    pub(in crate::client) fn outcome(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.slots[ticket.slot].state.take()
    }

    /// Frees the slot of a call whose reply was read or will never come.
    pub(in crate::client) fn end(&mut self, ticket: Ticket) {
        self.slots[ticket.slot].state = State::Free;
        self.free.push_back(ticket.slot);
    }

    /// Nobody waits for this call any more. Its slot stays taken until its reply comes, if it does.
    pub(in crate::client) fn abandon(&mut self, ticket: Ticket) {
        let slot = &mut self.slots[ticket.slot];
        let comes = !slot.place.oneway && !slot.place.lossy;
        if matches!(slot.state, State::Waiting) && comes {
            slot.state = State::Abandoned;
        } else {
            self.end(ticket);
        }
    }

    /// Frees the slots of calls over a link that were given up: nobody listens to it for long any more.
    pub(in crate::client) fn forget(&mut self, link: u64) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.place.link == link && matches!(slot.state, State::Abandoned) {
                slot.state = State::Free;
                self.free.push_back(index);
            }
        }
    }

    /// Finds the call that a reply with this sequence id is for, when it comes over a link.
    pub(in crate::client) fn whose(&mut self, link: u64, sequence_id: i32) -> Whose {
        let slot = match self.reply_order {
            ReplyOrder::Any => self.slot_of(sequence_id),
            ReplyOrder::Sent => {
                let first = self.order.iter().position(|&(over, _)| over == link);
                let Some((_, ticket)) = first.and_then(|first| self.order.remove(first)) else {
                    return Whose::Nobody;
                };
                let slot = self.slot_of(ticket.sequence_id);
                let taken = slot.filter(|&slot| !matches!(self.slots[slot].state, State::Free));
                if taken.is_none() {
                    return Whose::Abandoned;
                }
                taken
            }
        };
        let Some(slot) = slot.filter(|&slot| self.slots[slot].place.link == link) else {
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

    /// Whether somebody will wait for the call in a slot, but not yet.
    pub(in crate::client) fn is_for_later(&self, slot: usize) -> bool {
        self.slots[slot].later
    }

    fn slot_of(&self, sequence_id: i32) -> Option<usize> {
        let number = sequence_id.checked_sub(1).filter(|&number| number >= 0)?;
        let (used, slot) = (number / self.count(), number % self.count());
        let slot = usize::try_from(slot).ok()?;
        // It was counted up when the call began.
        let now = (used + 1) % (i32::MAX / self.count());
        (self.slots[slot].used == now).then_some(slot)
    }

    /// An empty message came over a link, over which there is one call at a time.
    pub(in crate::client) fn acknowledge(&mut self, link: u64) -> Whose {
        let awaited = |slot: &Slot| {
            slot.place.link == link && matches!(slot.state, State::Waiting | State::Abandoned)
        };
        let Some(index) = self.slots.iter().position(awaited) else {
            return Whose::Nobody;
        };
        let slot = &mut self.slots[index];
        if !slot.place.acknowledged {
            return Whose::Nobody;
        }
        if matches!(slot.state, State::Waiting) {
            // It came before anybody knew that the call had left.
            slot.state = State::Ended(Outcome::Answered(0, Vec::new()));
            return Whose::Call(index);
        }
        self.order.retain(|&(over, _)| over != link);
        self.slots[index].state = State::Free;
        self.free.push_back(index);
        Whose::Abandoned
    }

    /// Whether no more than one call is in flight over a link.
    pub(in crate::client) fn is_alone(&self, link: u64) -> bool {
        let waits = |slot: &&Slot| {
            slot.place.link == link && matches!(slot.state, State::Waiting | State::Abandoned)
        };
        self.slots.iter().filter(waits).take(2).count() < 2
    }

    /// How many slots there are.
    pub(in crate::client) fn room(&self) -> usize {
        self.slots.len()
    }

    /// Keeps a reply for the thread that waits for it.
    pub(in crate::client) fn answer(&mut self, slot: usize, sequence_id: i32, reply: Vec<u8>) {
        self.slots[slot].state = State::Ended(Outcome::Answered(sequence_id, reply));
    }

    /// Fails every call over a link: that is gone. `sent` bytes of its stream had left.
    pub(in crate::client) fn fail(
        &mut self,
        link: u64,
        sent: u64,
        error: impl Fn(Delivery) -> Error,
    ) {
        self.order.retain(|&(over, _)| over != link);
        self.forget(link);
        for Slot { state, place, .. } in &mut self.slots {
            if place.link == link && matches!(state, State::Waiting) {
                let delivery = if place.start < sent {
                    Delivery::Sent
                } else {
                    Delivery::NotSent
                };
                *state = State::Ended(Outcome::Failed(error(delivery)));
            }
        }
    }
}

impl State {
    fn take(&mut self) -> Option<Outcome> {
        if !matches!(self, Self::Ended(_)) {
            return None;
        }
        match mem::replace(self, Self::Waiting) {
            Self::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A failed expectation is a failed test.
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;

    /// Ten bytes.
    fn place(link: u64, start: u64) -> Place {
        Place {
            link,
            start,
            end: start + 10,
            ..Place::default()
        }
    }

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
            calls.place(ticket, Place::default());
            assert_eq!(calls.sequence_id(ticket.slot), ticket.sequence_id);
            assert_eq!(calls.whose(0, ticket.sequence_id), Whose::Call(ticket.slot));
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
        assert_eq!(calls.whose(0, late.sequence_id), Whose::Abandoned);
        let next = calls.begin().unwrap();
        assert_eq!(calls.whose(0, late.sequence_id), Whose::Nobody);
        assert_eq!(calls.whose(0, next.sequence_id), Whose::Call(0));
        for id in [0, -1, i32::MIN, i32::MAX, next.sequence_id + 1] {
            assert_eq!(calls.whose(0, id), Whose::Nobody, "{id}");
        }
    }

    #[test]
    fn replies_in_order_need_no_ids() {
        let mut calls = Calls::new(3, ReplyOrder::Sent);
        let tickets: Vec<_> = (0..3).map(|_| calls.begin().unwrap()).collect();
        for &ticket in &tickets {
            calls.place(ticket, Place::default());
        }
        calls.abandon(tickets[1]);
        assert_eq!(calls.whose(0, 0), Whose::Call(0));
        assert_eq!(calls.whose(0, 0), Whose::Abandoned);
        assert_eq!(calls.whose(0, 7), Whose::Call(2));
        assert_eq!(calls.whose(0, 7), Whose::Nobody);
    }

    #[test]
    fn a_failure_says_of_each_call_whether_it_was_sent() {
        let mut calls = Calls::new(3, ReplyOrder::Any);
        let tickets: Vec<_> = (0..3).map(|_| calls.begin().unwrap()).collect();
        for (&ticket, start) in tickets.iter().zip([0, 10, 20]) {
            calls.place(ticket, place(0, start));
        }
        calls.fail(0, 11, |delivery| {
            Error::new(ErrorKind::Closed, "gone").with_delivery(delivery)
        });
        let deliveries = tickets.iter().map(|&ticket| {
            let Some(Outcome::Failed(error)) = calls.outcome(ticket) else {
                panic!("it failed");
            };
            calls.end(ticket);
            error.delivery()
        });
        let expected = [Delivery::Sent, Delivery::Sent, Delivery::NotSent];
        assert_eq!(deliveries.collect::<Vec<_>>(), expected);
        assert_eq!(calls.len(), 0);
    }

    #[test]
    fn a_failure_is_that_of_one_link() {
        let mut calls = Calls::new(4, ReplyOrder::Sent);
        let tickets: Vec<_> = (0..4).map(|_| calls.begin().unwrap()).collect();
        for (&ticket, link) in tickets.iter().zip([1, 2, 1, 2]) {
            calls.place(ticket, place(link, 0));
        }
        calls.abandon(tickets[2]);
        assert_eq!([calls.wanted(1), calls.awaited(1)], [1, 2]);
        calls.fail(1, 0, |_| Error::new(ErrorKind::Closed, "gone"));
        assert!(calls.outcome(tickets[0]).is_some());
        calls.end(tickets[0]);
        assert_eq!([calls.awaited(1), calls.awaited(2)], [0, 2]);
        assert_eq!(calls.whose(1, 0), Whose::Nobody);
        assert_eq!(calls.whose(2, 0), Whose::Call(1));
        assert_eq!(calls.whose(2, 0), Whose::Call(3));
    }

    /// By both ways of finding out whose a reply is.
    #[test]
    fn a_reply_over_another_link_is_nobodys() {
        for order in [ReplyOrder::Any, ReplyOrder::Sent] {
            let mut calls = Calls::new(2, order);
            let ticket = calls.begin().unwrap();
            calls.place(ticket, place(1, 0));
            assert_eq!(calls.whose(2, ticket.sequence_id), Whose::Nobody);
            assert_eq!(calls.whose(1, ticket.sequence_id), Whose::Call(ticket.slot));
        }
    }

    /// What was forgotten leaves its slot to others, whose replies are not taken for its own.
    #[test]
    fn a_reply_to_a_call_that_was_forgotten_is_nobody_elses() {
        let mut calls = Calls::new(1, ReplyOrder::Sent);
        let old = calls.begin().unwrap();
        let due = |due| Place {
            due: Some(due),
            ..place(1, 0)
        };
        calls.place(old, due(Instant::now() + Duration::from_hours(1)));
        calls.abandon(old);
        assert!(!calls.is_clogged(1, 1));
        calls.slots[0].place = due(Instant::now());
        assert!(calls.is_clogged(1, 1));
        calls.forget(1);
        let new = calls.begin().unwrap();
        calls.place(new, place(2, 0));
        assert_eq!(calls.whose(1, old.sequence_id), Whose::Abandoned);
        assert_eq!(calls.whose(2, new.sequence_id), Whose::Call(0));
    }

    #[test]
    fn behind_a_call_that_is_cut_out_others_move_up() {
        let mut calls = Calls::new(4, ReplyOrder::Sent);
        let tickets: Vec<_> = (0..4).map(|_| calls.begin().unwrap()).collect();
        for (&ticket, at) in tickets.iter().zip([(1, 0), (1, 10), (1, 20), (2, 20)]) {
            calls.place(ticket, place(at.0, at.1));
        }
        calls.cut(tickets[1]);
        let starts = [0, 2, 3].map(|index| calls.place_of(tickets[index]).start);
        assert_eq!(starts, [0, 10, 20]);
        assert_eq!(calls.whose(1, 0), Whose::Call(0));
        assert_eq!(calls.whose(1, 0), Whose::Call(2));
    }

    #[test]
    fn what_nobody_waits_for_yet_leaves_its_slot_to_others_once_it_has_ended() {
        let mut calls = Calls::new(1, ReplyOrder::Any);
        let first = calls.begin().unwrap();
        calls.leave(first);
        assert!(calls.begin().is_none(), "it has not ended");
        calls.answer(first.slot, first.sequence_id, vec![7]);
        let second = calls.begin().unwrap();
        let kept = calls.come_back(first);
        assert!(matches!(kept, Some((0, Outcome::Answered(1, reply))) if reply == [7]));
        assert!(calls.come_back(second).is_none());
        assert!(calls.outcome(second).is_none(), "it waits");
    }
}
