//! Writing and reading, by the threads that wait: one of them for all.

use std::io;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::calls::{Progress, Ticket, Whose};
use super::link::Reader;
use super::{Connection, SPARE, SPARE_BYTES_MAX, STALL, State, words};
use crate::deadline::Deadline;
use crate::error::{Delivery, Error, ErrorKind, Result};
use crate::transport::{Decoded, explain_reply, is_timeout};

/// A call whose thread waits for its turn.
pub(super) struct Waiting {
    pub(super) ticket: Ticket,
    /// For no more than being sent.
    pub(super) to_send: bool,
}

/// For whom a thread reads.
#[derive(Clone, Copy)]
pub(super) struct Own {
    /// The number of the link.
    link: u64,
    /// Its own call, unless it only makes room for one.
    ticket: Option<Ticket>,
}

pub(super) type Decode<'a> = dyn FnMut(i32, &[u8]) -> Result<()> + 'a;

/// What a call waits for.
pub(super) enum Until<'a, 'd> {
    /// Its last byte has left.
    Sent,
    /// Its reply is decoded.
    Replied(&'a mut Decode<'d>),
}

/// How a turn of reading ended.
pub(super) enum Turn {
    /// Something arrived, if only a part.
    Moved,
    /// Nothing arrived in time.
    Quiet,
    /// The own reply was decoded.
    Replied(Result<()>),
}
impl Connection {
    /// Writes and reads, for this call and for others, until it has what it waits for.
    pub(super) fn drive(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Ticket,
        deadline: &Deadline,
        mut until: Until<'_, '_>,
    ) -> Result<()> {
        let mut stalled = false;
        loop {
            match state.calls.progress(ticket) {
                Progress::Answered(id, reply) => {
                    return self.decode_kept(state, ticket, until, id, reply);
                }
                Progress::Failed(error) => {
                    self.end(state, ticket);
                    return Err(error);
                }
                Progress::Waiting => {}
            }
            let end = state.calls.end_of(ticket);
            // A call that waits has a link: it fails with it.
            let Some(link) = &mut state.link else {
                return Err(self.give_up(state, ticket, words::gone()));
            };
            let sent = link.sent >= end;
            if sent && matches!(until, Until::Sent) {
                self.pass_on(state);
                return Ok(());
            }
            let Some(left) = deadline.wait() else {
                return Err(self.expire(state, ticket, deadline));
            };
            if sent && link.reader.is_some() {
                if let Turn::Replied(result) = self.read(state, Some(ticket), left, &mut until) {
                    return result;
                }
            } else if (stalled || link.broken.is_some()) && link.reader.is_some() {
                stalled = false;
                // For others: nobody has answered what is not sent.
                let turn = self.read(state, None, STALL.min(left), &mut Until::Sent);
                self.end_if_broken(state, &turn);
            } else if !sent && link.writer.is_some() {
                stalled = self.write(state, left);
            } else {
                self.wait_for_turn(state, ticket, deadline, matches!(until, Until::Sent));
            }
        }
    }

    /// Ends a link that cannot be written any more, and on which nothing more comes.
    fn end_if_broken(&self, state: &mut State, turn: &Turn) {
        if let Turn::Quiet = turn
            && let Some(link) = &mut state.link
            && let Some(error) = link.broken.take()
        {
            self.fail(state, &error);
        }
    }

    fn wait_for_turn(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Ticket,
        deadline: &Deadline,
        to_send: bool,
    ) {
        state.waiting.push(Waiting { ticket, to_send });
        self.turns[ticket.slot].wait_until(state, deadline.at());
        state.waiting.retain(|waiting| waiting.ticket != ticket);
    }

    /// A reply that another thread has read.
    fn decode_kept(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Ticket,
        until: Until<'_, '_>,
        id: i32,
        mut reply: Vec<u8>,
    ) -> Result<()> {
        // It may have been woken to go on with something, which is for another to do now.
        self.pass_on(state);
        let Until::Replied(decode) = until else {
            // It came before this thread knew that its call had left.
            state.calls.answer(ticket.slot, id, reply);
            return Ok(());
        };
        let number = state.link.as_ref().map(|link| link.number);
        let decoded = MutexGuard::unlocked(state, || decode(id, &reply));
        if reply.capacity() <= SPARE_BYTES_MAX && state.spare.len() < SPARE {
            reply.clear();
            state.spare.push(reply);
        }
        self.end(state, ticket);
        if let Err(error) = &decoded
            && state.link.as_ref().map(|link| link.number) == number
        {
            self.fail(state, error);
        }
        decoded.map_err(|error| error.with_delivery(Delivery::Sent))
    }

    /// Writes what there is to write, own bytes or others'. `true` when the server does not take it.
    fn write(&self, state: &mut MutexGuard<'_, State>, left: Duration) -> bool {
        let Some(link) = &mut state.link else {
            return false;
        };
        let number = link.number;
        let Some(mut writing) = link.take_writer() else {
            return false;
        };
        let before = writing.written;
        let result = MutexGuard::unlocked(state, || {
            loop {
                match writing.step(STALL.min(left)) {
                    Ok(true) => return Ok(false),
                    Ok(false) => {}
                    Err(error) if is_timeout(&error) => return Ok(true),
                    Err(error) => return Err(error),
                }
            }
        });
        let Some(link) = state.link.as_mut().filter(|link| link.number == number) else {
            return false;
        };
        link.put_writer(writing, before);
        match result {
            Ok(stalled) => {
                self.pass_on(state);
                stalled
            }
            Err(error) => {
                link.end_writing(error.into());
                false
            }
        }
    }

