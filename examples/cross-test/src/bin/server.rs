//! The server of the cross tests.

use clap::Parser;
use seapink::{Multiplexed, Result, Server};
use seapink_cross_test::handler::Handler;
use seapink_cross_test::idl::{SecondServiceProcessor, ThriftTestProcessor};
use seapink_cross_test::options::{Options, ServerType};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[arg(long, value_enum, default_value = "thread-pool")]
    server_type: ServerType,
    /// Workers.
    #[arg(short = 'n', long)]
    workers: Option<usize>,
}

fn main() -> Result<()> {
    let Arguments {
        options,
        server_type,
        workers,
    } = Arguments::parse();
    let mut config = options.server(server_type);
    if let Some(workers) = workers {
        config = config.workers(workers);
    }
    let processor = || ThriftTestProcessor::new(Handler);
    let server = if options.is_multiplexed() {
        let both = Multiplexed::new()
            .service("ThriftTest", processor())
            .service("SecondService", SecondServiceProcessor::new(Handler))
            .default_service(processor());
        Server::bind(&config, both)?
    } else {
        Server::bind(&config, processor())?
    };
    println!("listening at {}", server.local_addr());
    server.run()
}
