//! The server of the cross tests.

use std::fs;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use seapink::config::Model;
use seapink::interceptor::{End, Intercepted, Interceptor};
use seapink::processor::CallContext;
use seapink::transport::SocketListener;
use seapink::{Error, ErrorKind, Multiplexed, Processor, Result, Server, ServerConfig};
use seapink_cross_test::handler::Handler;
use seapink_cross_test::idl::{SecondServiceProcessor, ThriftTestProcessor};
use seapink_cross_test::options::Options;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// How the work is shared among threads.
    #[arg(long, value_enum, default_value = "thread-pool")]
    server_type: ServerType,
    /// Threads that run calls, for those types that have a number of them.
    #[arg(short = 'n', long)]
    workers: Option<usize>,
    /// Takes over a listening socket, as if systemd had made it.
    #[arg(
        long,
        requires = "domain_socket",
        conflicts_with = "abstract_namespace"
    )]
    emulate_socketactivation: bool,
    /// Print when each call begins and ends.
    #[arg(long)]
    processor_events: bool,
}

/// The models, by the names that the runner knows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ServerType {
    Simple,
    Threaded,
    ThreadPool,
    Nonblocking,
}

impl ServerType {
    fn model(self) -> Model {
        match self {
            Self::Simple => Model::Simple,
            Self::Threaded => Model::Threaded,
            Self::ThreadPool => Model::ThreadPool,
            Self::Nonblocking => Model::Nonblocking,
        }
    }
}

/// Dies of SIGHUP, as the runner wants.
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut config = arguments
        .options
        .server()
        .model(arguments.server_type.model());
    if let Some(workers) = arguments.workers {
        config = config.workers(workers);
    }
    let server = match &arguments.options.domain_socket {
        Some(path) if arguments.emulate_socketactivation => activated(path, &config, &arguments)?,
        _ => Server::bind(&config, processor(&arguments))?,
    };
    println!("listening at {}", server.local_addr());
    server.run()
}

/// A server whose socket somebody else has made.
fn activated(path: &str, config: &ServerConfig, arguments: &Arguments) -> Result<Server> {
    let _ = fs::remove_file(path);
    let listener = UnixListener::bind(path).and_then(SocketListener::unix);
    let listener = listener
        .map_err(|error| Error::new(ErrorKind::Io, format!("cannot listen at {path}: {error}")))?;
    Server::with_listener(listener, config, processor(arguments))
}

fn processor(arguments: &Arguments) -> Arc<dyn Processor> {
    let processor: Arc<dyn Processor> = if arguments.options.is_multiplexed() {
        let both = Multiplexed::new()
            .service("ThriftTest", ThriftTestProcessor::new(Handler))
            .service("SecondService", SecondServiceProcessor::new(Handler))
            .default_service(ThriftTestProcessor::new(Handler));
        Arc::new(both)
    } else {
        Arc::new(ThriftTestProcessor::new(Handler))
    };
    if arguments.processor_events {
        return Arc::new(Intercepted::new(processor).with(Events));
    }
    processor
}

struct Events;

impl Interceptor for Events {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        println!("before {}", cx.method());
        Ok(())
    }

    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        println!("after {}: {end:?}", cx.method());
    }
}
