import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { Scope } from "../../src/protobuf/descriptor.ts";
import { makeServiceType } from "../../src/protobuf/service_type.ts";
import {
  bothCodecs,
  describe,
  type Fields,
  hex,
  ourCodec,
  plain,
  theirCodec,
  unhex,
} from "./codecs.ts";

const ID = { type: "int32", id: 1 };
const SERVICE = { methods: { M: { requestType: "T", responseType: "T" } } };

/** A message whose fields have the names of what they can only find in one place. */
const SCOPES = {
  nested: {
    T: { fields: { root: ID } },
    a: {
      nested: {
        T: { fields: { a: ID } },
        Only: { fields: { only: ID } },
        b: {
          nested: {
            S: { methods: { M: { requestType: "b.T", responseType: "b.T" } } },
            Relative: SERVICE,
            T: {
              fields: {
                inner: { type: "Inner", id: 1 },
                shadow: { type: "Only", id: 2 },
                outer: { type: "a.T", id: 3 },
                absolute: { type: ".T", id: 4 },
                beside: { type: "Beside", id: 5 },
                partly: { type: "b.T", id: 6 },
                below: { type: "Deep", id: 7 },
                shade: { type: "Inner.Shade", id: 8 },
              },
              nested: {
                Inner: { fields: { inner: ID }, nested: { Shade: { values: { DARK: 0 } } } },
                Only: { fields: { shadow: ID } },
              },
            },
          },
        },
      },
    },
    other: {
      nested: {
        Beside: { fields: { beside: ID } },
        x: { nested: { Deep: { fields: { deep: ID } } } },
      },
    },
  },
};

test("Scope.find() finds types from the inside outwards, from the root, and beside", () => {
  const message = {
    inner: { inner: 1 },
    shadow: { shadow: 2 },
    outer: { a: 3 },
    absolute: { root: 4 },
    beside: { beside: 5 },
    partly: null,
    below: { deep: 7 },
    shade: "DARK",
  };
  const ours = ourCodec(SCOPES, "a.b.S");
  deepStrictEqual(ours.decode(ours.encode(message)), message);
  const theirs = theirCodec(SCOPES, "a.b.S");
  deepStrictEqual(theirs.decode(ours.encode(message)), message);
});

test("Scope.find() prefers what is near, where protobuf.js takes what is at the root", () => {
  const ours = ourCodec(SCOPES, "a.b.Relative");
  strictEqual("inner" in ours.decode(new Uint8Array()), true);
});

test("Scope.find() takes only what is of the kind that is wanted", () => {
  const root = new Scope({
    nested: {
      a: { nested: { E: { values: { X: 0 } }, b: { nested: { S: SERVICE } } } },
      E: { fields: {} },
    },
  });
  const inside = root.find("a.b.S", "service");
  strictEqual(inside?.find("E", "message")?.fullName, "E");
  strictEqual(inside?.find("E", "enum")?.fullName, "a.E");
  strictEqual(inside?.find("a", "message"), undefined);
  strictEqual(inside?.find("constructor", "message"), undefined);
});

for (
  const [title, descriptor, message] of [
    [
      "a field of no type",
      describe({ a: { type: "Gone", id: 1 } }),
      "there is no message or enum Gone, which t.T.a needs",
    ],
    [
      "a well-known type that is left out",
      describe({ a: { type: "google.protobuf.Timestamp", id: 1 } }),
      "there is no message or enum google.protobuf.Timestamp, which t.T.a needs",
    ],
    [
      "a field far away of no type",
      describe({ a: { type: "U", id: 1 } }, {}, { U: { fields: { b: { type: "V", id: 1 } } } }),
      "there is no message or enum V, which t.U.b needs",
    ],
    [
      "two fields with a number",
      describe({ a: ID, b: ID }),
      "t.T has two fields with the number 1",
    ],
    ["the field number 0", describe({ a: { type: "int32", id: 0 } }), "t.T.a has the number 0"],
    [
      "a field number that is no integer",
      describe({ a: { type: "int32", id: 1.5 } }),
      "t.T.a has the number 1.5",
    ],
    [
      "a field number that is too high",
      describe({ a: { type: "int32", id: 2 ** 29 } }),
      "t.T.a has the number 536870912",
    ],
    [
      "a map with keys of bytes",
      describe({ a: { keyType: "bytes", type: "int32", id: 1 } }),
      "t.T.a is a map with keys of the type bytes",
    ],
    [
      "a map with keys of floats",
      describe({ a: { keyType: "float", type: "int32", id: 1 } }),
      "t.T.a is a map with keys of the type float",
    ],
    [
      "an edition of the future",
      describe({ a: ID }, { edition: "3001" }),
      "t.T is of the edition 3001, which is not known",
    ],
    [
      "a method of no type",
      { nested: { t: { nested: { S: SERVICE } } } },
      "there is no message T, which t.S needs",
    ],
    ["no service", { nested: { t: { nested: {} } } }, "the descriptor holds no service"],
    ["nothing", {}, "the descriptor holds no service"],
    [
      "other services",
      { nested: { t: { nested: { A: SERVICE, B: SERVICE } } } },
      "the descriptor holds t.A, t.B",
    ],
  ] as const
) {
  test(`makeServiceType() refuses ${title}`, () => {
    throws(() => makeServiceType(descriptor, "t.S"), { name: "TypeError", message });
  });
}

