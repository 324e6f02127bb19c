// What the example reads of a Parquet file's footer. The format has more; fields that are not here
// are skipped.
namespace rs parquet

enum Type {
  BOOLEAN = 0
  INT32 = 1
  INT64 = 2
  INT96 = 3
  FLOAT = 4
  DOUBLE = 5
  BYTE_ARRAY = 6
  FIXED_LEN_BYTE_ARRAY = 7
}

enum Repetition {
  REQUIRED = 0
  OPTIONAL = 1
  REPEATED = 2
}

enum Codec {
  UNCOMPRESSED = 0
  SNAPPY = 1
  GZIP = 2
  LZO = 3
  BROTLI = 4
  LZ4 = 5
  ZSTD = 6
  LZ4_RAW = 7
}

/** A node of the schema. The tree is written node by node, each before its children. */
struct SchemaElement {
  /** None for an inner node. */
  1: optional Type type
  3: optional Repetition repetition
  4: required string name
  5: optional i32 num_children
}

struct ColumnMetaData {
  1: required Type type
  3: required list<string> path_in_schema
  4: required Codec codec
  5: required i64 num_values
  6: required i64 total_uncompressed_size
  7: required i64 total_compressed_size
}

struct ColumnChunk {
  3: optional ColumnMetaData meta_data
}

struct RowGroup {
  1: required list<ColumnChunk> columns
  2: required i64 total_byte_size
  3: required i64 num_rows
}

struct FileMetaData {
  1: required i32 version
  2: required list<SchemaElement> schema
  3: required i64 num_rows
  4: required list<RowGroup> row_groups
  6: optional string created_by
} (rust.view)
