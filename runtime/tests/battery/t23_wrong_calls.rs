//! T23: a call that is wrong is answered with the code for it, and those before and after it are
//! answered as if it were not there.

use seapink::{ApplicationCode, MessageKind, Multiplexed, ServerConfig};

use crate::meter::alone;
use crate::support::{Reply, Running, all_ways, call, field, message, oneway};

const CALL: u8 = MessageKind::Call.byte();

/// A call, and what is answered.
fn cases() -> Vec<(Vec<u8>, Reply)> {
    let twice = [field(1, "first"), field(1, "last")];
    let unknown = [field(9, "newer"), field(1, "known")];
    // A number where a string should be is skipped as an unknown field, and then the string lacks.
    let other_type = [vec![8, 0, 1, 0, 0, 0, 7]];
    let kind = |kind: u8| message(kind, "echo", 5, &[field(1, "x")]);
    let reply = |text| Reply::new(5, text);
    let refused = |code| Reply::refused(5, code);
    vec![
        (
            call("nope", 5, "x"),
            refused(ApplicationCode::UNKNOWN_METHOD),
        ),
        (call("", 5, "x"), refused(ApplicationCode::UNKNOWN_METHOD)),
        (
            kind(MessageKind::Reply.byte()),
            refused(ApplicationCode::INVALID_MESSAGE_TYPE),
        ),
        (
            kind(MessageKind::Exception.byte()),
            refused(ApplicationCode::INVALID_MESSAGE_TYPE),
        ),
        (message(CALL, "echo", 5, &twice), reply("last")),
        (message(CALL, "echo", 5, &unknown), reply("known")),
        (message(CALL, "echo", 5, &[]), reply("")),
        (message(CALL, "echo", 5, &other_type), reply("")),
        (
            message(CALL, "strict", 5, &[]),
            refused(ApplicationCode::PROTOCOL_ERROR),
        ),
        (
            message(CALL, "strict", 5, &other_type),
            refused(ApplicationCode::PROTOCOL_ERROR),
        ),
        (
            message(CALL, "strict", 5, &[field(1, "there")]),
            reply("there"),
        ),
    ]
}

/// Between good calls in one write, `prefix` before the names of all functions.
fn check(name: &str, running: &Running, wrong: &[u8], expected: &Reply) {
    let mut peer = running.peer();
    let good = |id| call("echo", id, "good");
    peer.send(
        &[
            good(1),
            good(2),
            wrong.to_vec(),
            good(3),
            oneway("echo", "x"),
            good(4),
        ]
        .concat(),
    );
    let mut replies: Vec<_> = (0..5).map(|_| peer.reply()).collect();
    if name == "any order" {
        replies.sort_by_key(|reply| reply.id);
    } else {
        replies[2..].sort_by_key(|reply| reply.id);
    }
    let mut wanted: Vec<_> = (1..=4).map(|id| Reply::new(id, "good")).collect();
    wanted.push(expected.clone());
    assert_eq!(replies, wanted, "{name}");
    // The same connection goes on.
    assert_eq!(
        peer.call("echo", 6, "still"),
        Reply::new(6, "still"),
        "{name}"
    );
}

#[test]
fn t23_wrong_calls_among_good_ones_get_their_own_code() {
    let _alone = alone();
    for (name, config) in all_ways() {
        let running = Running::bind(&config);
        let cases = cases();
        for (wrong, expected) in &cases {
            check(name, &running, wrong, expected);
        }
        let stats = running.stats();
        assert_eq!(stats.connections_failed, 0, "{name}");
        assert_eq!(stats.connections_accepted, cases.len() as u64, "{name}");
    }
}

#[test]
fn t23_services_that_are_unknown_get_their_own_code() {
    let _alone = alone();
    for (name, config) in all_ways() {
        let several = |probe: crate::support::Probe| {
            Multiplexed::new()
                .service("Probe", probe.clone())
                .default_service(probe)
        };
        let running = Running::bind_with(&config, several);
        let unknown = Reply::refused(5, ApplicationCode::UNKNOWN_METHOD);
        for (method, expected) in [
            ("Nope:echo", unknown.clone()),
            (":echo", unknown.clone()),
            ("Probe:nope", unknown.clone()),
            ("Probe:echo", Reply::new(5, "x")),
        ] {
            check(name, &running, &call(method, 5, "x"), &expected);
        }
        assert_eq!(running.stats().connections_failed, 0, "{name}");
    }
}

/// What cannot be told apart from garbage ends its connection, after the good calls before it.
#[test]
fn t23_messages_of_no_kind_end_their_connection() {
    let _alone = alone();
    for (name, config) in all_ways() {
        let running = Running::bind(&ServerConfig::clone(&config));
        for kind in [0, 5, 0x7f, 0xff] {
            let mut peer = running.peer();
            let wrong = message(kind, "echo", 5, &[field(1, "x")]);
            peer.send(&[call("echo", 1, "good"), wrong, call("echo", 2, "never")].concat());
            assert_eq!(peer.try_reply(), Some(Reply::new(1, "good")), "{name}");
            assert_eq!(peer.try_reply(), None, "{name}: {kind}");
        }
        assert_eq!(running.peer().call("echo", 3, "x").id, 3, "{name}");
    }
}
