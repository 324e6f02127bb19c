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
    }

    /// Ends a call that finds itself without what it should have.
    #[cold]
    pub(super) fn give_up(&self, state: &mut State, ticket: Ticket, error: Error) -> Error {
        self.end(state, ticket);
        self.fail(state, &error);
        error.with_delivery(Delivery::Sent)
    }

    /// A call whose time is over.
    #[cold]
    pub(super) fn expire(&self, state: &mut State, ticket: Ticket, deadline: &Deadline) -> Error {
        let end = state.calls.end_of(ticket);
        let link = state.link.as_ref();
        let (sent, replies) = link.map_or((0, 0), |link| (link.may_have_sent(), link.replies));
        if sent < end {
            let error = words::not_taken(deadline);
            let started = state.calls.start_of(ticket) < sent;
            self.end(state, ticket);
            self.fail(state, &error);
            let delivery = [Delivery::NotSent, Delivery::Sent][usize::from(started)];
            return error.with_delivery(delivery);
        }
        let error = words::no_reply(deadline);
        if state.calls.is_silent_since(ticket, replies) {
            // Perhaps nobody is there any more; with another connection that will show.
            self.end(state, ticket);
            self.fail(state, &error);
        } else {
            state.calls.abandon(ticket);
            self.pass_on(state);
        }
        error
    }

    /// Ends the link and all of its calls.
    #[cold]
    pub(super) fn fail(&self, state: &mut State, error: &Error) {
        let Some(link) = state.link.take() else {
            return;
        };
        link.close();
        #[cfg(feature = "tracing")]
        if error.kind() == crate::ErrorKind::Cancelled {
            tracing::debug!(peer = %link.peer, "connection closed: {error}");
        } else {
            tracing::warn!(peer = %link.peer, "connection closed: {error}");
        }
        self.dialer.events.note(link.number, || {
            Event::Down(Error::new(error.kind(), error.to_string()))
        });
        state.calls.fail(link.may_have_sent(), words::failed(error));
        for waiting in state.waiting.drain(..) {
            self.turns[waiting.ticket.slot].notify_one();
        }
        self.room.notify_all();
    }

    /// Wakes those who can go on: they are sent, or a half is here that they need.
    pub(super) fn pass_on(&self, state: &mut State) {
        if state.waiting.is_empty() {
            return;
        }
        let State {
            calls,
            link: Some(link),
            waiting,
            ..
        } = state
        else {
            return;
        };
        let (mut read, mut write) = (link.reader.is_some(), link.writer.is_some());
        let broken = link.broken.is_some();
        waiting.retain(|&Waiting { ticket, to_send }| {
            let sent = link.sent >= calls.end_of(ticket);
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
