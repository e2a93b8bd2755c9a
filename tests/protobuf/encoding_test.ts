import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { bothCodecs, type Fields, hex, plain, unhex } from "./codecs.ts";

/**
 * Bytes and what they mean. Source: protobuf.dev/programming-guides/encoding,
 * and the tables there worked out.
 */
const VECTORS:
  readonly (readonly [title: string, fields: object, bytes: string, message: Fields])[] = [
    ["a varint", { a: { type: "int32", id: 1 } }, "08 96 01", { a: 150 }],
    ["a string", { b: { type: "string", id: 2 } }, "12 07 74 65 73 74 69 6e 67", { b: "testing" }],
    [
      "a packed list",
      { f: { rule: "repeated", type: "int32", id: 6 } },
      "32 06 03 8e 02 9e a7 05",
      { f: [3, 270, 86942] },
    ],
    ["the longest int32", { a: { type: "int32", id: 1 } }, "08 ff ff ff ff 07", { a: 2 ** 31 - 1 }],
    [
      "an int32 below zero, in ten bytes",
      { a: { type: "int32", id: 1 } },
      "08 fe ff ff ff ff ff ff ff ff 01",
      { a: -2 },
    ],
    [
      "an int64 below zero",
      { a: { type: "int64", id: 1 } },
      "08 fe ff ff ff ff ff ff ff ff 01",
      { a: "-2" },
    ],
    ["a uint64", { a: { type: "uint64", id: 1 } }, "08 80 80 80 80 10", { a: "4294967296" }],
    ["zigzag -1", { a: { type: "sint32", id: 1 } }, "08 01", { a: -1 }],
    ["zigzag 1", { a: { type: "sint32", id: 1 } }, "08 02", { a: 1 }],
    ["zigzag -2", { a: { type: "sint32", id: 1 } }, "08 03", { a: -2 }],
    [
      "zigzag 0x7fffffff",
      { a: { type: "sint32", id: 1 } },
      "08 fe ff ff ff 0f",
      { a: 0x7fffffff },
    ],
    [
      "zigzag -0x80000000",
      { a: { type: "sint32", id: 1 } },
      "08 ff ff ff ff 0f",
      { a: -0x80000000 },
    ],
    [
      "zigzag of the lowest sint64",
      { a: { type: "sint64", id: 1 } },
      "08 ff ff ff ff ff ff ff ff ff 01",
      { a: "-9223372036854775808" },
    ],
    ["a fixed32", { a: { type: "fixed32", id: 1 } }, "0d 01 02 03 84", { a: 0x84030201 }],
    ["an sfixed32", { a: { type: "sfixed32", id: 1 } }, "0d ff ff ff ff", { a: -1 }],
    [
      "a fixed64",
      { a: { type: "fixed64", id: 1 } },
      "09 01 00 00 00 00 00 00 80",
      { a: "9223372036854775809" },
    ],
    [
      "an sfixed64",
      { a: { type: "sfixed64", id: 1 } },
      "09 fe ff ff ff ff ff ff ff",
      { a: "-2" },
    ],
    ["a float", { a: { type: "float", id: 1 } }, "0d 00 00 20 c0", { a: -2.5 }],
    ["a double", { a: { type: "double", id: 1 } }, "09 00 00 00 00 00 00 04 40", { a: 2.5 }],
    ["a zero with a sign", { a: { type: "float", id: 1 } }, "0d 00 00 00 80", { a: -0 }],
    ["a bool", { a: { type: "bool", id: 1 } }, "08 01", { a: true }],
    ["bytes", { a: { type: "bytes", id: 1 } }, "0a 03 00 80 ff", { a: [0, 128, 255] }],
    [
      "text of every length in UTF-8",
      { a: { type: "string", id: 1 } },
      "0a 0a 61 c3 a4 e6 bc a2 f0 9f 98 80",
      { a: "aä漢😀" },
    ],
    ["a byte order mark", { a: { type: "string", id: 1 } }, "0a 03 ef bb bf", { a: "\ufeff" }],
    ["a high field number", { a: { type: "bool", id: 2 ** 29 - 1 } }, "f8 ff ff ff 0f 01", {
      a: true,
    }],
    [
      "a list that may not be packed",
      { a: { rule: "repeated", type: "string", id: 1 } },
      "0a 01 78 0a 00",
      { a: ["x", ""] },
    ],
    [
      "a list that shall not be packed",
      { a: { rule: "repeated", type: "uint32", id: 1, options: { packed: false } } },
      "08 01 08 02",
      { a: [1, 2] },
    ],
    [
      "a map",
      { a: { keyType: "string", type: "int32", id: 1 } },
      "0a 05 0a 01 6b 10 07",
      { a: { k: 7 } },
    ],
    ["nothing", { a: { type: "string", id: 1 } }, "", { a: "" }],
  ];

