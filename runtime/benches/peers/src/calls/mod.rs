//! Servers: how many calls they answer in a second, and how long a call takes.
//!
//! Each server is a process of its own, started from this program, and all are alive during the whole
//! run. They take turns: in each round every server is called for a fraction of a second. Why does
//! nobody's own client take part? Because it would be the slower half of most pairs; the same bytes
//! from the same loop leave only the servers to differ.

mod load;
mod message;
mod process;
mod servers;

use crate::Result;
use crate::arguments::Arguments;
use load::Load;
pub use load::Sample;
use message::Echo;
use process::Process;
pub use servers::{NAMES, SEAPINK, serve};

/// How the servers are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub connections: usize,
    /// Calls of each connection that are not answered yet.
    pub in_flight: usize,
}

const SHAPES: [Shape; 5] = [
    Shape::new(1, 1),
    Shape::new(8, 1),
    Shape::new(64, 1),
    Shape::new(1, 32),
    Shape::new(8, 32),
];

impl Shape {
    pub const fn new(connections: usize, in_flight: usize) -> Self {
        Self {
            connections,
            in_flight,
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            connections,
            in_flight,
        } = self;
        let plural = if *connections == 1 { "" } else { "s" };
        write!(f, "{connections} connection{plural}")?;
        if *in_flight > 1 {
            write!(f, ", {in_flight} in flight")?;
        }
        Ok(())
    }
}

/// What was found for one shape.
pub struct Scene {
    pub shape: Shape,
    /// Medians of the rounds.
    pub figures: Vec<(&'static str, Sample)>,
}

impl Scene {
    pub fn calls_per_second(&self, server: &str) -> Option<f64> {
        let figure = self.figures.iter().find(|(name, _)| *name == server);
        figure.map(|(_, sample)| sample.calls_per_second)
    }
}

/// Runs every shape, and passes each scene on as soon as it is there.
pub fn run(arguments: &Arguments, mut seen: impl FnMut(&Scene)) -> Result<Vec<Scene>> {
    let words: Vec<&str> = arguments.filter.iter().flat_map(|f| f.split(',')).collect();
    let chosen = |name: &&&str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let names = NAMES.iter().filter(chosen);
    let servers: Vec<_> = names
        .map(|name| Process::start(name))
        .collect::<Result<_>>()?;
    let (rounds, slice) = arguments.turns();
    let mut scenes = Vec::new();
    for shape in SHAPES {
        let mut samples = vec![Vec::new(); servers.len()];
        for round in 0..rounds {
            for turn in 0..servers.len() {
                // Each round starts with another one.
                let index = (turn + round) % servers.len();
                let server = &servers[index];
                let echo = Echo::new(server.is_framed())?;
                let mut load = Load::connect(server.address, shape, &echo)
                    .map_err(|error| format!("{}: {error}", server.name))?;
                let sample = load.run(slice);
                samples[index].push(sample.map_err(|error| format!("{}: {error}", server.name))?);
            }
        }
        let figures = servers.iter().zip(samples);
        let scene = Scene {
            shape,
            figures: figures
                .map(|(server, samples)| (server.name, Sample::median(&samples)))
                .collect(),
        };
        seen(&scene);
        scenes.push(scene);
    }
    Ok(scenes)
}
