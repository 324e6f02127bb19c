// Calls every function of a server of `interop.thrift`, or of `uuid.thrift`, and checks what comes back.
//
// Ends with a message when an answer is wrong.
"use strict";

const assert = require("node:assert/strict");
const thrift = require("thrift");
const Int64 = require("node-int64");
const common = require("./node_common.cjs");
const { ARGS, OPTIONS, describe, load } = common;

const types = load("interop_types.js");
const { Busy, Choice, Colour, Containers, Fields, Refused, Scalars, Tree } = types;
const { TApplicationException } = thrift.Thrift;

const JSON_PROTOCOL = ARGS.protocol === "json";
// Behind an empty container, it loses the next key of a map in JSON.
const [EMPTY_LIST, EMPTY_MAP] = JSON_PROTOCOL ? [{}, {}] : [{ "": [] }, { "": {} }];
// Node writes characters below the space as they are, which is no JSON.
const TEXT =
  "pâté 日本語 \u{1f33f} \"quoted\" back\\slash /slash/ \n\r\t\b\f \u007f\u2028" +
  (JSON_PROTOCOL ? "" : "\0\u0001\u001f");

/** As text, so that a number of 64 bits is the same in whatever form, and entries in any order. */
const plain = (value) =>
  JSON.stringify(value, (_, part) => {
    if (part?.type === "Buffer") {
      return `bytes ${Buffer.from(part.data).toString("hex")}`;
    }
    return typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).filter(([, field]) => field !== null).sort())
      : part;
  });

Int64.prototype.toJSON = function () {
  return Number.isSafeInteger(this.toNumber()) ? this.toNumber() : `i64 ${this.toOctetString()}`;
};

function same(found, expected) {
  const [there, here] = [found, expected].map((value) => String(plain(value)));
  if (there !== here) {
    const length = Math.max(there.length, here.length);
    const at = [...Array(length).keys()].find((index) => there[index] !== here[index]);
    const part = (text) => text.slice(Math.max(at - 60, 0), at + 60);
    assert.fail(`…${part(there)}… came back for …${part(here)}…`);
  }
}

async function throws(kind, call) {
  const error = await call.then(
    (result) => assert.fail(`${plain(result)} came back, no ${kind.name}`),
    (error) => error,
  );
  assert.ok(error instanceof kind, `${error}, no ${kind.name}`);
  return error;
}

/** Small ones of these are plain numbers in JSON: Node would write -1 as `-000000000001`. */
function long(text) {
  const value = new Int64(text.padStart(16, "0"));
  return JSON_PROTOCOL && Number.isSafeInteger(value.toNumber()) ? value.toNumber() : value;
}

/** Each type at its largest or smallest value. */
const scalars = (sign) =>
  new Scalars({
    yes: sign > 0,
    tiny: sign > 0 ? 127 : -128,
    small: sign > 0 ? 32767 : -32768,
    medium: sign > 0 ? 2147483647 : -2147483648,
    large: long(sign > 0 ? "7fffffffffffffff" : "8000000000000000"),
    real: sign > 0 ? 5e-324 : -1.7976931348623157e308,
    text: TEXT,
    raw: Buffer.from(sign > 0 ? [] : [...Array(256).keys()]),
    colour: sign > 0 ? Colour.LAST : Colour.BLUE,
  });

async function baseTypes(client) {
  for (const value of [true, false]) {
    same(await client.echo_bool(value), value);
  }
  for (const [echo, bits] of [["echo_i8", 8], ["echo_i16", 16], ["echo_i32", 32]]) {
    for (const value of [0, 1, -1, 42, -42, 63, 64, -64, -65, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))]) {
      same(await client[echo](value), value);
    }
  }
  for (const value of ["0", "1", "ffffffffffffffff", "20000000000000", "7fffffffffffffff", "8000000000000000"]) {
    same(await client.echo_i64(long(value)), long(value));
  }
  for (const value of [0, 1.5, -1.5, 0.1, 1e300, -1e-300, 5e-324, 2 ** 53 + 2, Math.PI]) {
    same(await client.echo_double(value), value);
  }
  for (const value of ["", "a", TEXT, "é".repeat(100_000)]) {
    same(await client.echo_string(value), value);
  }
  for (const length of [0, 1, 2, 3, 4, 255, 70_000]) {
    const value = Buffer.from(Array.from({ length }, (_, index) => index * 7));
    same(Buffer.from(await client.echo_binary(value)), value);
  }
  for (const value of [Colour.BLACK, Colour.RED, Colour.BLUE, Colour.LAST, 77]) {
    same(await client.echo_colour(value), value);
  }
}

async function structs(client) {
  for (const sign of [1, -1]) {
    same(await client.echo_scalars(scalars(sign)), scalars(sign));
    same(await client.describe(scalars(sign)), describe(scalars(sign)));
  }
  const bare = await client.echo_fields(new Fields({ must: 1 }));
  same([bare.must, bare.may, bare.filled], [1, null, 42]);
  same(bare.last, ["a", "b"]);
  const full = new Fields({
    must: -1, may: "", filled: 0, may_be_filled: 0, plain: TEXT, flag: false, far: scalars(-1), last: [],
  });
  same(await client.echo_fields(full), full);
  for (const value of [
    { number: long("ffffffffffffffff") },
    { text: "" },
    { flag: false },
    { scalars: scalars(1) },
    { many: [new Choice({ many: [] }), new Choice({ text: "x" })] },
  ]) {
    same(await client.echo_choice(new Choice(value)), new Choice(value));
  }
  const leaf = (label) => new Tree({ label, children: [] });
  const tree = new Tree({ label: "root", children: [leaf("a"), leaf("b")] });
  same(await client.echo_tree(tree), tree);
}

