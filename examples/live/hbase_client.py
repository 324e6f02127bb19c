"""Uses `happybase` as its tutorial does, and its errors, against a server on a port of 127.0.0.1.

Ends with a traceback when an answer is wrong.
"""

import argparse
import struct

import happybase
from Hbase_thrift import AlreadyExists, IllegalArgument, IOError

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--transport", choices=["framed", "buffered"], required=True)
parser.add_argument("--protocol", choices=["binary", "compact"], required=True)
parser.add_argument("--one-connection", action="store_true", help="never two at a time")
ARGS = parser.parse_args()


def same(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} came back for {expected!r}")


def throws(kind, words, call, *arguments, **options):
    try:
        result = call(*arguments, **options)
    except kind as error:
        message = error.message.decode() if isinstance(error.message, bytes) else error.message
        same((words in message, message), (True, message))
        return
    raise AssertionError(f"{result!r} came back, no {kind.__name__}")


def connect(**options):
    return happybase.Connection(
        "127.0.0.1",
        ARGS.port,
        timeout=20_000,
        transport=ARGS.transport,
        protocol=ARGS.protocol,
        **options,
    )


def tables(connection):
    same(connection.tables(), [])
    connection.create_table("birds", {"seen": {"max_versions": 2}, "heard": {}})
    same(connection.tables(), [b"birds"])
    table = connection.table("birds")
    families = table.families()
    same(sorted(families), [b"heard", b"seen"])
    same(families[b"seen"]["max_versions"], 2)
    # The defaults of the IDL, filled in by both sides.
    same(families[b"heard"]["max_versions"], 3)
    same(families[b"heard"]["compression"], b"NONE")
    same(families[b"heard"]["time_to_live"], -1)
    same([region["server_name"] for region in table.regions()], [b"seapink"])
    connection.compact_table("birds", major=True)

    throws(AlreadyExists, "there is a table `birds`", connection.create_table, "birds", {"a": {}})
    throws(IllegalArgument, "no column family", connection.create_table, "x", {"": {}})
    throws(IOError, "is enabled", connection.delete_table, "birds")
    throws(IOError, "no table `fish`", connection.table("fish").row, b"a")
    return table


def rows(table):
    everything = bytes(range(256))
    table.put(b"tern", {b"seen:where": b"the pier", b"heard:": everything})
    same(table.row(b"tern"), {b"seen:where": b"the pier", b"heard:": everything})
    same(table.row(b"tern", columns=[b"seen"]), {b"seen:where": b"the pier"})
    same(table.row(b"tern", columns=[b"heard:"]), {b"heard:": everything})
    same(table.row(b"gull"), {})
    same(table.row("tern".encode(), columns=[b"seen:when"]), {})

    # Two versions are kept, the newest first.
    for when, place in ((10, b"one"), (30, b"three"), (20, b"two")):
        table.put(b"dated", {b"seen:where": place}, timestamp=when)
    same(table.cells(b"dated", b"seen:where"), [b"three", b"two"])
    same(table.cells(b"dated", b"seen:where", versions=1, include_timestamp=True), [(b"three", 30)])
    same(table.cells(b"dated", b"seen:where", timestamp=30), [b"two"])
    same(table.row(b"dated", timestamp=30, include_timestamp=True), {b"seen:where": (b"two", 20)})
    same(table.row(b"dated", timestamp=20), {})
    found = table.rows([b"tern", b"none", b"dated"], columns=[b"seen:where"])
    same(found, [(b"tern", {b"seen:where": b"the pier"}), (b"dated", {b"seen:where": b"three"})])
    same(table.rows([b"dated"], timestamp=25), [(b"dated", {b"seen:where": b"two"})])

    table.delete(b"tern", columns=[b"heard"])
    same(table.row(b"tern"), {b"seen:where": b"the pier"})
    table.delete(b"tern")
    same(table.row(b"tern"), {})
    table.delete(b"dated")

    throws(IOError, "no column family `smelt`", table.put, b"a", {b"smelt:x": b"y"})
    throws(IllegalArgument, "has no qualifier", table.put, b"a", {b"seen": b"y"})