test("makeServiceType() needs no types but those of its service", () => {
  const broken = { Other: { methods: { M: { requestType: "Gone", responseType: "Gone" } } } };
  makeServiceType(describe({ a: ID }, {}, broken), "t.S");
});

test("makeServiceType() gives the methods with their paths and streams", () => {
  const types = { requestType: "T", responseType: "T" };
  const root = {
    nested: {
      T: { fields: {} },
      S: {
        methods: {
          A: types,
          B: { ...types, requestStream: true },
          C: { ...types, responseStream: true },
        },
      },
    },
  };
  deepStrictEqual(
    makeServiceType(root, "S").methods.map((
      method,
    ) => [method.path, method.requestStream, method.responseStream]),
    [["/S/A", false, false], ["/S/B", true, false], ["/S/C", false, true]],
  );
});

const PROTO2_FIELDS = {
  plain: { type: "int32", id: 1 },
  preset: { type: "int32", id: 2, options: { default: 41 } },
  long: { type: "uint64", id: 3, options: { default: 5 } },
  text: { type: "string", id: 4, options: { default: "hello" } },
  data: { type: "bytes", id: 5, options: { default: "ab c" } },
  flag: { type: "bool", id: 6, options: { default: true } },
  real: { type: "double", id: 7, options: { default: 2.5 } },
  choice: { type: "E", id: 8, options: { default: "SECOND" } },
  first: { type: "E", id: 9 },
  list: { rule: "repeated", type: "int32", id: 10 },
  packed: { rule: "repeated", type: "int32", id: 11, options: { packed: true } },
  part: { type: "Part", id: 12 },
  parts: { rule: "repeated", type: "Parts", id: 13 },
};
const PROTO2_MORE = {
  edition: "proto2",
  nested: {
    E: { values: { FIRST: 3, SECOND: 2 } },
    Part: { fields: { a: ID }, group: true },
    Parts: { fields: { b: ID, inner: { type: "Parts", id: 2 } }, group: true },
  },
};

test("MessageType has the defaults of proto2, and writes what is set to them", () => {
  const [ours, theirs] = bothCodecs(PROTO2_FIELDS, PROTO2_MORE);
  const empty = ours.decode(new Uint8Array());
  deepStrictEqual(plain(empty), plain(theirs.decode(new Uint8Array())));
  deepStrictEqual(empty["choice"], "SECOND");
  deepStrictEqual(empty["first"], "FIRST");
  const zeros: Fields = {
    plain: 0,
    preset: 0,
    long: "0",
    text: "",
    data: new Uint8Array(),
    flag: false,
    real: 0,
    choice: "FIRST",
    first: "SECOND",
  };
  for (const [writer, reader] of [[ours, theirs], [theirs, ours], [ours, ours]] as const) {
    deepStrictEqual(plain(reader.decode(writer.encode(zeros))), plain({ ...empty, ...zeros }));
  }
  deepStrictEqual(hex(ours.encode({ plain: 0 })), "08 00");
});

test("MessageType writes lists of proto2 as proto2 does, and reads groups", () => {
  const [ours, theirs] = bothCodecs(PROTO2_FIELDS, PROTO2_MORE);
  const message = {
    list: [1, 2],
    packed: [1, 2],
    part: { a: 300 },
    parts: [{ b: 1 }, {}, { inner: { b: 2 } }],
  };
  const bytes = "50 01 50 02 5a 02 01 02 63 08 ac 02 64 6b 08 01 6c 6b 6c 6b 12 02 08 02 6c";
  strictEqual(hex(ours.encode({ ...message, parts: [{ b: 1 }, {}] })), bytes.slice(0, 3 * 19 - 1));
  for (const [writer, reader] of [[ours, theirs], [theirs, ours], [ours, ours]] as const) {
    const { part, parts, list, packed } = reader.decode(writer.encode(message));
    deepStrictEqual([part, list, packed], [message.part, message.list, message.packed]);
    deepStrictEqual(parts, [{ b: 1, inner: null }, { b: 0, inner: null }, {
      b: 0,
      inner: { b: 2, inner: null },
    }]);
  }
});

