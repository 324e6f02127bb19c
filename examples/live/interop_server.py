"""Serves `interop.thrift` on a port of the system's choice, and says which."""

import interop_common

ARGS = interop_common.parse_args()

from thrift.TMultiplexedProcessor import TMultiplexedProcessor
from thrift.server import THttpServer, TServer
from thrift.transport import TSocket

from interop import Interop, Second
from interop.ttypes import Busy, Colour, Refused, Scalars
from interop_shared.ttypes import Origin


class Handler:
    def __init__(self):
        self.notes = []

    def __getattr__(self, name):
        """Every `echo_…` is the same function."""
        if name.startswith("echo_"):
            return lambda value: value
        raise AttributeError(name)

    def whoami(self):
        return Origin(language="python")

    def describe(self, value):
        return interop_common.describe(value)

    def subtract(self, start, amount):
        return start - amount

    def nothing(self):
        pass

    def fail(self, how):
        if how == "refused":
            details = Scalars(True, 127, 1, 1, 1, 0.5, "é", b"\xff", Colour.LAST)
            raise Refused(403, "as told", details)
        if how == "busy":
            raise Busy(2**40)
        if how == "undeclared":
            raise ValueError("not for clients")
        return "fine"

    def fail_void(self, how):
        self.fail(how)

    def note(self, text):
        self.notes.append(text)

    def noted(self):
        notes, self.notes = self.notes, []
        return notes


class Upper:
    def upper(self, text):
        return text.upper()


class Announcing(TSocket.TServerSocket):
    def listen(self):
        super().listen()
        print("listening on", self.handle.getsockname()[1], flush=True)


processor = Interop.Processor(Handler())
if ARGS.multiplexed:
    plain, processor = processor, TMultiplexedProcessor()
    processor.registerProcessor("Interop", plain)
    processor.registerProcessor("Second", Second.Processor(Upper()))
factory = interop_common.protocol_factory(ARGS.protocol, ARGS.transport)
if ARGS.transport == "http":
    server = THttpServer.THttpServer(processor, ("127.0.0.1", ARGS.port), factory)
    print("listening on", server.httpd.server_address[1], flush=True)
else:
    server = TServer.TThreadedServer(
        processor,
        Announcing(host="127.0.0.1", port=ARGS.port),
        interop_common.transport_factory(ARGS.transport),
        factory,
        daemon=True,
    )
server.serve()
