import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { forSeeds, type Random } from "../wire/random.ts";
import { bothCodecs, type Codec, describe, type Fields, ourCodec, plain, unhex } from "./codecs.ts";

/** What reading throws; undefined if it throws nothing. */
function failure(codec: Codec, bytes: Uint8Array): Error | undefined {
  try {
    codec.decode(bytes);
    return undefined;
  } catch (error) {
    ok(error instanceof RangeError, String(error));
    return error;
  }
}

const FIELDS = {
  number: { type: "uint32", id: 1 },
  text: { type: "string", id: 2 },
  data: { type: "bytes", id: 3 },
  child: { type: "T", id: 4 },
  list: { rule: "repeated", type: "fixed32", id: 5 },
  map: { keyType: "string", type: "T", id: 6 },
  long: { type: "int64", id: 7 },
};
const [ours, theirs] = bothCodecs(FIELDS);

const BROKEN: Readonly<Record<string, readonly [bytes: string, message: RegExp]>> = {
  "a varint without an end": ["08 ff", /ends within a field/],
  "a tag without a value": ["08", /ends within a field/],
  "a tag without an end": ["88", /ends within a field/],
  "a varint of eleven bytes": ["38 ff ff ff ff ff ff ff ff ff ff 01", /more than 10 bytes/],
  "a text that is too short": ["12 05 61 62", /ends within a field/],
  "bytes that are too short": ["1a 80 80 80 80 08 00", /ends within a field/],
  "a length beyond all bounds": ["1a ff ff ff ff ff ff ff ff ff 01 00", /ends within a field/],
  "a message that is too short": ["22 05 08 01", /ends within a field/],
  "a field that goes beyond its message": ["22 02 12 02 61 62", /ends within a field/],
  "a varint that goes beyond its message": ["22 02 08 80 01", /ends within a field/],
  "half a number in a packed list": ["2a 06 01 00 00 00 02 00", /ends within a field/],
  "a key that goes beyond its entry": ["32 02 0a 05 61 62 63 64 65", /ends within a field/],
  "an unknown fixed64 that is too short": ["41 00 00", /ends within a field/],
  "an unknown fixed32 that is too short": ["45 00 00", /ends within a field/],
  "a group without an end": ["43 08 01", /ends within a field/],
  "a group that ends with another number": ["43 4c 44", /group 9 ends/],
  "an end without a group": ["44", /group 8 ends/],
  "the wire type 6": ["46", /wire type 6/],
  "the wire type 7": ["47", /wire type 7/],
  "the field number 0": ["00 01", /no field has the number 0/],
  "a field number of more than 29 bits": ["88 80 80 80 10 01", /no field has the number/],
};

for (const [title, [bytes, message]] of Object.entries(BROKEN)) {
  test(`MessageType.decode() refuses ${title}`, () => {
    match(failure(ours, unhex(bytes))?.message ?? "", message);
  });
}

/** A message in a message, so many times. */
function nested(depth: number, tag = "22"): Uint8Array {
  let bytes: number[] = [];
  for (let level = 0; level < depth; level++) {
    const length = bytes.length < 128
      ? [bytes.length]
      : [bytes.length & 127 | 128, bytes.length >> 7];
    bytes = [...unhex(tag), ...length, ...bytes];
  }
  return Uint8Array.from(bytes);
}

test("MessageType.decode() goes 100 messages deep and no deeper, as proto-loader", () => {
  for (const codec of [ours, theirs]) codec.decode(nested(100));
  match(failure(ours, nested(101))?.message ?? "", /nested more than 100 deep/);
  const groups = (depth: number) =>
    Uint8Array.from({ length: depth * 2 }, (_, at) => at < depth ? 0x43 : 0x44);
  strictEqual(failure(ours, groups(100)), undefined);
  match(failure(ours, groups(101))?.message ?? "", /nested more than 100 deep/);
  match(failure(ours, groups(1_000_000))?.message ?? "", /nested more than 100 deep/);
});

test("MessageType.encode() goes 100 messages deep and no deeper, as proto-loader", () => {
  const message = (depth: number): Fields => {
    const innermost: Fields = {};
    let whole = innermost;
    for (let level = 0; level < depth; level++) whole = { child: whole };
    return whole;
  };
  for (const codec of [ours, theirs]) codec.decode(codec.encode(message(100)));
  const circle: Fields = {};
  circle["child"] = circle;
  for (const given of [message(101), circle]) {
    let error: unknown;
    try {
      ours.encode(given);
    } catch (thrown) {
      error = thrown;
    }
    ok(error instanceof RangeError);
    match(error.message, /nested more than 100 deep/);
  }
});

