"""Calls every function of a server of `interop.thrift` and checks what comes back.

Ends with a traceback when an answer is wrong.
"""

import math
import time

import interop_common

ARGS = interop_common.parse_args()

from thrift.Thrift import TApplicationException
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol
from thrift.transport import THttpClient, TSocket

from interop import Newer, Second
from interop.ttypes import Busy, Choice, Colour, Containers, Fields, Refused, Scalars, Tree

JSON = ARGS.protocol == "json"
TEXT = "pâté 日本語 \U0001f33f \x00\x01\x1f \"quoted\" back\\slash /slash/ \n\r\t\b\f \x7f\u2028"


def same(found, expected):
    if found != expected:
        raise AssertionError(f"{str(found)[:400]!r} came back for {str(expected)[:400]!r}")


def throws(kind, call, *arguments):
    try:
        result = call(*arguments)
    except kind as error:
        return error
    raise AssertionError(f"{result!r} came back, no {kind.__name__}")


def scalars(sign):
    """Each type at its largest or smallest value."""
    low = sign < 0
    return Scalars(
        yes=not low,
        tiny=-(2**7) if low else 2**7 - 1,
        small=-(2**15) if low else 2**15 - 1,
        medium=-(2**31) if low else 2**31 - 1,
        large=-(2**63) if low else 2**63 - 1,
        real=-1.7976931348623157e308 if low else 5e-324,
        text=TEXT,
        raw=bytes(range(256)) if low else b"",
        colour=Colour.BLUE if low else Colour.LAST,
    )


def base_types(client):
    for value in (True, False):
        same(client.echo_bool(value), value)
    for echo, bits in ((client.echo_i8, 8), (client.echo_i16, 16), (client.echo_i32, 32), (client.echo_i64, 64)):
        for value in {0, 1, -1, 42, -42, 63, 64, -64, -65, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))}:
            same(echo(value), value)
    reals = [0.0, 1.5, -1.5, 0.1, 1e300, -1e-300, 5e-324, 2.0**53 + 2, math.pi]
    # Python writes these as bare words in JSON, which is not its protocol.
    reals += [] if JSON else [math.inf, -math.inf]
    for value in reals:
        same(client.echo_double(value), value)
    same(math.copysign(1, client.echo_double(-0.0)), -1.0)
    if not JSON:
        same(math.isnan(client.echo_double(math.nan)), True)
    for value in ("", "a", TEXT, "é" * 100_000):
        same(client.echo_string(value), value)
    for length in (0, 1, 2, 3, 4, 255, 70_000):
        value = bytes(index * 7 % 256 for index in range(length))
        same(client.echo_binary(value), value)
    for value in (Colour.BLACK, Colour.RED, Colour.BLUE, Colour.LAST, 77):
        same(client.echo_colour(value), value)


def structs(client):
    for value in (scalars(1), scalars(-1)):
        same(client.echo_scalars(value), value)
        same(client.describe(value), interop_common.describe(value))
    plain = client.echo_fields(Fields(must=1))
    # The optional default is Python's own: its constructor sets it.
    same((plain.must, plain.may, plain.filled, plain.may_be_filled), (1, None, 42, 7))
    same(plain.last, ["a", "b"])
    value = Fields(
        must=-1, may="", filled=0, may_be_filled=0, plain=TEXT, flag=False, far=scalars(-1), last=[]
    )
    same(client.echo_fields(value), value)
    # Fields that are not sent at all have their defaults.
    absent = client.echo_fields(
        Fields(must=5, may=None, filled=None, may_be_filled=None, plain=None, last=None)
    )
    same((absent.filled, absent.plain, absent.last), (42, "", ["a", "b"]))
    error = throws(TApplicationException, client.echo_fields, Fields(must=None))
    same(error.type, TApplicationException.PROTOCOL_ERROR)
    same("`must`" in error.message, True)

    for value in (
        Choice(number=-1),
        Choice(text=""),
        Choice(flag=False),
        Choice(scalars=scalars(1)),
        Choice(many=[Choice(many=[]), Choice(text="x"), Choice(many=[Choice(number=7)])]),
    ):
        same(client.echo_choice(value), value)
    tree = Tree("root", [Tree("a", []), Tree("b", [Tree("c", [Tree("d", [])])])])
    same(client.echo_tree(tree), tree)


