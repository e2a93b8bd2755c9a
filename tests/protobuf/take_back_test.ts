/** Memory of written messages that is used again. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { makeServiceType, type MethodType } from "../../src/protobuf/service_type.ts";
import { describe } from "./codecs.ts";

const [method] = makeServiceType(
  describe({ a: { type: "bytes", id: 1 } }),
  "t.S",
).methods as [MethodType];

function write(length: number, value: number): Uint8Array {
  return method.requestSerialize({ a: new Uint8Array(length).fill(value) });
}

function read(bytes: Uint8Array): Uint8Array {
  return (method.requestDeserialize(Uint8Array.from(bytes)) as { a: Uint8Array }).a;
}

test("MethodType.takeBack() has the next small message written where the last one was", () => {
  const first = write(100, 1);
  method.takeBack?.(first);
  const second = write(100, 2);
  strictEqual(second.buffer, first.buffer);
  strictEqual(second.byteOffset, first.byteOffset);
  deepStrictEqual(read(second), new Uint8Array(100).fill(2));
});

test("MethodType.takeBack() spares what was written since", () => {
  const first = write(100, 1);
  const second = write(100, 2);
  method.takeBack?.(first);
  const third = write(150, 3);
  deepStrictEqual(read(second), new Uint8Array(100).fill(2));
  deepStrictEqual(read(third), new Uint8Array(150).fill(3));
});

test("MethodType.takeBack() has memory of large messages used again, by one message each", () => {
  const first = write(200_000, 1);
  const second = write(200_000, 2);
  notStrictEqual(first.buffer, second.buffer);
  method.takeBack?.(first);
  const third = write(100_000, 3);
  strictEqual(third.buffer, first.buffer);
  const fourth = write(200_000, 4);
  notStrictEqual(fourth.buffer, third.buffer);
  deepStrictEqual(read(second), new Uint8Array(200_000).fill(2));
  deepStrictEqual(read(third), new Uint8Array(100_000).fill(3));
  deepStrictEqual(read(fourth), new Uint8Array(200_000).fill(4));
});

test("MethodType.takeBack() keeps little memory, and none that is very large", () => {
  const large = write(3_000_000, 1);
  method.takeBack?.(large);
  notStrictEqual(write(3_000_000, 2).buffer, large.buffer);
  const some = Array.from({ length: 10 }, (_, value) => write(100_000, value));
  for (const bytes of some) method.takeBack?.(bytes);
  const known = new Set(some.map(({ buffer }) => buffer));
  const again = some.map((_, value) => write(100_000, value).buffer).filter((it) => known.has(it));
  ok(again.length > 0 && again.length <= 4, `${again.length} of 10 were kept`);
});

test("MethodType.takeBack() is not in copies of a method, which may hold on to what they wrote", () => {
  strictEqual(typeof method.takeBack, "function");
  strictEqual({ ...method }.takeBack, undefined);
});
