//! The service: the emitted trait on top of [`Table`]s.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use seapink::CallContext;

#[allow(
    clippy::wildcard_imports,
    reason = "the trait alone names nearly all of the IDL"
)]
use crate::hbase::*;
use crate::table::{Scan, Selection, Table, split};

/// Rows in one answer. A client that asks for more gets the rest with its next call.
const ROWS_MAX: usize = 10_000;
/// Scans that are open at the same time. A client that goes away leaves its scans open.
const SCANS_MAX: usize = 10_000;

/// All tables, behind one lock: this is an example of a service, not of a database.
#[derive(Debug, Default)]
pub struct Gateway {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tables: BTreeMap<Vec<u8>, Table>,
    scans: HashMap<ScannerID, Scan>,
    last_scan: ScannerID,
}

fn io(message: impl Into<String>) -> IOError {
    IOError {
        message: message.into(),
    }
}

fn illegal(message: impl Into<String>) -> IllegalArgument {
    IllegalArgument {
        message: message.into(),
    }
}

/// In milliseconds since 1970, as cells have it.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

impl State {
    fn any_table(&mut self, name: &[u8]) -> Result<&mut Table, IOError> {
        let table = self.tables.get_mut(name);
        table.ok_or_else(|| io(format!("no table `{}`", String::from_utf8_lossy(name))))
    }

    /// One that can be read and written.
    fn table(&mut self, name: &[u8]) -> Result<&mut Table, IOError> {
        let table = self.any_table(name)?;
        if table.enabled {
            Ok(table)
        } else {
            let name = String::from_utf8_lossy(name);
            Err(io(format!("table `{name}` is disabled")))
        }
    }

    fn mutate<E>(
        &mut self,
        table: &[u8],
        batches: Vec<BatchMutation>,
        timestamp: i64,
    ) -> Result<(), E>
    where
        E: From<IOError> + From<IllegalArgument>,
    {
        let table = self.table(table)?;
        for change in batches.iter().flat_map(|batch| &batch.mutations) {
            table.check::<E>(change)?;
        }
        for batch in batches {
            for change in batch.mutations {
                table.apply(&batch.row, change, timestamp);
            }
        }
        Ok(())
    }

    fn rows(
        &mut self,
        table: &[u8],
        keys: &[Text],
        selection: &Selection,
    ) -> Result<Vec<TRowResult>, IOError> {
        let table = self.table(table)?;
        let found = keys.iter().filter_map(|key| table.row(key, selection));
        Ok(found.collect())
    }

    fn cells(
        &mut self,
        table: &[u8],
        (row, column): (&[u8], &[u8]),
        before: Option<i64>,
        max: i32,
    ) -> Result<Vec<TCell>, IOError> {
        let max = usize::try_from(max).unwrap_or(0);
        Ok(self.table(table)?.versions(row, column, before, max))
    }

    fn open(&mut self, table: Vec<u8>, scan: TScan) -> Result<ScannerID, IOError> {
        self.table(&table)?;
        if scan.filter_string.is_some() {
            return Err(io("this server has no filters"));
        }
        if self.scans.len() >= SCANS_MAX {
            return Err(io(format!("{SCANS_MAX} scans are open")));
        }
        // An empty row is how clients say that there is no bound.
        let bound = |row: Option<Text>| row.filter(|row| !row.is_empty());
        let scan = Scan {
            table,
            selection: Selection {
                columns: scan.columns.unwrap_or_default(),
                before: scan.timestamp,
                sorted: scan.sort_columns == Some(true),
            },
            next: bound(scan.start_row).map_or(Bound::Unbounded, Bound::Included),
            stop: bound(scan.stop_row).map_or(Bound::Unbounded, Bound::Excluded),
            reversed: scan.reversed == Some(true),
        };
        loop {
            self.last_scan = self.last_scan.wrapping_add(1);
            if !self.scans.contains_key(&self.last_scan) {
                self.scans.insert(self.last_scan, scan);
                return Ok(self.last_scan);
            }
        }
    }

