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
use crate::client::connection::calls::{Progress, Ticket};
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
        let ended = match state.calls.progress(self.ticket) {
            Progress::Answered(sequence_id, message) => Ok(Some(Reply {
                sequence_id,
                message,
                link: self.link,
            })),
            Progress::Failed(error) => Err(error),
            Progress::Waiting if self.has_left(&mut state) => Ok(None),
            Progress::Waiting => {
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
        let end = state.calls.end_of(self.ticket);
        let link = state.link(self.link);
        self.options.oneway && link.is_some_and(|link| link.sent >= end)
    }

    /// Its time is over.
    #[cold]
    fn expire(&mut self) -> Error {
        let mut state = self.connection.state.lock();
        let deadline = &self.options.deadline;
        let (start, end) = (
            state.calls.start_of(self.ticket),
            state.calls.end_of(self.ticket),
        );
        let Some(link) = state.link(self.link) else {
            self.connection.end(&mut state, self.ticket);
            return words::gone();
        };
        let (taken, replies) = (link.taken, link.replies);
        let unsent = link.sent < end;
        let error = if unsent {
            let delivery = [Delivery::NotSent, Delivery::Sent][usize::from(start < taken)];
            words::not_taken(deadline).with_delivery(delivery)
        } else {
            words::no_reply(deadline)
        };
        // Either the peer takes nothing any more, or perhaps nobody is there; with another connection
        // that will show.
        if (unsent && link.blocked) || state.calls.is_silent_since(self.ticket, replies) {
            self.connection.end(&mut state, self.ticket);
            let told = words::failed(&error);
            self.connection.fail(&mut state, self.link, &error, told);
            drop(state);
            self.connection.dialer.events.tell();
            return error;
        }
        self.give_up(&mut state);
        if unsent {
            // The driver has not had its turn yet, and will write it.
            return error.with_delivery(Delivery::Sent);
        }
        error
    }

    fn give_up(&self, state: &mut State) {
        state.wakers[self.ticket.slot] = None;
        if self.options.oneway {
            if let Some(link) = state.link(self.link) {
                link.leaving.retain(|&slot| slot != self.ticket.slot);
            }
            return self.connection.end(state, self.ticket);
        }
        state.calls.abandon(self.ticket);
        // Unless it has ended already, and its slot is free now.
        self.connection.room.notify_one();
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if mem::replace(&mut self.ended, true) {
            return;
        }
        let mut state = self.connection.state.lock();
        self.give_up(&mut state);
        let deadline = &self.options.deadline;
        if let Some(link) = state.link(self.link)
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
