/** Who may send how much: windows, back-pressure, turns. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { YamuxSession } from "../../src/mux/session.ts";
import type { YamuxStream } from "../../src/mux/stream.ts";
import { until, within } from "../helpers/wait.ts";
import { Random } from "../wire/random.ts";
import { connected } from "./connected.ts";
import { frame, RawPeer } from "./raw_peer.ts";

test("a stream sends no more than its window, and goes on with what it is given", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  let written = false;
  stream.write(Buffer.alloc(300_000), () => written = true);
  const sent = () => peer.bodies.reduce((sum, body) => sum + body.length, 0);
  await peer.settled();
  deepStrictEqual([sent(), written], [262_144, false]);
  peer.send("WINDOW - 1 1000");
  await peer.settled();
  deepStrictEqual([sent(), written], [263_144, false]);
  peer.send("WINDOW ACK 1 36856");
  await until(() => written, "the callback");
  strictEqual(sent(), 300_000);
  stream.write("more");
  await peer.settled();
  strictEqual(sent(), 300_000);
  peer.send("WINDOW FIN 1 4");
  await peer.settled();
  strictEqual(sent(), 300_004);
});

test("a stream without window keeps no other from sending, nor its FIN from what was sent", async () => {
  await using peer = new RawPeer({ role: "client" });
  const [full, free] = [await peer.session.open(), await peer.session.open()];
  full.write(Buffer.alloc(300_000));
  free.end("free");
  await until(() => peer.frames.includes("WINDOW FIN 3 0"), "the FIN");
  ok(peer.frames.includes("DATA - 3 4 free"));
});

test("streams take turns, a frame each", async () => {
  await using peer = new RawPeer({ role: "client" });
  const streams = await Promise.all([1, 2, 3].map(() => peer.session.open()));
  for (const stream of streams) stream.write(Buffer.alloc(3 * 65_536));
  await until(() => peer.bodies.length === 9, "nine frames");
  const order = peer.frames.filter((words) => words.startsWith("DATA"))
    .map((words) => words.split(" ")[2]).join("");
  // The first began before the others had anything.
  strictEqual(order, "113513535");
});

test("what a connection does not take waits in the streams, not in memory", async () => {
  const [near, far] = connected();
  const session = new YamuxSession(near, { role: "client", keepAliveIntervalMs: 0 });
  for (let count = 0; count < 50; count++) {
    (await session.open()).write(Buffer.alloc(200_000));
  }
  ok(near.writableLength < 100_000, `${near.writableLength} bytes`);
  far.destroy();
  await session.close();
});

test("a stream that nobody reads gives no credit, and all of it once it is read", async () => {
  await using peer = new RawPeer();
  const streams: YamuxStream[] = [];
  peer.session.onStream((stream) => streams.push(stream));
  peer.send(frame("DATA SYN 1", Buffer.alloc(262_144, "x")));
  await peer.settled();
  deepStrictEqual(peer.frames, ["WINDOW ACK 1 0"]);
  // Another is not held up.
  peer.send(frame("DATA SYN|FIN 3", "quick"));
  await until(() => streams.length === 2, "the second stream");
  strictEqual(await text(streams[1]!), "quick");

  const stream = streams[0]!;
  let read = 0;
  stream.on("data", (chunk) => read += chunk.length);
  await until(() => read === 262_144, "the first window");
  const credit = () =>
    peer.frames.filter((words) => words.startsWith("WINDOW - 1"))
      .reduce((sum, words) => sum + Number(words.split(" ")[3]), 0);
  strictEqual(credit(), 262_144);
  peer.send(frame("DATA FIN 1", Buffer.alloc(262_144, "y")));
  await until(() => stream.readableEnded, "the end");
  strictEqual(read, 2 * 262_144);
});

test("a stream that is read in small steps goes on for ever", async () => {
  await using peer = new RawPeer();
  const streams: YamuxStream[] = [];
  peer.session.onStream((stream) => streams.push(stream));
  peer.send("WINDOW SYN 1 0");
  await peer.got(1);
  const stream = streams[0]!;
  let window = 262_144;
  let seenFrames = 1;
  let read = 0;
  const total = 3_000_000;
  for (let sent = 0; read < total;) {
    for (; seenFrames < peer.frames.length; seenFrames++) {
      window += Number(peer.frames[seenFrames]!.split(" ")[3]);
    }
    const length = Math.min(window, total - sent, 50_000);
    if (length > 0) peer.send(frame("DATA - 1", Buffer.alloc(length)));
    sent += length;
    window -= length;
    await new Promise((resolve) => setImmediate(resolve));
    const size = Math.min(stream.readableLength, 7_777);
    if (size > 0) read += (stream.read(size) as Buffer).length;
    else stream.read(0);
  }
  ok(seenFrames >= 20);
});

test("a piece that waits does not hold the chunk it came in", async () => {
  await using peer = new RawPeer();
  const streams: YamuxStream[] = [];
  peer.session.onStream((stream) => streams.push(stream));
  peer.send(frame("DATA SYN 1", "tiny"), frame("DATA - 9", Buffer.alloc(200_000)));
  await until(() => (streams[0]?.readableLength ?? 0) >= 0 && streams.length === 1, "the stream");
  await peer.settled();
  const chunk = await new Promise<Buffer>((resolve) => streams[0]!.once("data", resolve));
  strictEqual(String(chunk), "tiny");
  // It may share one of Node's pools, which are 64 KiB each from Node 24 on.
  ok(chunk.buffer.byteLength < 100_000, `${chunk.buffer.byteLength} bytes`);
});

/** Two sessions, and a stream from one to the other. */
function pair(cut?: (chunk: Buffer) => Buffer[]) {
  const [near, far] = connected(cut);
  const options = { keepAliveIntervalMs: 0 };
  const client = new YamuxSession(near, { role: "client", ...options });
  const server = new YamuxSession(far, { role: "server", ...options });
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      await Promise.all([client.close(), server.close()]);
    },
  };
}

