// Serves `interop.thrift`, or `uuid.thrift`, on a port of the system's choice, and says which.
"use strict";

const thrift = require("thrift");
const { ARGS, OPTIONS, describe, load, overHttp } = require("./node_common.cjs");

function interop() {
  const types = load("interop_types.js");
  const shared = load("shared_types.js");
  const notes = [];
  const fail = async (how) => {
    if (how === "refused") {
      const details = new types.Scalars({ tiny: 127, colour: types.Colour.LAST });
      throw new types.Refused({ code: 403, reason: "as told", details });
    }
    if (how === "busy") {
      throw new types.Busy({ retry_ms: 2 ** 40 });
    }
    if (how === "undeclared") {
      throw new Error("not for clients");
    }
    return "fine";
  };
  const handler = {
    whoami: async () => new shared.Origin({ language: "node" }),
    describe: (value, done) => done(null, describe(value)),
    subtract: (start, amount, done) => done(null, start - amount),
    nothing: (done) => done(null),
    fail: (how) => fail(how),
    fail_void: (how) => fail(how),
    note: (text) => notes.push(text),
    noted: (done) => done(null, notes.splice(0)),
  };
  // Every `echo_…` is the same function.
  const names = Object.getOwnPropertyNames(load("Interop.js").Client.prototype);
  for (const name of names.filter((name) => name.startsWith("echo_"))) {
    handler[name] = (value, done) => done(null, value);
  }
  return [load("Interop.js"), handler];
}

const [processor, handler] =
  ARGS.service === "uuid" ? [require("./node_uuid.cjs").Processor, {}] : interop();
const server = overHttp
  ? thrift.createWebServer({ services: { "/service": { ...OPTIONS, processor, handler } } })
  : thrift.createServer(processor, handler, OPTIONS);
server.on("error", (error) => console.error(error));
server.listen(Number(ARGS.port), "127.0.0.1", () => console.log("listening on", server.address().port));
