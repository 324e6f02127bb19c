//! Writing and reading, by the threads that wait: one of them for all.

use std::io;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::calls::{Outcome, Ticket, Whose};
use super::link::Reader;
use super::place::Place;
use super::{Connection, SPARE, SPARE_BYTES_MAX, STALL, State, words};
use crate::deadline::Deadline;
use crate::envelope::Envelope;
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
            match state.calls.outcome(ticket) {
                Some(Outcome::Answered(id, reply)) => {
                    return self.decode_kept(state, ticket, until, id, reply);
                }
                Some(Outcome::Failed(error)) => {
                    self.end(state, ticket);
                    return Err(error);
                }
                None => {}
            }
            let Place {
                link: number, end, ..
            } = state.calls.place_of(ticket);
            // A call that waits has a link: it fails with it.
            let Some(link) = state.links.get(number) else {
                self.end(state, ticket);
                return Err(words::gone().with_delivery(Delivery::Sent));
            };
            let sent = link.sent >= end;
            if sent && matches!(until, Until::Sent) {
                self.pass_on(state, number);
                return Ok(());
            }
            let Some(left) = deadline.wait() else {
                return Err(self.expire(state, ticket, deadline));
            };
            if sent && link.reader.is_some() {
                let turn = self.read(state, number, Some(ticket), left, &mut until);
                if let Turn::Replied(result) = turn {
                    return result;
                }
            } else if (stalled || link.broken.is_some()) && link.reader.is_some() {
                stalled = false;
                // For others: nobody has answered what is not sent.
                let turn = self.read(state, number, None, STALL.min(left), &mut Until::Sent);
                self.end_if_broken(state, number, &turn);
            } else if !sent && link.writer.is_some() {
                stalled = self.write(state, number, end, (deadline, left));
            } else {
                self.wait_for_turn(state, ticket, deadline, matches!(until, Until::Sent));
            }
        }
    }

    /// Ends a link that cannot be written any more, and on which nothing more comes.
    fn end_if_broken(&self, state: &mut State, number: u64, turn: &Turn) {
        if let Turn::Quiet = turn
            && let Some(link) = state.links.get(number)
            && let Some(error) = link.broken.take()
        {
            self.fail(state, number, &error);
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
        reply: Vec<u8>,
    ) -> Result<()> {
        // It may have been woken to go on with something, which is for another to do now.
        let number = state.calls.place_of(ticket).link;
        self.pass_on(state, number);
        let Until::Replied(decode) = until else {
            // It came before this thread knew that its call had left.
            state.calls.answer(ticket.slot, id, reply);
            return Ok(());
        };
        let decoded = self.decode(state, number, decode, id, reply);
        self.end(state, ticket);
        decoded
    }

    /// Decodes a reply that came over a link, which ends if it makes no sense.
    pub(super) fn decode(
        &self,
        state: &mut MutexGuard<'_, State>,
        number: u64,
        decode: &mut Decode<'_>,
        id: i32,
        mut reply: Vec<u8>,
    ) -> Result<()> {
        let decoded = MutexGuard::unlocked(state, || decode(id, &reply));
        if reply.capacity() <= SPARE_BYTES_MAX && state.spare.len() < SPARE {
            reply.clear();
            state.spare.push(reply);
        }
        decoded.map_err(|error| {
            self.mistrust(state, number, &error);
            error.with_delivery(Delivery::Sent)
        })
    }

    /// Writes what there is to write, own bytes up to their end and others'. `true` when the server
    /// does not take it.
    fn write(
        &self,
        state: &mut MutexGuard<'_, State>,
        number: u64,
        end: u64,
        (deadline, mut left): (&Deadline, Duration),
    ) -> bool {
        let Some(link) = state.links.get(number) else {
            return false;
        };
        let own = end - link.sent;
        let Some(mut writing) = link.take_writer() else {
            return false;
        };
        let before = writing.written;
        let result = MutexGuard::unlocked(state, || {
            loop {
                match writing.step(STALL.min(left)) {
                    Ok(true) => return Ok(false),
                    // Others have threads of their own.
                    Ok(false) if (writing.written - before) as u64 >= own => return Ok(false),
                    Ok(false) => match deadline.left() {
                        Some(now) => left = now,
                        None => return Ok(true),
                    },
                    Err(error) if is_timeout(&error) => return Ok(true),
                    Err(error) => return Err(error),
                }
            }
        });
        let Some(link) = state.links.get(number) else {
            return false;
        };
        link.put_writer(writing, before);
        match result {
            Ok(stalled) => {
                self.pass_on(state, number);
                stalled
            }
            Err(error) if link.is_lossy() => {
                self.fail(state, number, &error.into());
                false
            }
            Err(error) => {
                link.end_writing(error.into());
                false
            }
        }
    }

    /// Reads once from a link, and hands out the replies that are whole.
    pub(super) fn read(
        &self,
        state: &mut MutexGuard<'_, State>,
        number: u64,
        ticket: Option<Ticket>,
        wait: Duration,
        until: &mut Until<'_, '_>,
    ) -> Turn {
        let Some(link) = state.links.get(number) else {
            return Turn::Moved;
        };
        let first = link.first;
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
        let Some(link) = state.links.get(number) else {
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
                reader.decoder.shrink();
                link.reader = Some(reader);
                if let Turn::Replied(replied) = &turn {
                    if let Err(error) = replied {
                        self.mistrust(state, number, error);
                    }
                    end(state);
                }
                self.pass_on(state, number);
                turn
            }
            Err(error) => {
                self.fail(state, number, &error);
                end(state);
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
                Ok(
                    found @ (Decoded::Message { message, consumed }
                    | Decoded::Enveloped {
                        message, consumed, ..
                    }),
                ) => {
                    let envelope = found.envelope();
                    let result = self.hand_out(state, (message, envelope), own, until);
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
        (message, envelope): (&[u8], Option<&Envelope>),
        own: Own,
        until: &mut Until<'_, '_>,
    ) -> Result<Option<Result<()>>> {
        let Some(link) = state.links.get(own.link) else {
            return Err(Error::new(ErrorKind::Closed, "the connection was closed"));
        };
        link.replies += 1;
        if link.acknowledged && message.is_empty() {
            return match state.calls.acknowledge(own.link) {
                Whose::Abandoned => {
                    self.room.notify_one();
                    Ok(None)
                }
                Whose::Call(slot) => {
                    self.turns[slot].notify_one();
                    Ok(None)
                }
                Whose::Nobody => Err(words::no_message()),
            };
        }
        let lossy = link.is_lossy();
        let wire = self.dialer.wire;
        if let Some(theirs) = envelope.and_then(|envelope| envelope.protocol)
            && theirs != wire.name()
        {
            return Err(words::other_protocol(theirs, wire.name()));
        }
        let head = match wire.read_head(message, &self.dialer.limits) {
            Ok((head, _)) => head,
            Err(_) if lossy => return Ok(None),
            Err(error) => {
                let name = &self.dialer.transport_name;
                return Err(words::unreadable(error, message, name, wire));
            }
        };
        let id = head.sequence_id;
        let Some(link) = state.links.get(own.link) else {
            return Ok(None);
        };
        let sent = link.may_have_sent();
        let whose = state.calls.whose(own.link, id);
        if let Whose::Call(slot) = whose {
            state.calls.leave_headers(slot, envelope);
        }
        match (whose, &mut *until) {
            (Whose::Call(slot), Until::Replied(decode))
                if own.ticket.is_some_and(|ticket| ticket.slot == slot) =>
            {
                let decoded = MutexGuard::unlocked(state, || decode(id, message));
                Ok(Some(
                    decoded.map_err(|error| error.with_delivery(Delivery::Sent)),
                ))
            }
            (Whose::Call(slot), _) if state.calls.end_of_slot(slot) > sent => {
                if lossy {
                    return Ok(None);
                }
                Err(words::too_early())
            }
            (Whose::Call(slot), _) => {
                let mut reply = state.spare.pop().unwrap_or_default();
                reply.extend_from_slice(message);
                state.calls.answer(slot, id, reply);
                if state.calls.is_for_later(slot) {
                    self.room.notify_one();
                } else {
                    self.turns[slot].notify_one();
                }
                Ok(None)
            }
            (Whose::Abandoned, _) => {
                self.room.notify_one();
                Ok(None)
            }
            // Of one that was given up, probably.
            (Whose::Nobody, _) if lossy || state.links.is_retired(own.link) => Ok(None),
            (Whose::Nobody, _) => {
                let reading = (self.dialer.wire, &self.dialer.limits);
                Err(words::nobodys(&head, message, reading))
            }
        }
    }
}