test("MessageType.decode() wants the required fields of proto2, as proto-loader", () => {
  const [ours, theirs] = bothCodecs({ a: { ...ID, rule: "required" }, b: { type: "T", id: 2 } }, {
    edition: "proto2",
  });
  deepStrictEqual(ours.decode(unhex("08 00")), { a: 0, b: null });
  for (const codec of [ours, theirs]) {
    for (const bytes of ["", "08 01 12 00"]) throws(() => codec.decode(unhex(bytes)), /required/);
  }
  throws(() => ours.decode(unhex("")), {
    name: "RangeError",
    message: "Cannot read message: the required field t.T.a is missing",
  });
  strictEqual(hex(ours.encode({})), hex(theirs.encode({})));
});

test("MessageType has extensions under their full names, as proto-loader", () => {
  const [ours, theirs] = bothCodecs(
    { a: ID },
    {
      edition: "proto2",
      extensions: [[100, 199]],
      nested: { near: { type: "string", id: 101, extend: "T" } },
    },
    { far: { edition: "proto2", rule: "repeated", type: "T", id: 100, extend: "t.T" } },
  );
  const message = { ".t.far": [{ a: 1 }], ".t.T.near": "x" };
  for (const [writer, reader] of [[ours, theirs], [theirs, ours], [ours, ours]] as const) {
    deepStrictEqual(reader.decode(writer.encode(message)), {
      a: 0,
      ".t.far": [{ a: 1, ".t.far": [], ".t.T.near": "" }],
      ".t.T.near": "x",
    });
  }
});

test("MessageType follows the features of edition 2023, as proto-loader", () => {
  const [ours, theirs] = bothCodecs({
    explicit: ID,
    implicit: { type: "int32", id: 2, options: { features: { field_presence: "IMPLICIT" } } },
    packed: { type: "int32", id: 3, rule: "repeated" },
    expanded: {
      type: "int32",
      id: 4,
      rule: "repeated",
      options: { features: { repeated_field_encoding: "EXPANDED" } },
    },
    delimited: { type: "T", id: 5, options: { features: { message_encoding: "DELIMITED" } } },
  }, { edition: "2023" });
  const message = {
    explicit: 0,
    implicit: 0,
    packed: [1],
    expanded: [2],
    delimited: { explicit: 3 },
  };
  strictEqual(hex(ours.encode(message)), "08 00 1a 01 01 20 02 2b 08 03 2c");
  for (const [writer, reader] of [[ours, theirs], [theirs, ours]] as const) {
    deepStrictEqual(reader.decode(writer.encode(message)), {
      ...message,
      delimited: { explicit: 3, implicit: 0, packed: [], expanded: [], delimited: null },
    });
  }
});

test("MessageType packs what stands for a google.protobuf.Any, as proto-loader", () => {
  const descriptor = {
    nested: {
      google: {
        nested: {
          protobuf: {
            nested: {
              Any: {
                fields: { type_url: { type: "string", id: 1 }, value: { type: "bytes", id: 2 } },
              },
            },
          },
        },
      },
      t: {
        nested: {
          S: SERVICE,
          T: { fields: { any: { type: "google.protobuf.Any", id: 1 } } },
          Other: { fields: { a: ID } },
        },
      },
    },
  };
  const [ours, theirs] = [ourCodec(descriptor, "t.S"), theirCodec(descriptor, "t.S")];
  for (
    const any of [
      { "@type": "type.googleapis.com/t.Other", a: 5 },
      { "@type": "t.Other", a: 5 },
      { "@type": "x/t.Missing", value: "AQ==" },
      { type_url: "y", value: [1] },
    ]
  ) {
    const bytes = ours.encode({ any });
    deepStrictEqual(plain(ours.decode(bytes)), plain(theirs.decode(theirs.encode({ any }))));
  }
});

test("MessageType knows no field with the name __proto__, as proto-loader", () => {
  const fields = JSON.parse('{"a":{"type":"int32","id":1},"__proto__":{"type":"int32","id":2}}');
  const [ours] = bothCodecs(fields);
  deepStrictEqual(Object.keys(ours.decode(unhex("08 01 10 02"))), ["a"]);
});