    fn next<E>(&mut self, id: ScannerID, count: i32) -> Result<Vec<TRowResult>, E>
    where
        E: From<IOError> + From<IllegalArgument>,
    {
        let count = usize::try_from(count).map_err(|_| illegal("fewer rows than none"))?;
        let scan = self.scans.get_mut(&id);
        let scan = scan.ok_or_else(|| illegal(format!("no scan {id}")))?;
        // Not `self.table`: the scan is borrowed from `self`.
        let table = self.tables.get(&scan.table).filter(|table| table.enabled);
        let table = table.ok_or_else(|| io("the table of this scan is gone or disabled"))?;
        Ok(table.scan(scan, count.min(ROWS_MAX)))
    }
}

impl Gateway {
    /// A handler that panicked leaves whole tables behind: no change is made in two steps.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn selection(columns: Vec<Text>, before: Option<i64>) -> Selection {
    Selection {
        columns,
        before,
        sorted: false,
    }
}

type Attributes = HashMap<Text, Text>;

impl Hbase for Gateway {
    fn enable_table(&self, _: &CallContext, name: Bytes) -> Result<(), HbaseEnableTableError> {
        self.state().any_table(&name)?.enabled = true;
        Ok(())
    }

    fn disable_table(&self, _: &CallContext, name: Bytes) -> Result<(), HbaseDisableTableError> {
        self.state().table(&name)?.enabled = false;
        Ok(())
    }

    fn is_table_enabled(
        &self,
        _: &CallContext,
        name: Bytes,
    ) -> Result<bool, HbaseIsTableEnabledError> {
        Ok(self.state().any_table(&name)?.enabled)
    }

    /// There is nothing to compact: old versions are dropped when a cell is written.
    fn compact(&self, _: &CallContext, name: Bytes) -> Result<(), HbaseCompactError> {
        self.state().any_table(&name)?;
        Ok(())
    }

    fn major_compact(&self, _: &CallContext, name: Bytes) -> Result<(), HbaseMajorCompactError> {
        self.state().any_table(&name)?;
        Ok(())
    }

    fn get_table_names(&self, _: &CallContext) -> Result<Vec<Text>, HbaseGetTableNamesError> {
        Ok(self.state().tables.keys().cloned().collect())
    }

    fn get_column_descriptors(
        &self,
        _: &CallContext,
        table: Text,
    ) -> Result<HashMap<Text, ColumnDescriptor>, HbaseGetColumnDescriptorsError> {
        let mut state = self.state();
        let families = state.any_table(&table)?.families.values();
        Ok(families
            .map(|family| (family.name.clone(), family.clone()))
            .collect())
    }

    fn get_table_regions(
        &self,
        _: &CallContext,
        table: Text,
    ) -> Result<Vec<TRegionInfo>, HbaseGetTableRegionsError> {
        self.state().any_table(&table)?;
        // A table is one region, from its first row to its last.
        Ok(vec![TRegionInfo {
            name: table,
            server_name: b"seapink".to_vec(),
            ..TRegionInfo::default()
        }])
    }

    fn create_table(
        &self,
        _: &CallContext,
        table: Text,
        families: Vec<ColumnDescriptor>,
    ) -> Result<(), HbaseCreateTableError> {
        if table.is_empty() || families.is_empty() {
            return Err(illegal("a table has a name and a column family").into());
        }
        let mut by_name = BTreeMap::new();
        for family in families {
            let (name, qualifier) = split(&family.name);
            if name.is_empty() || qualifier.is_some_and(|qualifier| !qualifier.is_empty()) {
                let name = String::from_utf8_lossy(&family.name);
                return Err(illegal(format!("`{name}` is no column family")).into());
            }
            by_name.insert(name.to_vec(), family);
        }
        let mut state = self.state();
        if state.tables.contains_key(&table) {
            let message = format!("there is a table `{}`", String::from_utf8_lossy(&table));
            return Err(AlreadyExists { message }.into());
        }
        state.tables.insert(table, Table::new(by_name));
        Ok(())
    }

    fn delete_table(&self, _: &CallContext, table: Text) -> Result<(), HbaseDeleteTableError> {
        let mut state = self.state();
        if state.any_table(&table)?.enabled {
            return Err(io("the table is enabled").into());
        }
        state.tables.remove(&table);
        Ok(())
    }

    fn get_ver(
        &self,
        _: &CallContext,
        table: Text,
        row: Text,
        column: Text,
        versions: i32,
        _: Attributes,
    ) -> Result<Vec<TCell>, HbaseGetVerError> {
        let cell = (row.as_slice(), column.as_slice());
        Ok(self.state().cells(&table, cell, None, versions)?)
    }

