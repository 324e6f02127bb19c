"""`testdata/interop/uuids.thrift` for Python, as a compiler that knows the type would write it.

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


class Marked(Record):
    thrift_spec = spec(
        (1, TType.UUID, "id", None, None),
        (2, TType.LIST, "many", (TType.UUID, None, False), None),
        (3, TType.SET, "distinct", (TType.UUID, None, False), None),
        (4, TType.MAP, "pairs", (TType.UUID, None, TType.UUID, None, False), None),
        (5, TType.UUID, "absent", None, None),
        (20, TType.UUID, "far", None, None),
        (21, TType.STRING, "after", "UTF8", None),
    )


MARKED = (Marked, None)


class Arguments(Record):
    thrift_spec = spec((1, TType.STRUCT, "value", MARKED, None))


class EchoResult(Record):
    thrift_spec = spec((0, TType.STRUCT, "success", MARKED, None))


class DescribeResult(Record):
    thrift_spec = spec((0, TType.STRING, "success", "UTF8", None))


RESULTS = {"echo": EchoResult, "describe": DescribeResult}


def describe(value):
    pairs = sorted(f"{key}={item}" for key, item in value.pairs.items())
    parts = [value.id, *value.many, *sorted(map(str, value.distinct)), *pairs, value.absent, value.far, value.after]
    return " ".join(map(str, parts))


def samples():
    ids = [
        UUID(int=0),
        UUID(int=2**128 - 1),
        UUID("00112233-4455-6677-8899-aabbccddeeff"),
        UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479"),
    ]
    yield Marked(id=ids[0], many=[], distinct=set(), pairs={}, far=ids[1], after="")
    yield Marked(
        id=ids[2],
        many=ids * 5,
        distinct=set(ids),
        pairs=dict(zip(ids, reversed(ids))),
        absent=ids[3],
        far=ids[3],
        after="after",
    )


class Processor(TProcessor):
    def process(self, read, write):
        name, _, sequence_id = read.readMessageBegin()
        arguments = Arguments()
        arguments.read(read)
        read.readMessageEnd()
        success = arguments.value if name == "echo" else describe(arguments.value)
        write.writeMessageBegin(name, TMessageType.REPLY, sequence_id)
        RESULTS[name](success=success).write(write)
        write.writeMessageEnd()
        write.trans.flush()


class Client:
    def __init__(self, protocol):
        self.protocol = protocol

    def call(self, name, value):
        self.protocol.writeMessageBegin(name, TMessageType.CALL, 7)
        Arguments(value=value).write(self.protocol)
        self.protocol.writeMessageEnd()
        self.protocol.trans.flush()
        found, kind, sequence_id = self.protocol.readMessageBegin()
        if kind == TMessageType.EXCEPTION:
            error = TApplicationException()
            error.read(self.protocol)
            raise error
        if (found, sequence_id) != (name, 7):
            raise TProtocolException(message=f"{found} {sequence_id}")
        result = RESULTS[name]()
        result.read(self.protocol)
        self.protocol.readMessageEnd()
        return result.success
