/** Values and types of examples/terraform-host, against what terraform-plugin-go's tftypes writes. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { describeType, parseType, type Type } from "../../examples/terraform-host/types.ts";
import {
  decodeValue,
  Dynamic,
  encodeValue,
  fromJson,
  hasUnknown,
  isEqual,
  toJson,
  UNKNOWN,
  type Value,
} from "../../examples/terraform-host/values.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const fromHex = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const toHex = (data: Uint8Array | undefined) =>
  [...data ?? []].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const EVERYTHING: Type = ["object", {
  a: "string",
  b: ["list", "number"],
  c: "bool",
  d: ["map", "string"],
  e: ["set", "string"],
  f: ["tuple", ["string", "bool"]],
}];

/** Types, values and what tftypes v0.31.0 makes of them. */
const VECTORS: readonly (readonly [type: Type, value: Value, hex: string])[] = [
  ["number", 0, "00"],
  ["number", -1, "ff"],
  ["number", 200, "ccc8"],
  ["number", -200, "d1ff38"],
  ["number", 1767830400, "ce695ef380"],
  ["number", 4294967296, "cf0000000100000000"],
  ["number", -4294967297, "d3fffffffeffffffff"],
  ["number", 9007199254740993n, "cf0020000000000001"],
  [
    "number",
    123456789012345678901234567890n,
    "be313233343536373839303132333435363738393031323334353637383930",
  ],
  ["number", 0.5, "cb3fe0000000000000"],
  ["number", 0.1, "a3302e31"],
  ["string", UNKNOWN, "d40000"],
  ["string", null, "c0"],
  [
    EVERYTHING,
    { a: "é", b: [1, UNKNOWN], c: null, d: { k: "v" }, e: ["x"], f: ["y", true] },
    "86a161a2c3a9a1629201d40000a163c0a16481a16ba176a16591a178a16692a179c3",
  ],
  [
    "dynamic",
    new Dynamic(["list", "string"], ["x"]),
    "92c4115b226c697374222c22737472696e67225d91a178",
  ],
  ["dynamic", UNKNOWN, "d40000"],
  ["dynamic", new Dynamic("string", null), "92c40822737472696e6722c0"],
];

for (const [type, value, hex] of VECTORS) {
  const name = `${JSON.stringify(type)} ${hex}`;

  test(`encodeValue() writes what Go writes: ${name}`, () => {
    strictEqual(toHex(encodeValue(type, value).msgpack), hex);
  });

  test(`decodeValue() reads what Go writes: ${name}`, () => {
    deepStrictEqual(decodeValue(type, { msgpack: fromHex(hex) }), value);
  });
}

test("decodeValue() reads a small fraction by its digits", () => {
  const msgpack = fromHex("ab302e303030303030313235");
  deepStrictEqual(decodeValue("number", { msgpack }), 1.25e-7);
});

test("decodeValue() keeps digits that no number holds", () => {
  const digits = "0.1234567890123456789";
  const { msgpack = new Uint8Array() } = encodeValue("number", digits);
  strictEqual(toHex(msgpack), "b5" + toHex(bytes(digits)));
  strictEqual(decodeValue("number", { msgpack }), digits);
});

test("decodeValue() takes an unknown value of which something is known", () => {
  // Extension 12: a map that says the value is not null.
  strictEqual(decodeValue("string", { msgpack: fromHex("c7030c8101c2") }), UNKNOWN);
});

test("decodeValue() refuses other extensions", () => {
  throws(() => decodeValue("string", { msgpack: fromHex("d40500") }), /extension type 5/);
});

test("decodeValue() reads JSON where there is no MessagePack", () => {
  const json = bytes('{"a":"x","b":[1],"c":true,"d":{},"e":null,"f":["y",false]}');
  deepStrictEqual(decodeValue(EVERYTHING, { msgpack: new Uint8Array(), json }), {
    a: "x",
    b: [1],
    c: true,
    d: {},
    e: null,
    f: ["y", false],
  });
});

test("decodeValue() takes nothing at all for null", () => {
  strictEqual(decodeValue("string", null), null);
});

test("encodeValue() writes null for attributes that an object lacks", () => {
  const { msgpack = new Uint8Array() } = encodeValue(["object", { a: "string", b: "bool" }], {});
  strictEqual(toHex(msgpack), "82a161c0a162c0");
});

test("toJson() and fromJson() keep what a state holds", () => {
  const type: Type = ["object", { big: "number", any: "dynamic", list: ["list", "string"] }];
  const value = { big: 2n ** 70n, any: new Dynamic("number", 1), list: null };
  const json = toJson(value);
  strictEqual(
    json,
    '{"big":"1180591620717411303424","any":{"type":"number","value":1},"list":null}',
  );
  deepStrictEqual(fromJson(type, bytes(json)), value);
});

test("isEqual() does not count the order of a set, and that of a list it does", () => {
  ok(isEqual(["set", "number"], [1, 2], [2, 1]));
  ok(!isEqual(["set", "number"], [1, 2], [2, 2]));
  ok(!isEqual(["list", "number"], [1, 2], [2, 1]));
  ok(isEqual(["object", { a: ["set", "string"] }], { a: ["x", "y"] }, { a: ["y", "x"] }));
  ok(!isEqual("dynamic", new Dynamic("string", "1"), new Dynamic("number", 1)));
  ok(!isEqual("string", "null", null));
});

test("hasUnknown() looks into everything", () => {
  ok(hasUnknown({ a: [{ b: new Dynamic(["list", "string"], [UNKNOWN]) }] }));
  ok(!hasUnknown({ a: [{ b: null }] }));
});

test("parseType() and describeType() know every type", () => {
  const json = '["object",{"a":["map",["set","bool"]],"b":["tuple",["number","dynamic"]]}]';
  const type = parseType(bytes(json));
  strictEqual(JSON.stringify(type), json);
  strictEqual(describeType(type), "object({ a = map(set(bool)), b = tuple([number, any]) })");
});

for (const json of ['"text"', '["list"]', '["object",[]', '["object",{"a":1}]', "7", "{"]) {
  test(`parseType() refuses ${json}`, () => {
    throws(() => parseType(bytes(json)), { name: "TypeError", message: /^Cannot read the type / });
  });
}
