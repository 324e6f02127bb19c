//! Between clients and a server: delays, cuts, resets, drips, half-closes, and falls silent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use socket2::SockRef;

/// How often something went wrong.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<AtomicU64>);

impl Faults {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Listens until the process ends. Of a thousand pieces, `per_mille` meet a fault.
pub(crate) fn start(server: &str, per_mille: u32, seed: u64) -> (String, Faults) {
    let server: SocketAddr = server.strip_prefix("tcp://").unwrap().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let faults = Faults::default();
    let counted = faults.clone();
    thread::spawn(move || {
        for (number, front) in (seed..).zip(listener.incoming()) {
            // Where the server is gone, the client is left with a connection that ends.
            if let Ok(front) = front
                && let Ok(back) = TcpStream::connect(server)
            {
                carry(&front, &back, per_mille, number, &counted);
            }
        }
    });
    (address, faults)
}

fn carry(front: &TcpStream, back: &TcpStream, per_mille: u32, number: u64, faults: &Faults) {
    for (way, from, to) in [(0, front, back), (1, back, front)] {
        let _ = from.set_nodelay(true);
        let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else {
            return;
        };
        let rng = Rng::with_seed(2 * number + way);
        let faults = faults.clone();
        thread::spawn(move || {
            // The end of either side, or a fault, is all that it can end with.
            let _ = pump(&from, &to, per_mille, rng, &faults);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

fn pump(
    mut from: &TcpStream,
    mut to: &TcpStream,
    per_mille: u32,
    mut rng: Rng,
    faults: &Faults,
) -> io::Result<()> {
    // Whoever has stopped talking is not kept for ever.
    from.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        let bytes = &buffer[..count];
        if count == 0 {
            return Ok(());
        }
        if rng.u32(0..1000) >= per_mille {
            to.write_all(bytes)?;
            continue;
        }
        faults.0.fetch_add(1, Ordering::Relaxed);
        match rng.u32(0..8) {
            0..3 => {
                thread::sleep(Duration::from_millis(rng.u64(1..20)));
                to.write_all(bytes)?;
            }
            3..5 => bytes.iter().try_for_each(|byte| to.write_all(&[*byte]))?,
            // Half closed in the middle: the other direction goes on.
            5 => return to.write_all(&bytes[..rng.usize(..count)]),
            6 => {
                to.write_all(&bytes[..rng.usize(..count)])?;
                for stream in [from, to] {
                    if rng.bool() {
                        // By a reset, once the other thread is gone too.
                        SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                    }
                    stream.shutdown(Shutdown::Both)?;
                }
                return Ok(());
            }
            // Nothing more comes through, and nobody is told.
            _ => while from.read(&mut buffer)? > 0 {},
        }
    }
}
