"""What the client and the server of the interoperability tests share."""

import argparse
import logging
import os
import struct
import sys


def parse_args():
    """The options of both programs. Afterwards the generated modules can be imported."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--generated", required=True, help="where the generated modules are")
    parser.add_argument("--protocol", choices=PROTOCOLS, required=True)
    parser.add_argument("--transport", choices=TRANSPORTS, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--multiplexed", action="store_true")
    parser.add_argument("--connections", type=int, default=1)
    args = parser.parse_args()
    sys.path.insert(0, args.generated)
    logging.basicConfig(stream=sys.stderr)
    return args


TRANSPORTS = ["framed", "buffered", "zlib", "header", "header-zlib", "http", "sasl", "sasl-apache"]
PROTOCOLS = ["binary", "compact", "json", "binary-accelerated", "compact-accelerated"]


def protocol_factory(name, transport="framed"):
    if transport.startswith("header"):
        return header_protocol_factory(name, transport == "header-zlib")
    from thrift.protocol import TBinaryProtocol, TCompactProtocol, TJSONProtocol

    # Without `fallback=False`, a library without its C part would quietly use Python instead.
    return {
        "binary": lambda: TBinaryProtocol.TBinaryProtocolFactory(),
        "compact": lambda: TCompactProtocol.TCompactProtocolFactory(),
        "json": lambda: TJSONProtocol.TJSONProtocolFactory(),
        "binary-accelerated": lambda: TBinaryProtocol.TBinaryProtocolAcceleratedFactory(
            fallback=False
        ),
        "compact-accelerated": lambda: TCompactProtocol.TCompactProtocolAcceleratedFactory(
            fallback=False
        ),
    }[name]()


def transport_factory(name):
    from thrift.transport import TTransport, TZlibTransport

    if name == "framed":
        return TTransport.TFramedTransportFactory()
    if name.startswith("sasl"):
        return SaslClients(name)
    if name == "zlib":
        return TZlibTransport.TZlibTransportFactory()
    if name.startswith("header"):
        # Its protocol brings a transport of its own.
        return TTransport.TTransportFactoryBase()
    return TTransport.TBufferedTransportFactory()


class SaslClients:
    """For clients only. `sasl` is what `impyla` and `PyHive` use, `sasl-apache` is Apache's own."""

    def __init__(self, name):
        self.name = name
        self.password = os.environ.get("SASL_PASSWORD", "wonderland")

    def getTransport(self, socket):
        if self.name == "sasl-apache":
            from thrift.transport.TTransport import TSaslClientTransport

            return TSaslClientTransport(
                socket, "127.0.0.1", "any", "PLAIN", username="alice", password=self.password
            )
        from thrift_sasl import TSaslClientTransport
        from impala.sasl_compat import PureSASLClient

        def login():
            return PureSASLClient("127.0.0.1", username="alice", password=self.password)

        return TSaslClientTransport(login, "PLAIN", socket)


def header_protocol_factory(name, compressed):
    from thrift.protocol.THeaderProtocol import THeaderProtocolFactory
    from thrift.transport.THeaderTransport import THeaderSubprotocolID, THeaderTransformID

    kind = THeaderSubprotocolID.BINARY if name == "binary" else THeaderSubprotocolID.COMPACT
    factory = THeaderProtocolFactory(default_protocol=kind)

    class Factory:
        def getProtocol(self, transport):
            protocol = factory.getProtocol(transport)
            if compressed:
                protocol.trans.add_transform(THeaderTransformID.ZLIB)
            return protocol

    return Factory()


def describe(value):
    """A `Scalars` as text; the Rust side has the same function."""
    bits = struct.pack(">d", value.real).hex()
    return (
        f"{value.yes} {value.tiny} {value.small} {value.medium} {value.large} {bits} "
        f"{value.text} {value.raw.hex()} {value.colour}"
    ).lower()
