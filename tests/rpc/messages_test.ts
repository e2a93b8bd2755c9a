import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { implement, type Service, service } from "../../mod.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { openPair } from "../helpers/rpc_pair.ts";
import { failsWith } from "./waiting.ts";

type Fields = Record<string, unknown>;

interface Mirror {
  reflect(request: Fields): Promise<Fields>;
  nothing(request: Fields): Promise<Fields>;
}

const MirrorService: Service<Mirror> = service<Mirror>(descriptor, "everything.Mirror");

/** A message in which nothing was set, as it arrives. */
const DEFAULTS: Fields = {
  doubleField: 0,
  floatField: 0,
  int32Field: 0,
  int64Field: "0",
  uint32Field: 0,
  uint64Field: "0",
  sint32Field: 0,
  sint64Field: "0",
  fixed32Field: 0,
  fixed64Field: "0",
  sfixed32Field: 0,
  sfixed64Field: "0",
  boolField: false,
  stringField: "",
  bytesField: [],
  color: "COLOR_UNSPECIFIED",
  shape: "SHAPE_UNSPECIFIED",
  tree: null,
  numbers: [],
  words: [],
  colors: [],
  counts: {},
  names: {},
  trees: {},
};

/** Bytes as arrays: which subclass of `Uint8Array` they come as does not matter. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const leaf = (name: string) => ({ name, children: [] });

/** What is sent, by what it shows; what arrives in place of the defaults. */
const CASES: Readonly<Record<string, readonly [sent: Fields, received?: Fields]>> = {
  "fills in the defaults": [{}],
  "passes doubles": [{ doubleField: -1.7976931348623157e308 }],
  "passes a double that is not a number": [{ doubleField: NaN }],
  "passes an infinite double": [{ doubleField: -Infinity }],
  "passes floats with their precision": [{ floatField: 0.1 }, { floatField: Math.fround(0.1) }],
  "passes the lowest numbers of 32 bits": [{
    int32Field: -(2 ** 31),
    sint32Field: -(2 ** 31),
    sfixed32Field: -(2 ** 31),
  }],
  "passes the highest numbers of 32 bits": [{
    int32Field: 2 ** 31 - 1,
    uint32Field: 2 ** 32 - 1,
    sint32Field: 2 ** 31 - 1,
    fixed32Field: 2 ** 32 - 1,
    sfixed32Field: 2 ** 31 - 1,
  }],
  "passes the lowest numbers of 64 bits as strings": [{
    int64Field: "-9223372036854775808",
    sint64Field: "-9223372036854775808",
    sfixed64Field: "-9223372036854775808",
  }],
  "passes the highest numbers of 64 bits as strings": [{
    int64Field: "9223372036854775807",
    uint64Field: "18446744073709551615",
    sint64Field: "9223372036854775807",
    fixed64Field: "18446744073709551615",
    sfixed64Field: "9223372036854775807",
  }],
  "takes numbers for 64 bits": [
    { int64Field: -5, uint64Field: 2 ** 53 },
    { int64Field: "-5", uint64Field: "9007199254740992" },
  ],
  "passes booleans": [{ boolField: true }],
  "passes strings": [{ stringField: "\0 ä 漢 \u{1f600} \r\n %" }],
  "passes bytes": [
    { bytesField: Uint8Array.of(0, 128, 255) },
    { bytesField: [0, 128, 255] },
  ],
  "passes enum values by name": [{ color: "COLOR_NEGATIVE", shape: "SHAPE_ROUND" }],
  "takes enum values by number": [{ color: 1, shape: 7 }, {
    color: "COLOR_RED",
    shape: "SHAPE_ROUND",
  }],
  "passes an enum value without a name as its number": [{ color: 42 }],
  "passes nested messages": [{
    tree: { name: "root", children: [leaf("a"), { name: "b", children: [leaf("c")] }] },
  }],
  "passes an empty nested message": [{ tree: {} }, { tree: leaf("") }],
  "passes lists": [{
    numbers: [0, -1, 2 ** 31 - 1],
    words: ["", "a"],
    colors: ["COLOR_RED", "COLOR_UNSPECIFIED", "COLOR_RED"],
  }],
  "passes maps": [{
    counts: { "": 0, a: 1, "__x y": -1 },
    names: { 0: "zero", "-9223372036854775808": "lowest", [`${2n ** 63n - 1n}`]: "highest" },
    trees: { true: leaf("yes"), false: leaf("no") },
  }],
  "tells which field of a oneof is set": [
    { chosenBytes: Uint8Array.of(1) },
    { chosenBytes: [1], choice: "chosenBytes" },
  ],
  "tells that a field of a oneof is set to its default": [
    { chosenText: "" },
    { chosenText: "", choice: "chosenText" },
  ],
  "passes a message in a oneof": [
    { chosenNode: { name: "a" } },
    { chosenNode: leaf("a"), choice: "chosenNode" },
  ],
  "tells that an optional field is set to its default": [{ maybe: 0 }, {
    maybe: 0,
    _maybe: "maybe",
  }],
};

for (const [title, [sent, received = sent]] of Object.entries(CASES)) {
  test(`service() ${title}`, async () => {
    let request: unknown;
    await using pair = await openPair([
      implement(MirrorService, {
        reflect(message) {
          request = message;
          return message;
        },
        nothing: () => ({}),
      }),
    ]);
    const mirror = await pair.client(MirrorService);
    const response = await mirror.reflect(sent);
    const expected = { ...DEFAULTS, ...received };
    deepStrictEqual(plain(request), expected);
    deepStrictEqual(plain(response), expected);
    for (const message of [request, response] as Fields[]) {
      ok(message.bytesField instanceof Uint8Array);
    }
  });
}

test("service() passes an empty message and drops what does not belong to a message", async () => {
  await using pair = await openPair([
    implement(MirrorService, {
      reflect: (request) => request,
      nothing: () => ({ unknown: 1 }),
    }),
  ]);
  const mirror = await pair.client(MirrorService);
  deepStrictEqual(await mirror.nothing({ stray: "a" }), {});
});

test("makeClient() rejects a request that cannot be written, and names the field", async () => {
  let reached = 0;
  await using pair = await openPair([
    implement(MirrorService, {
      reflect(request) {
        reached++;
        return request;
      },
      nothing: () => ({}),
    }),
  ]);
  const mirror = await pair.client(MirrorService);
  const { message } = await failsWith("INTERNAL", mirror.reflect({ tree: "no message" }));
  match(message, /tree/);
  await mirror.reflect({});
  strictEqual(reached, 1);
});

test("createServer() answers INTERNAL for a response that cannot be written", async () => {
  await using pair = await openPair([
    implement(MirrorService, {
      reflect: () => ({ tree: "no message" }),
      nothing: () => ({}),
    }),
  ]);
  const mirror = await pair.client(MirrorService);
  await failsWith("INTERNAL", mirror.reflect({}));
  deepStrictEqual(await mirror.nothing({}), {});
});
