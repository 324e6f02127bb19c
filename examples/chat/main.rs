//! A chat server as one would run it: encrypted, for members with certificates, bounded in what it
//! spends, watched over, and stopped by a signal without losing a call.
//!
//! `chat` shows it: it makes certificates, starts the server, talks as two members and a stranger, and
//! sends itself SIGTERM. To run it for longer, and talk from other terminals:
//!
//! ```console
//! chat prepare FOLDER
//! chat serve --config FOLDER/server.toml
//! chat say --config FOLDER/client.toml "Hello"
//! chat read --config FOLDER/client.toml
//! ```

include!(concat!(env!("OUT_DIR"), "/chat.rs"));

mod certificates;
mod room;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use certificates::Certificates;
use chat::{ChatClient, ChatProcessor, ChatSayError, Line};
use clap::{Parser, Subcommand};
use room::{Members, Room};
use seapink::config::{ClientTls, Model, ReplyOrder};
use seapink::interceptor::{ConcurrencyLimit, Intercepted, Log, TimeLimit};
use seapink::introspection::{IntrospectionClient, Introspector};
use seapink::{ClientConfig, Multiplexed, Server, ServerConfig};

#[derive(Parser)]
#[command(about = "A chat over TLS")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a folder with certificates, and configurations for the other commands.
    Prepare { folder: PathBuf },
    /// Serves until SIGTERM or Ctrl-C.
    Serve {
        /// The server's configuration.
        #[arg(long)]
        config: PathBuf,
    },
    /// Says something to everybody.
    Say {
        /// A client's configuration.
        #[arg(long)]
        config: PathBuf,
        text: String,
    },
    /// Prints what was said.
    Read {
        /// A client's configuration.
        #[arg(long)]
        config: PathBuf,
        /// Only what was said after the line of this number.
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    match Arguments::parse().command {
        Some(Command::Serve { config }) => {
            let server = bind(&ServerConfig::from_file(config)?)?;
            println!("listening on {}", server.local_addr());
            Ok(server.run()?)
        }
        Some(Command::Prepare { folder }) => prepare(&folder),
        Some(Command::Say { config, text }) => {
            let client = ChatClient::connect(&ClientConfig::from_file(config)?)?;
            println!("line {}", client.say(&text)?);
            Ok(())
        }
        Some(Command::Read { config, after }) => {
            let client = ChatClient::connect(&ClientConfig::from_file(config)?)?;
            print(&client.read(after)?);
            Ok(())
        }
        None => show(),
    }
}

fn prepare(folder: &Path) -> Result<(), Failure> {
    Certificates::new(folder)?.member("alice")?;
    std::fs::write(folder.join("server.toml"), include_str!("server.toml"))?;
    std::fs::write(folder.join("client.toml"), include_str!("client.toml"))?;
    println!(
        "chat serve --config {}",
        folder.join("server.toml").display()
    );
    println!(
        "chat say --config {} TEXT",
        folder.join("client.toml").display()
    );
    Ok(())
}

fn print(lines: &[Line]) {
    for line in lines {
        println!("{}: {}", line.speaker, line.text);
    }
}

fn bind(config: &ServerConfig) -> seapink::Result<Server> {
    let chat = ChatProcessor::new(Room::default());
    let introspector =
        Introspector::new().service("Chat", &chat, Some(include_str!("chat.thrift")));
    let services = Multiplexed::new()
        .service("Chat", chat)
        .service("Introspection", introspector.processor());
    let guarded = Intercepted::new(services)
        .with(Log::new())
        .with(ConcurrencyLimit::new(64))
        .with(TimeLimit::new(Duration::from_secs(5)))
        .with(Members);
    let server = Server::bind(config, guarded)?;
    introspector.watch(&server.handle());
    server.handle().shutdown_on_signals()?;
    Ok(server)
}

fn show() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    show_with(&Certificates::new(folder.path())?)
}

fn show_with(certificates: &Certificates) -> Result<(), Failure> {
    let config = ServerConfig::new("tcp://localhost:0")
        .model(Model::Nonblocking)
        .reply_order(ReplyOrder::Any)
        .tls(certificates.server());
    let server = bind(&config)?;
    let (handle, address) = (server.handle(), server.local_addr().to_string());
    let port = address.rsplit(':').next().unwrap_or_default();
    let address = format!("tcp://localhost:{port}");
    let running = thread::spawn(move || server.run());

    let shown = talk(certificates, &address);
    signal_hook::low_level::raise(signal_hook::consts::SIGTERM)?;
    running.join().map_err(|_| "the server panicked")??;
    let stats = handle.stats();
    println!(
        "stopped by SIGTERM: {} calls, {} connections left",
        stats.calls(),
        stats.connections_open
    );
    shown
}

fn talk(certificates: &Certificates, address: &str) -> Result<(), Failure> {
    let connect =
        |tls: ClientTls, service: &str| ClientConfig::new(address).tls(tls).service(service);
    let alice = ChatClient::connect(&connect(certificates.member("alice")?, "Chat"))?;
    let bob = ChatClient::connect(&connect(certificates.member("bob")?, "Chat"))?;
    alice.say("Is anybody here?")?;
    bob.say("I am.")?;
    // Two calls on their way at the same time.
    let (first, second) = (alice.send_say("Good."), alice.send_read(0));
    first?.wait()?;
    second?.wait()?;
    print(&bob.read(0)?);
    match alice.say(&"!".repeat(1000)) {
        Err(ChatSayError::TooLong(error)) => {
            println!("at most {} characters", error.characters_max);
        }
        other => return Err(format!("{other:?}").into()),
    }

    let stranger = ChatClient::connect(&connect(certificates.stranger(), "Chat"));
    let refused = stranger.map_err(Failure::from).and_then(|stranger| {
        let read = stranger.read(0);
        Ok(read?)
    });
    match refused {
        Err(error) => println!("a stranger is refused: {error}"),
        Ok(lines) => return Err(format!("a stranger reads {lines:?}").into()),
    }

    let tools = connect(certificates.member("monitor")?, "Introspection");
    let tools = IntrospectionClient::connect(&tools)?;
    println!("health: {:?}", tools.health("Chat")?);
    println!("exceptions: {}", tools.counters()?["exceptions"]);
    Ok(())
}
