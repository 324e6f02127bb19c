//! One call, from when it was appended to its end.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::sleep_until;

use super::connection::{Connection, Reply, State};
use super::link::Doubt;
use crate::client::CallOptions;
use crate::client::connection::calls::{Outcome, Ticket};
use crate::client::connection::words;
use crate::error::{Delivery, Error, Result};

/// A call that was appended, and is given up when this is dropped.
pub(super) struct InFlight<'a> {
    connection: &'a Connection,
    ticket: Ticket,
    link: u64,
    options: CallOptions,
    ended: bool,
}

impl<'a> InFlight<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        ticket: Ticket,
        link: u64,
        options: CallOptions,
    ) -> Self {
        Self {
            connection,
            ticket,
            link,
            options,
            ended: false,
        }
    }

    /// The number of its link.
    pub(super) fn link(&self) -> u64 {
        self.link
    }

    /// Waits for its reply or, if it is oneway, until it has left.
    pub(super) async fn wait(&mut self) -> Result<Option<Reply>> {
        let deadline = self.options.deadline;
        let mut late = pin!(sleep_until(deadline.at().into()));
        let ended = poll_fn(|cx| match self.poll(cx) {
            Poll::Pending => match late.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(self.expire())),
                Poll::Pending => Poll::Pending,
            },
            ended @ Poll::Ready(_) => ended,
        })
        .await;
        self.ended = true;
        ended
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Reply>>> {
        let mut state = self.connection.state.lock();
        let ended = match state.calls.outcome(self.ticket) {
            Some(Outcome::Answered(sequence_id, message)) => Ok(Some(Reply {
                sequence_id,
                message,
                link: self.link,
            })),
            Some(Outcome::Failed(error)) => Err(error),
            None if self.has_left(&mut state) => {
                // It may be answered, though nobody waits for that.
                self.connection.abandon(&mut state, self.ticket);
                return Poll::Ready(Ok(None));
            }
            None => {
                let waker = &mut state.wakers[self.ticket.slot];
                match waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *waker = Some(cx.waker().clone()),
                }
                return Poll::Pending;
            }
        };
        self.connection.end(&mut state, self.ticket);
        Poll::Ready(ended)
    }

    /// Whether it is oneway and has left.
    fn has_left(&self, state: &mut State) -> bool {
        let end = state.calls.place_of(self.ticket).end;
        let link = state.links.get(self.link);
        self.options.oneway && link.is_some_and(|link| link.sent >= end)
    }

    /// Its time is over.
    #[cold]
    fn expire(&mut self) -> Error {
        let mut state = self.connection.state.lock();
        let (deadline, ticket) = (&self.options.deadline, self.ticket);
        let place = state.calls.place_of(ticket);
        let Some(link) = state.links.get(self.link) else {
            self.connection.end(&mut state, ticket);
            return words::gone();
        };
        let silent = link.replies == place.replies;
        let unheard = link.lossy && link.replies == 0;
        let error = if link.sent < place.end {
            words::not_taken(deadline)
        } else if unheard {
            words::no_answer(deadline, self.connection.dialer.wire.name())
        } else {
            words::no_reply(deadline)
        };
        let error = if self.connection.cut(&mut state, ticket) {
            error.with_delivery(Delivery::NotSent)
        } else {
            self.connection.abandon(&mut state, ticket);
            error.with_delivery(Delivery::Sent)
        };
        if silent {
            // Perhaps nobody is there any more; with another connection that will show.
            self.connection
                .retire(&mut state, self.link, words::told(&error));
        }
        drop(state);
        self.connection.dialer.events.tell();
        error
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if mem::replace(&mut self.ended, true) {
            return;
        }
        let mut state = self.connection.state.lock();
        if self.connection.cut(&mut state, self.ticket) {
            return;
        }
        self.connection.abandon(&mut state, self.ticket);
        let deadline = &self.options.deadline;
        if let Some(link) = state.links.get(self.link)
            && link.doubt.is_none()
            && !self.options.oneway
        {
            link.doubt = Some(Doubt {
                at: deadline.at(),
                replies: link.replies,
                time: deadline.left().unwrap_or(Duration::from_millis(1)),
            });
            link.wake();
        }
    }
}
