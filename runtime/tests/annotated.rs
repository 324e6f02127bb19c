//! Emitted code with annotations: derives of serde, chosen types, the text of an exception.
#![cfg(feature = "serde")]

include!("../../testdata/golden/annotated.rs");

use std::collections::BTreeMap;

use annotated::{Alarm, Failure, Level, Target};
use seapink::{Double, Uuid};

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
    assert_eq!(failure.to_string(), "Failure: \"too hot\"");
}
