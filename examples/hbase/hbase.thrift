/**
 * The part of HBase's first Thrift gateway that its Python client `happybase` calls.
 *
 * Names and ids are the gateway's, or its clients could not call this; that is why they do not
 * follow one style. Rows, columns and values are bytes. A column is `family:qualifier`.
 */
namespace rs hbase

typedef binary Text
typedef binary Bytes
typedef i32 ScannerID

/** A value, and when it was written: in milliseconds since 1970, unless the writer chose a number. */
struct TCell {
  1: Bytes value
  2: i64 timestamp
}

/** A column family and what is done with its cells. Only the number of versions matters here. */
struct ColumnDescriptor {
  1: Text name
  2: i32 maxVersions = 3
  3: string compression = "NONE"
  4: bool inMemory = false
  5: string bloomFilterType = "NONE"
  6: i32 bloomFilterVectorSize = 0
  7: i32 bloomFilterNbHashes = 0
  8: bool blockCacheEnabled = false
  9: i32 timeToLive = -1
}

/** Where a part of a table is served. */
struct TRegionInfo {
  1: Text startKey
  2: Text endKey
  3: i64 id
  4: Text name
  5: i8 version
  6: Text serverName
  7: i32 port
}

/** A change of one column; a whole family is deleted by its name without a qualifier. */
struct Mutation {
  1: bool isDelete = false
  2: Text column
  3: Text value
  4: bool writeToWAL = true
}

struct BatchMutation {
  1: Text row
  2: list<Mutation> mutations
}

struct TColumn {
  1: Text columnName
  2: TCell cell
}

/** A row, either as a map or in the order of its columns. */
struct TRowResult {
  1: Text row
  2: optional map<Text, TCell> columns
  3: optional list<TColumn> sortedColumns
}

struct TScan {
  /** The first row, itself included. */
  1: optional Text startRow
  /** Where to stop, before this row. */
  2: optional Text stopRow
  /** Only cells that are older. */
  3: optional i64 timestamp
  4: optional list<Text> columns
  5: optional i32 caching
  6: optional Text filterString
  7: optional i32 batchSize
  8: optional bool sortColumns
  9: optional bool reversed
}

/** The table or the server is in no state for this. */
exception IOError {
  1: string message
}

exception IllegalArgument {
  1: string message
}

exception AlreadyExists {
  1: string message
}

service Hbase {
  void enableTable(1: Bytes tableName) throws (1: IOError io)
  void disableTable(1: Bytes tableName) throws (1: IOError io)
  bool isTableEnabled(1: Bytes tableName) throws (1: IOError io)
  void compact(1: Bytes tableNameOrRegionName) throws (1: IOError io)
  void majorCompact(1: Bytes tableNameOrRegionName) throws (1: IOError io)
  list<Text> getTableNames() throws (1: IOError io)
  map<Text, ColumnDescriptor> getColumnDescriptors(1: Text tableName) throws (1: IOError io)
  list<TRegionInfo> getTableRegions(1: Text tableName) throws (1: IOError io)

  void createTable(1: Text tableName, 2: list<ColumnDescriptor> columnFamilies)
      throws (1: IOError io, 2: IllegalArgument ia, 3: AlreadyExists exist)

  /** Only of a table that is disabled. */
  void deleteTable(1: Text tableName) throws (1: IOError io)

  /** The newest versions of a cell. */
  list<TCell> getVer(
      1: Text tableName, 2: Text row, 3: Text column, 4: i32 numVersions,
      5: map<Text, Text> attributes) throws (1: IOError io)
  list<TCell> getVerTs(
      1: Text tableName, 2: Text row, 3: Text column, 4: i64 timestamp, 5: i32 numVersions,
      6: map<Text, Text> attributes) throws (1: IOError io)

  /** One row or none. Without columns, all of them. */
  list<TRowResult> getRowWithColumns(
      1: Text tableName, 2: Text row, 3: list<Text> columns, 4: map<Text, Text> attributes)
      throws (1: IOError io)
  list<TRowResult> getRowWithColumnsTs(
      1: Text tableName, 2: Text row, 3: list<Text> columns, 4: i64 timestamp,
      5: map<Text, Text> attributes) throws (1: IOError io)
  list<TRowResult> getRowsWithColumns(
      1: Text tableName, 2: list<Text> rows, 3: list<Text> columns, 4: map<Text, Text> attributes)
      throws (1: IOError io)
  list<TRowResult> getRowsWithColumnsTs(
      1: Text tableName, 2: list<Text> rows, 3: list<Text> columns, 4: i64 timestamp,
      5: map<Text, Text> attributes) throws (1: IOError io)

  /** All of the changes, or none. */
  void mutateRows(
      1: Text tableName, 2: list<BatchMutation> rowBatches, 3: map<Text, Text> attributes)
      throws (1: IOError io, 2: IllegalArgument ia)
  void mutateRowsTs(
      1: Text tableName, 2: list<BatchMutation> rowBatches, 3: i64 timestamp,
      4: map<Text, Text> attributes) throws (1: IOError io, 2: IllegalArgument ia)

  /** Adds to a cell of eight bytes, and answers what it holds then. */
  i64 atomicIncrement(1: Text tableName, 2: Text row, 3: Text column, 4: i64 value)
      throws (1: IOError io, 2: IllegalArgument ia)

  ScannerID scannerOpenWithScan(1: Text tableName, 2: TScan scan, 3: map<Text, Text> attributes)
      throws (1: IOError io)
  /** No rows: the scan is at its end. */
  list<TRowResult> scannerGetList(1: ScannerID id, 2: i32 nbRows)
      throws (1: IOError io, 2: IllegalArgument ia)
  void scannerClose(1: ScannerID id) throws (1: IOError io, 2: IllegalArgument ia)
}