for (const [title, fields, bytes, message] of VECTORS) {
  test(`MessageType writes and reads ${title} as protobuf's documentation says`, () => {
    const [ours, theirs] = bothCodecs(fields);
    strictEqual(hex(ours.encode(message)), bytes);
    deepStrictEqual(plain(ours.decode(unhex(bytes))), message);
    deepStrictEqual(plain(theirs.decode(unhex(bytes))), message);
  });
}

const READ_ONLY:
  readonly (readonly [title: string, fields: object, bytes: string, message: Fields])[] = [
    [
      "a packed list that is declared as not packed",
      { a: { rule: "repeated", type: "uint32", id: 1, options: { packed: false } } },
      "0a 02 01 02",
      { a: [1, 2] },
    ],
    [
      "a list in pieces, packed and not",
      { a: { rule: "repeated", type: "sint64", id: 1 } },
      "0a 02 01 02 08 03 0a 00 0a 01 04",
      { a: ["-1", "1", "-2", "2"] },
    ],
    ["the last of several values", { a: { type: "uint32", id: 1 } }, "08 01 08 02", { a: 2 }],
    ["a varint with bytes to spare", { a: { type: "uint32", id: 1 } }, "08 81 80 80 00", { a: 1 }],
    ["a bool that is more than 1", { a: { type: "bool", id: 1 } }, "08 80 01", { a: true }],
    [
      "an entry of a map without key and value",
      { a: { keyType: "int64", type: "string", id: 1 } },
      "0a 00",
      { a: { 0: "" } },
    ],
    [
      "an entry of a map with its value in front",
      { a: { keyType: "string", type: "int32", id: 1 } },
      "0a 05 10 07 0a 01 6b",
      { a: { k: 7 } },
    ],
    [
      "fields that it does not know",
      { a: { type: "uint32", id: 1 } },
      // A varint, a fixed64, bytes, a group with a group in it, a fixed32.
      "10 ff 01 19 00 00 00 00 00 00 00 00 22 02 08 07 2b 08 07 33 34 2c 35 00 00 00 00 08 05",
      { a: 5 },
    ],
  ];

for (const [title, fields, bytes, message] of READ_ONLY) {
  test(`MessageType.decode() reads ${title}`, () => {
    const [ours, theirs] = bothCodecs(fields);
    deepStrictEqual(plain(ours.decode(unhex(bytes))), message);
    deepStrictEqual(plain(theirs.decode(unhex(bytes))), message);
  });
}

test("MessageType.decode() keeps what is no UTF-8 as replacement characters", () => {
  const [ours] = bothCodecs({ a: { type: "string", id: 1 } });
  for (const pad of ["", " 78".repeat(30)]) {
    const length = (2 + pad.length / 3).toString(16).padStart(2, "0");
    strictEqual(
      ours.decode(unhex(`0a ${length} ff 41${pad}`))["a"],
      `\ufffdA${"x".repeat(pad.length / 3)}`,
    );
  }
});

test("MessageType.encode() writes halves of surrogate pairs as replacement characters", () => {
  const [ours] = bothCodecs({ a: { type: "string", id: 1 } });
  for (const pad of ["", "x".repeat(60)]) {
    const { a } = ours.decode(ours.encode({ a: `${pad}\ud800-\udc00${pad}` }));
    strictEqual(a, `${pad}\ufffd-\ufffd${pad}`);
  }
});

test("MessageType passes texts and bytes of every length", () => {
  const [ours, theirs] = bothCodecs({
    text: { type: "string", id: 1 },
    data: { type: "bytes", id: 2 },
    child: { type: "T", id: 3 },
  });
  const lengths = [
    0,
    1,
    19,
    20,
    21,
    41,
    42,
    43,
    63,
    64,
    126,
    127,
    128,
    129,
    1000,
    8191,
    8192,
    16383,
    16384,
    70000,
  ];
  for (const length of lengths) {
    for (const letter of ["x", "ä", "漢", "😀"]) {
      const inner = {
        text: letter.repeat(length),
        data: new Uint8Array(length).fill(7),
        child: null,
      };
      const message = { ...inner, child: { ...inner, child: inner } };
      const bytes = ours.encode(message);
      deepStrictEqual(ours.decode(bytes), message);
      strictEqual((theirs.decode(bytes)["child"] as Fields)["text"], inner.text);
      deepStrictEqual(ours.decode(theirs.encode(message)), message);
    }
  }
});
