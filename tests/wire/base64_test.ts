import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { decodeRawBase64, encodeRawBase64 } from "../../src/wire/base64.ts";
import { caught } from "./caught.ts";
import { forSeeds } from "./random.ts";

// RFC 4648, section 10, without its padding.
const VECTORS = [
  ["", ""],
  ["f", "Zg"],
  ["fo", "Zm8"],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg"],
  ["fooba", "Zm9vYmE"],
  ["foobar", "Zm9vYmFy"],
] as const;

for (const [plain, encoded] of VECTORS) {
  test(`encodeRawBase64() encodes "${plain}" without padding`, () => {
    strictEqual(encodeRawBase64(Buffer.from(plain)), encoded);
  });

  test(`decodeRawBase64() decodes "${encoded}"`, () => {
    strictEqual(Buffer.from(decodeRawBase64(encoded)).toString(), plain);
  });
}

test("encodeRawBase64() uses + and / of the standard alphabet", () => {
  strictEqual(encodeRawBase64(Uint8Array.of(0xfb, 0xef, 0xff)), "++//");
});

test("encodeRawBase64() and decodeRawBase64() agree with Buffer on random bytes", () => {
  forSeeds(200, (random) => {
    const bytes = random.bytes(random.below(2000));
    const encoded = Buffer.from(bytes).toString("base64").replaceAll("=", "");
    strictEqual(encodeRawBase64(bytes), encoded);
    deepStrictEqual(decodeRawBase64(encoded), bytes);
  });
});

test("decodeRawBase64() skips carriage returns and line feeds", () => {
  deepStrictEqual(
    decodeRawBase64("\nZm9v\r\nYm\nFy\r\n"),
    Uint8Array.from(Buffer.from("foobar")),
  );
});

test("decodeRawBase64() does not mind bits left over at the end, as Go", () => {
  deepStrictEqual(decodeRawBase64("YR"), Uint8Array.of(0x61));
});

// The indexes are those of Go 1.26, base64.RawStdEncoding.DecodeString.
for (
  const [text, index, what] of [
    ["AA==", 2, "padding"],
    ["AA=A", 2, "padding in the middle"],
    ["AA-_", 2, "the URL alphabet"],
    ["AAA_", 3, "an underscore"],
    ["ab cd", 2, "a blank"],
    ["AAA\n*", 4, "a stray character behind a line feed"],
    ["é", 0, "a letter that is not ASCII"],
    ["A", 0, "a single character"],
    ["AAAAA", 4, "a single character behind whole groups"],
    ["AAAAA\n", 5, "a single character before a line feed"],
  ] as const
) {
  test(`decodeRawBase64() refuses ${what}: ${JSON.stringify(text)}`, () => {
    strictEqual(
      caught(RangeError, () => decodeRawBase64(text)).message,
      `illegal base64 data at input byte ${index}`,
    );
  });
}
