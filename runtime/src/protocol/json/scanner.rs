//! Finds the end of a JSON message.

use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::Scanner;

struct JsonScanner;

pub(super) fn scanner(_: &Limits) -> Box<dyn Scanner> {
    Box::new(JsonScanner)
}

impl Scanner for JsonScanner {
    fn scan(&mut self, _: &[u8]) -> Result<Option<usize>> {
        Ok(None)
    }
}
