/** What a session does about a peer that breaks the rules, or off. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { test } from "node:test";
import {
  YamuxGoAwayError,
  YamuxProtocolError,
  type YamuxSessionError,
} from "../../src/mux/errors.ts";
import { YamuxSession } from "../../src/mux/session.ts";
import type { YamuxStream } from "../../src/mux/stream.ts";
import { until, within } from "../helpers/wait.ts";
import { Random } from "../wire/random.ts";
import { connected } from "./connected.ts";
import { frame, RawPeer } from "./raw_peer.ts";

const MORE_THAN_A_WINDOW = Buffer.alloc(262_145);

/** What the peer does, and what is said of it. */
const FAULTS: [what: string, sent: () => Uint8Array[], message: RegExp][] = [
  ["another version", () => [Buffer.from("010000000000000000000000", "hex")], /speaks version 1$/],
  ["an unknown type", () => [Buffer.from("000400000000000000000000", "hex")], /frame of type 4$/],
  ["HTTP", () => [Buffer.from("GET / HTTP/1.1\r\n\r\n")], /speaks version 71$/],
  ["a SYN for stream 0", () => [frame("WINDOW SYN 0 0")], /opened stream 0, an id it may not use$/],
  [
    "a SYN with an id of ours",
    () => [frame("WINDOW SYN 2 0")],
    /opened stream 2, an id it may not use$/,
  ],
  [
    "a second SYN",
    () => [frame("WINDOW SYN 1 0"), frame("DATA SYN 1 0")],
    /opened stream 1 twice$/,
  ],
  [
    "a second FIN",
    () => [frame("WINDOW SYN|FIN 1 0"), frame("WINDOW FIN 1 0")],
    /ended stream 1 twice$/,
  ],
  [
    "a second FIN, behind data",
    () => [frame("WINDOW SYN|FIN 1 0"), frame("DATA FIN 1", "x")],
    /ended stream 1 twice$/,
  ],
  [
    "one frame that is larger than the window",
    () => [frame("DATA SYN 1", MORE_THAN_A_WINDOW)],
    /more than the window of stream 1 allows$/,
  ],
  [
    "frames that together are larger than the window",
    () => [frame("DATA SYN 1", MORE_THAN_A_WINDOW.subarray(1)), frame("DATA - 1", "x")],
    /more than the window of stream 1 allows$/,
  ],
  [
    "data beyond the window after a FIN",
    () => [frame("WINDOW SYN|FIN 1 0"), frame("DATA - 1", MORE_THAN_A_WINDOW)],
    /more than the window of stream 1 allows$/,
  ],
];

for (const [what, sent, message] of FAULTS) {
  test(`YamuxSession answers ${what} with a GoAway and ends with a YamuxProtocolError`, async () => {
    await using peer = new RawPeer();
    const opened = await peer.session.open();
    const pinged = peer.session.ping();
    pinged.catch(() => {});
    await peer.got(2);
    peer.send(...sent(), frame("PING SYN 0 5"));
    const error = await peer.over();
    ok(error instanceof YamuxProtocolError);
    match(error.message, /^Cannot go on with the yamux session: the peer /);
    match(error.message, message);
    deepStrictEqual([error.code, error.fault], ["yamux-protocol", "protocol"]);
    await until(() => peer.ended, "the end of the connection");
    deepStrictEqual(peer.frames.slice(2), ["GOAWAY - 0 1"]);
    strictEqual(peer.session.error, error);
    strictEqual(peer.session.streamCount, 0);
    strictEqual(opened.errored, error);
    await rejects(pinged, error);
    await rejects(peer.session.open(), error);
    await rejects(peer.session.ping(), error);
  });
}

