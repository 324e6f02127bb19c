//! T22: a handler that misbehaves costs its own call.

use seapink::{ApplicationCode, ErrorKind, Limits, ServerConfig};

use crate::meter::alone;
use crate::support::{Active, Reply, Running, all_ways, ways};

fn small_frames(config: ServerConfig) -> ServerConfig {
    config.limits(Limits::default().frame_bytes_max(10_000))
}

#[test]
fn t22_panics_undeclared_errors_and_too_large_replies_are_exceptions() {
    let _alone = alone();
    std::panic::set_hook(Box::new(|info| {
        // Those of handlers are meant.
        if info.payload_as_str() != Some("quiet") {
            eprintln!("{info}");
        }
    }));
    let internal = ApplicationCode::INTERNAL_ERROR;
    for (name, config) in all_ways() {
        let running = Running::bind(&small_frames(config));
        let client = running.client();
        for _ in 0..3 {
            for (method, text, said) in [
                ("panic", "quiet", "internal error"),
                ("fail", "", "try later"),
                ("big", "10000", ""),
            ] {
                let error = client.call(method, text).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Application(internal), "{name}");
                assert!(!error.is_retryable(), "{name}");
                let text = error.to_string();
                assert!(
                    text.contains(said) && !text.contains("disk"),
                    "{name}: {text}"
                );
                assert_eq!(client.call("echo", "still").unwrap(), "still", "{name}");
            }
        }
        // A reply that just fits.
        assert_eq!(client.call("big", "9000").unwrap().len(), 9_000, "{name}");
        let stats = running.stats();
        assert_eq!(stats.exceptions_by(internal), 9, "{name}");
        assert_eq!(stats.connections_accepted, 1, "{name}");
        assert_eq!(stats.calls_running, 0, "{name}");
    }
    drop(std::panic::take_hook());
}

#[test]
fn t22_a_handler_that_blocks_keeps_its_own_connection_waiting() {
    let _alone = alone();
    for (name, config) in ways() {
        if name == "inline" {
            // Whose handlers must not block.
            continue;
        }
        let running = Running::bind(&config);
        let mut blocked = running.peer();
        blocked.send(&crate::support::call("wait", 1, "long"));
        running.handler.until_waiting(1);
        let active = Active::start(&running, 4);
        crate::support::eventually("others are served", || running.stats().replies > 100);
        assert!(active.stop() > 100, "{name}");
        assert_eq!(running.stats().calls_running, 1, "{name}");
        running.handler.open_gate();
        assert_eq!(blocked.reply(), Reply::new(1, "long"), "{name}");
    }
}
