/** Peers that want to do harm: the connection closes, or what it holds stays small. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode } from "../../src/http2/errors.ts";
import type { Http2Options } from "../../src/http2/options.ts";
import {
  concat,
  frame,
  greeted,
  type Harness,
  hex,
  Recorder,
  REQUEST,
  REQUEST_BLOCK,
  RESPONSE,
  RESPONSE_BLOCK,
  settings,
  TRAILERS,
  turn,
  u32,
} from "./memory.ts";

const { enhanceYourCalm } = ErrorCode;
const PING = frame(6, 0, 0, new Uint8Array(8));
const WINDOW_UPDATE = frame(8, 0, 0, u32(1));
const open = (id: number) => frame(1, 4, id, REQUEST_BLOCK);
const bomb = concat(
  REQUEST_BLOCK,
  hex("40 0161 7f bd 1d"), // an entry of 3900 bytes, and thousands of references to it
  new Uint8Array(3900).fill(98),
  new Uint8Array(12_000).fill(0xbe),
);

/** Each sends its frame again and again until the connection closes. */
const FLOODS: readonly {
  name: string;
  first?: Uint8Array;
  again: (count: number) => Uint8Array;
  /** How many are let through, about. */
  limit: number;
  options?: Http2Options;
}[] = [
  {
    name: "CONTINUATION",
    first: frame(1, 0, 1, REQUEST_BLOCK),
    again: () => frame(9, 0, 1, [0x82]),
    limit: 16,
  },
  {
    name: "CONTINUATION without bytes",
    first: frame(1, 0, 1, REQUEST_BLOCK),
    again: () => frame(9, 0, 1),
    limit: 16,
  },
  {
    name: "CONTINUATION with many bytes",
    first: frame(1, 0, 1, REQUEST_BLOCK),
    again: () => frame(9, 0, 1, new Uint8Array(16_384).fill(0x82)),
    limit: 3,
  },
  {
    name: "streams that are opened and reset",
    again: (count) => concat(open(count * 2 + 1), frame(3, 0, count * 2 + 1, u32(8))),
    limit: 10_000,
  },
  {
    name: "streams that are opened and broken",
    again: (count) => concat(open(count * 2 + 1), frame(8, 0, count * 2 + 1, u32(0))),
    limit: 10_000,
  },
  {
    name: "RST_STREAM on a stream that is over",
    first: concat(open(1), frame(3, 0, 1, u32(8))),
    again: () => frame(3, 0, 1, u32(8)),
    limit: 9_999,
  },
  { name: "streams above the limit", again: (count) => open(count * 2 + 1), limit: 2000 },
  { name: "malformed requests", again: (count) => frame(1, 5, count * 2 + 1, [0x82]), limit: 100 },
  {
    name: "header lists that are too large",
    again: (count) => frame(1, 5, count * 2 + 1, bomb),
    limit: 100,
  },
  { name: "SETTINGS", again: () => frame(4, 0, 0), limit: 1000 },
  {
    name: "SETTINGS of many values",
    first: open(1),
    again: () =>
      frame(4, 0, 0, settings(...Array.from({ length: 2000 }, (_, at) => at % 2 ? at : 4))),
    limit: 10,
  },
  { name: "acknowledgements of SETTINGS", again: () => frame(4, 1, 0), limit: 1000 },
  { name: "empty DATA", first: open(1), again: () => frame(0, 0, 1), limit: 1000 },
  {
    name: "DATA of padding",
    first: open(1),
    again: () => frame(0, 8, 1, [9, ...new Uint8Array(9)]),
    limit: 1000,
  },
  { name: "PRIORITY", again: () => frame(2, 0, 1, [0, 0, 0, 3, 9]), limit: 1000 },
  { name: "WINDOW_UPDATE", again: () => WINDOW_UPDATE, limit: 1100 },
  {
    name: "WINDOW_UPDATE of a stream",
    first: open(1),
    again: () => frame(8, 0, 1, u32(1)),
    limit: 1104,
  },
  { name: "GOAWAY", again: () => frame(7, 0, 0, u32(0, 0)), limit: 1000 },
  { name: "unknown frames", again: () => frame(99, 0, 0), limit: 1000 },
];

/** Sends one after the other; how many it took, and what was written meanwhile. */
async function sendUntilClosed(made: Harness, again: (count: number) => Uint8Array, most: number) {
  let count = 0;
  let writtenBytes = 0;
  while (made.error() === undefined && count < most) {
    made.link.feed(again(count++));
    if (count % 100 !== 0) continue;
    await turn();
    writtenBytes += made.link.take().length;
    made.link.writes.length = 0;
  }
  await turn();
  return { count, writtenBytes: writtenBytes + made.link.take().length };
}

