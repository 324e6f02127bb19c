//! Passes connections on to a server, and remembers what went over them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::support::Result;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Which of the two ends has sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    Client,
    Server,
}

/// What went over a connection: whoever speaks, until the other answers.
pub type Conversation = Vec<(From, Vec<u8>)>;

pub struct Recorder {
    pub port: String,
    finished: Receiver<Conversation>,
}

impl Recorder {
    /// One in front of the server at this port.
    pub fn start(server: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port().to_string();
        let server = format!("127.0.0.1:{server}");
        let (sender, finished) = channel();
        // Ends with the connection behind which nobody wants to know any more.
        thread::spawn(move || {
            for client in listener.incoming() {
                let passed = client.and_then(|client| pass(client, TcpStream::connect(&server)?));
                if passed.is_ok_and(|conversation| sender.send(conversation).is_err()) {
                    return;
                }
            }
        });
        Ok(Self { port, finished })
    }

    /// What went over the first so many connections.
    pub fn conversations(&self, count: usize) -> Result<Vec<Conversation>> {
        let next = || self.finished.recv_timeout(TIMEOUT);
        let all = (0..count)
            .map(|_| next())
            .collect::<std::result::Result<_, _>>();
        Ok(all.map_err(|_| "not all connections were recorded")?)
    }
}

/// Passes one connection on, both ways, until it ends.
fn pass(client: TcpStream, server: TcpStream) -> std::io::Result<Conversation> {
    let (sender, parts) = channel();
    let back = copier(
        From::Server,
        server.try_clone()?,
        client.try_clone()?,
        sender.clone(),
    );
    let there = copier(From::Client, client, server, sender);
    let copiers = [thread::spawn(back), thread::spawn(there)];
    let mut conversation = Conversation::new();
    for (from, bytes) in parts {
        match conversation.last_mut() {
            Some((last, said)) if *last == from => said.extend(bytes),
            _ => conversation.push((from, bytes)),
        }
    }
    for copier in copiers {
        let _ = copier.join();
    }
    Ok(conversation)
}

fn copier(
    from: From,
    mut read: TcpStream,
    mut write: TcpStream,
    parts: Sender<(From, Vec<u8>)>,
) -> impl FnOnce() + Send {
    move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(bytes @ 1..) = read.read(&mut buffer) {
            // Before it is passed on, or the answer could be recorded first.
            let _ = parts.send((from, buffer[..bytes].to_vec()));
            if write.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        let _ = write.shutdown(Shutdown::Write);
    }
}
