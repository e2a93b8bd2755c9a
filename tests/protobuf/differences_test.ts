/** What differs from proto-loader, because protobuf wants it otherwise. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { bothCodecs, describe, type Fields, hex, ourCodec, plain, unhex } from "./codecs.ts";

const KEYS = {
  bool: ["true", "false"],
  int64: ["0", "-1", "9223372036854775807", "-9223372036854775808"],
  uint64: ["0", "1", "18446744073709551615"],
  sint64: ["0", "-1", "9223372036854775807", "-9223372036854775808"],
  fixed64: ["0", "1", "18446744073709551615"],
  sfixed64: ["0", "-1", "9223372036854775807", "-9223372036854775808"],
  int32: ["0", "-1", "2147483647"],
  uint32: ["0", "4294967295"],
  sint32: ["0", "-1", "2147483647"],
  fixed32: ["0", "4294967295"],
  sfixed32: ["0", "-1", "2147483647"],
  string: ["", "0", "__proto__", "constructor", "ä"],
};

for (const [keyType, keys] of Object.entries(KEYS)) {
  test(`MessageType reads the ${keyType} keys of a map that it wrote`, () => {
    const [ours] = bothCodecs({ map: { keyType, type: "int32", id: 1 } });
    const map = Object.fromEntries(keys.map((key, index) => [key, index]));
    const read = ours.decode(ours.encode({ map }))["map"];
    deepStrictEqual(read, map);
    deepStrictEqual(Object.getPrototypeOf(read), Object.prototype);
  });
}

test("MessageType writes keys of maps as protobuf does", () => {
  const bools = ourCodec(describe({ map: { keyType: "bool", type: "bool", id: 1 } }), "t.S");
  strictEqual(
    hex(bools.encode({ map: { false: true, true: false } })),
    "0a 04 08 00 10 01 0a 04 08 01 10 00",
  );
  deepStrictEqual(bools.decode(bools.encode({ map: { 0: true, 1: false } }))["map"], {
    false: true,
    true: false,
  });
  throws(
    () => bools.encode({ map: { yes: true } }),
    /^TypeError: Cannot write t\.T\.map: expected keys/,
  );
  const longs = ourCodec(describe({ map: { keyType: "sint64", type: "bool", id: 1 } }), "t.S");
  strictEqual(hex(longs.encode({ map: { "-2": true } })), "0a 04 08 03 10 01");
  throws(
    () => longs.encode({ map: { a: true } }),
    /^TypeError: Cannot write t\.T\.map: expected an integer/,
  );
});

test("MessageType.decode() gives an entry of a map what it lacks", () => {
  const codec = ourCodec(
    describe(
      {
        messages: { keyType: "string", type: "C", id: 1 },
        bytes: { keyType: "int32", type: "bytes", id: 2 },
      },
      {},
      { C: { fields: { data: { type: "bytes", id: 1 } } } },
    ),
    "t.S",
  );
  deepStrictEqual(plain(codec.decode(unhex("0a 03 0a 01 61 12 00"))), {
    messages: { a: { data: [] } },
    bytes: { 0: [] },
  });
});

const CHOICE = {
  oneofs: { choice: { oneof: ["text", "number", "child"] } },
};
const CHOICES = {
  text: { type: "string", id: 1 },
  number: { type: "int32", id: 2 },
  child: { type: "T", id: 3 },
};

test("MessageType.decode() has of a oneof the field that came last", () => {
  const codec = ourCodec(describe(CHOICES, CHOICE), "t.S");
  for (
    const [bytes, message] of [
      ["", {}],
      ["0a 01 61", { text: "a", choice: "text" }],
      ["0a 01 61 10 05", { number: 5, choice: "number" }],
      ["10 05 0a 01 61", { text: "a", choice: "text" }],
      ["1a 00 10 05 1a 00", { child: {}, choice: "child" }],
      ["1a 02 10 05 1a 00", { child: { number: 5, choice: "number" }, choice: "child" }],
      ["10 05 10 06", { number: 6, choice: "number" }],
    ] as const
  ) deepStrictEqual(codec.decode(unhex(bytes)), message, bytes);
});

test("MessageType.decode() merges a message that comes in parts", () => {
  const codec = ourCodec(
    describe({
      a: { type: "int32", id: 1 },
      b: { type: "bytes", id: 2 },
      list: { rule: "repeated", type: "int32", id: 3 },
      child: { type: "T", id: 4 },
    }),
    "t.S",
  );
  // child { a: 1, list: 1 }, child { b: "x", list: 2 }
  const { child } = codec.decode(unhex("22 05 08 01 1a 01 01 22 06 12 01 78 1a 01 02"));
  deepStrictEqual(plain(child), { a: 1, b: [120], list: [1, 2], child: null });
});

test("MessageType.decode() reads of names for the same number the first", () => {
  const codec = ourCodec(
    describe({ e: { type: "E", id: 1 } }, {}, { E: { values: { A: 0, B: 0, C: 1, D: 1 } } }),
    "t.S",
  );
  deepStrictEqual(codec.decode(unhex("")), { e: "A" });
  deepStrictEqual(codec.decode(codec.encode({ e: "D" })), { e: "C" });
});

test("MessageType.encode() leaves out plain fields of proto3 that have their default", () => {
  const fields = {
    int: { type: "int32", id: 1 },
    long: { type: "int64", id: 2 },
    text: { type: "string", id: 3 },
    data: { type: "bytes", id: 4 },
    flag: { type: "bool", id: 5 },
    choice: { type: "E", id: 6 },
    real: { type: "double", id: 7 },
  };
  const more = { E: { values: { A: 0, B: 1 } } };
  const codec = ourCodec(describe(fields, {}, more), "t.S");
  const empty = codec.decode(new Uint8Array());
  strictEqual(codec.encode(empty).length, 0);
  strictEqual(codec.encode({ ...empty, long: 0, choice: 0, data: "" }).length, 0);
  strictEqual(codec.encode({ text: 0, real: -0 }).length, 12);
  const optional = Object.fromEntries(
    Object.entries(fields).map((
      [name, field],
    ) => [name, { ...field, options: { proto3_optional: true } }]),
  );
  const oneofs = Object.fromEntries(
    Object.keys(fields).map((name) => [`_${name}`, { oneof: [name] }]),
  );
  const [ours, theirs] = bothCodecs(optional, { oneofs }, more);
  const names: Fields = Object.fromEntries(Object.keys(fields).map((name) => [`_${name}`, name]));
  deepStrictEqual(plain(theirs.decode(ours.encode(empty))), plain({ ...empty, ...names }));
  deepStrictEqual(plain(ours.decode(ours.encode(empty))), plain({ ...empty, ...names }));
  deepStrictEqual(ours.decode(new Uint8Array()), {});
});

test("MessageType has fields with the names of what every object has", () => {
  const codec = ourCodec(
    describe({
      constructor: { type: "T", id: 1 },
      toString: { type: "string", id: 2 },
      valueOf: { rule: "repeated", type: "int32", id: 3 },
      hasOwnProperty: { type: "T", id: 4 },
    }, { oneofs: { isPrototypeOf: { oneof: ["constructor", "toString"] } } }),
    "t.S",
  );
  strictEqual(codec.encode({}).length, 0);
  deepStrictEqual(codec.decode(new Uint8Array()), { valueOf: [], hasOwnProperty: null });
  const child = { valueOf: [1], hasOwnProperty: null };
  const message = { constructor: child, valueOf: [], hasOwnProperty: child };
  deepStrictEqual(codec.decode(codec.encode(message)), {
    ...message,
    isPrototypeOf: "constructor",
  });
  strictEqual(Object.keys(Object).length, 0);
});
