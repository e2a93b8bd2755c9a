/** Streams of a client that wait to be opened. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  concat,
  frame,
  greet,
  type Harness,
  harness,
  Recorder,
  REQUEST,
  turn,
  u32,
} from "./memory.ts";

const MIB = 1 << 20;
const [DATA, HEADERS, RST_STREAM] = [0, 1, 3];

/** A client with more to send than goes into one write, and two streams that waited for the link. */
async function crowded(): Promise<Harness> {
  const made = await harness("client");
  await greet(made, "client", 4, 0x7fffffff, 5, MIB);
  made.link.feed(frame(8, 0, 0, u32(100 * MIB)));
  const large = Array.from({ length: 6 }, () => made.connection.open(new Recorder(), REQUEST));
  await turn();
  made.link.take();
  made.link.isFull = true;
  for (const stream of large) stream.write(new Uint8Array(MIB));
  return made;
}

/** Lets the link take one write. */
async function drainOnce(made: Harness, meanwhile: () => void): Promise<void> {
  made.link.onWrite = () => {
    made.link.onWrite = () => {};
    meanwhile();
  };
  made.link.drain();
  await turn();
  await turn();
}

const opened = (made: Harness) =>
  made.link.takeFrames().filter(({ type }) => type !== DATA).map(({ type, id }) => [type, id]);

test("Connection sends the headers of streams that waited in the order of their ids", async () => {
  const made = await crowded();
  const [first, second] = [1, 2].map(() => made.connection.open(new Recorder(), REQUEST));
  await drainOnce(made, () => made.connection.open(new Recorder(), REQUEST));
  deepStrictEqual([first!.id, second!.id], [13, 15]);
  deepStrictEqual(opened(made), [[HEADERS, 13], [HEADERS, 15], [HEADERS, 17]]);
});

test("Connection resets no stream that the peer has not heard of", async () => {
  const made = await crowded();
  const streams = [1, 2, 3].map(() => made.connection.open(new Recorder(), REQUEST));
  streams[0]!.reset();
  await drainOnce(made, () => streams[1]!.reset());
  const seen = new Set<number>();
  for (const [type, id] of opened(made)) {
    if (type === HEADERS) seen.add(id!);
    else deepStrictEqual([type, seen.has(id!)], [RST_STREAM, true]);
  }
  strictEqual(made.connection.streamCount, 6 + 1);
});

test("Connection sends nothing behind the end of a stream that waits", async () => {
  const made = await crowded();
  const stream = made.connection.open(new Recorder(), REQUEST, undefined, true);
  strictEqual(stream.isSendEnded, true);
  stream.write(Uint8Array.of(1));
  stream.end();
  await drainOnce(made, () => {});
  const sent = concat(...made.link.writes.flat());
  strictEqual(sent.length > 0, true);
  const frames = made.link.takeFrames().filter(({ id }) => id === stream.id);
  deepStrictEqual(frames.map(({ type, flags }) => [type, flags]), [[HEADERS, 5]]);
});
