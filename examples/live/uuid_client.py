"""Calls a server of `uuid.thrift` and checks what comes back."""

import interop_common

ARGS = interop_common.parse_args()

from thrift.transport import TSocket

import uuid_common

socket = TSocket.TSocket("127.0.0.1", ARGS.port)
transport = interop_common.transport_factory(ARGS.transport).getTransport(socket)
client = uuid_common.Client(
    interop_common.protocol_factory(ARGS.protocol, ARGS.transport).getProtocol(transport)
)
transport.open()


def same(name, value, expected):
    found = client.call(name, value)
    if found != expected:
        raise AssertionError(f"{found!r} came back for {expected!r}")


for value in uuid_common.IDS:
    same("echo_uuid", value, value)
for value in uuid_common.samples():
    same("echo", value, value)
    same("describe", value, uuid_common.describe(value))
transport.close()
