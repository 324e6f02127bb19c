//! What sockets cost: as many answers as whole calls have arrived, written in advance.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use mio::{Events, Interest, Poll, Token};

use super::{listening, text};
use crate::Result;
use crate::calls::message::Echo;

const BYTES: usize = 64 * 1024;

/// One connection: how much of a call has arrived.
struct Answers {
    call: usize,
    partial: usize,
    replies: Vec<u8>,
    reply: usize,
}

impl Answers {
    fn new(echo: &Echo) -> Self {
        Self {
            call: echo.call.len(),
            partial: 0,
            replies: echo.reply.repeat(BYTES / echo.call.len() + 1),
            reply: echo.reply.len(),
        }
    }

    fn to(&mut self, read: usize) -> &[u8] {
        let calls = (self.partial + read) / self.call;
        self.partial = (self.partial + read) % self.call;
        &self.replies[..calls * self.reply]
    }
}

/// A thread for each connection.
pub fn thread() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    listening(listener.local_addr().map_err(text)?);
    for stream in listener.incoming() {
        let stream = stream.map_err(text)?;
        let answers = Answers::new(&Echo::new(true)?);
        std::thread::spawn(move || answer(stream, answers));
    }
    Ok(())
}

fn answer(mut stream: TcpStream, mut answers: Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BYTES];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(answers.to(read))?;
    }
}

/// One thread for all connections.
pub fn poll() -> Result<()> {
    serve().map_err(text)
}

fn serve() -> io::Result<()> {
    const LISTENER: Token = Token(0);
    let echo = Echo::new(true).map_err(io::Error::other)?;
    let mut poll = Poll::new()?;
    let mut listener = mio::net::TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    listening(listener.local_addr()?);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections = HashMap::new();
    let mut next = 1;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; BYTES];
    loop {
        if poll.poll(&mut events, None).is_err() {
            continue;
        }
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    poll.registry()
                        .register(&mut stream, Token(next), Interest::READABLE)?;
                    connections.insert(next, (stream, Answers::new(&echo)));
                    next += 1;
                }
                continue;
            }
            let number = event.token().0;
            let Some((stream, answers)) = connections.get_mut(&number) else {
                continue;
            };
            loop {
                let over = match stream.read(&mut buffer) {
                    Ok(0) => true,
                    Ok(read) => {
                        let over = stream.write_all(answers.to(read)).is_err();
                        if read < BYTES && !over && !event.is_read_closed() {
                            break;
                        }
                        over
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => true,
                };
                if over {
                    connections.remove(&number);
                    break;
                }
            }
        }
    }
}