def containers(client):
    empty = Containers([], set(), {}, {}, [], {}, [], {}, [], {}, [])
    same(client.echo_containers(empty), empty)
    full = Containers(
        numbers=list(range(-20_000, 20_000)),
        words={"a", "", TEXT},
        names={2**31 - 1: "most", -1: TEXT, 0: ""},
        nested={"k": [{1: {2**63 - 1, -(2**63)}, 2: set()}, {}], "": []},
        flags=[True, False, False, True] * 5,
        by_colour={Colour.RED: scalars(1), Colour.BLUE: scalars(-1)},
        matrix=[[], [1.0, -0.5], [1e300]],
        by_double={1.5: "one and a half", -0.25: ""},
        blobs=[b"", b"\xff\x00\xfe", bytes(range(256)) * 20],
        truths={True: False, False: True},
        fields=[Fields(must=number, plain="", flag=number % 2 == 0) for number in range(20)],
    )
    same(client.echo_containers(full), full)
    # 14 is the last length that compact writes in half a byte.
    for length in (0, 1, 14, 15, 16, 127, 128):
        same(client.echo_list(list(range(length))), list(range(length)))
    same(client.echo_set({b"\xff", b""}), {b"\xff", b""})
    mapped = {"a": {-1: Choice(number=1), 2**15 - 1: Choice(text="b")}, "": {}}
    same(client.echo_map(mapped), mapped)


def calls(client):
    origin = client.whoami()
    same((origin.language, origin.version), ("rust", None))
    same(client.subtract(50, 8), 42)
    # Python sends an argument that is `None` not at all.
    same(client.subtract(None, None), 99)
    same(client.nothing(), None)
    for call, fine in ((client.fail, "fine"), (client.fail_void, None)):
        same(call(""), fine)
        same(throws(Refused, call, "refused"), Refused(403, "as told", scalars(1)))
        same(throws(Busy, call, "busy"), Busy(2**40))
        error = throws(TApplicationException, call, "undeclared")
        same(error.type, TApplicationException.INTERNAL_ERROR)
        same(call(""), fine)

    client.note("one")
    client.note(TEXT)
    notes = client.noted()
    # Over HTTP a oneway call is answered before it is run, and each request has a connection of its own.
    deadline = time.monotonic() + 20
    while ARGS.transport == "http" and len(notes) < 2 and time.monotonic() < deadline:
        notes += client.noted()
    same(sorted(notes) if ARGS.transport == "http" else notes, ["one", TEXT])
    same(client.noted(), [])

    error = throws(TApplicationException, client.not_served, Containers(names={1: "x"}))
    same(error.type, TApplicationException.UNKNOWN_METHOD)
    same(client.echo_i32(7), 7)


def connect():
    if ARGS.transport == "http":
        transport = THttpClient.THttpClient(f"http://127.0.0.1:{ARGS.port}/service")
        transport.open()
        return interop_common.protocol_factory(ARGS.protocol).getProtocol(transport)
    socket = TSocket.TSocket("127.0.0.1", ARGS.port)
    socket.setTimeout(20_000)
    transport = interop_common.transport_factory(ARGS.transport).getTransport(socket)
    transport.open()
    factory = interop_common.protocol_factory(ARGS.protocol, ARGS.transport)
    return factory.getProtocol(transport)


def session(protocol):
    if ARGS.multiplexed:
        second = Second.Client(TMultiplexedProtocol(protocol, "Second"))
        client = Newer.Client(TMultiplexedProtocol(protocol, "Interop"))
        nobody = Second.Client(TMultiplexedProtocol(protocol, "Nobody"))
        same(second.upper("été"), "ÉTÉ")
        throws(TApplicationException, nobody.upper, "a")
    else:
        client = Newer.Client(protocol)
    base_types(client)
    structs(client)
    containers(client)
    calls(client)
    if ARGS.multiplexed:
        same(second.upper("a"), "A")


# All of them are open while each is used.
protocols = [connect() for _ in range(ARGS.connections)]
for protocol in protocols:
    session(protocol)
for protocol in protocols:
    protocol.trans.close()
