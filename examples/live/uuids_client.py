"""Calls a server of `uuids.thrift` and checks what comes back."""

import interop_common

ARGS = interop_common.parse_args()

from thrift.transport import TSocket

import uuids_common

socket = TSocket.TSocket("127.0.0.1", ARGS.port)
transport = interop_common.transport_factory(ARGS.transport).getTransport(socket)
client = uuids_common.Client(
    interop_common.protocol_factory(ARGS.protocol, ARGS.transport).getProtocol(transport)
)
transport.open()
for value in uuids_common.samples():
    for name, expected in (("echo", value), ("describe", uuids_common.describe(value))):
        found = client.call(name, value)
        if found != expected:
            raise AssertionError(f"{found!r} came back for {expected!r}")
transport.close()
