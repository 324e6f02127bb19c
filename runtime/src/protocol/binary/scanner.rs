//! Finds the end of a binary message.

use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::Scanner;

pub(super) struct BinaryScanner;

impl BinaryScanner {
    pub(super) fn new(_: &Limits) -> Self {
        Self
    }
}

impl Scanner for BinaryScanner {
    fn scan(&mut self, _: &[u8]) -> Result<Option<usize>> {
        Ok(None)
    }
}
