import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { forSeeds, type Random } from "../wire/random.ts";
import { type Fields, ourCodec, plain, theirCodec } from "./codecs.ts";

const ours = ourCodec(descriptor, "everything.Mirror");
const theirs = theirCodec(descriptor, "everything.Mirror");

/** Characters of every length, and a name that objects take for something else. */
const LETTERS = ["a", "b", "\0", '"', "é", "漢", "😀", "\n", "__proto__"];
const COLORS = ["COLOR_UNSPECIFIED", "COLOR_RED", "COLOR_NEGATIVE", 7, -7];

/** An integer of up to so many bits, of any length. */
function integer(random: Random, bits: number, isSigned: boolean): bigint {
  const value = BigInt.asUintN(
    1 + random.below(bits),
    BigInt(`0x${random.text("0123456789abcdef", 16)}`),
  );
  return isSigned ? BigInt.asIntN(bits, random.below(2) === 0 ? value : -value) : value;
}

function text(random: Random, length: number): string {
  return Array.from({ length }, () => random.pick(LETTERS)).join("");
}

function float(random: Random): number {
  const view = new DataView(random.bytes(8).buffer);
  return random.pick([view.getFloat32(0), 0, -0, 1.5, Infinity, -Infinity]);
}

function list<T>(random: Random, make: () => T): T[] {
  return Array.from({ length: random.below(20) }, make);
}

function node(random: Random, depth = 0): Fields {
  const children = depth > 3 ? [] : Array.from(
    { length: random.below(3) },
    () => node(random, depth + 1),
  );
  return { name: text(random, random.below(30)), children };
}

function map(random: Random, key: () => unknown, value: () => unknown): Fields {
  return Object.fromEntries(list(random, () => [String(key()), value()]));
}

/** Makes a value for each field; a message has some of them. */
const FIELDS: Readonly<Record<string, (random: Random) => unknown>> = {
  doubleField: (random) => new DataView(random.bytes(8).buffer).getFloat64(0),
  floatField: float,
  int32Field: (random) => Number(integer(random, 32, true)),
  int64Field: (random) => String(integer(random, 64, true)),
  uint32Field: (random) => Number(integer(random, 32, false)),
  uint64Field: (random) => String(integer(random, 64, false)),
  sint32Field: (random) => Number(integer(random, 32, true)),
  sint64Field: (random) => String(integer(random, 64, true)),
  fixed32Field: (random) => Number(integer(random, 32, false)),
  fixed64Field: (random) => String(integer(random, 64, false)),
  sfixed32Field: (random) => Number(integer(random, 32, true)),
  sfixed64Field: (random) => String(integer(random, 64, true)),
  boolField: (random) => random.below(2) === 0,
  stringField: (random) => text(random, random.below(200)),
  bytesField: (random) => random.bytes(random.below(200)),
  color: (random) => random.pick(COLORS),
  shape: (random) => random.pick(["SHAPE_UNSPECIFIED", "SHAPE_ROUND", 3]),
  tree: node,
  numbers: (random) => list(random, () => Number(integer(random, 32, true))),
  words: (random) => list(random, () => text(random, random.below(5))),
  colors: (random) => list(random, () => random.pick(COLORS)),
  counts: (random) => map(random, () => text(random, 3), () => Number(integer(random, 32, true))),
  names: (random) =>
    map(random, () => integer(random, 64, true), () => text(random, random.below(5))),
  trees: (random) => map(random, () => random.below(2) === 0, () => node(random)),
  maybe: (random) => Number(integer(random, 32, true)),
  chosenText: (random) => text(random, random.below(5)),
  chosenBytes: (random) => random.bytes(random.below(5)),
  chosenNode: node,
};
const CHOICE = ["chosenText", "chosenBytes", "chosenNode"];

/** Some fields, and what a program finds in them that reads the message. */
function someFields(random: Random): { sent: Fields; read: Fields } {
  const sent: Fields = {};
  const chosen = random.pick(CHOICE);
  for (const [name, make] of Object.entries(FIELDS)) {
    if (random.below(2) === 0 || (CHOICE.includes(name) && name !== chosen)) continue;
    sent[name] = make(random);
  }
  const read = { ...ours.decode(new Uint8Array()), ...sent };
  if (sent[chosen] !== undefined) read["choice"] = chosen;
  if (sent["maybe"] !== undefined) read["_maybe"] = "maybe";
  return { sent, read };
}

/** What protobuf.js reads right: it has no keys of 64 bits. */
function withoutNames({ names: _, ...message }: Fields): unknown {
  return plain(message);
}

/** What protobuf.js writes right: of the keys that are bool, all become true. */
function withoutFalse(message: Fields): Fields {
  const { false: _, ...trees } = (message["trees"] ?? {}) as Fields;
  return message["trees"] === undefined ? message : { ...message, trees };
}

test("MessageType reads an empty message as proto-loader does", () => {
  deepStrictEqual(plain(ours.decode(new Uint8Array())), plain(theirs.decode(new Uint8Array())));
  deepStrictEqual(
    Object.keys(ours.decode(new Uint8Array())),
    Object.keys(theirs.decode(new Uint8Array())),
  );
});

test("MessageType reads what it wrote", () => {
  forSeeds(300, (random) => {
    const { sent, read } = someFields(random);
    const back = ours.decode(ours.encode(sent));
    deepStrictEqual(plain(back), plain(read));
    // And what it read can be written as it is.
    deepStrictEqual(plain(ours.decode(ours.encode(back))), plain(read));
  });
});

test("proto-loader reads what MessageType.encode() wrote", () => {
  forSeeds(300, (random) => {
    const { sent, read } = someFields(random);
    deepStrictEqual(withoutNames(theirs.decode(ours.encode(sent))), withoutNames(read));
  });
});

test("MessageType.decode() reads what proto-loader wrote", () => {
  forSeeds(300, (random) => {
    const { sent, read } = someFields(random);
    const bytes = theirs.encode(withoutFalse(sent));
    deepStrictEqual(plain(ours.decode(bytes)), plain(withoutFalse(read)));
  });
});

test("MessageType.decode() gives every message lists, maps and bytes of its own", () => {
  const [one, other] = [ours.decode(new Uint8Array()), ours.decode(new Uint8Array())];
  for (const name of ["bytesField", "numbers", "counts"]) {
    strictEqual(one[name] === other[name], false, name);
  }
  const bytes = ours.encode({ trees: { true: {} } });
  const [first, second] = [ours.decode(bytes), ours.decode(bytes)];
  deepStrictEqual(first, second);
  strictEqual((first["trees"] as Fields)["true"] === (second["trees"] as Fields)["true"], false);
});