    fn get_ver_ts(
        &self,
        _: &CallContext,
        table: Text,
        row: Text,
        column: Text,
        before: i64,
        versions: i32,
        _: Attributes,
    ) -> Result<Vec<TCell>, HbaseGetVerTsError> {
        let cell = (row.as_slice(), column.as_slice());
        Ok(self.state().cells(&table, cell, Some(before), versions)?)
    }

    fn get_row_with_columns(
        &self,
        _: &CallContext,
        table: Text,
        row: Text,
        columns: Vec<Text>,
        _: Attributes,
    ) -> Result<Vec<TRowResult>, HbaseGetRowWithColumnsError> {
        let selection = selection(columns, None);
        Ok(self.state().rows(&table, &[row], &selection)?)
    }

    fn get_row_with_columns_ts(
        &self,
        _: &CallContext,
        table: Text,
        row: Text,
        columns: Vec<Text>,
        before: i64,
        _: Attributes,
    ) -> Result<Vec<TRowResult>, HbaseGetRowWithColumnsTsError> {
        let selection = selection(columns, Some(before));
        Ok(self.state().rows(&table, &[row], &selection)?)
    }

    fn get_rows_with_columns(
        &self,
        _: &CallContext,
        table: Text,
        rows: Vec<Text>,
        columns: Vec<Text>,
        _: Attributes,
    ) -> Result<Vec<TRowResult>, HbaseGetRowsWithColumnsError> {
        let selection = selection(columns, None);
        Ok(self.state().rows(&table, &rows, &selection)?)
    }

    fn get_rows_with_columns_ts(
        &self,
        _: &CallContext,
        table: Text,
        rows: Vec<Text>,
        columns: Vec<Text>,
        before: i64,
        _: Attributes,
    ) -> Result<Vec<TRowResult>, HbaseGetRowsWithColumnsTsError> {
        let selection = selection(columns, Some(before));
        Ok(self.state().rows(&table, &rows, &selection)?)
    }

    fn mutate_rows(
        &self,
        _: &CallContext,
        table: Text,
        batches: Vec<BatchMutation>,
        _: Attributes,
    ) -> Result<(), HbaseMutateRowsError> {
        self.state().mutate(&table, batches, now())
    }

    fn mutate_rows_ts(
        &self,
        _: &CallContext,
        table: Text,
        batches: Vec<BatchMutation>,
        timestamp: i64,
        _: Attributes,
    ) -> Result<(), HbaseMutateRowsTsError> {
        self.state().mutate(&table, batches, timestamp)
    }

    fn atomic_increment(
        &self,
        _: &CallContext,
        table: Text,
        row: Text,
        column: Text,
        value: i64,
    ) -> Result<i64, HbaseAtomicIncrementError> {
        let mut state = self.state();
        let table = state.table(&table)?;
        let mut before = 0;
        let mut timestamp = now();
        if let [cell] = table.versions(&row, &column, None, 1).as_slice() {
            let bytes = <[u8; 8]>::try_from(cell.value.as_slice());
            before = i64::from_be_bytes(bytes.map_err(|_| illegal("the cell is no counter"))?);
            // A client may have dated it in the future, where it would hide the new version.
            timestamp = timestamp.max(cell.timestamp);
        }
        let after = before.wrapping_add(value);
        let change = Mutation {
            column,
            value: after.to_be_bytes().to_vec(),
            ..Mutation::default()
        };
        table.check::<HbaseAtomicIncrementError>(&change)?;
        table.apply(&row, change, timestamp);
        Ok(after)
    }

    fn scanner_open_with_scan(
        &self,
        _: &CallContext,
        table: Text,
        scan: TScan,
        _: Attributes,
    ) -> Result<ScannerID, HbaseScannerOpenWithScanError> {
        Ok(self.state().open(table, scan)?)
    }

    fn scanner_get_list(
        &self,
        _: &CallContext,
        id: ScannerID,
        count: i32,
    ) -> Result<Vec<TRowResult>, HbaseScannerGetListError> {
        self.state().next(id, count)
    }

    fn scanner_close(&self, _: &CallContext, id: ScannerID) -> Result<(), HbaseScannerCloseError> {
        match self.state().scans.remove(&id) {
            Some(_) => Ok(()),
            None => Err(illegal(format!("no scan {id}")).into()),
        }
    }
}