    /// Reads once, and hands out the replies that are whole.
    pub(super) fn read(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Option<Ticket>,
        wait: Duration,
        until: &mut Until<'_, '_>,
    ) -> Turn {
        let Some(link) = &mut state.link else {
            return Turn::Moved;
        };
        let (number, first) = (link.number, link.first);
        let Some(mut reader) = link.reader.take() else {
            return Turn::Moved;
        };
        let own = Own {
            link: number,
            ticket,
        };
        let result = self.read_with(state, &mut reader, own, wait, until, first);
        let end = |state: &mut State| {
            if let Some(ticket) = ticket {
                self.end(state, ticket);
            }
        };
        let Some(link) = state.link.as_mut().filter(|link| link.number == number) else {
            // It has failed meanwhile, and this call with it, unless its reply was just read.
            return match result {
                Ok(turn @ Turn::Replied(_)) => {
                    end(state);
                    turn
                }
                _ => Turn::Moved,
            };
        };
        match result {
            Ok(turn) => {
                link.first &= !matches!(turn, Turn::Replied(Ok(())));
                reader.inbox.shrink();
                link.reader = Some(reader);
                if let Turn::Replied(replied) = &turn {
                    end(state);
                    if let Err(error) = replied {
                        self.fail(state, error);
                    }
                }
                self.pass_on(state);
                turn
            }
            Err(error) => {
                end(state);
                self.fail(state, &error);
                Turn::Replied(Err(error.with_delivery(Delivery::Sent)))
            }
        }
    }

    /// Without the lock, but for looking up whose replies they are.
    fn read_with(
        &self,
        state: &mut MutexGuard<'_, State>,
        reader: &mut Reader,
        own: Own,
        wait: Duration,
        until: &mut Until<'_, '_>,
        first: bool,
    ) -> Result<Turn> {
        let mut filled = false;
        loop {
            let bytes = reader.inbox.bytes();
            let missing = match reader.decoder.decode(bytes) {
                Ok(Decoded::Message { message, consumed }) => {
                    let result = self.hand_out(state, message, own, until);
                    reader.inbox.consume(consumed);
                    if let Some(replied) = result? {
                        return Ok(Turn::Replied(replied));
                    }
                    filled = true;
                    continue;
                }
                Ok(Decoded::NeedMore(missing)) => missing,
                Err(error) if first => {
                    let name = &self.dialer.transport_name;
                    return Err(explain_reply(error, bytes, name, self.dialer.wire.name()));
                }
                Err(error) => return Err(error),
            };
            if filled {
                return Ok(Turn::Moved);
            }
            let Reader { half, inbox, .. } = reader;
            let read = MutexGuard::unlocked(state, || {
                inbox.fill_with(missing, |buffer| half.read(buffer, wait))
            });
            match read {
                Ok(0) => return Err(self.closed(first)),
                Ok(_) => filled = true,
                Err(error) if is_timeout(&error) => return Ok(Turn::Quiet),
                // What a server leaves unread when it closes comes back as a reset.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(self.closed(first).with_source(error));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives a message to the call that it answers. `Some` when that is the caller's own.
    fn hand_out(
        &self,
        state: &mut MutexGuard<'_, State>,
        message: &[u8],
        own: Own,
        until: &mut Until<'_, '_>,
    ) -> Result<Option<Result<()>>> {
        let (head, _) = self.dialer.wire.read_head(message, &self.dialer.limits)?;
        let id = head.sequence_id;
        let sent = match &mut state.link {
            Some(link) if link.number == own.link => {
                link.replies += 1;
                link.may_have_sent()
            }
            _ => return Err(Error::new(ErrorKind::Closed, "the connection was closed")),
        };
        match (state.calls.whose(id), &mut *until) {
            (Whose::Call(slot), Until::Replied(decode))
                if own.ticket.is_some_and(|ticket| ticket.slot == slot) =>
            {
                let decoded = MutexGuard::unlocked(state, || decode(id, message));
                Ok(Some(
                    decoded.map_err(|error| error.with_delivery(Delivery::Sent)),
                ))
            }
            (Whose::Call(slot), _) if state.calls.end_of_slot(slot) > sent => {
                Err(words::too_early())
            }
            (Whose::Call(slot), _) => {
                let mut reply = state.spare.pop().unwrap_or_default();
                reply.extend_from_slice(message);
                state.calls.answer(slot, id, reply);
                self.turns[slot].notify_one();
                Ok(None)
            }
            (Whose::Abandoned, _) => {
                self.room.notify_one();
                Ok(None)
            }
            (Whose::Nobody, _) => Err(words::nobodys(id)),
        }
    }
}