def batches(table):
    with table.batch() as batch:
        for number in range(500):
            batch.put(b"row-%03d" % number, {b"seen:n": b"%d" % number, b"heard:x": b""})
        batch.delete(b"row-007")
    # Each batch of ten is one call.
    with table.batch(batch_size=10) as batch:
        for number in range(25):
            batch.put(b"small-%02d" % number, {b"seen:n": b"x" * 1000})
    same(len(table.row(b"small-24")[b"seen:n"]), 1000)
    # All of a batch, or nothing.
    batch = table.batch()
    batch.put(b"half", {b"seen:n": b"1"})
    batch.put(b"other half", {b"smelt:n": b"1"})
    throws(IOError, "no column family", batch.send)
    same(table.row(b"half"), {})
    try:
        with table.batch(transaction=True) as batch:
            batch.put(b"half", {b"seen:n": b"1"})
            raise ValueError
    except ValueError:
        pass
    same(table.row(b"half"), {})


def scans(table):
    def keys(**options):
        return [key for key, _ in table.scan(**options)]

    expected = [b"row-%03d" % number for number in range(500) if number != 7]
    same(keys(row_prefix=b"row-"), expected)
    same(keys(row_prefix=b"row-", batch_size=7), expected)
    same(keys(row_prefix=b"row-", reverse=True, batch_size=100), expected[::-1])
    same(keys(row_start=b"row-005", row_stop=b"row-010"), expected[5:9])
    same(keys(row_start=b"row-010", row_stop=b"row-005"), [])
    same(keys(row_prefix=b"row-", limit=3), expected[:3])
    same(len(keys()), 499 + 25)
    same(keys(row_prefix=b"row-", columns=[b"seen:none"]), [])
    (key, row), *_ = table.scan(row_start=b"row-499", sorted_columns=True)
    same((key, list(row.items())), (b"row-499", [(b"heard:x", b""), (b"seen:n", b"499")]))
    # Rows that are written while a scan is under way are seen if they lie before it.
    scan = table.scan(row_start=b"small-20", batch_size=2)
    same(next(scan)[0], b"small-20")
    table.put(b"small-99", {b"seen:n": b"late"})
    same([key for key, _ in scan][-1], b"small-99")
    throws(IOError, "no filters", keys, filter=b"KeyOnlyFilter ()")


def counters(table):
    same(table.counter_get(b"count", b"seen:n"), 0)
    same(table.counter_inc(b"count", b"seen:n", value=2**40), 2**40)
    same(table.counter_dec(b"count", b"seen:n"), 2**40 - 1)
    table.counter_set(b"count", b"seen:n", -5)
    same(table.row(b"count"), {b"seen:n": struct.pack(">q", -5)})
    same(table.counter_inc(b"count", b"seen:n"), -4)
    throws(IllegalArgument, "no counter", table.counter_inc, b"row-001", b"seen:n")


def end(connection, table):
    connection.disable_table("birds")
    same(connection.is_table_enabled("birds"), False)
    throws(IOError, "is disabled", table.row, b"row-001")
    connection.enable_table("birds")
    same(table.row(b"row-001")[b"seen:n"], b"1")
    connection.delete_table("birds", disable=True)
    same(connection.tables(), [])
    throws(IOError, "no table", connection.is_table_enabled, "birds")


connection = connect()
table = tables(connection)
rows(table)
batches(table)
scans(table)
counters(table)
end(connection, table)
connection.close()
if ARGS.one_connection:
    raise SystemExit

# A pool of connections, and names with a prefix.
pool = happybase.ConnectionPool(
    size=3,
    host="127.0.0.1",
    port=ARGS.port,
    transport=ARGS.transport,
    protocol=ARGS.protocol,
    table_prefix="mine",
)
with pool.connection() as one:
    one.create_table("fish", {"caught": {}})
    same(one.tables(), [b"fish"])
same(connect().tables(), [b"mine_fish"])