function someMessage(random: Random, depth = 0): Fields {
  const text = () => random.text("abcé", random.below(30));
  return {
    number: random.below(2 ** 32),
    text: text(),
    data: random.bytes(random.below(30)),
    child: depth < 3 && random.below(2) === 0 ? someMessage(random, depth + 1) : null,
    list: Array.from({ length: random.below(4) }, () => random.below(2 ** 32)),
    map: depth < 3 ? { [text()]: someMessage(random, depth + 1) } : {},
    long: String(random.below(2 ** 32)),
  };
}

/** Where the fields of a message end; all of them are varints or have their length in front. */
function fieldEnds(bytes: Uint8Array): Set<number> {
  const ends = new Set([0]);
  for (let at = 0; at < bytes.length; ends.add(at)) {
    const varint = () => {
      let value = 0;
      for (let scale = 1;; scale *= 128) {
        const byte = bytes[at++] ?? 0;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    };
    const wireType = varint() & 7;
    const value = varint();
    if (wireType === 2) at += value;
  }
  return ends;
}

test("MessageType.decode() refuses every message that is cut within a field, and no other", () => {
  forSeeds(60, (random) => {
    const bytes = ours.encode(someMessage(random));
    const ends = fieldEnds(bytes);
    for (let length = 0; length < bytes.length; length++) {
      const part = bytes.slice(0, length);
      const error = failure(ours, part);
      strictEqual(error === undefined, ends.has(length), `${length}: ${error?.message}`);
      if (error === undefined) {
        deepStrictEqual(plain(ours.decode(part)), plain(theirs.decode(part)));
      }
    }
  });
});

/** Changes a few bytes, or takes some away, or adds some. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const mutated = [...bytes];
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(mutated.length + 1);
    const kind = random.below(4);
    if (kind === 0) mutated.splice(at, 1 + random.below(3));
    else if (kind === 1) mutated.splice(at, 0, ...random.bytes(1 + random.below(3)));
    else if (kind === 2) mutated[at] = random.below(256);
    else mutated[at] = (mutated[at] ?? 0) ^ 1 << random.below(8);
  }
  return Uint8Array.from(mutated);
}

test("MessageType.decode() takes mutated bytes for a message, or refuses them", () => {
  const everything = ourCodec(descriptor, "everything.Mirror");
  let taken = 0;
  forSeeds(3000, (random) => {
    const codec = random.pick([ours, everything]);
    const bytes = mutate(ours.encode(someMessage(random)), random);
    if (failure(codec, bytes) !== undefined) return;
    taken++;
    // What was understood can be said again.
    const message = codec.decode(bytes);
    deepStrictEqual(plain(codec.decode(codec.encode(message))), plain(message));
  });
  ok(taken > 100, `${taken} of the messages were taken`);
});

test("MessageType.decode() reads mutated values as proto-loader does", () => {
  // Without bytes that only one of them refuses: the tags and lengths are right.
  const scalars = [
    "int32",
    "uint32",
    "sint32",
    "int64",
    "uint64",
    "sint64",
    "fixed32",
    "sfixed32",
    "fixed64",
    "sfixed64",
    "float",
    "double",
    "bool",
  ];
  const [mine, other] = bothCodecs(
    Object.fromEntries(
      scalars.map((type, index) => [type, { rule: "repeated", type, id: index + 1 }]),
    ),
  );
  forSeeds(1000, (random) => {
    const parts = Array.from({ length: 5 }, () => {
      const id = 1 + random.below(scalars.length);
      const type = scalars[id - 1] ?? "";
      const width = /fixed64|double/.test(type) ? 8 : /fixed32|float/.test(type) ? 4 : 0;
      // protobuf.js steps wrongly over varints of six to nine bytes where it wants 32 bits.
      const isShort = /32|bool/.test(type);
      const length = isShort ? random.pick([1, 2, 3, 4, 5, 10]) : 1 + random.below(10);
      const value = width > 0
        ? random.bytes(width)
        : random.bytes(length).map((byte, at) => at < length - 1 ? byte | 128 : byte & 127);
      return [id << 3 | 2, value.length, ...value];
    });
    const bytes = Uint8Array.from(parts.flat());
    const isBool = (message: Fields) => ({ ...message, bool: undefined });
    // Of a bool protobuf.js looks at 32 bits only.
    deepStrictEqual(isBool(mine.decode(bytes)), isBool(other.decode(bytes)));
  });
});

test("MessageType.decode() skips a field of another wire type than declared", () => {
  const codec = ourCodec(describe({ a: { type: "int32", id: 1 }, b: { type: "T", id: 2 } }), "t.S");
  for (
    const bytes of ["0d 01 02 03 04", "09 01 02 03 04 05 06 07 08", "0a 01 07", "10 05", "0b 0c"]
  ) {
    deepStrictEqual(codec.decode(unhex(bytes)), { a: 0, b: null }, bytes);
    deepStrictEqual(codec.decode(unhex(`${bytes} 08 05`)), { a: 5, b: null }, bytes);
  }
});
