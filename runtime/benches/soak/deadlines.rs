//! Calls to servers that are no good: how late each ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use seapink::ClientConfig;
use seapink::config::PoolConfig;
use socket2::{Domain, Socket, Type};

use super::Run;
use super::figures::Figures;
use super::service::{Caller, Reply};

const CALL: Duration = Duration::from_millis(50);

/// What a call may be late.
const LATE_MS: f64 = 20.0;

/// What a server does with a connection, besides not answering in time.
struct Fault {
    name: &'static str,
    /// Bytes of a call.
    call: usize,
    serve: fn(TcpStream),
}

const FAULTS: [Fault; 4] = [
    Fault {
        name: "silent",
        call: 10,
        serve: |mut stream| {
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        },
    },
    Fault {
        name: "never reads",
        call: 12 << 20,
        serve: |stream| {
            thread::sleep(Duration::from_secs(1));
            drop(stream);
        },
    },
    Fault {
        name: "reads slowly",
        call: 12 << 20,
        serve: |mut stream| {
            let mut buffer = [0; 16 * 1024];
            while let Ok(1..) = stream.read(&mut buffer) {
                thread::sleep(Duration::from_millis(3));
            }
        },
    },
    Fault {
        name: "drips its reply",
        call: 10,
        serve: |mut stream| {
            // The beginning of a frame.
            for byte in [0, 0, 1, 0].iter().chain(&[0x80; 256]) {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(3));
            }
        },
    },
];

pub(crate) fn run(run: &Run, figures: &mut Figures) {
    let calls = run.of(200, 10);
    for fault in FAULTS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let config = ClientConfig::new(format!("tcp://{}", listener.local_addr().unwrap()));
        // It ends with the process.
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                thread::spawn(move || (fault.serve)(stream));
            }
        });
        let text = "x".repeat(fault.call);
        let pool = config.clone().pool(PoolConfig::default());
        for (kind, config) in [("", config), (", by a pool", pool)] {
            let caller = within(&config);
            let late = lateness(calls, || caller.call("echo", &text));
            show(figures, &format!("{}{kind}", fault.name), &late);
            if fault.call < 100 {
                let late = lateness(calls, || caller.send("echo", &text).and_then(Reply::wait));
                show(figures, &format!("{}{kind}, sent first", fault.name), &late);
            }
        }
    }
    let (_socket, config, _filled) = full();
    let caller = within(&config);
    let late = lateness(calls, || caller.call("echo", "x"));
    show(figures, "does not accept", &late);
}

fn within(config: &ClientConfig) -> Caller {
    Caller(Caller::connect(config).0.with_timeout(CALL))
}

/// A server whose backlog is full once the client has connected.
fn full() -> (Socket, ClientConfig, Vec<TcpStream>) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(1).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let fill = |_| TcpStream::connect_timeout(&address, Duration::from_millis(50)).ok();
    // One place is left for the client's first connection, which it gives up at once.
    let filled = (0..1).map_while(fill).collect();
    (
        socket,
        ClientConfig::new(format!("tcp://{address}")),
        filled,
    )
}

/// How many microseconds after their deadlines so many calls end.
fn lateness<T>(calls: u64, call: impl Fn() -> seapink::Result<T>) -> Histogram<u64> {
    let mut late = Histogram::new(3).unwrap();
    for _ in 0..calls {
        let begun = Instant::now();
        let ended = call();
        let took = begun.elapsed();
        assert!(ended.is_err(), "no server answers here");
        let over = took.saturating_sub(CALL).as_micros();
        late.record(u64::try_from(over).unwrap()).unwrap();
    }
    late
}

fn show(figures: &mut Figures, what: &str, late: &Histogram<u64>) {
    #[allow(clippy::cast_precision_loss, reason = "figures to look at")]
    let ms = |us: u64| us as f64 / 1000.0;
    let (p50, most) = (ms(late.value_at_quantile(0.5)), ms(late.max()));
    let text = format!("{p50:.1} ms, {most:.1} ms");
    let name = "calls end late by, half of them and at most";
    let good = most <= LATE_MS;
    figures.aim(&format!("server {what}"), name, text, "at most 20 ms", good);
}
