//! A server and its clients in one program: from `coffee.thrift` to answered calls.
//!
//! `cargo run --release --bin quickstart` uses `server.toml` beside this file; `--config FILE` runs
//! any other combination of server model, transport and protocol.

mod bar;

// `build.rs` compiled coffee.thrift, and the money.thrift that it includes, into two modules.
include!(concat!(env!("OUT_DIR"), "/coffee.rs"));

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use bar::Bar;
use clap::Parser;
use coffee::{CoffeeBarClient, CoffeeBarPlaceError, CoffeeBarProcessor, Drink, Order};
use money::{Amount, Currency};
use seapink::{ClientConfig, Server, ServerConfig};

/// How many customers order at the same time.
const CUSTOMERS: i64 = 8;

#[derive(Parser)]
#[command(about = "Starts a coffee bar, orders from it, and shows what happened")]
struct Arguments {
    /// The server's configuration.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/quickstart/server.toml"))]
    config: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ServerConfig::from_file(Arguments::parse().config)?;
    let server = Server::bind(&config, CoffeeBarProcessor::new(Bar::default()))?;
    let address = server.local_addr().to_string();
    let (model, transport, protocol) = (config.model.name(), &config.transport, &config.protocol);
    println!("The bar is open at {address} ({model}, {transport}, {protocol}).");
    explain([model, transport, protocol]);
    let handle = server.handle();
    let serving = thread::spawn(move || server.run());

    let client = ClientConfig::new(address)
        .transport(transport)
        .protocol(protocol);
    visit(&client)?;

    let report = handle.shutdown(Duration::from_secs(5));
    serving.join().map_err(|_| "the server panicked")??;
    let ended = if report.is_clean() {
        "every call was answered"
    } else {
        "some calls were cut"
    };
    println!("\nThe bar is closed: {ended}.");
    println!(
        "\nNext: choose other layers in examples/quickstart/server.toml and run this again,\n\
         or make a service of your own, as docs/getting-started.md shows."
    );
    Ok(())
}

/// What the layers do that the configuration names.
fn explain(layers: [&str; 3]) {
    for layer in layers.iter().flat_map(|name| name.split('+')) {
        let what = match layer {
            "simple" => "the server serves one connection after the other",
            "threaded" => "the server has a thread for each connection",
            "thread-pool" => "a fixed number of the server's threads serves all connections",
            "nonblocking" => "a few loops of the server's read from all connections",
            "framed" => "each message is sent with its length before it",
            "buffered" => "messages are sent one after the other, with nothing between",
            "header" => "messages are sent with their length and with headers",
            "http" => "each message is the body of a request or a response of HTTP",
            "websocket" => "each message is one of a WebSocket connection",
            "zlib" => "what is sent is compressed",
            "binary" => "in a message, every number has its full width",
            "compact" => "in a message, small numbers take few bytes",
            "json" => "messages are JSON",
            _ => "a layer of your own",
        };
        println!("  {layer}: {what}");
    }
    println!();
}

fn visit(config: &ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
    let bar = CoffeeBarClient::connect(config)?;

    println!("A result: Ada orders two lattes, and waits for the receipt.");
    let order = Order {
        customer: "Ada".to_owned(),
        drink: Drink::LATTE,
        cups: 2,
    };
    let receipt = bar.place(&order)?;
    println!("  receipt no. {}: {}", receipt.number, show(&receipt.total));

    println!(
        "A typed exception, which the IDL declares and the client gets with its fields: Ben orders tea."
    );
    let order = Order {
        customer: "Ben".to_owned(),
        drink: Drink::TEA,
        ..Order::default()
    };
    match bar.place(&order) {
        Err(CoffeeBarPlaceError::SoldOut(sold_out)) => println!("  SoldOut: {}", sold_out.message),
        other => return Err(format!("tea should be sold out, not {other:?}").into()),
    }

    println!("A oneway call: Ben leaves a tip, and does not wait for an answer.");
    bar.tip(&Amount {
        minor: 50,
        currency: Currency::EUR,
    })?;
    println!(
        "  the same connection goes on: {} taken so far",
        show(&bar.takings()?)
    );

    // The model `simple` serves one connection at a time: it takes the next when this one ends.
    drop(bar);
    println!(
        "Concurrency: {CUSTOMERS} customers order at once, each over a connection of its own."
    );
    let cents: i64 = thread::scope(|scope| {
        let customers: Vec<_> = (0..CUSTOMERS)
            .map(|number| scope.spawn(move || espresso(config, number)))
            .collect();
        customers
            .into_iter()
            .map(|customer| customer.join().map_err(|_| "a customer panicked")?)
            .sum::<Result<i64, Box<dyn std::error::Error + Send + Sync>>>()
    })
    .map_err(|error| error.to_string())?;
    let takings = CoffeeBarClient::connect(config)?.takings()?;
    let spent = Amount {
        minor: cents,
        currency: Currency::EUR,
    };
    println!(
        "  they spent {}, the bar has {}",
        show(&spent),
        show(&takings)
    );
    Ok(())
}

fn espresso(
    config: &ClientConfig,
    number: i64,
) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
    let bar = CoffeeBarClient::connect(config)?;
    let order = Order {
        customer: format!("customer {number}"),
        ..Order::default()
    };
    Ok(bar.place(&order)?.total.minor)
}

fn show(amount: &Amount) -> String {
    format!(
        "{}.{:02} {}",
        amount.minor / 100,
        amount.minor % 100,
        amount.currency
    )
}
