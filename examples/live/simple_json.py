"""Writes values with `TSimpleJSONProtocol`, and prints the texts by name; the Rust side has the same values."""

import json
import math

import interop_common

ARGS = interop_common.parse_args()

from thrift.protocol.TJSONProtocol import TSimpleJSONProtocolFactory
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

import uuid_common
from interop.ttypes import Choice, Colour, Containers, Everything, Fields, Refused, Scalars, Tree

# Without the characters that it does not escape, so that it is JSON.
TEXT = "pâté 日本語 \U0001f33f \"quoted\" back\\slash /slash/ \n\r\t\b\f \x7f\u2028"
REALS = [0.0, -0.0, 1.0, -0.5, 0.1, 1e-5, 1e15, 1e16, 1e300, 5e-324, 1.7976931348623157e308]


def most():
    return Scalars(True, 2**7 - 1, 2**15 - 1, 2**31 - 1, 2**63 - 1, 5e-324, TEXT, b"", Colour.LAST)


def least():
    real = -1.7976931348623157e308
    return Scalars(False, -(2**7), -(2**15), -(2**31), -(2**63), real, TEXT, bytes(range(256)), Colour.BLUE)


def everything():
    full = Fields(-1, "", 0, 0, TEXT, False, least(), [])
    bare = Fields(1, may=None, may_be_filled=None, plain="")
    return Everything(
        scalars=most(),
        fields=full,
        containers=Containers(
            numbers=[0, -1, 2**31 - 1],
            words={"a", "", TEXT},
            names={2**31 - 1: "most", -1: TEXT, 0: ""},
            nested={"k": [{-5: {2**63 - 1, -(2**63)}}, {}], "": [], TEXT: [{-5: set()}]},
            flags=[True, False],
            by_colour={Colour.RED: most(), 77: least()},
            matrix=[[], REALS],
            by_double={1.5: "one and a half", -0.25: ""},
            blobs=[b"", b"\xff\x00\xfe", b"\xff\x00", b"\xff"],
            truths={},
            fields=[full, bare],
        ),
        choice=Choice(
            many=[Choice(number=-1), Choice(text=TEXT), Choice(scalars=least()), Choice(flag=True), Choice(many=[])]
        ),
        tree=Tree("root", [Tree("a", []), Tree("b", [Tree("c", [])])]),
    )


def keyed(kind, write_key):
    """What writes a map with one key."""

    def write(protocol):
        protocol.writeMapBegin(kind, TType.I32, 1)
        write_key(protocol)
        protocol.writeI32(5)
        protocol.writeMapEnd()

    return write


def double_key(value):
    return keyed(TType.DOUBLE, lambda protocol: protocol.writeDouble(value))


def list_key(protocol):
    protocol.writeListBegin(TType.I32, 2)
    protocol.writeI32(1)
    protocol.writeI32(2)
    protocol.writeListEnd()


def message(protocol):
    protocol.writeMessageBegin("grow", TMessageType.CALL, 7)
    Tree("leaf", []).write(protocol)
    protocol.writeMessageEnd()


def reals(protocol):
    protocol.writeListBegin(TType.DOUBLE, len(REALS))
    for value in REALS:
        protocol.writeDouble(value)
    protocol.writeListEnd()


VALUES = {
    "everything": everything().write,
    "exception": Refused(403, TEXT, most()).write,
    "exception without details": Refused(0, "").write,
    "uuids": list(uuid_common.samples())[1].write,
    "key of bytes": keyed(TType.STRING, lambda protocol: protocol.writeBinary(b"\xff\x00")),
    "reals": reals,
    "true": lambda protocol: protocol.writeBool(True),
    "false": lambda protocol: protocol.writeBool(False),
    "key true": keyed(TType.BOOL, lambda protocol: protocol.writeBool(True)),
    "key false": keyed(TType.BOOL, lambda protocol: protocol.writeBool(False)),
    "key 1e300": double_key(1e300),
    "key NaN": double_key(math.nan),
    "key infinity": double_key(math.inf),
    "key -infinity": double_key(-math.inf),
    "message": message,
    "NaN": lambda protocol: protocol.writeDouble(math.nan),
    "infinity": lambda protocol: protocol.writeDouble(math.inf),
    "-infinity": lambda protocol: protocol.writeDouble(-math.inf),
    "control characters": lambda protocol: protocol.writeString("\x00\x01\x1f"),
    "key of a struct": keyed(TType.STRUCT, Tree("leaf", []).write),
    "key of a list": keyed(TType.LIST, list_key),
}


def written(write):
    buffer = TMemoryBuffer()
    write(TSimpleJSONProtocolFactory().getProtocol(buffer))
    return buffer.getvalue().decode()


print(json.dumps({name: written(write) for name, write in VALUES.items()}))
