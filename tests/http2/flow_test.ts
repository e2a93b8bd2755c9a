/** Windows and back-pressure, counted in bytes, in both directions. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode } from "../../src/http2/errors.ts";
import {
  concat,
  type Frame,
  frame,
  greet,
  greeted,
  type Harness,
  harness,
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

const DATA = 0;
const WINDOW_UPDATE = 8;

/** Bytes that can be told apart. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7) & 255);
}

function bodyOf(frames: readonly Frame[]): Uint8Array {
  return concat(...frames.filter(({ type }) => type === DATA).map(({ payload }) => payload));
}

/** A client whose server has said these settings. */
async function client(pairs: readonly number[], options = {}): Promise<Harness> {
  const made = await harness("client", options);
  await greet(made, "client", ...pairs);
  return made;
}

/** A server with one open request, of which the whole has come. */
async function answering(options = {}, pairs: readonly number[] = []) {
  const made = await harness("server", options);
  await greet(made, "server", ...pairs);
  made.link.feed(frame(1, 5, 1, REQUEST_BLOCK));
  const { stream, recorder } = made.requests[0]!;
  return { made, stream, recorder };
}

test("Connection says its windows at first", async () => {
  const { link } = await harness("client", {
    streamWindowBytes: 100_000,
    connectionWindowBytes: 200_000,
    maxFrameBytes: 20_000,
    maxHeaderListBytes: 9000,
  });
  deepStrictEqual(link.takeFrames(), [
    { type: 4, flags: 0, id: 0, payload: settings(2, 0, 4, 100_000, 5, 20_000, 6, 9000) },
    { type: WINDOW_UPDATE, flags: 0, id: 0, payload: u32(200_000 - 65_535) },
  ]);
});

test("Http2Stream.write() sends through windows of one byte", async () => {
  const made = await client([4, 1]);
  const recorder = new Recorder();
  const stream = made.connection.open(recorder, REQUEST);
  const body = bytesOf(50);
  strictEqual(stream.write(body, true), true);
  await turn();
  const frames = made.link.takeFrames();
  for (let sent = 1; sent < body.length; sent++) {
    strictEqual(bodyOf(frames).length, sent);
    strictEqual(stream.queuedBytes, body.length - sent);
    made.link.feed(frame(WINDOW_UPDATE, 0, 1, u32(1)));
    await turn();
    frames.push(...made.link.takeFrames());
  }
  deepStrictEqual(bodyOf(frames), body);
  deepStrictEqual(frames.filter(({ flags }) => flags & 1).length, 1);
  strictEqual(frames.at(-1)!.flags, 1);
});

test("Http2Stream.write() keeps to the connection's window, and headers do not wait for it", async () => {
  const made = await client([4, 1_000_000]);
  const first = made.connection.open(new Recorder(), REQUEST);
  first.write(bytesOf(65_530));
  await turn();
  strictEqual(bodyOf(made.link.takeFrames()).length, 65_530);
  const second = made.connection.open(new Recorder(), REQUEST);
  first.write(bytesOf(4), false);
  second.write(bytesOf(4), false);
  second.end(TRAILERS);
  await turn();
  const frames = made.link.takeFrames();
  deepStrictEqual(frames.map(({ type, id }) => [type, id]), [[1, 3], [0, 1], [0, 3]]);
  strictEqual(bodyOf(frames).length, 5);
  // Another's headers and empty DATA pass by.
  const third = made.connection.open(new Recorder(), REQUEST);
  third.end();
  await turn();
  deepStrictEqual(made.link.takeFrames().map(({ type, id }) => [type, id]), [[1, 5], [0, 5]]);
  made.link.feed(frame(WINDOW_UPDATE, 0, 0, u32(100)));
  await turn();
  deepStrictEqual(
    made.link.takeFrames().map(({ type, id, payload }) => [type, id, payload.length]),
    [
      [0, 3, 3],
      [1, 3, 2 + 3],
    ],
  );
});

