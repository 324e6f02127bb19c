// `testdata/interop/uuid.thrift` for Node, as a compiler that knows the type would generate it.
"use strict";

const { Thrift } = require("thrift");

const { Type, MessageType } = Thrift;

class Uuids {
  constructor(fields) {
    const empty = { own: null, many: null, distinct: null, pairs: null, absent: null, far: null, after: null };
    Object.assign(this, empty, fields);
  }

  static read(input) {
    const uuids = new Uuids();
    readFields(input, {
      1: [Type.UUID, () => (uuids.own = input.readUuid())],
      2: [Type.LIST, () => {
        const { size } = input.readListBegin();
        uuids.many = Array.from({ length: size }, () => input.readUuid());
        input.readListEnd();
      }],
      3: [Type.SET, () => {
        const { size } = input.readSetBegin();
        uuids.distinct = Array.from({ length: size }, () => input.readUuid());
        input.readSetEnd();
      }],
      4: [Type.MAP, () => {
        const { size } = input.readMapBegin();
        uuids.pairs = {};
        for (let entry = 0; entry < size; entry++) {
          const key = input.readUuid();
          uuids.pairs[key] = input.readUuid();
        }
        input.readMapEnd();
      }],
      5: [Type.UUID, () => (uuids.absent = input.readUuid())],
      20: [Type.UUID, () => (uuids.far = input.readUuid())],
      21: [Type.STRING, () => (uuids.after = input.readString())],
    });
    return uuids;
  }

  write(output) {
    output.writeStructBegin("Uuids");
    writeField(output, "own", Type.UUID, 1, () => output.writeUuid(this.own));
    writeField(output, "many", Type.LIST, 2, () => {
      output.writeListBegin(Type.UUID, this.many.length);
      this.many.forEach((uuid) => output.writeUuid(uuid));
      output.writeListEnd();
    });
    writeField(output, "distinct", Type.SET, 3, () => {
      output.writeSetBegin(Type.UUID, this.distinct.length);
      this.distinct.forEach((uuid) => output.writeUuid(uuid));
      output.writeSetEnd();
    });
    writeField(output, "pairs", Type.MAP, 4, () => {
      const pairs = Object.entries(this.pairs);
      output.writeMapBegin(Type.UUID, Type.UUID, pairs.length);
      pairs.flat().forEach((uuid) => output.writeUuid(uuid));
      output.writeMapEnd();
    });
    if (this.absent !== null) {
      writeField(output, "absent", Type.UUID, 5, () => output.writeUuid(this.absent));
    }
    writeField(output, "far", Type.UUID, 20, () => output.writeUuid(this.far));
    writeField(output, "after", Type.STRING, 21, () => output.writeString(this.after));
    output.writeFieldStop();
    output.writeStructEnd();
  }
}

/** The values as text; the Rust side has the same function. */
function describe({ own, many, distinct, pairs, absent, far, after }) {
  const entries = Object.entries(pairs).map((pair) => pair.join("="));
  return [own, ...many, ...[...distinct].sort(), ...entries.sort(), absent ?? "None", far, after].join(" ");
}

/** Reads a struct of these fields, and skips others. */
function readFields(input, known) {
  input.readStructBegin();
  for (;;) {
    const { ftype, fid } = input.readFieldBegin();
    if (ftype === Type.STOP) {
      break;
    }
    const [type, read] = known[fid] ?? [];
    type === ftype ? read() : input.skip(ftype);
    input.readFieldEnd();
  }
  input.readStructEnd();
}

function writeField(output, name, type, id, write) {
  output.writeFieldBegin(name, type, id);
  write();
  output.writeFieldEnd();
}

/** How a value is read and written that is an argument or a result. */
const UUID = [Type.UUID, (input) => input.readUuid(), (output, value) => output.writeUuid(value)];
const UUIDS = [Type.STRUCT, Uuids.read, (output, value) => value.write(output)];
const TEXT = [Type.STRING, (input) => input.readString(), (output, value) => output.writeString(value)];

/** The one argument and the result of each function, and how the one is made of the other. */
const FUNCTIONS = {
  echo_uuid: { argument: UUID, result: UUID, answer: (value) => value },
  echo: { argument: UUIDS, result: UUIDS, answer: (value) => value },
  describe: { argument: UUIDS, result: TEXT, answer: describe },
};

/** Writes a message with a struct that has one field. */
function send(output, name, kind, seqid, [id, field, [type, , write]], value) {
  output.writeMessageBegin(name, kind, seqid);
  output.writeStructBegin(name);
  writeField(output, field, type, id, () => write(output, value));
  output.writeFieldStop();
  output.writeStructEnd();
  output.writeMessageEnd();
}

/** The field of such a struct. */
function receive(input, id, [type, read]) {
  let value = null;
  readFields(input, { [id]: [type, () => (value = read(input))] });
  input.readMessageEnd();
  return value;
}

class Processor {
  process(input, output) {
    const { fname, rseqid } = input.readMessageBegin();
    const { argument, result, answer } = FUNCTIONS[fname];
    const value = answer(receive(input, 1, argument));
    send(output, fname, MessageType.REPLY, rseqid, [0, "success", result], value);
    output.flush();
  }
}

class Client {
  constructor(output, pClass) {
    Object.assign(this, { output, pClass, _seqid: 0, _reqs: {} });
  }

  call(name, value) {
    return new Promise((resolve, reject) => {
      const seqid = (this._seqid += 1);
      this._reqs[seqid] = (error, result) => (error ? reject(error) : resolve(result));
      const output = new this.pClass(this.output);
      const { argument } = FUNCTIONS[name];
      send(output, name, MessageType.CALL, seqid, [1, "value", argument], value);
      this.output.flush();
    });
  }

  seqid() {
    return this._seqid;
  }

  answered(name, input, mtype, seqid) {
    const done = this._reqs[seqid];
    delete this._reqs[seqid];
    if (mtype === MessageType.EXCEPTION) {
      const error = new Thrift.TApplicationException();
      error.read(input);
      input.readMessageEnd();
      done(error);
    } else {
      done(null, receive(input, 0, FUNCTIONS[name].result));
    }
  }
}

// The library calls the function of this name when a reply has come.
for (const name of Object.keys(FUNCTIONS)) {
  Client.prototype[`recv_${name}`] = function (...reply) {
    this.answered(name, ...reply);
  };
}

module.exports = { Client, Processor, Uuids, describe };
