//! Numbers for the `metrics` facade.

use std::time::Instant;

use crate::error::Result;
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
/// On a server, names of functions that it does not have come from its peers. They are counted as
/// `?`, so that a peer cannot make up labels without end.
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

struct Begun(Instant);

impl Interceptor for Metrics {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        metrics::gauge!("seapink_calls_running", "side" => self.side).increment(1.0);
        cx.extensions_mut().insert(Begun(Instant::now()));
        Ok(())
    }

    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        let side = self.side;
        metrics::gauge!("seapink_calls_running", "side" => side).decrement(1.0);
        let Some(Begun(begun)) = cx.extensions_mut().remove() else {
            return;
        };
        let unknown = matches!(
            end,
            End::Failed(error)
                if error.kind() == crate::ErrorKind::Application(crate::ApplicationCode::UNKNOWN_METHOD)
        );
        let (service, method) = if unknown {
            ("?".to_owned(), "?".to_owned())
        } else {
            (cx.service().to_owned(), cx.method().to_owned())
        };
        let outcome = match end {
            End::Done => "ok",
            End::Declared => "exception",
            End::Failed(_) => "error",
        };
        metrics::histogram!(
            "seapink_call_seconds",
            "side" => side, "service" => service.clone(), "method" => method.clone(),
        )
        .record(begun.elapsed().as_secs_f64());
        metrics::counter!(
            "seapink_calls_total",
            "side" => side, "service" => service, "method" => method, "outcome" => outcome,
        )
        .increment(1);
    }
}
