"""`testdata/interop/uuid.thrift` for Python, as a compiler that knows the type would write it.

A program that imports this has called `interop_common.parse_args`.
"""

from uuid import UUID

from thrift.protocol.TProtocol import TProtocolException
from thrift.Thrift import TApplicationException, TMessageType, TProcessor, TType


class Record:
    """A struct with a `thrift_spec`; the library reads and writes it."""

    def __init__(self, **values):
        for field in filter(None, self.thrift_spec):
            setattr(self, field[2], values.get(field[2]))

    def read(self, protocol):
        protocol.readStruct(self, self.thrift_spec)

    def write(self, protocol):
        protocol.writeStruct(self, self.thrift_spec)

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return f"{type(self).__name__}({vars(self)})"


def spec(*fields):
    places = [None] * (max((field[0] for field in fields), default=0) + 1)
    for field in fields:
        places[field[0]] = field
    return tuple(places)


class Uuids(Record):
    thrift_spec = spec(
        (1, TType.UUID, "own", None, None),
        (2, TType.LIST, "many", (TType.UUID, None, False), None),
        (3, TType.SET, "distinct", (TType.UUID, None, False), None),
        (4, TType.MAP, "pairs", (TType.UUID, None, TType.UUID, None, False), None),
        (5, TType.UUID, "absent", None, None),
        (20, TType.UUID, "far", None, None),
        (21, TType.STRING, "after", "UTF8", None),
    )


def function(argument, result):
    """The structs of a function's one argument and of its result."""

    class Argument(Record):
        thrift_spec = spec((1, argument[0], "value", argument[1], None))

    class Result(Record):
        thrift_spec = spec((0, result[0], "success", result[1], None))

    return Argument, Result


UUID_TYPE = (TType.UUID, None)
UUIDS_TYPE = (TType.STRUCT, (Uuids, None))
TEXT_TYPE = (TType.STRING, "UTF8")

FUNCTIONS = {
    "echo_uuid": function(UUID_TYPE, UUID_TYPE),
    "echo": function(UUIDS_TYPE, UUIDS_TYPE),
    "describe": function(UUIDS_TYPE, TEXT_TYPE),
}


def describe(value):
    pairs = sorted(f"{key}={item}" for key, item in value.pairs.items())
    parts = [value.own, *value.many, *sorted(map(str, value.distinct)), *pairs, value.absent, value.far, value.after]
    return " ".join(map(str, parts))


IDS = [
    UUID(int=0),
    UUID(int=2**128 - 1),
    UUID("00112233-4455-6677-8899-aabbccddeeff"),
    UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
]


def samples():
    yield Uuids(own=IDS[0], many=[], distinct=set(), pairs={}, far=IDS[1], after="")
    yield Uuids(
        own=IDS[2],
        many=IDS * 5,
        distinct=set(IDS),
        pairs=dict(zip(IDS, IDS[1:] + IDS[:1])),
        absent=IDS[0],
        far=IDS[1],
        after="after",
    )


class Processor(TProcessor):
    def process(self, read, write):
        name, _, sequence_id = read.readMessageBegin()
        argument_type, result_type = FUNCTIONS[name]
        argument = argument_type()
        argument.read(read)
        read.readMessageEnd()
        success = describe(argument.value) if name == "describe" else argument.value
        write.writeMessageBegin(name, TMessageType.REPLY, sequence_id)
        result_type(success=success).write(write)
        write.writeMessageEnd()
        write.trans.flush()


class Client:
    def __init__(self, protocol):
        self.protocol = protocol

    def call(self, name, value):
        argument_type, result_type = FUNCTIONS[name]
        self.protocol.writeMessageBegin(name, TMessageType.CALL, 7)
        argument_type(value=value).write(self.protocol)
        self.protocol.writeMessageEnd()
        self.protocol.trans.flush()
        found, kind, sequence_id = self.protocol.readMessageBegin()
        if kind == TMessageType.EXCEPTION:
            error = TApplicationException()
            error.read(self.protocol)
            raise error
        if (found, sequence_id) != (name, 7):
            raise TProtocolException(message=f"{found} {sequence_id}")
        result = result_type()
        result.read(self.protocol)
        self.protocol.readMessageEnd()
        return result.success
