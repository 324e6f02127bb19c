//! Emitted code with annotations: derives of serde, chosen types, the text of an exception.
#![cfg(feature = "serde")]

include!("../../testdata/golden/annotated.rs");

use std::collections::BTreeMap;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annotated::{Alarm, AlarmsClient, Failure, Level, Target};
use seapink::client::CallOptions;
use seapink::{Channel, Client, Double, Error, ErrorKind, Result, Standard, Uuid};

#[test]
fn serde_reads_what_it_wrote() {
    let alarm = Alarm {
        id: Uuid::from_u128(1),
        level: Level(7),
        readings: BTreeMap::from([(Double(0.5), "half".to_owned())]),
        target: Some(Target::Port(80)),
    };
    let text = serde_json::to_string(&alarm).unwrap();
    let id = "00000000-0000-0000-0000-000000000001";
    let readings = r#"{"0.5":"half"}"#;
    assert_eq!(
        text,
        format!(r#"{{"id":"{id}","level":7,"readings":{readings},"target":{{"Port":80}}}}"#)
    );
    assert_eq!(serde_json::from_str::<Alarm>(&text).unwrap(), alarm);
}

#[test]
fn an_exception_shows_the_field_that_is_annotated() {
    let failure = Failure {
        code: 3,
        text: "too hot".to_owned(),
    };
    assert_eq!(failure.to_string(), "Failure: too hot");
}

/// Notes whether the last call may be run twice.
#[derive(Clone, Default)]
struct Noting(Arc<AtomicBool>);

impl Channel for Noting {
    fn exchange(
        &self,
        options: &CallOptions,
        _: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        _: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        self.0.store(options.idempotent, Ordering::Relaxed);
        Err(Error::new(ErrorKind::Closed, "noted"))
    }
}

#[test]
fn only_functions_that_are_annotated_may_be_run_twice() {
    let noting = Noting::default();
    let client = AlarmsClient::new(Client::new(noting.clone(), Standard::Binary));
    client.find(Uuid::from_u128(1)).unwrap_err();
    assert!(noting.0.load(Ordering::Relaxed));
    client.add(&Alarm::default()).unwrap_err();
    assert!(!noting.0.load(Ordering::Relaxed));
}
