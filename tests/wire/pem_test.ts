import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { decodePem, decodePemBlocks, encodePem } from "../../src/wire/pem.ts";
import { caught } from "./caught.ts";
import { GO_CERTIFICATE, GO_CERTIFICATE_PEM } from "./go_certificate.ts";
import { forSeeds } from "./random.ts";

test("encodePem() writes a certificate as Go does, to the byte", () => {
  strictEqual(encodePem("CERTIFICATE", GO_CERTIFICATE), GO_CERTIFICATE_PEM);
});

test("encodePem() writes padding, and a line break at the end", () => {
  strictEqual(
    encodePem("X Y", Uint8Array.of(0xfb)),
    "-----BEGIN X Y-----\n+w==\n-----END X Y-----\n",
  );
});

test("encodePem() writes no line for no bytes", () => {
  const pem = encodePem("X", new Uint8Array(0));
  strictEqual(pem, "-----BEGIN X-----\n-----END X-----\n");
  strictEqual(decodePem("X", pem).length, 0);
});

test("decodePem() reads what encodePem() wrote, in lines of up to 64 characters", () => {
  forSeeds(200, (random) => {
    const bytes = random.bytes(random.below(300));
    const pem = encodePem("X", bytes);
    const lines = pem.split("\n").slice(1, -2);
    ok(lines.slice(0, -1).every((line) => line.length === 64));
    strictEqual(lines.join(""), Buffer.from(bytes).toString("base64"));
    deepStrictEqual(decodePem("X", pem), bytes);
  });
});

const PEM = encodePem("X", ascii("foo"));

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

for (
  const [what, text] of [
    ["a block with CRLF line breaks", PEM.replaceAll("\n", "\r\n")],
    ["a block without a line break at the end", PEM.trimEnd()],
    ["a block between other text", `Bag\n${PEM}Bag`],
    ["a block behind one of another label", encodePem("Y", ascii("y")) + PEM],
    ["the first of two blocks", PEM + encodePem("X", ascii("second"))],
  ] as const
) {
  test(`decodePem() reads ${what}`, () => {
    deepStrictEqual(decodePem("X", text), ascii("foo"));
  });
}

for (
  const [what, text] of [
    ["an empty text", ""],
    ["base64 alone", "Zm9v"],
    ["another label", encodePem("Y", ascii("foo"))],
    ["a label that only begins alike", encodePem("X Y", ascii("foo"))],
    ["a block without its end", "-----BEGIN X-----\nZm9v\n"],
    ["an end of another label", "-----BEGIN X-----\nZm9v\n-----END Y-----\n"],
    ["characters outside base64", PEM.replace("Zm9v", "Zm9*")],
  ] as const
) {
  test(`decodePem() refuses ${what}`, () => {
    const error = caught(RangeError, () => decodePem("X", text));
    strictEqual(error.message, 'no PEM block "X"');
  });
}

for (const body of ["Z", "Zm9vZ", "Zm=9v", "Zg="]) {
  test(`decodePem() refuses "${body}", which is not base64`, () => {
    const error = caught(
      RangeError,
      () => decodePem("X", PEM.replace("Zm9v", body)),
    );
    strictEqual(error.message, 'PEM block "X" is not base64');
    ok(error.cause !== undefined);
  });
}

test("decodePemBlocks() reads every block with the label, and no other", () => {
  const [a, b] = [ascii("a"), ascii("b")];
  const pem = `${encodePem("X", a)}a comment\n${encodePem("Y", b)}${encodePem("X", b)}`;
  deepStrictEqual(decodePemBlocks("X", pem).map((bytes) => [...bytes]), [[...a], [...b]]);
  deepStrictEqual([...decodePem("X", pem)], [...a]);
});

test("decodePemBlocks() throws if there is none, or if one is not base64", () => {
  caught(RangeError, () => decodePemBlocks("X", encodePem("Y", ascii("a"))));
  const broken = `${PEM}-----BEGIN X-----\nA\n-----END X-----\n`;
  caught(RangeError, () => decodePemBlocks("X", broken));
  strictEqual(decodePem("X", broken).length, 3);
});