test("Connection sends headers that waited for the link although its window is used up", async () => {
  const made = await client([4, 1_000_000]);
  made.connection.open(new Recorder(), REQUEST).write(bytesOf(70_000));
  await turn();
  strictEqual(bodyOf(made.link.takeFrames()).length, 65_535);
  made.link.isFull = true;
  const second = made.connection.open(new Recorder(), REQUEST);
  second.write(bytesOf(5));
  await turn();
  strictEqual(made.link.take().length, 0);
  made.link.drain();
  await turn();
  deepStrictEqual(made.link.takeFrames().map(({ type, id }) => [type, id]), [[1, 3]]);
});

test("Connection shares its window among streams, a frame in turn", async () => {
  const made = await client([4, 1 << 20, 5, 16_384]);
  const streams = [1, 2, 3].map(() => made.connection.open(new Recorder(), REQUEST));
  for (const stream of streams) stream.write(bytesOf(40_000), true);
  await turn();
  const data = made.link.takeFrames().filter(({ type }) => type === DATA);
  deepStrictEqual(data.map(({ id, payload }) => [id, payload.length]), [
    [1, 16_384],
    [3, 16_384],
    [5, 16_384],
    [1, 16_383],
  ]);
});

test("Connection goes on with the streams that its window held up in their order, without those that ended", async () => {
  const made = await client([4, 1_000_000]);
  const filler = made.connection.open(new Recorder(), REQUEST);
  filler.write(bytesOf(65_535));
  await turn();
  const streams = Array.from({ length: 300 }, () => {
    const stream = made.connection.open(new Recorder(), REQUEST);
    stream.write(bytesOf(10), true);
    return stream;
  });
  await turn();
  made.link.takeFrames();
  const left = streams.filter((stream, at) => {
    const isKept = at % 3 === 1;
    if (!isKept) stream.reset(ErrorCode.cancel);
    return isKept;
  });
  // More of those that ended than of others: new ones push them out.
  left.push(made.connection.open(new Recorder(), REQUEST));
  left.at(-1)!.write(bytesOf(10), true);
  await turn();
  made.link.takeFrames();
  for (let sent = 0; sent < left.length; sent += 2) {
    made.link.feed(frame(WINDOW_UPDATE, 0, 0, u32(20)));
    await turn();
    deepStrictEqual(
      made.link.takeFrames().filter(({ type }) => type === DATA).map(({ id }) => id),
      left.slice(sent, sent + 2).map(({ id }) => id),
    );
  }
});

test("Connection lets no later stream overtake one that its window held up", async () => {
  const made = await client([4, 1_000_000]);
  const filler = made.connection.open(new Recorder(), REQUEST);
  filler.write(bytesOf(65_535));
  await turn();
  const first = made.connection.open(new Recorder(), REQUEST);
  first.write(bytesOf(10), true);
  await turn();
  made.link.takeFrames();
  made.link.feed(frame(WINDOW_UPDATE, 0, 0, u32(10)));
  made.connection.open(new Recorder(), REQUEST).write(bytesOf(10), true);
  await turn();
  const data = made.link.takeFrames().filter(({ type }) => type === DATA);
  deepStrictEqual(data.map(({ id }) => id), [first.id]);
});

test("Connection obeys SETTINGS_INITIAL_WINDOW_SIZE in mid-stream, below zero as well", async () => {
  const made = await client([4, 100]);
  const stream = made.connection.open(new Recorder(), REQUEST);
  stream.write(bytesOf(500), false);
  await turn();
  strictEqual(bodyOf(made.link.takeFrames()).length, 100);
  // The window is -60 now: 60 more have to be allowed before anything goes.
  made.link.feed(frame(4, 0, 0, settings(4, 40)), frame(WINDOW_UPDATE, 0, 1, u32(60)));
  await turn();
  deepStrictEqual(made.link.takeFrames().map(({ type, flags }) => [type, flags]), [[4, 1]]);
  made.link.feed(frame(WINDOW_UPDATE, 0, 1, u32(1)));
  await turn();
  strictEqual(bodyOf(made.link.takeFrames()).length, 1);
  made.link.feed(frame(4, 0, 0, settings(4, 240)));
  await turn();
  strictEqual(bodyOf(made.link.takeFrames()).length, 200);
  // An empty frame goes through a window below zero.
  made.link.feed(frame(4, 0, 0, settings(4, 0)));
  const other = made.connection.open(new Recorder(), REQUEST);
  other.end();
  await turn();
  deepStrictEqual(made.link.takeFrames().map(({ type, id }) => [type, id]), [[4, 0], [1, 3], [
    0,
    3,
  ]]);
});