async function containers(client) {
  const full = new Containers({
    numbers: Array.from({ length: 40_000 }, (_, index) => index - 20_000),
    words: ["a"],
    names: { 2147483647: "most" },
    nested: { k: [{ 1: [long("7fffffffffffffff")] }, {}], ...EMPTY_LIST },
    // It reads every bool in a list as false from compact.
    flags: ARGS.protocol === "compact" ? [] : Array(5).fill([true, false, false, true]).flat(),
    by_colour: { [Colour.RED]: scalars(1) },
    // From JSON it reads a list without a number with an exponent.
    matrix: [[], [1, -0.5], JSON_PROTOCOL ? [] : [1e300]],
    by_double: { 1.5: "one and a half" },
    blobs: [Buffer.of(), Buffer.of(0xff, 0, 0xfe)],
    fields: Array.from({ length: 20 }, (_, must) => new Fields({ must, plain: "", flag: must % 2 === 0 })),
  });
  const found = await client.echo_containers(full);
  found.fields.forEach((fields) => assert.ok([7, null].includes(fields.may_be_filled)));
  found.fields.forEach((fields, index) => (fields.may_be_filled = full.fields[index].may_be_filled));
  delete found.truths;
  delete full.truths;
  same(found, full);
  // 14 is the last length that compact writes in half a byte.
  for (const length of [0, 1, 14, 15, 16, 127, 128]) {
    const value = [...Array(length).keys()];
    same(await client.echo_list(value), value);
  }
  const blobs = [Buffer.of(0xff)];
  same(await client.echo_set(blobs), blobs);
  const map = { a: { [-1]: new Choice({ text: "b" }) }, ...EMPTY_MAP };
  same(await client.echo_map(map), map);
}

async function calls(client) {
  same(await client.whoami(), { language: "rust" });
  same(await client.subtract(50, 8), 42);
  same(await client.nothing(), undefined);
  for (const call of ["fail", "fail_void"]) {
    same(await client[call](""), call === "fail" ? "fine" : undefined);
    const refused = await throws(Refused, client[call]("refused"));
    same([refused.code, refused.reason, refused.details.tiny], [403, "as told", 127]);
    same((await throws(Busy, client[call]("busy"))).retry_ms, long("10000000000"));
    const error = await throws(TApplicationException, client[call]("undeclared"));
    same(error.type, thrift.Thrift.TApplicationExceptionType.INTERNAL_ERROR);
  }
  client.note("one");
  client.note(TEXT);
  // Over HTTP, Node takes another connection for each call that is made at the same time.
  const notes = [];
  while (notes.length < 2) {
    notes.push(...(await client.noted()));
  }
  same(new Set(notes).size, 2);
  same(notes.every((note) => ["one", TEXT].includes(note)), true);
  const error = await throws(TApplicationException, client.not_served(new Containers()));
  same(error.type, thrift.Thrift.TApplicationExceptionType.UNKNOWN_METHOD);
  same(await client.echo_i32(7), 7);
}

async function uuids(client) {
  const { Uuids, describe } = require("./node_uuid.cjs");
  const ids = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "00112233-4455-6677-8899-aabbccddeeff",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  ];
  for (const id of ids) {
    same(await client.call("echo_uuid", id), id);
  }
  const [least, most, ascending, random] = ids;
  for (const value of [
    new Uuids({ own: least, many: [], distinct: [], pairs: {}, far: most, after: "" }),
    new Uuids({
      own: ascending,
      many: Array(5).fill(ids).flat(),
      distinct: ids,
      pairs: { [least]: most, [most]: ascending, [ascending]: random, [random]: least },
      absent: least,
      far: most,
      after: "after",
    }),
  ]) {
    const found = await client.call("echo", value);
    // A set comes back in any order.
    found.distinct.sort();
    same(found, { ...value, distinct: [...value.distinct].sort() });
    same(await client.call("describe", value), describe(value));
  }
}

/** A connection, and how it ends. */
function connect() {
  const port = Number(ARGS.port);
  if (ARGS.transport === "http") {
    return [thrift.createHttpConnection("127.0.0.1", port, { ...OPTIONS, path: "/service" }), () => {}];
  }
  if (ARGS.transport === "websocket") {
    const connection = thrift.createWSConnection("127.0.0.1", port, { ...OPTIONS, path: "/service" });
    connection.open();
    return [connection, () => connection.close()];
  }
  const connection = thrift.createConnection("127.0.0.1", port, { ...OPTIONS });
  return [connection, () => connection.end()];
}

async function main() {
  const service = ARGS.service === "uuid" ? require("./node_uuid.cjs") : load("Newer.js");
  // All of them are open while each is used.
  const open = Array.from({ length: Number(ARGS.connections) }, connect);
  for (const [connection] of open) {
    connection.on("error", (error) => {
      throw error;
    });
    const client = thrift.createClient(service, connection);
    if (common.withHeaders) {
      client.output.setProtocolId(common.subprotocol);
    }
    if (ARGS.service === "uuid") {
      await uuids(client);
    } else {
      await baseTypes(client);
      await structs(client);
      await containers(client);
      await calls(client);
    }
  }
  open.forEach(([, end]) => end());
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
