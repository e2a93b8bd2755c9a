import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { STATUS_CODES } from "../../src/errors.ts";
import { MessageReader } from "../../src/grpc/message_reader.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { Random } from "../wire/random.ts";

const runtime = await loadRuntime();

function frame(message: Uint8Array, flag = 0): Uint8Array {
  const bytes = new Uint8Array(5 + message.length);
  bytes[0] = flag;
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function recorder(maxReceiveBytes = Infinity) {
  const messages: Uint8Array[] = [];
  const faults: [number, string][] = [];
  const reader = new MessageReader({
    message: (bytes) => messages.push(new Uint8Array(bytes)),
    fault: (code, details) => faults.push([code, details]),
  }, { maxReceiveBytes, gunzip: (bytes, maxBytes) => runtime.gunzip(bytes, maxBytes) });
  const push = (bytes: Uint8Array) => reader.push(bytes, 0, bytes.length);
  return { reader, messages, faults, push };
}

const THREE = [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7)];

test("MessageReader reads messages cut at every place", () => {
  const all = join(THREE.map((message) => frame(message)));
  for (let cut = 0; cut <= all.length; cut++) {
    const { reader, messages, faults, push } = recorder();
    push(all.subarray(0, cut));
    push(all.subarray(cut));
    deepStrictEqual([messages, faults, reader.isPartial], [THREE, [], false]);
  }
});

test("MessageReader reads messages that come byte by byte", () => {
  const { reader, messages, push } = recorder();
  const all = join(THREE.map((message) => frame(message)));
  for (let at = 0; at < all.length; at++) push(all.subarray(at, at + 1));
  deepStrictEqual(messages, THREE);
  strictEqual(reader.isPartial, false);
});

test("MessageReader reads random messages in random pieces", () => {
  const random = new Random(2);
  for (let round = 0; round < 100; round++) {
    const sent = Array.from(
      { length: random.below(8) },
      () => random.bytes(random.below(random.pick([2, 40, 5000]))),
    );
    const all = join(sent.map((message) => frame(message)));
    const { messages, push } = recorder();
    for (let at = 0; at < all.length;) {
      const end = Math.min(all.length, at + 1 + random.below(random.pick([3, 300, 3000])));
      push(all.subarray(at, end));
      at = end;
    }
    deepStrictEqual(messages, sent);
  }
});

test("MessageReader says when the bytes end within a message", () => {
  const { reader, push } = recorder();
  for (const part of [[0], [0, 0, 0], [4], [1, 2, 3]]) {
    push(Uint8Array.from(part));
    strictEqual(reader.isPartial, true);
  }
  push(Uint8Array.of(4));
  strictEqual(reader.isPartial, false);
});

test("MessageReader sets no memory aside for a length that is only claimed", () => {
  const { messages, push, reader } = recorder();
  push(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff));
  push(new Uint8Array(1000));
  strictEqual(messages.length, 0);
  strictEqual(reader.isPartial, true);
});

test("MessageReader puts a message together that is larger than what it trusts", () => {
  const { messages, push } = recorder();
  const size = 40 * 1024 * 1024;
  const piece = new Uint8Array(1024 * 1024);
  push(frame(new Uint8Array(size)).subarray(0, 5));
  for (let i = 0; i < 40; i++) push(piece.fill(i));
  strictEqual(messages.length, 1);
  const [message] = messages as [Uint8Array];
  strictEqual(message.length, size);
  for (let i = 0; i < 40; i++) strictEqual(message[i * piece.length + 5], i);
});

test("MessageReader refuses a message over the limit, and reads no further", () => {
  const { messages, faults, push } = recorder(100);
  push(frame(new Uint8Array(100)));
  push(frame(new Uint8Array(101)));
  push(frame(new Uint8Array(1)));
  strictEqual(messages.length, 1);
  deepStrictEqual(faults, [
    [STATUS_CODES.RESOURCE_EXHAUSTED, "received message larger than max (101 vs. 100)"],
  ]);
});

test("MessageReader refuses flags that it does not know", () => {
  const { faults, push } = recorder();
  push(frame(new Uint8Array(1), 2));
  deepStrictEqual(faults, [[STATUS_CODES.INTERNAL, "A message has the unknown flags 2"]]);
});

test("MessageReader undoes gzip", () => {
  const { reader, messages, faults, push } = recorder();
  reader.encoding = "gzip";
  const text = new Uint8Array(10_000).fill(65);
  push(join([frame(gzipSync(text), 1), frame(text), frame(gzipSync(new Uint8Array(0)), 1)]));
  deepStrictEqual([messages, faults], [[text, text, new Uint8Array(0)], []]);
});

for (
  const [what, encoding, bytes, code, details] of [
    [
      "an encoding that was not named",
      "identity",
      gzipSync("a"),
      STATUS_CODES.INTERNAL,
      /no encod/,
    ],
    ["an encoding of another kind", "zstd", gzipSync("a"), STATUS_CODES.UNIMPLEMENTED, /"zstd"/],
    ["gzip that is none", "gzip", Uint8Array.of(1, 2), STATUS_CODES.INTERNAL, /cannot be read/],
    [
      "gzip that makes more than the limit",
      "gzip",
      gzipSync(new Uint8Array(100_000)),
      STATUS_CODES.RESOURCE_EXHAUSTED,
      /cannot be read/,
    ],
  ] as const
) {
  test(`MessageReader refuses ${what}`, () => {
    const { reader, messages, faults, push } = recorder(1000);
    reader.encoding = encoding;
    push(frame(bytes, 1));
    push(frame(Uint8Array.of(1)));
    deepStrictEqual([messages.length, faults.length], [0, 1]);
    strictEqual(faults[0]?.[0], code);
    match(faults[0]?.[1] ?? "", details);
  });
}
