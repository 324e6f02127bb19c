//! One table: rows, their columns, and the versions of each cell, all of them in order.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::hbase::{
    ColumnDescriptor, IOError, IllegalArgument, Mutation, TCell, TColumn, TRowResult,
};

/// By column, the newest version first. No column is without a version.
type Row = BTreeMap<Vec<u8>, Vec<TCell>>;

/// A table in memory.
#[derive(Debug)]
pub struct Table {
    /// A table that is not cannot be read or written, but deleted.
    pub enabled: bool,
    /// By name, without the colon.
    pub families: BTreeMap<Vec<u8>, ColumnDescriptor>,
    rows: BTreeMap<Vec<u8>, Row>,
}

/// What a reader wants of a row.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Columns, or families; all of them if empty.
    pub columns: Vec<Vec<u8>>,
    /// Only cells that are older than this.
    pub before: Option<i64>,
    /// As a list in order, instead of as a map.
    pub sorted: bool,
}

/// A scan between two of its batches. It holds no rows, so changes behind it are not seen, and
/// changes before it are.
#[derive(Debug)]
pub struct Scan {
    pub table: Vec<u8>,
    pub selection: Selection,
    pub next: Bound<Vec<u8>>,
    pub stop: Bound<Vec<u8>>,
    pub reversed: bool,
}

impl Table {
    /// An empty table.
    pub fn new(families: BTreeMap<Vec<u8>, ColumnDescriptor>) -> Self {
        Self {
            enabled: true,
            families,
            rows: BTreeMap::new(),
        }
    }

    /// The columns of a row, or nothing if it has none of those selected.
    pub fn row(&self, key: &[u8], selection: &Selection) -> Option<TRowResult> {
        let row = self.rows.get(key)?;
        selection.of(key, row)
    }

    /// The newest versions of one cell.
    pub fn versions(
        &self,
        key: &[u8],
        column: &[u8],
        before: Option<i64>,
        max: usize,
    ) -> Vec<TCell> {
        let row = self.rows.get(key);
        let cells = row.and_then(|row| row.get(column));
        let cells = cells.into_iter().flatten();
        let wanted = cells.filter(|cell| is_before(cell, before));
        wanted.take(max).cloned().collect()
    }

    /// Whether [`apply`](Self::apply) can do this.
    pub fn check<E>(&self, change: &Mutation) -> Result<(), E>
    where
        E: From<IOError> + From<IllegalArgument>,
    {
        let column = &change.column;
        let (family, qualifier) = split(column);
        if qualifier.is_none() && !change.is_delete {
            let message = format!("`{}` has no qualifier", String::from_utf8_lossy(column));
            return Err(IllegalArgument { message }.into());
        }
        if !self.families.contains_key(family) {
            let message = format!("no column family `{}`", String::from_utf8_lossy(family));
            return Err(IOError { message }.into());
        }
        Ok(())
    }

    /// Writes or deletes what is not newer than this time.
    pub fn apply(&mut self, key: &[u8], change: Mutation, timestamp: i64) {
        let row = self.rows.entry(key.to_vec()).or_default();
        let column = change.column;
        if change.is_delete {
            row.retain(|name, cells| {
                if is_selected(name, &column) {
                    cells.retain(|cell| cell.timestamp > timestamp);
                }
                !cells.is_empty()
            });
        } else {
            let family = self.families.get(split(&column).0);
            let max = family.map_or(1, |family| family.max_versions);
            let cells = row.entry(column).or_default();
            cells.retain(|cell| cell.timestamp != timestamp);
            let newer = cells.partition_point(|cell| cell.timestamp > timestamp);
            let value = change.value;
            cells.insert(newer, TCell { value, timestamp });
            cells.truncate(usize::try_from(max).unwrap_or(1).max(1));
        }
        if row.is_empty() {
            self.rows.remove(key);
        }
    }

    /// The next rows of a scan, of which there are fewer than asked for only at its end.
    pub fn scan(&self, scan: &mut Scan, count: usize) -> Vec<TRowResult> {
        let (next, stop) = (scan.next.clone(), scan.stop.clone());
        let (low, high) = if scan.reversed {
            (stop, next)
        } else {
            (next, stop)
        };
        if is_empty(&low, &high) {
            return Vec::new();
        }
        let mut ascending;
        let mut descending;
        let rows: &mut dyn Iterator<Item = _> = if scan.reversed {
            descending = self.rows.range((low, high)).rev();
            &mut descending
        } else {
            ascending = self.rows.range((low, high));
            &mut ascending
        };
        let mut found = Vec::new();
        while found.len() < count
            && let Some((key, row)) = rows.next()
        {
            scan.next = Bound::Excluded(key.clone());
            found.extend(scan.selection.of(key, row));
        }
        found
    }
}

