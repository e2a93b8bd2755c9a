import { deepStrictEqual, match, notStrictEqual, ok, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { forSeeds, type Random } from "../wire/random.ts";
import { bothCodecs, type Codec, describe, type Fields, ourCodec, plain } from "./codecs.ts";

const TYPES = [
  "double",
  "float",
  "int32",
  "uint32",
  "sint32",
  "fixed32",
  "sfixed32",
  "int64",
  "uint64",
  "sint64",
  "fixed64",
  "sfixed64",
  "bool",
  "string",
  "bytes",
  "Color",
  "Child",
];
const NESTED = {
  Color: { values: { RED: 0, GREEN: 1, BLUE: -5 } },
  Child: { fields: { a: { type: "int32", id: 1 } } },
};

/** A message with a field, a list and a map of each type. */
const FIELDS = Object.fromEntries(TYPES.flatMap((type, index) => [
  [`one${type}`, { type, id: index * 3 + 1 }],
  [`list${type}`, { rule: "repeated", type, id: index * 3 + 2 }],
  [`map${type}`, { keyType: "string", type, id: index * 3 + 3 }],
]));
const [ours, theirs] = bothCodecs(FIELDS, {}, NESTED);

/** What arrives when a program sends this; undefined if it cannot be sent. */
function received(codec: Codec, message: unknown): unknown {
  let bytes: Uint8Array;
  try {
    bytes = codec.encode(message);
  } catch {
    return undefined;
  }
  return plain(codec.decode(bytes));
}

const LONG = { low: -5, high: -1, unsigned: false };
const ODD: Readonly<Record<string, readonly unknown[]>> = {
  "any type": [undefined, null],
  number: [
    0,
    -0,
    1,
    -1,
    1.9,
    -1.9,
    NaN,
    2 ** 31,
    -(2 ** 31),
    2 ** 32 + 7,
    "5",
    "-5",
    " 7 ",
    "0x10",
    "1e3",
    "1.5",
    "no",
    "",
    true,
    false,
    [],
    [9],
    {},
    new Date(3),
    -(2 ** 40),
  ],
  float: [Infinity, "Infinity", "-Infinity", "NaN", 0.1, 1e300],
  int64: [
    0,
    1,
    -1,
    1.9,
    -1.9,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    2 ** 64,
    "0",
    "5",
    "-5",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    LONG,
  ],
  bool: [0, 1, "", "false", "true", [], {}, NaN],
  string: [0, -0, 1.5, true, NaN, [], [1, 2], {}, 12n, "text"],
  bytes: [
    "",
    "AP8=",
    "AQID",
    [],
    [1, 255, 256, -1],
    Buffer.of(1, 2),
    new Uint8Array(0),
    new Uint8ClampedArray(3),
    new Uint16Array([1, 300]),
    { length: 2, 0: 1, 1: 2 },
  ],
  Color: ["RED", "GREEN", "BLUE", "PINK", "", "1", 0, 1, -5, 42, -42, true, {}],
  Child: [{}, { a: 5 }, { a: 5, b: 6 }, [], { a: null }],
};

function oddValues(type: string): readonly unknown[] {
  if (/64/.test(type)) return ODD["int64"] ?? [];
  if (/32/.test(type)) return ODD["number"] ?? [];
  if (/double|float/.test(type)) return [...ODD["number"] ?? [], ...ODD["float"] ?? []];
  return ODD[type] ?? [];
}

for (const type of TYPES) {
  test(`MessageType.encode() takes the same for ${type} as proto-loader`, () => {
    let taken = 0;
    for (const value of [...oddValues(type), ...ODD["any type"] ?? []]) {
      for (
        const message of [
          { [`one${type}`]: value },
          { [`list${type}`]: [value] },
          { [`list${type}`]: [value, value] },
          { [`map${type}`]: { k: value } },
        ]
      ) {
        const expected = received(theirs, message);
        // What they do not know what to do with, we refuse with a reason.
        if (expected === undefined) continue;
        deepStrictEqual(
          received(ours, message),
          expected,
          `${Object.keys(message)}: ${String(value)}`,
        );
        taken++;
      }
    }
    ok(taken > 10);
  });
}

test("MessageType.encode() takes the same lists, maps and messages as proto-loader", () => {
  for (
    const message of [
      { listint32: null, mapint32: undefined },
      { listint32: 0, mapint32: "" },
      { listint32: [] },
      { mapint32: [1, 2] },
      { oneChild: [] },
      {},
      Object.create({ oneint32: 7 }),
      new Map(),
      () => {},
      null,
      undefined,
      7,
      "text",
      [],
      [{}],
      { listint32: {} },
      { listint32: new Int32Array(2) },
      { mapint32: 7 },
      { oneChild: 7 },
      { oneChild: "" },
      { listChild: [null] },
      { mapChild: { a: null } },
    ]
  ) deepStrictEqual(received(ours, message), received(theirs, message), String(message));
});

test("MessageType.encode() takes bigints where proto-loader fails or writes 0", () => {
  for (const type of TYPES.filter((type) => /int|fixed/.test(type))) {
    deepStrictEqual(
      ours.decode(ours.encode({ [`one${type}`]: 7n }))[`one${type}`],
      /64/.test(type) ? "7" : 7,
    );
  }
  deepStrictEqual(
    ours.decode(ours.encode({ oneint64: -(2n ** 63n) }))["oneint64"],
    String(-(2n ** 63n)),
  );
});

test("MessageType.encode() takes base64 for URLs, and without padding", () => {
  for (const text of ["-_8", "-_8=", "+/8=", "+/8"]) {
    deepStrictEqual(plain(ours.decode(ours.encode({ onebytes: text }))["onebytes"]), [251, 255]);
  }
});

for (
  const [title, message, expected] of [
    [
      "a text that is no integer",
      { oneint64: "1.5" },
      /^Cannot write t\.T\.oneint64: expected an integer, found "1\.5"$/,
    ],
    [
      "a value that is no integer",
      { listint64: [true] },
      /^Cannot write t\.T\.listint64: expected an integer, found true$/,
    ],
    [
      "a text that is no base64",
      { onebytes: "?" },
      /^Cannot write t\.T\.onebytes: expected bytes or base64, found "\?"$/,
    ],
    ["half a base64", { onebytes: "AAAAA" }, /expected bytes or base64/],
    ["a number for bytes", { onebytes: 5 }, /expected bytes or base64, found 5$/],
    [
      "an ArrayBuffer for bytes",
      { onebytes: new ArrayBuffer(3) },
      /expected bytes or base64, found an object$/,
    ],
    [
      "an object for a list",
      { listint32: {} },
      /^Cannot write t\.T\.listint32: expected an array, found an object$/,
    ],
    [
      "a text for a map",
      { mapint32: "text" },
      /^Cannot write t\.T\.mapint32: expected an object, found "text"$/,
    ],
    [
      "a text for a message",
      { oneChild: "text" },
      /^Cannot write t\.T\.oneChild: expected an object, found "text"$/,
    ],
    [
      "nothing in a list of messages",
      { listChild: [undefined] },
      /expected an object, found undefined$/,
    ],
    ["a list for a message", [], /^Cannot write t\.T: expected an object, found an array$/],
    [
      "nothing for a message",
      undefined,
      /^Cannot write t\.T: expected an object, found undefined$/,
    ],
  ] as const
) {
  test(`MessageType.encode() refuses ${title} with a TypeError that says where`, () => {
    throws(() => ours.encode(message), (error: unknown) => {
      ok(error instanceof TypeError);
      match(error.message, expected);
      return true;
    });
  });
}

test("MessageType.encode() shows of a long text its beginning", () => {
  throws(() => ours.encode({ oneint64: "x".repeat(1000) }), /found "x{40}…"$/);
});

test("MessageType.encode() writes a message whose values write another", () => {
  const inner: unknown[] = [];
  const message = {
    onestring: { toString: () => (inner.push(ours.encode({ onestring: "inner" })), "outer") },
    liststring: ["a".repeat(9000)],
  };
  const bytes = ours.encode(message);
  deepStrictEqual(ours.decode(bytes)["onestring"], "outer");
  deepStrictEqual(ours.decode(inner[0] as Uint8Array)["onestring"], "inner");
});

test("MessageType.encode() leaves what it wrote before as it is", () => {
  forSeeds(20, (random: Random) => {
    const messages = Array.from({ length: 500 }, (): Fields => ({
      onebytes: random.bytes(random.below(random.pick([10, 100, 5000]))),
      onestring: random.text("ab", random.below(60)),
    }));
    const written = messages.map((message) => {
      // An error in between must leave no traces.
      if (random.below(10) === 0) throws(() => ours.encode({ ...message, oneChild: 1 }));
      return ours.encode(message);
    });
    for (const [index, message] of messages.entries()) {
      const { onebytes, onestring } = ours.decode(written[index] as Uint8Array);
      deepStrictEqual({ onebytes, onestring }, message);
    }
  });
});

test("MessageType.decode() copies small bytes, and views large ones", () => {
  const codec = ourCodec(describe({ a: { type: "bytes", id: 1 } }), "t.S");
  const bytes = Uint8Array.from(codec.encode({ a: new Uint8Array(1000).fill(1) }));
  const large = codec.decode(bytes)["a"] as Uint8Array;
  deepStrictEqual(large.buffer, bytes.buffer);
  const inBuffer = new Uint8Array(100_000);
  inBuffer.set(bytes, 5);
  const small = codec.decode(inBuffer.subarray(5, 5 + bytes.length))["a"] as Uint8Array;
  deepStrictEqual(small, large);
  notStrictEqual(small.buffer, inBuffer.buffer);
  ok(small.buffer.byteLength < 20_000, "a small value keeps little memory alive");
  const next = codec.decode(inBuffer.subarray(5, 5 + bytes.length))["a"] as Uint8Array;
  next.fill(2);
  deepStrictEqual(small, large);
  const fromBuffer = codec.decode(Buffer.from(bytes.buffer))["a"] as Uint8Array;
  deepStrictEqual(fromBuffer.constructor, Uint8Array);
});
