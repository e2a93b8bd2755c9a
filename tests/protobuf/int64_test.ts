import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { formatInt64, formatUint64, type Halves, splitInt64 } from "../../src/protobuf/int64.ts";
import { forSeeds, type Random } from "../wire/random.ts";

function split(value: unknown, isUnsigned = false): bigint | undefined {
  const halves: Halves = { low: 0, high: 0 };
  if (!splitInt64(value, isUnsigned, halves)) return undefined;
  return BigInt(halves.high) << 32n | BigInt(halves.low);
}

/** Numbers of every length, and those beside the powers of two. */
function someInt64(random: Random): bigint {
  const bits = BigInt(random.below(65));
  const near = BigInt(random.below(5) - 2);
  const value = random.below(2) === 0
    ? (1n << bits) + near
    : BigInt.asUintN(Number(bits), BigInt(`0x${random.text("0123456789abcdef", 16)}`));
  return BigInt.asUintN(64, value);
}

test("formatUint64() and formatInt64() write every number as BigInt does", () => {
  forSeeds(2000, (random) => {
    const value = someInt64(random);
    const [low, high] = [Number(value & 0xffffffffn), Number(value >> 32n)];
    strictEqual(formatUint64(low, high), String(value));
    strictEqual(formatInt64(low, high), String(BigInt.asIntN(64, value)));
  });
});

test("splitInt64() reads what they write, as text and as bigint", () => {
  forSeeds(2000, (random) => {
    const value = someInt64(random);
    const signed = BigInt.asIntN(64, value);
    for (const given of [value, signed]) {
      strictEqual(split(given), value);
      strictEqual(split(String(given)), value);
    }
    strictEqual(
      split({ low: Number(value & 0xffffffffn) | 0, high: Number(value >> 32n) | 0 }),
      value,
    );
    if (Number.isSafeInteger(Number(signed))) strictEqual(split(Number(signed)), value);
  });
});

test("splitInt64() takes numbers towards zero and keeps them within the bounds", () => {
  for (
    const [given, isUnsigned, expected] of [
      [1.9, false, 1n],
      [-1.9, false, -1n],
      [-0.5, false, 0n],
      [NaN, false, 0n],
      [2 ** 63, false, 2n ** 63n - 1n],
      [-(2 ** 63), false, -(2n ** 63n)],
      [-Infinity, false, -(2n ** 63n)],
      [-1, true, 0n],
      [2 ** 63, true, 2n ** 63n],
      [Infinity, true, 2n ** 64n - 1n],
      [2 ** 53 + 2, true, 2n ** 53n + 2n],
      [-(2 ** 53) - 2, false, -(2n ** 53n) - 2n],
    ] as const
  ) strictEqual(split(given, isUnsigned), BigInt.asUintN(64, expected), String(given));
});

test("splitInt64() takes signs and leading zeros, and cuts what is too long", () => {
  strictEqual(split("+7"), 7n);
  strictEqual(split("-0"), 0n);
  strictEqual(split("000000000000000000000000000042"), 42n);
  strictEqual(split("18446744073709551617"), 1n);
  strictEqual(split(2n ** 64n + 5n), 5n);
});

test("splitInt64() refuses what is no integer", () => {
  const refused = ["", "-", "1.5", "0x10", "1e3", " 1", "1 ", "a", true, undefined, null, {}, []];
  deepStrictEqual(refused.map((value) => split(value)), refused.map(() => undefined));
});