/** Sends back what comes. */
function echo(stream: Duplex): void {
  stream.pipe(stream);
}

test("pings are answered while every stream is full", async () => {
  await using both = pair();
  both.server.onStream(() => {});
  for (let count = 0; count < 20; count++) {
    (await both.client.open()).write(Buffer.alloc(1_000_000));
  }
  await within(Promise.all([both.client.ping(), both.server.ping()]), "the answers");
});

test("streams that open and close from both sides at once carry every byte, however it is cut", async () => {
  for (let round = 0; round < 8; round++) {
    const seed = Math.floor(Math.random() * 2 ** 32);
    try {
      await exchange(new Random(seed));
    } catch (cause) {
      throw new Error(`Seed ${seed}: ${(cause as Error).message}`, { cause });
    }
  }
});

/** Sends random bytes through echoing streams over chunks that are cut at random. */
async function exchange(random: Random): Promise<void> {
  await using both = pair((chunk) => {
    const chunks: Buffer[] = [];
    const most = random.pick([1 + chunk.length / 5, 20_000, 100_000]);
    for (let offset = 0; offset < chunk.length;) {
      const piece = chunk.subarray(offset, offset + 1 + random.below(most));
      chunks.push(piece);
      offset += piece.length;
    }
    return chunks;
  });
  both.client.onStream(echo);
  both.server.onStream(echo);
  await within(
    Promise.all(Array.from({ length: 12 }, async (_, index) => {
      const stream = await (index % 2 === 0 ? both.client : both.server).open();
      const sent = Buffer.from(random.bytes(random.below(random.pick([10, 1_000, 400_000]))));
      const received: Buffer[] = [];
      stream.on("data", (chunk) => received.push(chunk));
      const ended = new Promise((resolve) => stream.once("close", resolve));
      for (let offset = 0; offset < sent.length;) {
        const piece = sent.subarray(offset, offset + 1 + random.below(100_000));
        stream.write(piece);
        offset += piece.length;
      }
      stream.end();
      await ended;
      strictEqual(stream.errored, null);
      ok(Buffer.concat(received).equals(sent), `stream ${stream.id}`);
    })),
    "the exchange",
  );
  await until(() => both.client.streamCount + both.server.streamCount === 0, "no streams");
}

test("500 streams one after the other leave nothing", async () => {
  const [near, far] = connected();
  const listenersBefore = countListeners(near);
  const client = new YamuxSession(near, { role: "client" });
  const server = new YamuxSession(far, { role: "server" });
  server.onStream(echo);
  const listeners = countListeners(near);
  for (let count = 0; count < 500; count++) {
    const stream = await client.open();
    if (count % 5 === 0) {
      stream.destroy(new Error("no use"));
    } else {
      stream.end(`request ${count}`);
      strictEqual(await text(stream), `request ${count}`);
    }
  }
  await until(() => client.streamCount + server.streamCount === 0, "no streams");
  deepStrictEqual(countListeners(near), listeners);
  await client.close();
  await within(server.closed, "the end of the server");
  for (const end of [near, far]) deepStrictEqual(countListeners(end), listenersBefore);
  await rejects(client.open(), { fault: "closed" });
});

/** How many listeners a connection has, of each kind there may be. */
function countListeners(connection: Duplex): Record<string, number> {
  return Object.fromEntries(
    ["data", "end", "error", "close", "drain", "readable", "finish"]
      .map((name) => [name, connection.listenerCount(name)]),
  );
}
