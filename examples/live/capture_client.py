"""Makes the calls of the test `tshark`, each over a connection of its own.

`examples/tests/live/capture/calls.rs` makes the same in the same order.
"""

import interop_common

ARGS = interop_common.parse_args()

from thrift.Thrift import TApplicationException, TException
from thrift.transport import TSocket

from interop import Newer
from interop.ttypes import Choice, Colour, Containers, Fields, Scalars, Tree

SCALARS = Scalars(
    yes=True,
    tiny=-1,
    small=300,
    medium=70_000,
    large=2**40,
    real=1.5,
    text="pâté",
    raw=b"\xff\x00",
    colour=Colour.RED,
)
# No more than one element where there is no order.
CONTAINERS = Containers(
    numbers=[1, -2, 3],
    words={"a"},
    names={1: "x"},
    nested={"k": [{1: {5}}]},
    flags=[True, False],
    by_colour={Colour.RED: SCALARS},
    matrix=[[1.0], []],
    by_double={1.5: "y"},
    blobs=[b"\xff"],
    truths={True: False},
    fields=[Fields(must=1, plain="")],
)
NOTHING = Containers([], set(), {}, {}, [], {}, [], {}, [], {}, [])
CALLS = [
    lambda client: client.echo_bool(True),
    lambda client: client.echo_i8(-1),
    lambda client: client.echo_i16(-300),
    lambda client: client.echo_i32(70_000),
    lambda client: client.echo_i64(-(2**40)),
    lambda client: client.echo_double(1.5),
    lambda client: client.echo_string("pâté"),
    lambda client: client.echo_binary(b"\xff\xfe"),
    lambda client: client.echo_binary(b"\xff" * 10_000),
    lambda client: client.echo_colour(Colour.LAST),
    lambda client: client.echo_scalars(SCALARS),
    lambda client: client.echo_containers(CONTAINERS),
    lambda client: client.echo_fields(
        Fields(
            must=-1,
            may="",
            filled=0,
            may_be_filled=0,
            plain="x",
            flag=False,
            far=SCALARS,
            last=["a"],
        )
    ),
    lambda client: client.echo_choice(Choice(many=[Choice(number=7)])),
    lambda client: client.echo_tree(Tree("root", [Tree("leaf", [])])),
    lambda client: client.echo_list([]),
    lambda client: client.echo_list(list(range(14))),
    lambda client: client.echo_list(list(range(15))),
    lambda client: client.echo_set({b"\xff"}),
    lambda client: client.echo_map({"a": {-1: Choice(number=1)}}),
    lambda client: client.subtract(50, 8),
    lambda client: client.nothing(),
    lambda client: client.fail(""),
    lambda client: client.fail("refused"),
    lambda client: client.fail("busy"),
    lambda client: client.fail("undeclared"),
    lambda client: client.fail_void("busy"),
    lambda client: client.fail_void(""),
    lambda client: client.not_served(NOTHING),
    lambda client: client.note("one"),
]

for call in CALLS:
    socket = TSocket.TSocket("127.0.0.1", ARGS.port)
    transport = interop_common.transport_factory(ARGS.transport).getTransport(socket)
    protocol = interop_common.protocol_factory(ARGS.protocol, ARGS.transport)
    transport.open()
    try:
        call(Newer.Client(protocol.getProtocol(transport)))
    except TApplicationException:
        pass
    except TException as error:
        # Those that are declared.
        if type(error).__name__ not in ("Busy", "Refused"):
            raise
    transport.close()
