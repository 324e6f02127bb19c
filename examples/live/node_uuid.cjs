// The service of `uuid.thrift`, as a compiler that knows the type would generate it.
"use strict";

const { Thrift } = require("thrift");

const { Type, MessageType } = Thrift;

class Marks {
  constructor(fields) {
    Object.assign(this, { own: null, others: null, names: null, absent: null }, fields);
  }

  static read(input) {
    const marks = new Marks();
    fields(input, {
      1: [Type.UUID, () => (marks.own = input.readUuid())],
      2: [Type.LIST, () => {
        const { size } = input.readListBegin();
        marks.others = Array.from({ length: size }, () => input.readUuid());
        input.readListEnd();
      }],
      3: [Type.MAP, () => {
        const { size } = input.readMapBegin();
        marks.names = {};
        for (let entry = 0; entry < size; entry++) {
          const key = input.readUuid();
          marks.names[key] = input.readString();
        }
        input.readMapEnd();
      }],
      4: [Type.UUID, () => (marks.absent = input.readUuid())],
    });
    return marks;
  }

  write(output) {
    output.writeStructBegin("Marks");
    field(output, "own", Type.UUID, 1, () => output.writeUuid(this.own));
    field(output, "others", Type.LIST, 2, () => {
      output.writeListBegin(Type.UUID, this.others.length);
      this.others.forEach((mark) => output.writeUuid(mark));
      output.writeListEnd();
    });
    field(output, "names", Type.MAP, 3, () => {
      const names = Object.entries(this.names);
      output.writeMapBegin(Type.UUID, Type.STRING, names.length);
      for (const [mark, name] of names) {
        output.writeUuid(mark);
        output.writeString(name);
      }
      output.writeMapEnd();
    });
    if (this.absent !== null) {
      field(output, "absent", Type.UUID, 4, () => output.writeUuid(this.absent));
    }
    output.writeFieldStop();
    output.writeStructEnd();
  }
}

/** Reads a struct of these fields, and skips others. */
function fields(input, known) {
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

function field(output, name, type, id, write) {
  output.writeFieldBegin(name, type, id);
  write();
  output.writeFieldEnd();
}

/** How the one argument, and the result, of each function is read and written. */
const FUNCTIONS = {
  echo_uuid: [Type.UUID, (input) => input.readUuid(), (output, value) => output.writeUuid(value)],
  echo_marks: [Type.STRUCT, Marks.read, (output, value) => value.write(output)],
};

function send(output, name, kind, seqid, id, value) {
  const [type, , write] = FUNCTIONS[name];
  output.writeMessageBegin(name, kind, seqid);
  output.writeStructBegin(name);
  field(output, "value", type, id, () => write(output, value));
  output.writeFieldStop();
  output.writeStructEnd();
  output.writeMessageEnd();
}

function receive(input, name, id) {
  const [type, read] = FUNCTIONS[name];
  let value = null;
  fields(input, { [id]: [type, () => (value = read(input))] });
  input.readMessageEnd();
  return value;
}

class Processor {
  process(input, output) {
    const { fname, rseqid } = input.readMessageBegin();
    const value = receive(input, fname, 1);
    send(output, fname, MessageType.REPLY, rseqid, 0, value);
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
      send(output, name, MessageType.CALL, seqid, 1, value);
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
      done(null, receive(input, name, 0));
    }
  }

  recv_echo_uuid(...reply) {
    this.answered("echo_uuid", ...reply);
  }

  recv_echo_marks(...reply) {
    this.answered("echo_marks", ...reply);
  }
}

module.exports = { Client, Marks, Processor };
