//! What the numbers for the facade `metrics` are labelled with.

#![cfg(feature = "metrics")]

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit,
};
use parking_lot::Mutex;
use seapink::interceptor::{Intercepted, Interceptor, Log, Metrics};
use seapink::{CallContext, Client, Error, ErrorKind, Result};

use crate::support::{Probe, ProbeClient};

/// The labels of all numbers, as they come.
#[derive(Default)]
struct Labels(Mutex<Vec<String>>);

impl Labels {
    fn note(&self, key: &Key) {
        let labels = key.labels().filter(|label| label.key() != "side");
        let labels: Vec<_> = labels.map(Label::value).collect();
        let line = format!("{} {}", key.name(), labels.join(" "));
        self.0.lock().push(line);
    }
}

impl Recorder for Labels {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.note(key);
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.note(key);
        Histogram::noop()
    }
}

struct Busy;

impl Interceptor for Busy {
    fn before(&self, _: &mut CallContext) -> Result<()> {
        Err(Error::new(ErrorKind::Overloaded, "come later"))
    }
}

#[test]
fn labels_are_names_of_functions_that_there_are() {
    let labels = Labels::default();
    let processor = || {
        Intercepted::new(Probe::default())
            .with(Log::new())
            .with(Metrics::server())
    };
    metrics::with_local_recorder(&labels, || {
        let client = ProbeClient(Client::in_process(processor()));
        client.echo("x").unwrap();
        client.fail("declared").unwrap_err();
        client.note("fail").unwrap();
        client.unknown().unwrap_err();
        client.0.oneway("made up", &[(1, "text")], ("x",)).unwrap();
        let busy = processor().with(Busy);
        let client = ProbeClient(Client::in_process(busy));
        client.echo("x").unwrap_err();
    });
    let counted = labels.0.lock();
    let counted = counted
        .iter()
        .filter_map(|line| line.strip_prefix("seapink_calls_total "));
    let expected = [
        "Probe echo ok",
        "Probe fail exception",
        "Probe note error",
        "unknown unknown error",
        "unknown unknown error",
        "unknown unknown error",
    ];
    assert_eq!(counted.collect::<Vec<_>>(), expected);
}
