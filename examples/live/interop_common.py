"""What the client and the server of the interoperability tests share."""

import argparse
import logging
import struct
import sys


def parse_args():
    """The options of both programs. Afterwards the generated modules can be imported."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--generated", required=True, help="where the generated modules are")
    parser.add_argument("--protocol", choices=PROTOCOLS, required=True)
    parser.add_argument("--transport", choices=["framed", "buffered"], required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--multiplexed", action="store_true")
    parser.add_argument("--connections", type=int, default=1)
    args = parser.parse_args()
    sys.path.insert(0, args.generated)
    logging.basicConfig(stream=sys.stderr)
    return args


PROTOCOLS = ["binary", "compact", "json", "binary-accelerated", "compact-accelerated"]


def protocol_factory(name):
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
    from thrift.transport import TTransport

    if name == "framed":
        return TTransport.TFramedTransportFactory()
    return TTransport.TBufferedTransportFactory()


def describe(value):
    """A `Scalars` as text; the Rust side has the same function."""
    bits = struct.pack(">d", value.real).hex()
    return (
        f"{value.yes} {value.tiny} {value.small} {value.medium} {value.large} {bits} "
        f"{value.text} {value.raw.hex()} {value.colour}"
    ).lower()
