import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  ascii,
  bitString,
  element,
  objectIdentifier,
  printableString,
  readElements,
  sequence,
  TAG,
  time,
  unsignedInteger,
} from "../../src/wire/der.ts";
import { caught } from "./caught.ts";
import { forSeeds } from "./random.ts";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

const { sequence: SEQUENCE, octetString: OCTETS } = TAG;

for (
  const [what, bytes, expected] of [
    ["element() writes an empty one", element(OCTETS), "0400"],
    [
      "element() joins its contents",
      element(OCTETS, fromHex("01"), fromHex("0203")),
      "0403010203",
    ],
    [
      "sequence() writes one element in another",
      sequence(sequence()),
      "30023000",
    ],
    ["printableString() writes ASCII", printableString("Ab "), "1303416220"],
    [
      "bitString() counts the unused bits",
      bitString(fromHex("ac"), 2),
      "030202ac",
    ],
    [
      "bitString() writes whole bytes",
      bitString(fromHex("ac01")),
      "030300ac01",
    ],
    ["unsignedInteger() writes zero", unsignedInteger(fromHex("00")), "020100"],
    [
      "unsignedInteger() takes no bytes for zero",
      unsignedInteger(fromHex("")),
      "020100",
    ],
    ["unsignedInteger() writes 127", unsignedInteger(fromHex("7f")), "02017f"],
    [
      "unsignedInteger() keeps 128 positive",
      unsignedInteger(fromHex("80")),
      "02020080",
    ],
    [
      "unsignedInteger() writes 256",
      unsignedInteger(fromHex("0100")),
      "02020100",
    ],
    [
      "unsignedInteger() drops leading zeros",
      unsignedInteger(fromHex("00000001")),
      "020101",
    ],
    [
      "unsignedInteger() keeps the zero that is needed",
      unsignedInteger(fromHex("0000ff")),
      "020200ff",
    ],
    // X.690, 8.19.5.
    [
      "objectIdentifier() writes 2.100.3",
      objectIdentifier("2.100.3"),
      "0603813403",
    ],
    [
      "objectIdentifier() writes 1.2.840.113549",
      objectIdentifier("1.2.840.113549"),
      "06062a864886f70d",
    ],
    [
      "objectIdentifier() writes 2.5.29.17",
      objectIdentifier("2.5.29.17"),
      "0603551d11",
    ],
    [
      "objectIdentifier() writes 1.2.840.10045.4.3.4",
      objectIdentifier("1.2.840.10045.4.3.4"),
      "06082a8648ce3d040304",
    ],
  ] as const
) {
  test(what, () => strictEqual(hex(bytes), expected));
}

for (
  const [moment, tag, digits] of [
    ["1950-01-01T00:00:00.000Z", TAG.utcTime, "500101000000Z"],
    ["1999-12-31T23:59:59.999Z", TAG.utcTime, "991231235959Z"],
    ["2026-11-22T01:02:03.004Z", TAG.utcTime, "261122010203Z"],
    ["2049-12-31T23:59:59.999Z", TAG.utcTime, "491231235959Z"],
    ["2050-01-01T00:00:00.000Z", TAG.generalizedTime, "20500101000000Z"],
    ["9999-12-31T23:59:59.000Z", TAG.generalizedTime, "99991231235959Z"],
  ] as const
) {
  test(`time() writes ${moment} as ${digits}`, () => {
    deepStrictEqual(time(new Date(moment)), element(tag, ascii(digits)));
  });
}

for (
  const [length, header] of [
    [0, "0400"],
    [1, "0401"],
    [127, "047f"],
    [128, "048180"],
    [255, "0481ff"],
    [256, "04820100"],
    [65_535, "0482ffff"],
    [65_536, "0483010000"],
  ] as const
) {
  test(`element() and readElements() agree on contents of ${length} bytes`, () => {
    forSeeds(3, (random) => {
      const contents = random.bytes(length);
      const bytes = element(OCTETS, contents);
      strictEqual(hex(bytes), header + hex(contents));
      deepStrictEqual(readElements(bytes), [{ tag: OCTETS, contents }]);
    });
  });
}

test("readElements() reads what element() wrote, side by side and nested", () => {
  forSeeds(200, (random) => {
    const parts = Array.from({ length: random.below(6) }, () => ({
      tag: random.pick(Object.values(TAG)) as number,
      contents: random.bytes(random.pick([0, 1, 126, 127, 128, 129, 255, 256])),
    }));
    const bytes = parts.map(({ tag, contents }) => element(tag, contents));
    const [outer] = readElements(sequence(...bytes));
    strictEqual(outer?.tag, SEQUENCE);
    deepStrictEqual(readElements(outer.contents), parts);
  });
});

test("readElements() reads back unsigned integers", () => {
  forSeeds(200, (random) => {
    const bytes = random.bytes(1 + random.below(70));
    const [integer] = readElements(unsignedInteger(bytes));
    strictEqual(integer?.tag, TAG.integer);
    strictEqual(
      BigInt.asIntN(600, BigInt(`0x${hex(integer.contents)}`)),
      BigInt(`0x${hex(bytes)}`),
    );
    strictEqual((integer.contents[0] as number) < 0x80, true);
  });
});

test("readElements() finds nothing in no bytes", () => {
  deepStrictEqual(readElements(new Uint8Array(0)), []);
});

test("readElements() refuses an element cut off anywhere", () => {
  for (const length of [1, 127, 128, 256]) {
    const bytes = element(OCTETS, new Uint8Array(length));
    for (let end = 1; end < bytes.length; end++) {
      const error = caught(
        RangeError,
        () => readElements(bytes.subarray(0, end)),
      );
      match(error.message, /DER element cut off at byte 0/);
    }
  }
});

test("readElements() says where the element is that is cut off", () => {
  const cut = () => readElements(fromHex("0401aa 0402aa"));
  match(caught(RangeError, cut).message, /cut off at byte 3/);
});

for (
  const [what, bytes] of [
    ["an indefinite length", "3080 0000"],
    ["a length of five bytes", "0485 0000000001 00"],
    ["a length of 127 bytes", "04ff 01"],
    ["a long form that the short form could hold", "048101 00"],
    ["a leading zero in the length", `04820080 ${"00".repeat(128)}`],
  ] as const
) {
  test(`readElements() refuses ${what}, which is not DER`, () => {
    const read = () => readElements(fromHex(bytes));
    match(caught(RangeError, read).message, /DER length.* at byte 0/);
  });
}

test("readElements() refuses a length far beyond the bytes", () => {
  const read = () => readElements(fromHex("0484ffffffff 00"));
  match(caught(RangeError, read).message, /cut off/);
});
