//! A closed loop: a new call for each reply, all connections on one thread.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::Shape;
use super::message::Echo;

/// What a turn came to, or the median of several.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub calls_per_second: f64,
    /// From the write of a call to the read of its reply, in microseconds.
    pub p50: f64,
    pub p99: f64,
}

pub struct Load {
    poll: Poll,
    connections: Vec<Connection>,
    reply: Vec<u8>,
    buffer: Vec<u8>,
    /// Nanoseconds, and for how many calls.
    latencies: Vec<(u64, usize)>,
}

struct Connection {
    stream: TcpStream,
    /// As many calls as may be in flight.
    calls: Vec<u8>,
    /// Of one call.
    length: usize,
    /// When calls were sent, and how many of those are not answered yet.
    sent: VecDeque<(Instant, usize)>,
    /// Bytes of a reply that has not arrived whole.
    partial: usize,
}

impl Load {
    /// Connects, and makes one call on each connection, whose reply has to be right.
    pub fn connect(address: SocketAddr, shape: Shape, echo: &Echo) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..shape.connections {
            let mut stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(&echo.call)?;
            let mut reply = vec![0; echo.reply.len()];
            stream.read_exact(&mut reply)?;
            if reply != echo.reply {
                return Err(io::Error::other("its reply is not ours"));
            }
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let registry = poll.registry();
            registry.register(&mut stream, Token(number), Interest::READABLE)?;
            connections.push(Connection {
                stream,
                calls: echo.call.repeat(shape.in_flight),
                length: echo.call.len(),
                sent: VecDeque::new(),
                partial: 0,
            });
        }
        Ok(Self {
            poll,
            connections,
            reply: echo.reply.clone(),
            buffer: vec![0; 64 * 1024],
            latencies: Vec::new(),
        })
    }

    /// Calls for so long, after a tenth of that to warm up.
    pub fn run(&mut self, slice: Duration) -> io::Result<Sample> {
        for connection in &mut self.connections {
            let calls = connection.calls.len() / connection.length;
            connection.send(calls, Instant::now())?;
        }
        self.until(slice / 10)?;
        self.latencies.clear();
        let started = Instant::now();
        let calls = self.until(slice)?;
        Ok(Sample::new(calls, started.elapsed(), &mut self.latencies))
    }

    fn until(&mut self, slice: Duration) -> io::Result<usize> {
        let mut events = Events::with_capacity(256);
        let deadline = Instant::now() + slice;
        let mut answered = 0;
        loop {
            self.poll.poll(&mut events, Some(Duration::from_secs(5)))?;
            if events.is_empty() {
                return Err(io::Error::other("no reply for 5 s"));
            }
            for event in &events {
                answered += self.receive(event.token().0)?;
            }
            if Instant::now() >= deadline {
                return Ok(answered);
            }
        }
    }

    fn receive(&mut self, number: usize) -> io::Result<usize> {
        let connection = &mut self.connections[number];
        let length = self.reply.len();
        let mut total = 0;
        loop {
            let read = match connection.stream.read(&mut self.buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(total),
                Err(error) => return Err(error),
            };
            let now = Instant::now();
            // Where replies begin, they begin as the first one did.
            let starts = (0..read).skip((length - connection.partial) % length);
            for start in starts.step_by(length) {
                let begin = self.buffer[start..read].iter().take(4);
                if begin.zip(&self.reply).any(|(found, ours)| found != ours) {
                    return Err(io::Error::other("a reply of another length"));
                }
            }
            let replies = (connection.partial + read) / length;
            connection.partial = (connection.partial + read) % length;
            connection.answered(replies, now, &mut self.latencies)?;
            total += replies;
            connection.send(replies, now)?;
            if read < self.buffer.len() {
                return Ok(total);
            }
        }
    }
}

impl Connection {
    fn send(&mut self, calls: usize, now: Instant) -> io::Result<()> {
        if calls == 0 {
            return Ok(());
        }
        let mut bytes = &self.calls[..calls * self.length];
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                // What is in flight fits into the buffers of the system, so this is rare.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::yield_now();
                }
                Err(error) => return Err(error),
            }
        }
        self.sent.push_back((now, calls));
        Ok(())
    }

    fn answered(
        &mut self,
        mut replies: usize,
        now: Instant,
        latencies: &mut Vec<(u64, usize)>,
    ) -> io::Result<()> {
        while replies > 0 {
            let Some((sent, waiting)) = self.sent.front_mut() else {
                return Err(io::Error::other("more replies than calls"));
            };
            let these = replies.min(*waiting);
            let nanoseconds = u64::try_from((now - *sent).as_nanos()).unwrap_or(u64::MAX);
            latencies.push((nanoseconds, these));
            replies -= these;
            *waiting -= these;
            if *waiting == 0 {
                self.sent.pop_front();
            }
        }
        Ok(())
    }
}

impl Sample {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn new(calls: usize, elapsed: Duration, latencies: &mut [(u64, usize)]) -> Self {
        latencies.sort_unstable();
        let total: usize = latencies.iter().map(|(_, calls)| calls).sum();
        let at = |percent: usize| {
            let mut before = 0;
            let found = latencies.iter().find(|(_, calls)| {
                before += calls;
                before * 100 >= total * percent
            });
            found.map_or(0.0, |(nanoseconds, _)| *nanoseconds as f64 / 1e3)
        };
        Self {
            calls_per_second: calls as f64 / elapsed.as_secs_f64(),
            p50: at(50),
            p99: at(99),
        }
    }

    pub fn median(samples: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| {
            let mut values: Vec<f64> = samples.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        Self {
            calls_per_second: of(|sample| sample.calls_per_second),
            p50: of(|sample| sample.p50),
            p99: of(|sample| sample.p99),
        }
    }
}
