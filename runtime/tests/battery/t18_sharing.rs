//! T18: threads that share a connection, and send first and wait later, each get their own replies.

use std::thread;

use crate::meter::alone;
use crate::support::{Failure, Running, ways};

const THREADS: usize = 8;
const CALLS: usize = 500;

/// A reply may come, and be read by another thread, before the one that has sent the call is back.
#[test]
fn t18_a_reply_that_comes_while_its_call_is_being_sent_is_kept() {
    let _alone = alone();
    for (name, config) in ways() {
        let running = Running::bind(&config);
        let client = running.client();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let client = &client;
                scope.spawn(move || {
                    for call in 0..CALLS {
                        let text = format!("{thread}/{call}");
                        let sent = client.send("echo", &text);
                        let reply = sent.and_then(|sent| sent.wait().map_err(Failure::other));
                        assert_eq!(reply.unwrap(), text, "{name}");
                    }
                });
            }
        });
        assert_eq!(running.stats().connections_accepted, 1, "{name}");
    }
}