test("Connection obeys SETTINGS_MAX_FRAME_SIZE, and its own maxFrameBytes", async () => {
  for (
    const [pairs, size] of [[[], 16_384], [[5, 20_000], 20_000], [[5, 60_000], 30_000]] as const
  ) {
    const made = await client([...pairs, 4, 1 << 20], { maxFrameBytes: 30_000 });
    made.link.feed(frame(WINDOW_UPDATE, 0, 0, u32(1 << 20)));
    const stream = made.connection.open(new Recorder(), REQUEST);
    const body = bytesOf(100_000);
    stream.write(body, true);
    await turn();
    const frames = made.link.takeFrames();
    strictEqual(frames.find(({ type }) => type === DATA)!.payload.length, size);
    deepStrictEqual(bodyOf(frames), body);
  }
});

test("Http2Stream.sendHeaders() splits a block that is larger than a frame", async () => {
  const { made, stream } = await answering();
  stream.sendHeaders(RESPONSE, ["a", "b".repeat(40_000)], true);
  await turn();
  const frames = made.link.takeFrames();
  deepStrictEqual(frames.map(({ type, flags, payload }) => [type, flags, payload.length]), [
    [1, 1, 16_384],
    [9, 0, 16_384],
    [9, 4, 40_008 - 2 * 16_384],
  ]);
});

test("Http2Stream.writePair() puts head and body into one frame and keeps no hold of the head", async () => {
  for (const length of [10, 4090, 5000, 100_000]) {
    const { made, stream } = await answering({}, [4, 1 << 20]);
    made.link.feed(frame(WINDOW_UPDATE, 0, 0, u32(1 << 20)));
    const head = Uint8Array.of(1, 2, 3, 4, 5);
    const body = bytesOf(length);
    stream.sendHeaders(RESPONSE);
    stream.writePair(head, body);
    head.fill(0);
    stream.writePair(head, body, true);
    await turn();
    const frames = made.link.takeFrames();
    const expected = concat(Uint8Array.of(1, 2, 3, 4, 5), body, new Uint8Array(5), body);
    deepStrictEqual(bodyOf(frames), expected);
    strictEqual(
      frames.filter(({ type }) => type === DATA).length,
      2 * Math.ceil((length + 5) / 16_384),
    );
  }
  const { stream } = await answering();
  throws(() => stream.writePair(new Uint8Array(65), new Uint8Array(1)), RangeError);
});

test("Http2Stream.writePair() gives a small body back at once, a large one when it was written", async () => {
  const { made, stream } = await answering({}, [4, 1 << 20]);
  made.link.feed(frame(WINDOW_UPDATE, 0, 0, u32(1 << 20)));
  const released: number[] = [];
  const send = (length: number) =>
    stream.writePair(new Uint8Array(5), bytesOf(length), false, (body) => {
      strictEqual(body.length, length);
      released.push(length);
    });
  stream.sendHeaders(RESPONSE);
  send(10);
  deepStrictEqual(released, [10]);
  send(100_000);
  send(20); // behind it, so that it waits as well
  await turn();
  deepStrictEqual(released, [10]);
  strictEqual(made.link.written.length, 1);
  made.link.written[0]!();
  deepStrictEqual(released, [10, 100_000, 20]);
});

test("Http2Stream.writePair() gives back no body that the peer's window holds up", async () => {
  const { made, stream } = await answering({}, [4, 5000]);
  let isReleased = false;
  stream.sendHeaders(RESPONSE);
  stream.writePair(new Uint8Array(5), bytesOf(6000), false, () => isReleased = true);
  await turn();
  for (const tell of made.link.written) tell();
  strictEqual(isReleased, false);
  made.link.feed(frame(WINDOW_UPDATE, 0, stream.id, u32(5000)));
  await turn();
  for (const tell of made.link.written) tell();
  strictEqual(isReleased, true);
});

