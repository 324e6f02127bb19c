//! The handler: a map in memory, and the file from which it can be made again.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use seapink::transport::file::{FileFormat, FileOptions, FileReader, FileWriter, ReadMode};
use seapink::{CallContext, Compact, Error, Result};

use crate::store::{
    Change, Entry, NotFound, Store, StoreGetError, StorePutError, StoreRemoveError, StoreSizeError,
};

/// Every change is in the log, and stored, before it is answered.
pub struct Durable {
    entries: Mutex<HashMap<String, Vec<u8>>>,
    log: FileWriter,
}

impl Durable {
    /// Reads the log from its start, and goes on writing at its end.
    pub fn open(path: &Path) -> Result<Self> {
        let options = FileOptions::default()
            .format(FileFormat::Checksummed)
            .sync_every_event();
        // The writer comes first: it creates the file, and removes what a crash has left half done.
        let log = FileWriter::open(path, options)?;
        let mut changes = FileReader::open(path, options, ReadMode::ToEnd)?;
        let mut entries = HashMap::new();
        while let Some(change) = changes.next_event()? {
            apply(
                seapink::from_slice::<Compact, Change>(change)?,
                &mut entries,
            );
        }
        Ok(Self {
            entries: Mutex::new(entries),
            log,
        })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock is held, so that changes are logged in the order in which they happen.
    fn change(&self, change: Change, entries: &mut HashMap<String, Vec<u8>>) -> Result<bool> {
        self.log
            .append(&seapink::to_vec::<Compact>(&change)?)
            .map_err(|error| Error::handler("the change could not be stored", error))?;
        Ok(apply(change, entries))
    }
}

/// `true` when the key was there before.
fn apply(change: Change, entries: &mut HashMap<String, Vec<u8>>) -> bool {
    match change {
        Change::Put(Entry { key, value }) => entries.insert(key, value).is_some(),
        Change::Removed(key) => entries.remove(&key).is_some(),
        // Written by a newer program, which knows more kinds of changes.
        Change::Unknown(_) => false,
    }
}

impl Store for Durable {
    fn put(&self, _: &CallContext, key: String, value: Vec<u8>) -> Result<(), StorePutError> {
        self.change(Change::Put(Entry { key, value }), &mut self.entries())?;
        Ok(())
    }

    fn get(&self, _: &CallContext, key: String) -> Result<Vec<u8>, StoreGetError> {
        let found = self.entries().get(&key).cloned();
        found.ok_or_else(|| NotFound { key }.into())
    }

    fn remove(&self, _: &CallContext, key: String) -> Result<bool, StoreRemoveError> {
        let mut entries = self.entries();
        if !entries.contains_key(&key) {
            return Ok(false);
        }
        Ok(self.change(Change::Removed(key), &mut entries)?)
    }

    fn size(&self, _: &CallContext) -> Result<i32, StoreSizeError> {
        Ok(i32::try_from(self.entries().len()).unwrap_or(i32::MAX))
    }
}
