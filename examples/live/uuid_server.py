"""Serves `uuid.thrift` on a port of the system's choice, and says which."""

import interop_common

ARGS = interop_common.parse_args()

from thrift.server import TServer
from thrift.transport import TSocket

import uuid_common


class Announcing(TSocket.TServerSocket):
    def listen(self):
        super().listen()
        print("listening on", self.handle.getsockname()[1], flush=True)


TServer.TThreadedServer(
    uuid_common.Processor(),
    Announcing(host="127.0.0.1", port=ARGS.port),
    interop_common.transport_factory(ARGS.transport),
    interop_common.protocol_factory(ARGS.protocol, ARGS.transport),
    daemon=True,
).serve()