impl Selection {
    fn of(&self, key: &[u8], row: &Row) -> Option<TRowResult> {
        let wanted = row.iter().filter_map(|(column, cells)| {
            let any = self.columns.is_empty();
            if !any && !self.columns.iter().any(|name| is_selected(column, name)) {
                return None;
            }
            let cell = cells.iter().find(|cell| is_before(cell, self.before))?;
            Some((column.clone(), cell.clone()))
        });
        let mut result = TRowResult {
            row: key.to_vec(),
            ..TRowResult::default()
        };
        let empty = if self.sorted {
            let named = wanted.map(|(column_name, cell)| TColumn { column_name, cell });
            result.sorted_columns.insert(named.collect()).is_empty()
        } else {
            result.columns.insert(wanted.collect()).is_empty()
        };
        (!empty).then_some(result)
    }
}

/// `family:qualifier` in two; `family` and `family:` name a family.
pub fn split(column: &[u8]) -> (&[u8], Option<&[u8]>) {
    match column.iter().position(|&byte| byte == b':') {
        Some(colon) => (&column[..colon], Some(&column[colon + 1..])),
        None => (column, None),
    }
}

/// Whether this is the column, or one of its family.
fn is_selected(column: &[u8], name: &[u8]) -> bool {
    let (family, qualifier) = split(name);
    match qualifier {
        None | Some([]) => split(column).0 == family,
        Some(_) => column == name,
    }
}

fn is_before(cell: &TCell, before: Option<i64>) -> bool {
    before.is_none_or(|before| cell.timestamp < before)
}

/// `BTreeMap::range` panics when the bounds are the wrong way round.
fn is_empty(low: &Bound<Vec<u8>>, high: &Bound<Vec<u8>>) -> bool {
    match (low, high) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Included(high) | Bound::Excluded(high),
        ) => low >= high,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let family = ColumnDescriptor {
            name: b"f:".to_vec(),
            max_versions: 2,
            ..ColumnDescriptor::default()
        };
        Table::new(BTreeMap::from([(b"f".to_vec(), family)]))
    }

    fn put(table: &mut Table, row: &str, value: &str, timestamp: i64) {
        let change = Mutation {
            column: b"f:q".to_vec(),
            value: value.into(),
            ..Mutation::default()
        };
        table.apply(row.as_bytes(), change, timestamp);
    }

    fn values(table: &Table, before: Option<i64>) -> Vec<String> {
        let cells = table.versions(b"r", b"f:q", before, 10);
        let text = |cell: TCell| String::from_utf8_lossy(&cell.value).into_owned();
        cells.into_iter().map(text).collect()
    }

    #[test]
    fn the_newest_versions_are_kept() {
        let mut table = table();
        for (value, timestamp) in [("a", 10), ("c", 30), ("b", 20), ("C", 30)] {
            put(&mut table, "r", value, timestamp);
        }
        assert_eq!(values(&table, None), ["C", "b"]);
        assert_eq!(values(&table, Some(30)), ["b"]);
    }

    #[test]
    fn a_deletion_takes_what_is_not_newer() {
        let mut table = table();
        put(&mut table, "r", "a", 10);
        put(&mut table, "r", "b", 20);
        let family = Mutation {
            is_delete: true,
            column: b"f".to_vec(),
            ..Mutation::default()
        };
        table.apply(b"r", family.clone(), 10);
        assert_eq!(values(&table, None), ["b"]);
        table.apply(b"r", family, 20);
        assert!(table.rows.is_empty());
    }

    #[test]
    fn a_scan_stops_before_its_end_in_both_directions() {
        let mut table = table();
        for row in ["a", "b", "c", "d"] {
            put(&mut table, row, "x", 1);
        }
        let keys = |from: &str, to: &str, reversed| {
            let mut scan = Scan {
                table: vec![],
                selection: Selection::default(),
                next: Bound::Included(from.into()),
                stop: Bound::Excluded(to.into()),
                reversed,
            };
            let mut keys = String::new();
            while let [row] = table.scan(&mut scan, 1).as_slice() {
                keys.push_str(&String::from_utf8_lossy(&row.row));
            }
            keys
        };
        assert_eq!(keys("a", "c", false), "ab");
        assert_eq!(keys("d", "b", true), "dc");
        assert_eq!(keys("c", "a", false), "");
        assert_eq!(keys("a", "c", true), "");
        assert_eq!(keys("b", "b", false), "");
    }
}
