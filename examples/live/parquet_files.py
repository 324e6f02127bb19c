"""Writes Parquet files of many kinds into a directory, with two libraries, and says what is in them.

One line for each file, in the words that the reader of the footers uses.
"""

import datetime
import decimal
import os
import sys

import fastparquet
import pandas
import pyarrow
import pyarrow.parquet as parquet

OUT = sys.argv[1]


def path(name):
    return os.path.join(OUT, name + ".parquet")


def arrow(name, columns, **options):
    table = columns if isinstance(columns, pyarrow.Table) else pyarrow.table(columns)
    parquet.write_table(table, path("arrow-" + name), **options)


def fast(name, frame, **options):
    fastparquet.write(path("fast-" + name), frame, **options)


def of_arrow():
    numbers = list(range(1000))
    texts = [f"text {number % 37} é 日本語" for number in numbers]
    arrow("plain", {"n": numbers, "t": texts})
    arrow("empty", pyarrow.table({"n": pyarrow.array([], pyarrow.int32())}))
    arrow("columns", {f"column {number}": [number, None] for number in range(300)})
    arrow("groups", {"n": numbers, "t": texts}, row_group_size=10)
    for version in ("1.0", "2.4", "2.6"):
        arrow("version-" + version, {"n": numbers, "t": texts}, version=version)
    for compression in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
        arrow("compression-" + compression, {"t": texts}, compression=compression)
    arrow("two-compressions", {"n": numbers, "t": texts}, compression={"n": "zstd", "t": "gzip"})

    people = [
        {"name": "a", "tags": ["x", None], "scores": [("p", 1.5), ("q", None)], "at": None},
        {"name": None, "tags": [], "scores": None, "at": {"x": 1, "y": [[1], [], [2, 3]]}},
        None,
    ]
    kind = pyarrow.struct(
        [
            ("name", pyarrow.string()),
            ("tags", pyarrow.list_(pyarrow.string())),
            ("scores", pyarrow.map_(pyarrow.string(), pyarrow.float64())),
            (
                "at",
                pyarrow.struct(
                    [("x", pyarrow.int8()), ("y", pyarrow.list_(pyarrow.list_(pyarrow.int16())))]
                ),
            ),
        ]
    )
    arrow("nested", {"people": pyarrow.array(people * 50, kind)})
    arrow("nulls", {"none": pyarrow.nulls(10), "some": [None, 1] * 5, "text": [None] * 9 + [""]})

    moment = datetime.datetime(2026, 2, 28, 23, 59, 59, 999_999)
    arrow(
        "logical-types",
        pyarrow.table(
            {
                "date": pyarrow.array([moment.date(), None]),
                "time": pyarrow.array([moment.time(), None], pyarrow.time64("us")),
                "utc": pyarrow.array([moment, None], pyarrow.timestamp("us", "UTC")),
                "nanos": pyarrow.array([moment, None], pyarrow.timestamp("ns")),
                "price": pyarrow.array([decimal.Decimal("-1.23"), None], pyarrow.decimal128(20, 2)),
                "large": pyarrow.array([decimal.Decimal(10) ** 60, None], pyarrow.decimal256(70, 0)),
                "half": pyarrow.array([1.5, None], pyarrow.float16()),
                "u8": pyarrow.array([255, None], pyarrow.uint8()),
                "u64": pyarrow.array([2**64 - 1, None], pyarrow.uint64()),
                "fixed": pyarrow.array([b"abc", None], pyarrow.binary(3)),
                "bytes": pyarrow.array([b"\xff\x00" * 100, None]),
                "flag": [True, None],
                "real": [float("nan"), float("-inf")],
            }
        ),
    )
    arrow("int96", {"at": pyarrow.array([moment])}, use_deprecated_int96_timestamps=True)
    arrow("dictionary", {"t": pyarrow.array(texts).dictionary_encode(), "n": [n % 3 for n in numbers]})
    arrow(
        "encodings",
        {"n": numbers, "t": texts, "u": texts, "r": [float(n) for n in numbers], "f": [b"abcd"] * 1000},
        use_dictionary=False,
        column_encoding={
            "n": "DELTA_BINARY_PACKED",
            "t": "DELTA_BYTE_ARRAY",
            "u": "DELTA_LENGTH_BYTE_ARRAY",
            "r": "BYTE_STREAM_SPLIT",
            "f": "PLAIN",
        },
    )
    arrow("no-statistics", {"n": numbers, "t": texts}, write_statistics=False)
    arrow("some-statistics", {"n": numbers, "t": texts}, write_statistics=["n"])
    arrow(
        "page-index",
        {"n": numbers, "t": texts},
        write_page_index=True,
        data_page_size=512,
        data_page_version="2.0",
        write_page_checksum=True,
        sorting_columns=[parquet.SortingColumn(0, descending=True, nulls_first=True)],
    )
    noted = pyarrow.table({"n": numbers}).replace_schema_metadata(
        {"author": "é", "": "", "long": "x" * 5000}
    )
    arrow("notes", noted)
    arrow("no-schema", noted, store_schema=False)


def of_fastparquet():
    frame = pandas.DataFrame(
        {
            "n": range(1000),
            "real": [n / 7 for n in range(1000)],
            "text": [f"text {n % 37} é" for n in range(1000)],
            "flag": [n % 3 == 0 for n in range(1000)],
            "when": pandas.date_range("2026-01-01", periods=1000, freq="h"),
            "kind": pandas.Categorical(["a", "b"] * 500),
        }
    )
    fast("plain", frame)
    fast("groups", frame, row_group_offsets=100)
    fast("gzip", frame, compression="GZIP")
    fast("two-compressions", frame, compression={"n": "SNAPPY", "_default": "ZSTD"})
    fast("no-statistics", frame, stats=False)
    fast("int96", frame, times="int96")
    fast("notes", frame, custom_metadata={"author": "é", "long": "x" * 5000})
    nulls = pandas.DataFrame(
        {
            "some": pandas.array([1, None, 3], dtype="Int64"),
            "text": ["a", None, ""],
            "real": [None, 1.5, float("inf")],
        }
    )
    fast("nulls", nulls, has_nulls=True)
    fast("json", pandas.DataFrame({"j": [{"a": [1]}, {}, None]}), object_encoding="json")
    fast("index", frame.set_index("n"), write_index=True)


of_arrow()
of_fastparquet()
for name in sorted(os.listdir(OUT)):
    if not name.endswith(".parquet"):
        continue
    found = parquet.ParquetFile(os.path.join(OUT, name)).metadata
    groups = [found.row_group(number) for number in range(found.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    notes = len(found.metadata or {})
    print(
        f"{name}: rows {found.num_rows}, groups {len(groups)}, leaves {found.num_columns}, "
        f"notes {notes}, values {sum(column.num_values for column in columns)}, "
        f"bytes {sum(column.total_compressed_size for column in columns)}, "
        f"nulls {sum(column.statistics.null_count or 0 for column in columns if column.statistics)}, "
        f"by {found.created_by}"
    )