test("YamuxSession ignores what hashicorp/yamux ignores", async () => {
  await using peer = new RawPeer();
  peer.session.onStream(() => {});
  peer.send(
    // Nobody's.
    frame("DATA - 9", "of nobody"),
    "DATA - 9 0",
    "WINDOW ACK|FIN|RST 9 5",
    "WINDOW - 0 0",
    frame("DATA - 0", "of the session"),
    // Nothing.
    "WINDOW SYN 1 0",
    "DATA - 1 0",
    "WINDOW - 1 0",
    "WINDOW ACK 1 0",
    "WINDOW - 1 4294967295",
    // Flags that nobody knows.
    Buffer.from("000180f0000000010000000000020000000000000000000f", "hex"),
    // Go's Stream.Close() and Write() at once may put data behind a FIN.
    "WINDOW FIN 1 0",
    frame("DATA - 1", "behind the end"),
  );
  await peer.settled();
  deepStrictEqual(peer.frames, ["WINDOW ACK 1 0"]);
  strictEqual(peer.session.streamCount, 1);
});

for (const [code, reason] of [[1, "a protocol error"], [2, "an internal error"], [9, "reason 9"]]) {
  test(`a GoAway ${code} ends the session`, async () => {
    await using peer = new RawPeer();
    peer.send(`GOAWAY - 0 ${code}`);
    const error = await peer.over();
    ok(error instanceof YamuxGoAwayError);
    strictEqual(error.goAwayCode, code);
    match(error.message, new RegExp(`the peer left because of ${reason}$`));
    deepStrictEqual(peer.frames, []);
  });
}

/** A frame of every kind, and what a session makes of the end behind each of its bytes. */
const CONVERSATION = Buffer.concat([
  frame("WINDOW SYN 1 0"),
  frame("DATA - 1", "hello"),
  frame("PING SYN 0 7"),
]);
const WHOLE = [0, 12, 29, 41];

test("YamuxSession says where the peer ended the connection, wherever it did", async () => {
  for (let length = 0; length <= CONVERSATION.length; length++) {
    await using peer = new RawPeer();
    const streams: YamuxStream[] = [];
    peer.session.onStream((stream) => streams.push(stream));
    peer.connection.end(CONVERSATION.subarray(0, length));
    const error = await peer.over();
    const where = WHOLE.includes(length) ? "" : " in the middle of a frame";
    strictEqual(error.fault, "ended");
    strictEqual(
      error.message,
      `Cannot go on with the yamux session: the peer ended the connection${where}`,
    );
    for (const stream of streams) strictEqual(stream.errored, error);
    strictEqual(streams.length, length < 12 ? 0 : 1);
  }
});

test("YamuxSession survives garbage at any point, and ends for a reason", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new Random(seed);
  for (let round = 0; round < 200; round++) {
    await using peer = new RawPeer({ writeTimeoutMs: 1000 });
    peer.session.onStream((stream) => stream.resume().end("x"));
    const cut = random.below(CONVERSATION.length + 1);
    const garbage = random.bytes(7 + random.below(100));
    // Often it looks like a frame.
    if (random.below(2) === 0) garbage.set([0, random.below(5), 0, random.below(16), 0, 0, 0]);
    peer.send(CONVERSATION.subarray(0, cut), garbage);
    peer.connection.end();
    const error = await peer.over();
    ok(["ended", "protocol", "go-away"].includes(error.fault), `seed ${seed}: ${error}`);
    strictEqual(peer.session.streamCount, 0, `seed ${seed}`);
  }
});

test("what the peer sent to its end can be read to its end after the session", async () => {
  await using peer = new RawPeer();
  const streams: YamuxStream[] = [];
  peer.session.onStream((stream) => streams.push(stream));
  peer.send(frame("DATA SYN|FIN 1", Buffer.alloc(200_000)), frame("DATA SYN 3", "a part"));
  peer.connection.end();
  const error = await peer.over();
  const [whole, part] = streams as [YamuxStream, YamuxStream];
  strictEqual(part.errored, error);
  strictEqual(whole.errored, null);
  let length = 0;
  whole.on("data", (chunk) => length += chunk.length);
  await until(() => whole.closed, "the close");
  deepStrictEqual([length, whole.readableEnded, whole.errored], [200_000, true, error]);
});

