// What the client and the server of the tests with Node share.
"use strict";

const path = require("node:path");
const { parseArgs } = require("node:util");
const thrift = require("thrift");

exports.ARGS = parseArgs({
  options: {
    generated: { type: "string" },
    transport: { type: "string" },
    protocol: { type: "string" },
    service: { type: "string", default: "interop" },
    port: { type: "string", default: "0" },
    connections: { type: "string", default: "1" },
  },
}).values;

const { generated, transport, protocol } = exports.ARGS;
exports.overHttp = transport === "http" || transport === "websocket";
exports.withHeaders = transport === "header";

/** What both ends are configured by. Heads are a protocol here, around one of two others. */
exports.OPTIONS = {
  transport: transport === "framed" ? thrift.TFramedTransport : thrift.TBufferedTransport,
  protocol: exports.withHeaders
    ? thrift.THeaderProtocol
    : {
        binary: thrift.TBinaryProtocol,
        compact: thrift.TCompactProtocol,
        json: thrift.TJSONProtocol,
      }[protocol],
};

/** What heads call the protocol inside of them. */
exports.subprotocol = protocol === "compact" ? 2 : 0;

exports.load = (name) => require(path.join(generated, name));

/** A `Scalars` as text; the Rust side has the same function. */
exports.describe = (value) => {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value.real);
  const { yes, tiny, small, medium, text, colour } = value;
  const large = BigInt.asIntN(64, BigInt("0x" + Buffer.from(value.large.toBuffer()).toString("hex")));
  const raw = Buffer.from(value.raw).toString("hex");
  const fields = [yes, tiny, small, medium, large, bits.toString("hex"), text, raw, colour];
  return fields.join(" ").toLowerCase();
};
