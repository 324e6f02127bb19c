//! The server's process, from inside and from outside.
//!
//! It prints its address and then does what each line of its input says, until there is no more
//! input: so it ends with the process that started it, however that ends.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use seapink::{ClientConfig, Server, ServerConfig};

use super::figures;
use super::service::{Handler, Probe};

/// Inside.
pub(crate) fn serve(config: &str) {
    let config = ServerConfig::from_toml(config).unwrap();
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let handler = Handler::default();
    let server = Server::bind(&config, Probe(handler.clone())).unwrap();
    let handle = server.handle();
    println!("{}", handle.local_addr());
    let serving = thread::spawn(move || server.run());
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match line.as_str() {
            "open" => println!("{}", handle.stats().connections_open),
            "tokens" => {
                let (seen, repeated) = handler.tokens();
                println!("{seen} {repeated}");
            }
            stop => {
                let ms = stop.parse().unwrap();
                let report = handle.shutdown(Duration::from_millis(ms));
                println!("{}", report.connections_cut);
            }
        }
    }
    handle.shutdown(Duration::from_millis(100));
    if serving.is_finished() {
        serving.join().unwrap().unwrap();
    }
}

/// Outside.
pub(crate) struct Child {
    process: Process,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Child {
    /// Starts a server of one of the ways to serve, with more keys of `[server]`.
    pub(crate) fn start(way: &str, more: &str) -> Self {
        let model = match way {
            "inline" => "nonblocking\"\ndispatch = \"inline",
            "any-order" => "nonblocking\"\nreply_order = \"any",
            model => model,
        };
        let config =
            format!("[server]\nlisten = \"tcp://127.0.0.1:0\"\nmodel = \"{model}\"\n{more}\n");
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["serve", &config])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut child = Self {
            process,
            input,
            output,
            address: String::new(),
        };
        child.address = child.line();
        assert!(!child.address.is_empty(), "the server does not start");
        child
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn ask(&mut self, what: &str) -> String {
        writeln!(self.input.as_mut().unwrap(), "{what}").unwrap();
        self.line()
    }

    /// Connections that are open.
    pub(crate) fn open(&mut self) -> usize {
        self.ask("open").parse().unwrap()
    }

    /// How many tokens have come, and how many of them more than once.
    pub(crate) fn tokens(&mut self) -> (usize, usize) {
        let answer = self.ask("tokens");
        let (seen, repeated) = answer.split_once(' ').unwrap();
        (seen.parse().unwrap(), repeated.parse().unwrap())
    }

    /// Stops it gracefully, and returns how many connections were cut.
    pub(crate) fn stop(&mut self, deadline: Duration) -> usize {
        self.ask(&deadline.as_millis().to_string()).parse().unwrap()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn client(&self) -> ClientConfig {
        ClientConfig::new(&*self.address)
    }

    pub(crate) fn process(&self) -> figures::Process {
        figures::Process(self.process.id())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.input = None;
        // It ends by itself, and can do no harm if it does not.
        let _ = self.process.wait();
    }
}
