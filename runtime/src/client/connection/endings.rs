//! How calls end, and the connection with them.

use super::calls::Ticket;
use super::turns::Waiting;
use super::{Connection, State, words};
use crate::client::events::Event;
use crate::deadline::Deadline;
use crate::error::{Delivery, Error};

impl Connection {
    #[cold]
    pub(super) fn closed(&self, first: bool) -> Error {
        words::closed(first, &self.dialer.transport_name, self.dialer.wire.name())
    }

    /// Ends a call, and lets another one have its slot.
    pub(super) fn end(&self, state: &mut State, ticket: Ticket) {
        state.calls.end(ticket);
        self.room.notify_one();
        self.close_retired(state);
    }

    /// Nobody waits for a call any more.
    pub(super) fn abandon(&self, state: &mut State, ticket: Ticket) {
        state.calls.abandon(ticket);
        // Who waits for room may have to read.
        self.room.notify_one();
        self.close_retired(state);
    }

    /// A call whose time is over.
    #[cold]
    pub(super) fn expire(&self, state: &mut State, ticket: Ticket, deadline: &Deadline) -> Error {
        let place = state.calls.place_of(ticket);
        let Some(link) = state.links.get(place.link) else {
            self.end(state, ticket);
            return words::gone();
        };
        let silent = link.replies == place.replies;
        let sent = link.may_have_sent() >= place.end;
        let unheard = link.is_lossy() && link.replies == 0;
        let error = if !sent {
            words::not_taken(deadline)
        } else if unheard {
            words::no_answer(deadline, self.dialer.wire.name())
        } else {
            words::no_reply(deadline)
        };
        let error = if link.cut((place.start, place.end)) {
            state.calls.cut(ticket);
            self.room.notify_one();
            self.close_retired(state);
            error.with_delivery(Delivery::NotSent)
        } else {
            self.abandon(state, ticket);
            error.with_delivery(Delivery::Sent)
        };
        if silent {
            // Perhaps nobody is there any more; with another connection that will show.
            self.retire(state, place.link, words::told(&error));
        }
        self.pass_on(state, place.link);
        error
    }

    /// A link gets no more calls. Those in flight have their time.
    #[cold]
    pub(super) fn retire(&self, state: &mut State, number: u64, reason: Error) {
        let State { calls, links, .. } = state;
        links.retire(number, calls, reason);
        self.room.notify_all();
        self.close_retired(state);
    }

    /// Ends links that nobody has a use for any more.
    fn close_retired(&self, state: &mut State) {
        while let Some((number, reason)) = state.links.unwanted(&state.calls) {
            self.fail(state, number, &reason);
        }
    }

    /// What has come over a link makes no sense. Nobody knows what would come next, so it ends, unless
    /// that comes by itself.
    #[cold]
    pub(super) fn mistrust(&self, state: &mut State, number: u64, error: &Error) {
        if state.links.get(number).is_some_and(|link| !link.is_lossy()) {
            self.fail(state, number, error);
        }
    }

    /// Ends a link and all of its calls.
    #[cold]
    pub(super) fn fail(&self, state: &mut State, number: u64, error: &Error) {
        let Some(link) = state.links.take(number) else {
            return;
        };
        link.close();
        #[cfg(feature = "tracing")]
        if error.kind() == crate::ErrorKind::Cancelled {
            tracing::debug!(peer = %link.peer, "connection closed: {error}");
        } else {
            tracing::warn!(peer = %link.peer, "connection closed: {error}");
        }
        self.dialer
            .events
            .note(link.number, || Event::Down(words::told(error)));
        let State { calls, waiting, .. } = state;
        // One that is alone may read what has come before it has left, as a server's no to a long one.
        let (alone, others) = (calls.is_alone(number), words::failed(error));
        calls.fail(number, link.may_have_sent(), |delivery| {
            if alone {
                words::ended(error, delivery)
            } else {
                others(delivery)
            }
        });
        waiting.retain(|waiting| {
            let lost = calls.place_of(waiting.ticket).link == number;
            if lost {
                self.turns[waiting.ticket.slot].notify_one();
            }
            !lost
        });
        self.room.notify_all();
    }

    /// Wakes those who can go on: they are sent, or a half of the link is here that they need.
    pub(super) fn pass_on(&self, state: &mut State, number: u64) {
        if state.waiting.is_empty() {
            return;
        }
        let State {
            calls,
            links,
            waiting,
            ..
        } = state;
        let Some(link) = links.get(number) else {
            return;
        };
        let (mut read, mut write) = (link.reader.is_some(), link.writer.is_some());
        let broken = link.broken.is_some();
        waiting.retain(|&Waiting { ticket, to_send }| {
            let place = calls.place_of(ticket);
            if place.link != number {
                return true;
            }
            let sent = link.sent >= place.end;
            let role = if sent || broken {
                &mut read
            } else {
                &mut write
            };
            let wake = (sent && to_send) || std::mem::take(role);
            if wake {
                self.turns[ticket.slot].notify_one();
            }
            !wake
        });
    }
}
