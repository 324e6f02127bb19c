//! Numbers for the `metrics` facade.

use crate::error::Result;
use crate::interceptor::begun::Begun;
use crate::interceptor::{End, Interceptor};
use crate::processor::CallContext;

/// Counts calls and measures their time, with the crate `metrics`, whose exporters take them further.
///
/// | name | kind | labels |
/// | --- | --- | --- |
/// | `seapink_calls_total` | counter | `side`, `service`, `method`, `outcome`: `ok`, `exception`, `error` |
/// | `seapink_calls_running` | gauge | `side` |
/// | `seapink_call_seconds` | histogram | `side`, `service`, `method` |
///
/// On a server, names come from its peers. Those of calls for which no function was found are counted
/// as `unknown`, so that a peer cannot make up labels without end. So are calls that an interceptor
/// further in has refused, since nobody has looked for their functions.
#[derive(Clone, Copy, Debug)]
pub struct Metrics {
    side: &'static str,
}

impl Metrics {
    /// For a server, with `side = "server"`.
    pub fn server() -> Self {
        Self { side: "server" }
    }

    /// For a client, with `side = "client"`.
    pub fn client() -> Self {
        Self { side: "client" }
    }
}

/// Stands for names that a peer has made up.
const UNKNOWN: &str = "unknown";

impl Interceptor for Metrics {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        metrics::gauge!("seapink_calls_running", "side" => self.side).increment(1.0);
        Begun::<Self>::note(cx);
        Ok(())
    }

    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        let side = self.side;
        metrics::gauge!("seapink_calls_running", "side" => side).decrement(1.0);
        let Some(time) = Begun::<Self>::elapsed(cx) else {
            return;
        };
        let (service, method) = if cx.is_known() {
            (cx.service(), cx.method())
        } else {
            (UNKNOWN, UNKNOWN)
        };
        let (service, method) = (service.to_owned(), method.to_owned());
        let outcome = match end {
            End::Done => "ok",
            End::Declared => "exception",
            End::Failed(_) => "error",
        };
        metrics::histogram!(
            "seapink_call_seconds",
            "side" => side, "service" => service.clone(), "method" => method.clone(),
        )
        .record(time.as_secs_f64());
        metrics::counter!(
            "seapink_calls_total",
            "side" => side, "service" => service, "method" => method, "outcome" => outcome,
        )
        .increment(1);
    }
}
