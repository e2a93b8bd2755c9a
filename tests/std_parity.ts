/**
 * Compares our base64 with @std/encoding. Not named `*_test.ts`: it needs JSR,
 * which `deno task test` does without.
 *
 *     deno task test:jsr
 */
import { assertEquals, assertThrows } from "@std/assert";
import { decodeBase64, encodeBase64 } from "@std/encoding";
import { decodeRawBase64, encodeRawBase64 } from "../src/wire/base64.ts";

Deno.test("base64 without padding is @std's less its padding, of 0 to 300 bytes", () => {
  for (let length = 0; length <= 300; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    const padded = encodeBase64(bytes);
    assertEquals(encodeRawBase64(bytes), padded.replace(/=+$/, ""));
    assertEquals(decodeRawBase64(encodeRawBase64(bytes)), decodeBase64(padded));
  }
});

Deno.test("base64 without padding refuses what @std takes: padding", () => {
  assertEquals(decodeBase64("AQ=="), Uint8Array.of(1));
  assertThrows(() => decodeRawBase64("AQ=="), RangeError);
});