test("after the session nothing can be written to a stream that is still read", async () => {
  await using peer = new RawPeer();
  const streams: YamuxStream[] = [];
  peer.session.onStream((stream) => streams.push(stream));
  peer.send(frame("DATA SYN|FIN 1", "x"));
  peer.connection.end();
  const error = await peer.over();
  const written = await new Promise((resolve) => streams[0]!.write("y", resolve));
  strictEqual(written, error);
  strictEqual(streams[0]!.errored, error);
});

test("a connection that fails ends the session with its error as the cause", async () => {
  await using peer = new RawPeer();
  const cause = new Error("wire cut");
  peer.near.destroy(cause);
  const error = await peer.over();
  deepStrictEqual([error.fault, error.cause], ["failed", cause]);
  match(error.message, /: the connection failed: wire cut$/);
});

test("a connection that is destroyed ends the session", async () => {
  await using peer = new RawPeer();
  peer.near.destroy();
  strictEqual((await peer.over()).fault, "failed");
});

for (const how of ["destroyed", "ended"] as const) {
  test(`a session on a connection that was ${how} before ends at once`, async () => {
    const [near, far] = connected();
    if (how === "destroyed") {
      near.destroy();
    } else {
      far.end();
      near.resume();
      await until(() => near.readableEnded, "the end");
    }
    const session = new YamuxSession(near, { role: "client" });
    const error = await within(session.closed, "the end of the session");
    strictEqual(error.fault, "ended");
    far.destroy();
  });
}

test("close() ends everything with one reason, twice as well as once", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  await peer.got(1);
  const first = peer.session.close();
  strictEqual(peer.session.error?.fault, "closed");
  await Promise.all([first, peer.session.close()]);
  await peer.session.close();
  const error = await peer.over();
  strictEqual(error.message, "Cannot go on with the yamux session: it was closed on this side");
  strictEqual(stream.errored, error);
  deepStrictEqual(peer.frames, ["WINDOW SYN 1 0"]);
  strictEqual(peer.ended, true);
  // Nothing is done any more.
  peer.session.goAway();
  peer.session.onStream(() => {});
  stream.destroy();
  deepStrictEqual(peer.frames, ["WINDOW SYN 1 0"]);
});

test("close() sends what was written before", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  stream.write("last words");
  await peer.session.close();
  await peer.got(2);
  deepStrictEqual(peer.frames, ["WINDOW SYN 1 0", "DATA - 1 10 last words"]);
});

test("close() does not wait for a peer that neither reads nor ends", async () => {
  const [near, far] = connected();
  const session = new YamuxSession(near, { role: "client" });
  const stream = await session.open();
  stream.write(Buffer.alloc(200_000));
  await within(session.close(), "the close");
  strictEqual(near.destroyed, true);
  far.destroy();
});

test("an error nobody listens for is no crash", async () => {
  const errors: YamuxSessionError[] = [];
  {
    await using peer = new RawPeer({ role: "client" });
    await peer.session.open();
    peer.send(Buffer.from("garbage garbage"));
    errors.push(await peer.session.closed);
  }
  strictEqual(errors.length, 1);
});

test("YamuxSession takes a chunk that comes while it is still at the one before", async () => {
  const later = [frame("DATA - 1", "one "), frame("DATA - 1", "two")];
  // Whatever is written is answered before write() returns, in the middle of a frame.
  const connection: Duplex = new Duplex({
    read() {},
    write(_chunk, _encoding, callback) {
      const next = later.shift();
      if (next !== undefined) connection.push(next);
      callback();
    },
  });
  const session = new YamuxSession(connection, { role: "server", keepAliveIntervalMs: 0 });
  let received = "";
  session.onStream((stream) => stream.on("data", (chunk) => received += chunk));
  await new Promise((resolve) => setImmediate(resolve));
  connection.push(Buffer.concat([
    frame("WINDOW SYN 1 0"),
    frame("PING SYN 0 1"),
    frame("DATA - 1", "zero "),
  ]));
  await until(() => received.endsWith("two"), "the data");
  strictEqual(received, "zero one two");
  strictEqual(session.error, undefined);
  await session.close();
});
