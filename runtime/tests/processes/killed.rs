//! Processes that are killed in the middle of writing into shared memory.

use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use seapink::config::{Model, ReconnectConfig, ServerShm};
use seapink::{ClientConfig, ErrorKind, ServerConfig};

use crate::role::command;
use crate::support::{MODELS, ProbeClient, Running, eventually};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    killed_clients_leave_nothing_behind_in_the_server,
    clients_outlive_killed_servers,
];

/// Kills on each side.
const KILLS: u32 = 100;

/// A child that is gone with the test.
struct Killed(Child);

impl Killed {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Mappings of shared memory, and descriptors.
fn held() -> (usize, usize) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let shared = maps.lines().filter(|line| line.contains("memfd:seapink"));
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    (shared.count(), descriptors.count())
}

/// Different moments of a write.
fn moment(turn: u32) -> Duration {
    Duration::from_micros(u64::from(turn) * 7919 % 3000)
}

fn killed_clients_leave_nothing_behind_in_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("shm://{}", folder.path().join("probe").display());
    let config = ServerConfig::new(&*address).shm(ServerShm::default().ring_bytes(4096));
    for model in MODELS {
        let server = Running::bind(&config.clone().model(model));
        assert_eq!(server.client().echo("first").unwrap(), "first");
        let all_gone = || server.handle.stats().connections_open == 0;
        eventually(&format!("the first has gone, {}", model.name()), all_gone);
        let before = held();
        let clients: u8 = if model == Model::Simple { 1 } else { 3 };
        for turn in (0..KILLS / 4).step_by(usize::from(clients)) {
            let toml = format!("[client]\nconnect = '{address}'");
            let read = server.handle.stats().bytes_read;
            let mut children: Vec<_> = (0..clients)
                .map(|_| Killed(command("call", &toml).spawn().unwrap()))
                .collect();
            eventually("they call", || {
                let stats = server.handle.stats();
                stats.connections_open == u64::from(clients) && stats.bytes_read > read + 200_000
            });
            thread::sleep(moment(turn));
            children.iter_mut().for_each(Killed::kill);
            eventually("the server has noticed", all_gone);
        }
        assert_eq!(server.client().echo("still").unwrap(), "still");
        eventually(
            &format!("everything is back, {} {before:?}", model.name()),
            || held() == before,
        );
    }
}

fn clients_outlive_killed_servers() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("shm://{}", folder.path().join("probe").display());
    let text = "y".repeat(100_000);
    let before = held();
    let reconnect = ReconnectConfig::default().min_ms(1).max_ms(1);
    let config = ClientConfig::new(&*address).reconnect(reconnect);
    let mut client: Option<ProbeClient> = None;
    for turn in 0..KILLS {
        let server =
            format!("[server]\nlisten = '{address}'\nmodel = 'threaded'\nshm.ring_bytes = 4096");
        let mut server = command("serve", &server);
        let mut server = Killed(server.stdout(Stdio::null()).spawn().unwrap());
        // The same client for all servers.
        let connected = || client.is_some() || ProbeClient::connect(&config).is_ok();
        eventually("it listens", connected);
        let client = client.get_or_insert_with(|| ProbeClient::connect(&config).unwrap());
        eventually("it answers", || client.echo(&text).is_ok());
        let calling = client.clone();
        let sent = text.clone();
        let calls = thread::spawn(move || {
            loop {
                match calling.echo(&sent) {
                    Ok(reply) => assert!(reply == sent),
                    Err(failure) => return failure.other(),
                }
            }
        });
        thread::sleep(moment(turn));
        server.kill();
        let error = calls.join().unwrap();
        // Perhaps it had just been found out that nobody is there.
        assert!(
            [ErrorKind::Closed, ErrorKind::Io].contains(&error.kind()),
            "{error}"
        );
    }
    drop(client);
    eventually("everything is back", || held() == before);
}
