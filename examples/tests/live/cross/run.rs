//! How a cell is run: as `test/crossrunner/run.py` does it.

use std::fmt;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::cell::{Cell, Side};
use super::launched::Launched;
use super::peers::{self, Peer, Program};
use super::support::process::shortened;
use super::support::{Failure, Result, fresh};

/// The runner's time limits are for an idle machine.
const PATIENCE: u32 = 2;
const POLL: Duration = Duration::from_millis(20);
/// In which a server may still die of what its client has done.
const AFTER: Duration = Duration::from_millis(50);
/// How often a port that another program has taken in between is replaced.
const PORTS: usize = 3;

pub struct Runner {
    peers: Vec<Peer>,
    server: Program,
    client: Program,
    logs: PathBuf,
    /// Short, since the path of a Unix socket is.
    sockets: tempfile::TempDir,
}

/// Why a cell has failed.
pub struct Failed {
    text: String,
    /// What client and server have said.
    said: [String; 2],
    /// It may be no more than that the machine was busy.
    pub is_late: bool,
    /// With the option, too, with which it should pass.
    pub even_so: bool,
}

impl Failed {
    /// Whether it failed with these words, in what it or somebody said.
    pub fn says(&self, words: &str) -> bool {
        let mut texts = self.said.iter().chain([&self.text]);
        texts.any(|text| text.contains(words))
    }

    fn late(text: String) -> Self {
        Self {
            text,
            said: Default::default(),
            is_late: true,
            even_so: false,
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        for (who, said) in ["client", "server"].iter().zip(&self.said) {
            write!(f, "\n-- {who}:\n{}", shortened(said))?;
        }
        Ok(())
    }
}

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            text: error.into().to_string(),
            said: Default::default(),
            is_late: false,
            even_so: false,
        }
    }
}

/// Where server and client meet.
struct Meeting {
    port: u16,
    path: PathBuf,
}

impl Runner {
    pub fn new(peers: Vec<Peer>) -> Result<Self> {
        Ok(Self {
            peers,
            server: peers::our_program(Side::Server)?,
            client: peers::our_program(Side::Client)?,
            logs: fresh("cross-logs")?,
            sockets: tempfile::tempdir()?,
        })
    }

    /// Runs a cell, perhaps with an option for our client. Its logs are kept if it fails.
    pub fn run(&self, cell: &Cell, option: Option<&str>) -> Result<(), Failed> {
        let logs = self.logs.join(cell.to_string().replace(' ', "_"));
        let mut tries = 1..=PORTS;
        loop {
            fs::create_dir_all(&logs)?;
            let outcome = self.once(cell, option, &logs);
            let said = |who| fs::read(logs.join(who)).unwrap_or_default();
            let said =
                ["client", "server"].map(|who| String::from_utf8_lossy(&said(who)).into_owned());
            let Err(mut failed) = outcome else {
                fs::remove_dir_all(&logs)?;
                return Ok(());
            };
            if tries.next().is_some() && said[1].contains("in use") {
                continue;
            }
            failed.said = said;
            return Err(failed);
        }
    }

    fn once(&self, cell: &Cell, option: Option<&str>, logs: &Path) -> Result<(), Failed> {
        let peer = self.peers.iter().find(|peer| peer.name == cell.peer);
        let theirs = peer.and_then(|peer| peer.side(cell.side));
        let theirs = theirs.ok_or("there is no such peer")?;
        let (server, client) = match cell.side {
            Side::Server => (theirs, &self.client),
            Side::Client => (&self.server, theirs),
        };
        let delay = server.offer.delay.max(client.offer.delay) * PATIENCE;
        let timeout = server.offer.timeout.max(client.offer.timeout) * PATIENCE;
        let meeting = self.meeting()?;
        let mut command = command(server, cell, Side::Server, &meeting);
        let mut serving = Launched::start(&mut command, &logs.join("server"))?;
        listening(&mut serving, cell, &meeting, delay)?;
        let mut command = self::command(client, cell, Side::Client, &meeting);
        command.args(option);
        let mut calling = Launched::start(&mut command, &logs.join("client"))?;
        match calling.wait(timeout)? {
            None => Err(Failed::late(format!(
                "the client takes longer than {timeout:?}"
            ))),
            Some(status) if !status.success() => {
                Err(format!("the client has ended with {status}").into())
            }
            Some(_) => {
                thread::sleep(AFTER);
                Ok(serving.hang_up()?)
            }
        }
    }

    fn meeting(&self) -> Result<Meeting> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Meeting {
            port,
            path: self.sockets.path().join(port.to_string()),
        })
    }
}

/// The flags of `crossrunner/test.py`.
fn command(program: &Program, cell: &Cell, side: Side, meeting: &Meeting) -> Command {
    let is_theirs = side == cell.side;
    let word = |word: &super::cell::Word| {
        if is_theirs {
            word.theirs.clone()
        } else {
            word.spec.clone()
        }
    };
    let mut command = Command::new(&program.file);
    command
        .current_dir(&program.dir)
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .args(&program.before)
        .arg(format!("--protocol={}", word(&cell.protocol)))
        .arg(format!("--transport={}", word(&cell.transport)));
    if cell.transport.spec == "zlib" {
        command.arg("--zlib");
    }
    if (!is_theirs || cell.peer == "seapink") && side == Side::Server {
        command.arg(format!("--server-type={}", cell.model));
    }
    let path = format!("--domain-socket={}", meeting.path.display());
    match &*cell.socket {
        "ip-ssl" => command.arg("--ssl"),
        "abstract" => command.args(["--abstract-namespace", &path]),
        "activated" if side == Side::Server => command.args(["--emulate-socketactivation", &path]),
        "domain" | "activated" => command.arg(path),
        _ => &mut command,
    };
    command
        .arg(format!("--port={}", meeting.port))
        .args(&program.after);
    command
}

/// Waits until somebody can connect, by doing so.
fn listening(
    server: &mut Launched,
    cell: &Cell,
    meeting: &Meeting,
    delay: Duration,
) -> Result<(), Failed> {
    let deadline = Instant::now() + delay;
    while !connects(cell, meeting) {
        if let Some(status) = server.ended()? {
            return Err(format!("the server has ended with {status}").into());
        }
        if Instant::now() >= deadline {
            return Err(Failed::late(format!(
                "the server does not listen after {delay:?}"
            )));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

fn connects(cell: &Cell, meeting: &Meeting) -> bool {
    match &*cell.socket {
        "ip" | "ip-ssl" => ["127.0.0.1", "::1"].iter().any(|host| {
            TcpStream::connect((*host, meeting.port)).is_ok_and(|it| !is_its_own_peer(&it))
        }),
        "abstract" => SocketAddr::from_abstract_name(meeting.path.as_os_str().as_encoded_bytes())
            .and_then(|address| UnixStream::connect_addr(&address))
            .is_ok(),
        _ => UnixStream::connect(&meeting.path).is_ok(),
    }
}

/// Linux connects a socket to itself when nobody listens and the port happens to be chosen for both ends.
fn is_its_own_peer(stream: &TcpStream) -> bool {
    stream.local_addr().ok() == stream.peer_addr().ok()
}