for (const { name, first, again, limit, options } of FLOODS) {
  test(`Connection of a server closes for too many: ${name}`, async () => {
    const made = await greeted("server", options);
    if (first !== undefined) made.link.feed(first);
    const { count, writtenBytes } = await sendUntilClosed(made, again, limit * 2);
    const error = made.error();
    strictEqual(error?.code, enhanceYourCalm);
    strictEqual(error.reason, "flood");
    ok(count <= limit + 20 && count >= limit - 20, `closed after ${count}`);
    ok(writtenBytes < 40 * limit + 1000, `wrote ${writtenBytes} bytes`);
    strictEqual(made.connection.streamCount, 0);
    ok(made.link.isEnded);
    made.clock.advance(1000);
    ok(made.link.isDestroyed);
    strictEqual(made.clock.size, 0);
  });
}

for (
  const [name, again] of [
    ["PING", () => PING],
    ["SETTINGS", () => frame(4, 0, 0)],
    ["malformed requests", (count: number) => frame(1, 5, count * 2 + 1, [0x82])],
  ] as const
) {
  test(`Connection closes when answers are not read: to ${name}`, async () => {
    const made = await greeted("server", { maxUnreadAnswers: 50 });
    made.link.isFull = true;
    const { count } = await sendUntilClosed(made, again, 100);
    strictEqual(made.error()?.reason, "flood");
    strictEqual(count, 51);
  });
}

test("Connection answers any number of PINGs that are read", async () => {
  const made = await greeted("server", { maxUnreadAnswers: 50 });
  for (let round = 0; round < 100; round++) {
    // The link is full for a while now and then.
    made.link.isFull = round % 2 === 0;
    for (let count = 0; count < 50; count++) made.link.feed(PING);
    await turn();
    made.link.drain();
    await turn();
  }
  strictEqual(made.link.takeFrames().length, 5000);
  deepStrictEqual(made.events, ["ready"]);
});

test("Connection holds no more than its streams for a peer that does not read", async () => {
  const made = await greeted("server", { maxConcurrentStreams: 100 });
  made.link.isFull = true;
  for (let id = 1; id < 1000; id += 2) {
    made.link.feed(frame(1, 5, id, REQUEST_BLOCK));
    const request = made.requests.at(-1)!;
    if (request.stream.id !== id) continue;
    request.stream.sendHeaders(RESPONSE);
    request.stream.write(new Uint8Array(1000));
    request.stream.end(TRAILERS);
  }
  await turn();
  strictEqual(made.requests.length, 100);
  strictEqual(made.connection.streamCount, 100);
  // The refusals, and nothing else.
  strictEqual(made.link.takeFrames().filter(({ type }) => type !== 3).length, 0);
});

test("Connection refills its allowance for floods with time", async () => {
  const made = await greeted("server", { floodBurst: 10, floodPerSecond: 100 });
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 5; count++) made.link.feed(frame(4, 0, 0));
    made.clock.advance(50);
  }
  strictEqual(made.error(), undefined);
  made.link.feed(...Array.from({ length: 20 }, () => frame(4, 0, 0)));
  strictEqual(made.error()?.reason, "flood");
});

test("Connection takes as many WINDOW_UPDATEs as its DATA explains", async () => {
  const made = await greeted("client", { floodBurst: 10 });
  made.link.feed(frame(4, 0, 0, settings(4, 0)));
  const stream = made.connection.open(new Recorder(), REQUEST);
  stream.write(new Uint8Array(5000));
  for (let count = 0; count < 500; count++) {
    made.link.feed(frame(8, 0, 1, u32(1)), WINDOW_UPDATE);
    await turn();
  }
  strictEqual(made.error(), undefined);
  strictEqual(made.link.takeFrames().filter(({ type }) => type === 0).length, 500);
});

test("Connection of a host lets thousands of calls be cancelled at once", async () => {
  const made = await greeted("server");
  for (let id = 1; id < 10_000; id += 2) {
    made.link.feed(open(id), frame(3, 0, id, u32(8)));
  }
  strictEqual(made.requests.length, 5000);
  strictEqual(made.connection.streamCount, 0);
  strictEqual(made.error(), undefined);
});

test("Connection of a client closes for too many resets of streams that are over", async () => {
  const made = await greeted("client", { resetBurst: 20 });
  for (let count = 0; count < 30; count++) {
    const stream = made.connection.open(new Recorder(), REQUEST);
    await turn();
    made.link.feed(frame(3, 0, stream.id, u32(8)));
  }
  strictEqual(made.error(), undefined); // each of them was open
  made.link.feed(...Array.from({ length: 25 }, () => frame(3, 0, 1, u32(8))));
  strictEqual(made.error()?.reason, "flood");
});

test("Connection of a client that cancelled thousands of calls passes over their late answers", async () => {
  const made = await greeted("client");
  const streams = Array.from({ length: 5000 }, () => made.connection.open(new Recorder(), REQUEST));
  await turn();
  for (const stream of streams) stream.reset();
  for (const { id } of streams) {
    made.link.feed(frame(1, 4, id, RESPONSE_BLOCK), frame(0, 0, id, [1]), frame(1, 5, id, [0x88]));
  }
  strictEqual(made.error(), undefined);
  const recorder = new Recorder();
  const { id } = made.connection.open(recorder, REQUEST, undefined, true);
  made.link.feed(frame(1, 5, id, RESPONSE_BLOCK));
  deepStrictEqual(recorder.events, ["headers 200 end", "end"]);
});