test("Http2Stream.writePair() splits a head at any place", async () => {
  const made = await client([4, 1]);
  const stream = made.connection.open(new Recorder(), REQUEST);
  stream.writePair(Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(6, 7, 8), true);
  const frames: Frame[] = [];
  for (let step = 0; step < 8; step++) {
    await turn();
    frames.push(...made.link.takeFrames());
    made.link.feed(frame(WINDOW_UPDATE, 0, 1, u32(1)));
  }
  deepStrictEqual(bodyOf(frames), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
});

test("Connection makes one write of what a turn of the event loop sends, across awaits", async () => {
  const { made, stream } = await answering();
  const before = made.link.writes.length;
  stream.sendHeaders(RESPONSE);
  for (let message = 0; message < 20; message++) {
    stream.writePair(new Uint8Array(5), bytesOf(100));
    await Promise.resolve().then(() => Promise.resolve());
  }
  stream.end(TRAILERS);
  await turn();
  strictEqual(made.link.writes.length, before + 1);
  strictEqual(made.link.writes.at(-1)!.length, 1);
});

test("Connection writes when its schedule option says so", async () => {
  let flush = () => {};
  const { made, stream } = await answering({ schedule: (soon: () => void) => flush = soon });
  flush();
  made.link.take();
  stream.sendHeaders(RESPONSE);
  await turn();
  stream.end(TRAILERS);
  await turn();
  strictEqual(made.link.take().length, 0);
  flush();
  strictEqual(made.link.takeFrames().length, 2);
});

test("Connection passes long data on as it is", async () => {
  const { made, stream } = await answering({}, [5, 1 << 20]);
  const body = bytesOf(60_000);
  stream.sendHeaders(RESPONSE);
  stream.write(body);
  await turn();
  ok(made.link.writes.at(-1)!.includes(body));
});

test("Http2Stream.write() says no at sendBufferBytes, and drain is told below", async () => {
  const { made, stream, recorder } = await answering({ sendBufferBytes: 1000 }, [4, 100]);
  stream.sendHeaders(RESPONSE);
  strictEqual(stream.write(bytesOf(600)), true);
  strictEqual(stream.write(bytesOf(400)), false);
  strictEqual(stream.queuedBytes, 1000);
  strictEqual(stream.write(bytesOf(50)), false);
  await turn();
  // 100 of 1050 are out: 950 wait, which is below the mark.
  strictEqual(stream.queuedBytes, 950);
  deepStrictEqual(recorder.events, ["end", "drain"]);
  strictEqual(stream.write(bytesOf(50)), false);
  made.link.feed(frame(WINDOW_UPDATE, 0, 1, u32(1)));
  await turn();
  deepStrictEqual(recorder.events, ["end", "drain", "drain"]);
  strictEqual(stream.write(bytesOf(1)), false);
  stream.end();
  for (const more of [500, 5000]) {
    made.link.feed(frame(WINDOW_UPDATE, 0, 1, u32(more)));
    await turn();
    // Nobody writes any more.
    deepStrictEqual(recorder.events, ["end", "drain", "drain"]);
  }
  strictEqual(bodyOf(made.link.takeFrames()).length, 1101);
});

test("Connection holds back all of its streams while the link is full", async () => {
  const { made, stream } = await answering();
  made.link.isFull = true;
  stream.sendHeaders(RESPONSE);
  strictEqual(stream.write(bytesOf(10)), true);
  stream.end(TRAILERS);
  made.link.feed(frame(1, 5, 3, REQUEST_BLOCK));
  made.requests[1]!.stream.sendHeaders(RESPONSE, undefined, true);
  await turn();
  strictEqual(made.link.take().length, 0);
  strictEqual(made.connection.streamCount, 2);
  made.link.drain();
  await turn();
  deepStrictEqual(made.link.takeFrames().map(({ type, id, flags }) => [type, id, flags]), [
    [1, 1, 4],
    [1, 3, 5],
    [0, 1, 0],
    [1, 1, 5],
  ]);
  strictEqual(made.connection.streamCount, 0);
});

test("Connection gives a link that is never full no more than about a megabyte at once", async () => {
  const { made, stream } = await answering({}, [4, 0x7fffffff]);
  made.link.feed(frame(WINDOW_UPDATE, 0, 0, u32(100 << 20)));
  stream.sendHeaders(RESPONSE);
  const body = bytesOf(3 << 20);
  stream.write(body, true);
  await turn();
  const sizes = made.link.writes.map((pieces) => concat(...pieces).length);
  ok(Math.max(...sizes) < 1.2 * (1 << 20));
  deepStrictEqual(bodyOf(made.link.takeFrames()), body);
});

test("Http2Stream.consume() gives the window back; without it the peer has to stop", async () => {
  const made = await greeted("server", { streamWindowBytes: 100_000 });
  made.link.feed(frame(1, 4, 1, REQUEST_BLOCK));
  const { stream, recorder } = made.requests[0]!;
  recorder.consumes = false;
  const chunk = bytesOf(10_000);
  for (let sent = 0; sent < 10; sent++) made.link.feed(frame(DATA, 0, 1, chunk));
  await turn();
  strictEqual(recorder.bytes, 100_000);
  deepStrictEqual(made.link.takeFrames(), []);
  stream.consume(49_999);
  await turn();
  deepStrictEqual(made.link.takeFrames(), []);
  stream.consume(1);
  await turn();
  deepStrictEqual(made.link.takeFrames(), [
    { type: WINDOW_UPDATE, flags: 0, id: 1, payload: u32(50_000) },
  ]);
  for (let sent = 0; sent < 5; sent++) made.link.feed(frame(DATA, 0, 1, chunk));
  strictEqual(recorder.error, undefined);
  throws(() => stream.consume(100_001), RangeError);
  // One byte more than allowed.
  made.link.feed(frame(DATA, 0, 1, [1]));
  deepStrictEqual(recorder.events.at(-1), `reset ${ErrorCode.flowControlError} protocol`);
});

test("Http2Stream.consume() says nothing to a peer that has sent its last", async () => {
  const made = await greeted("server", { streamWindowBytes: 65_535 });
  made.link.feed(frame(1, 4, 1, REQUEST_BLOCK));
  const { stream, recorder } = made.requests[0]!;
  recorder.consumes = false;
  for (let sent = 0; sent < 6; sent++) {
    made.link.feed(frame(DATA, sent === 5 ? 1 : 0, 1, bytesOf(10_000)));
  }
  stream.consume(60_000);
  await turn();
  deepStrictEqual(made.link.takeFrames(), []);
});

test("Connection gives its own window back as DATA comes, read or not", async () => {
  const made = await greeted("server", {
    connectionWindowBytes: 100_000,
    streamWindowBytes: 1 << 20,
  });
  made.link.feed(frame(1, 4, 1, REQUEST_BLOCK));
  made.requests[0]!.recorder.consumes = false;
  for (let sent = 0; sent < 50; sent++) made.link.feed(frame(DATA, 0, 1, bytesOf(10_000)));
  await turn();
  const updates = made.link.takeFrames();
  deepStrictEqual([...new Set(updates.map(({ type, id }) => `${type} ${id}`))], ["8 0"]);
  strictEqual(updates.length, 10);
});

test("Connection ends with FLOW_CONTROL_ERROR for DATA beyond its window", async () => {
  const made = await greeted("server", { connectionWindowBytes: 65_535, maxFrameBytes: 1 << 20 });
  made.link.feed(frame(1, 4, 1, REQUEST_BLOCK), frame(DATA, 0, 1, bytesOf(65_536)));
  strictEqual(made.error()?.code, ErrorCode.flowControlError);
});

test("Connection counts padding against the windows and gives it back by itself", async () => {
  const made = await greeted("server", { streamWindowBytes: 65_535 });
  made.link.feed(frame(1, 4, 1, REQUEST_BLOCK));
  const padded = frame(DATA, 8, 1, [255, 1, ...new Uint8Array(255)]);
  for (let sent = 0; sent < 1000; sent++) made.link.feed(padded);
  const { recorder } = made.requests[0]!;
  strictEqual(recorder.error, undefined);
  strictEqual(recorder.bytes, 1000);
  await turn();
  ok(made.link.takeFrames().some(({ type, id }) => type === WINDOW_UPDATE && id === 1));
});

test("Connection holds the peer to a small stream window only once it was acknowledged", async () => {
  const made = await harness("server", { streamWindowBytes: 10 });
  made.link.feed(
    new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frame(4, 0, 0),
    frame(1, 4, 1, REQUEST_BLOCK),
    frame(DATA, 0, 1, bytesOf(1000)),
  );
  const { recorder } = made.requests[0]!;
  strictEqual(recorder.bytes, 1000);
  made.link.feed(frame(4, 1, 0), frame(DATA, 0, 1, bytesOf(10)));
  strictEqual(recorder.bytes, 1010);
  made.link.feed(frame(DATA, 0, 1, bytesOf(11)));
  strictEqual(recorder.error?.code, ErrorCode.flowControlError);
  made.link.feed(frame(1, 4, 3, REQUEST_BLOCK), frame(DATA, 0, 3, bytesOf(10)));
  made.requests[1]!.recorder.consumes = false;
  strictEqual(made.requests[1]!.recorder.bytes, 10);
  made.link.feed(frame(DATA, 0, 3, bytesOf(11)));
  strictEqual(made.requests[1]!.recorder.error?.code, ErrorCode.flowControlError);
});

test("Connection waits with streams above the peer's limit, and opens them as others end", async () => {
  const made = await client([3, 2]);
  const recorders = [1, 2, 3, 4, 5].map(() => new Recorder());
  const streams = recorders.map((recorder) => made.connection.open(recorder, REQUEST));
  streams.forEach((stream, at) => stream.write(Uint8Array.of(at), true));
  await turn();
  deepStrictEqual(streams.map(({ id }) => id), [1, 3, 0, 0, 0]);
  deepStrictEqual(bodyOf(made.link.takeFrames()), Uint8Array.of(0, 1));
  streams[2]!.reset();
  made.link.feed(frame(1, 5, 3, RESPONSE_BLOCK));
  await turn();
  deepStrictEqual(streams.map(({ id }) => id), [1, 3, 0, 5, 0]);
  deepStrictEqual(bodyOf(made.link.takeFrames()), Uint8Array.of(3));
  made.link.feed(frame(4, 0, 0, settings(3, 9)));
  await turn();
  strictEqual(streams[4]!.id, 7);
  deepStrictEqual(bodyOf(made.link.takeFrames()), Uint8Array.of(4));
  deepStrictEqual(recorders.map(({ events }) => events), [
    [],
    ["headers 200 end", "end"],
    [],
    [],
    [],
  ]);
});

test("Http2Stream.resetAfterEnd() tells the peer to stop once the answer is out", async () => {
  const made = await greeted("server");
  made.link.feed(frame(1, 4, 1, REQUEST_BLOCK));
  const { stream } = made.requests[0]!;
  stream.resetAfterEnd(ErrorCode.noError);
  stream.sendHeaders(RESPONSE);
  stream.end(TRAILERS);
  await turn();
  deepStrictEqual(made.link.takeFrames().map(({ type, flags }) => [type, flags]), [
    [1, 4],
    [1, 5],
    [3, 0],
  ]);
  strictEqual(made.connection.streamCount, 0);
});

test("Http2Stream.reset() drops what is queued", async () => {
  const { made, stream } = await answering({}, [4, 10]);
  stream.sendHeaders(RESPONSE);
  stream.write(bytesOf(1000), true);
  await turn();
  made.link.take();
  stream.reset();
  made.link.feed(frame(WINDOW_UPDATE, 0, 1, u32(5000)));
  await turn();
  deepStrictEqual(made.link.takeFrames(), [
    { type: 3, flags: 0, id: 1, payload: u32(ErrorCode.cancel) },
  ]);
  strictEqual(stream.queuedBytes, 0);
});

test("Connection refuses options that cannot be", async () => {
  for (
    const options of [
      { streamWindowBytes: 0 },
      { streamWindowBytes: 2 ** 31 },
      { connectionWindowBytes: 65_534 },
      { maxFrameBytes: 16_383 },
      { maxFrameBytes: 2 ** 24 },
      { lastStreamId: 1.5 },
    ]
  ) {
    await harness("client", options).then(
      () => ok(false, JSON.stringify(options)),
      (error) => ok(error instanceof RangeError),
    );
  }
});
