/** The small parts of a session by themselves. */
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { YamuxOpenError } from "../../src/mux/errors.ts";
import { resolveYamuxOptions } from "../../src/mux/options.ts";
import { ReceiveQueue } from "../../src/mux/receive_queue.ts";
import { Slots } from "../../src/mux/slots.ts";
import { StreamIds } from "../../src/mux/stream_ids.ts";

test("StreamIds gives the client odd ids and the server even ones", () => {
  const client = new StreamIds("client");
  const server = new StreamIds("server");
  deepStrictEqual([client.next(), client.next(), client.next()], [1, 3, 5]);
  deepStrictEqual([server.next(), server.next(), server.next()], [2, 4, 6]);
});

test("StreamIds ends where Go's ids end", () => {
  const client = new StreamIds("client", 0xfffffffb);
  deepStrictEqual([client.next(), client.next()], [0xfffffffb, 0xfffffffd]);
  const exhausted = (error: unknown) =>
    error instanceof YamuxOpenError && error.fault === "exhausted";
  throws(() => client.next(), exhausted);
  throws(() => client.next(), exhausted);
  const server = new StreamIds("server", 0xfffffffc);
  strictEqual(server.next(), 0xfffffffc);
  throws(() => server.next(), exhausted);
});

test("StreamIds.arePeers() knows whose an id is", () => {
  const ids = [0, 1, 2, 3, 0xfffffffe, 0xffffffff];
  const client = new StreamIds("client");
  const server = new StreamIds("server");
  deepStrictEqual(ids.filter((id) => client.arePeers(id)), [2, 0xfffffffe]);
  deepStrictEqual(ids.filter((id) => server.arePeers(id)), [1, 3, 0xffffffff]);
});

test("resolveYamuxOptions() has hashicorp's defaults", () => {
  deepStrictEqual(resolveYamuxOptions({ role: "client" }), {
    role: "client",
    keepAliveIntervalMs: 30_000,
    writeTimeoutMs: 10_000,
    streamOpenTimeoutMs: 75_000,
    streamCloseTimeoutMs: 300_000,
    acceptBacklog: 256,
    maxStreamWindowBytes: 262_144,
  });
});

for (
  const [name, value] of [
    ["keepAliveIntervalMs", -1],
    ["writeTimeoutMs", 0],
    ["streamOpenTimeoutMs", NaN],
    ["streamCloseTimeoutMs", 2 ** 31],
    ["acceptBacklog", 1.5],
    ["maxStreamWindowBytes", 262_143],
  ] as const
) {
  test(`resolveYamuxOptions() refuses ${name} ${value}`, () => {
    throws(() => resolveYamuxOptions({ role: "client", [name]: value }), {
      name: "RangeError",
      message: new RegExp(`${name} is ${value}`),
    });
  });
}

test("ReceiveQueue gives the pieces in order, and credit once half the window is read", () => {
  const queue = new ReceiveQueue(262_144);
  const pieces = Array.from({ length: 4 }, (_, index) => Buffer.alloc(65_536, index));
  for (const piece of pieces) {
    strictEqual(queue.reserve(piece.length), true);
    queue.add(piece);
  }
  strictEqual(queue.reserve(1), false);
  strictEqual(queue.takeCredit(), 0);
  strictEqual(queue.take(), pieces[0]);
  strictEqual(queue.takeCredit(), 0);
  strictEqual(queue.take(), pieces[1]);
  strictEqual(queue.takeCredit(), 131_072);
  strictEqual(queue.takeCredit(), 0);
  strictEqual(queue.reserve(131_073), false);
  strictEqual(queue.reserve(131_072), true);
  queue.clear();
  strictEqual(queue.isEmpty, true);
  strictEqual(queue.take(), undefined);
  strictEqual(queue.takeCredit(), 131_072);
});

test("ReceiveQueue keeps many small pieces in order", () => {
  const queue = new ReceiveQueue(262_144);
  const read: number[] = [];
  const written = Array.from({ length: 5_000 }, (_, index) => index % 251);
  for (const value of written) {
    queue.reserve(1);
    queue.add(Buffer.from([value]));
    if (value % 2 === 0) read.push(queue.take()![0]!);
  }
  for (let piece = queue.take(); piece !== undefined; piece = queue.take()) read.push(piece[0]!);
  deepStrictEqual(read, written);
  strictEqual(queue.isEmpty, true);
});

test("ReceiveQueue announces a larger window with the first credit", () => {
  const queue = new ReceiveQueue(1_000_000);
  strictEqual(queue.takeCredit(0), 1_000_000 - 262_144);
  strictEqual(queue.reserve(1_000_000), true);
  strictEqual(queue.reserve(1), false);
});

test("Slots are taken in order, and the wait for one can be aborted and ended", async () => {
  const slots = new Slots(1);
  strictEqual(slots.tryTake(), true);
  strictEqual(slots.tryTake(), false);
  const order: string[] = [];
  const aborted = new AbortController();
  const first = slots.take().then(() => order.push("first"));
  const never = slots.take(aborted.signal);
  const second = slots.take(new AbortController().signal).then(() => order.push("second"));
  aborted.abort(new Error("no more patience"));
  await rejects(never, /no more patience/);
  await rejects(slots.take(aborted.signal), /no more patience/);
  slots.give();
  strictEqual(slots.tryTake(), false);
  slots.give();
  await Promise.all([first, second]);
  deepStrictEqual(order, ["first", "second"]);
  const last = slots.take();
  slots.close(new Error("over"));
  await rejects(last, /over/);
});
