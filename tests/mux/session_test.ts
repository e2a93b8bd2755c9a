/** What a session says on the wire, and what it makes of what it hears. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { test } from "node:test";
import { YamuxOpenError, YamuxResetError } from "../../src/mux/errors.ts";
import type { YamuxStream } from "../../src/mux/stream.ts";
import { until, within } from "../helpers/wait.ts";
import { frame, RawPeer } from "./raw_peer.ts";

/** The streams that a session has accepted, as they come. */
function accepting(peer: RawPeer): YamuxStream[] {
  const streams: YamuxStream[] = [];
  peer.session.onStream((stream) => streams.push(stream));
  return streams;
}

/** What a stream has received, as it comes. */
function reading(stream: YamuxStream) {
  const seen = { text: "", ended: false };
  stream.on("data", (chunk) => seen.text += chunk);
  stream.on("end", () => seen.ended = true);
  return seen;
}

test("YamuxSession says nothing by itself", async () => {
  await using peer = new RawPeer();
  await peer.settled();
  deepStrictEqual(peer.frames, []);
  strictEqual(peer.session.streamCount, 0);
  strictEqual(peer.session.error, undefined);
});

test("open() sends the SYN before it returns and does not wait for an ACK", async () => {
  await using peer = new RawPeer({ role: "client" });
  const opened = peer.session.open();
  strictEqual(peer.session.streamCount, 1);
  const first = await opened;
  const second = await peer.session.open();
  deepStrictEqual([first.id, second.id], [1, 3]);
  deepStrictEqual(await peer.got(2), ["WINDOW SYN 1 0", "WINDOW SYN 3 0"]);
});

test("open() of a server takes even ids, and announces a larger window", async () => {
  await using peer = new RawPeer({ role: "server", maxStreamWindowBytes: 262_144 + 1000 });
  await peer.session.open();
  deepStrictEqual(await peer.got(1), ["WINDOW SYN 2 1000"]);
});

test("a stream sends data in frames of 64 KiB at most, and a FIN at its end", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  stream.end(Buffer.alloc(65_536 + 10));
  deepStrictEqual(await peer.got(4), [
    "WINDOW SYN 1 0",
    "DATA - 1 65536",
    "DATA - 1 10 " + "\0".repeat(10),
    "WINDOW FIN 1 0",
  ]);
});

test("a stream puts what waits into one frame, and leaves nothing out", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  const calls: string[] = [];
  const large = Buffer.alloc(60_000, "a");
  stream.write(large, () => calls.push("a"));
  stream.write("", () => calls.push("nothing"));
  for (const text of ["b", "c", "d"]) stream.write(text, () => calls.push(text));
  stream.cork();
  stream.write("");
  stream.uncork();
  await until(() => calls.length === 5, "the callbacks");
  deepStrictEqual(calls, ["a", "nothing", "b", "c", "d"]);
  await peer.settled();
  deepStrictEqual(peer.frames.slice(1), ["DATA - 1 60000", "DATA - 1 3 bcd"]);
  ok(peer.bodies[0]?.equals(large));
});

test("onStream() gets the peer's streams, and the ACK goes out when it returns", async () => {
  await using peer = new RawPeer();
  const streams = accepting(peer);
  peer.send("WINDOW SYN 1 0", "WINDOW SYN 3 5");
  deepStrictEqual(await peer.got(2), ["WINDOW ACK 1 0", "WINDOW ACK 3 0"]);
  deepStrictEqual(streams.map(({ id }) => id), [1, 3]);
});

test("onStream(): an ACK rides on what the handler writes", async () => {
  await using peer = new RawPeer();
  peer.session.onStream((stream) => stream.write("hello"));
  peer.send("WINDOW SYN 1 0");
  await peer.got(1);
  await peer.settled();
  deepStrictEqual(peer.frames, ["DATA ACK 1 5 hello"]);
});

test("onStream(): a stream that ends at once is accepted and ended", async () => {
  await using peer = new RawPeer();
  peer.session.onStream((stream) => stream.destroy());
  peer.send("WINDOW SYN 1 0");
  deepStrictEqual(await peer.got(1), ["WINDOW ACK|FIN 1 0"]);
  peer.send("WINDOW FIN 1 0");
  await peer.settled();
  strictEqual(peer.session.streamCount, 0);
});

for (const how of ["destroys it with an error", "throws"]) {
  test(`onStream(): a handler that ${how} resets the stream, and the session goes on`, async () => {
    await using peer = new RawPeer();
    const error = new Error("not at home");
    const streams: YamuxStream[] = [];
    peer.session.onStream((stream) => {
      streams.push(stream);
      if (how === "throws") throw error;
      stream.destroy(error);
    });
    peer.send("WINDOW SYN 1 0");
    deepStrictEqual(await peer.got(1), ["WINDOW RST 1 0"]);
    await peer.settled();
    strictEqual(streams[0]?.errored, error);
    deepStrictEqual([peer.frames.length, peer.session.streamCount], [1, 0]);
  });
}

test("streams that come before onStream() wait, with what they bring", async () => {
  await using peer = new RawPeer();
  peer.send(frame("DATA SYN 1", "early"), "WINDOW FIN 1 0", "WINDOW SYN 3 0");
  await peer.settled();
  deepStrictEqual([peer.frames, peer.session.streamCount], [[], 2]);
  const streams = accepting(peer);
  const seen = reading(streams[0]!);
  await until(() => seen.ended, "the end");
  strictEqual(seen.text, "early");
  deepStrictEqual(peer.frames, ["WINDOW ACK 1 0", "WINDOW ACK 3 0"]);
});

test("onStream(undefined) lets streams wait again", async () => {
  await using peer = new RawPeer();
  const streams = accepting(peer);
  peer.session.onStream(undefined);
  peer.send("WINDOW SYN 1 0");
  await peer.settled();
  strictEqual(streams.length, 0);
  deepStrictEqual(peer.frames, []);
});

test("a waiting stream that the peer resets is never handed over", async () => {
  await using peer = new RawPeer();
  peer.send("WINDOW SYN 1 0", "WINDOW RST 1 0", "WINDOW SYN 3 0");
  await peer.settled();
  deepStrictEqual(accepting(peer).map(({ id }) => id), [3]);
});

test("streams beyond acceptBacklog are reset, and one that is accepted makes room", async () => {
  await using peer = new RawPeer({ acceptBacklog: 2 });
  peer.send("WINDOW SYN 1 0", "WINDOW SYN 3 0", frame("DATA SYN|FIN 5", "lost"));
  deepStrictEqual(await peer.got(1), ["WINDOW RST 5 0"]);
  accepting(peer);
  peer.session.onStream(undefined);
  peer.send("WINDOW SYN 7 0");
  await peer.settled();
  deepStrictEqual(peer.frames.slice(1), ["WINDOW ACK 1 0", "WINDOW ACK 3 0"]);
  strictEqual(peer.session.streamCount, 3);
});

test("the backlog is 256 by default", async () => {
  await using peer = new RawPeer();
  peer.send(...Array.from({ length: 257 }, (_, index) => `WINDOW SYN ${2 * index + 1} 0`));
  await peer.settled();
  deepStrictEqual([peer.frames, peer.session.streamCount], [["WINDOW RST 513 0"], 256]);
});

test("open() waits while acceptBacklog streams wait for their ACK, in order", async () => {
  await using peer = new RawPeer({ role: "client", acceptBacklog: 2 });
  await peer.session.open();
  const second = await peer.session.open();
  const aborted = new AbortController();
  const waiting = [peer.session.open(), peer.session.open(aborted.signal), peer.session.open()];
  aborted.abort(new Error("changed my mind"));
  await rejects(waiting[1]!, /changed my mind/);
  await peer.settled();
  strictEqual(peer.frames.length, 2);
  peer.send("WINDOW ACK 1 0");
  strictEqual((await waiting[0])?.id, 5);
  second.destroy(new Error("no use"));
  strictEqual((await waiting[2])?.id, 7);
  deepStrictEqual(await peer.got(5), [
    "WINDOW SYN 1 0",
    "WINDOW SYN 3 0",
    "WINDOW SYN 5 0",
    "WINDOW RST 3 0",
    "WINDOW SYN 7 0",
  ]);
  // A second ACK frees nothing.
  peer.send("WINDOW ACK 1 0", "WINDOW ACK 1 0");
  const late = peer.session.open();
  await peer.settled();
  strictEqual(peer.frames.length, 5);
  peer.session.close();
  await rejects(late, { name: "YamuxSessionError", fault: "closed" });
});

test("open() with an aborted signal opens nothing", async () => {
  await using peer = new RawPeer({ role: "client" });
  await rejects(peer.session.open(AbortSignal.abort(new Error("too late"))), /too late/);
  await peer.settled();
  deepStrictEqual(peer.frames, []);
});

test("every flag may come on a data frame, before, with and behind a body", async () => {
  await using peer = new RawPeer();
  const streams = accepting(peer);
  const all = frame("DATA SYN|FIN 1", "whole");
  peer.send(all.subarray(0, 14));
  await until(() => streams.length === 1, "the stream");
  const seen = reading(streams[0]!);
  await until(() => seen.text === "wh", "the first piece");
  strictEqual(seen.ended, false);
  peer.send(all.subarray(14));
  await until(() => seen.ended, "the end");
  strictEqual(seen.text, "whole");

  peer.send(frame("DATA SYN 3", "cut"), frame("DATA RST 3", "nobody's"));
  await until(() => streams[1]?.closed === true, "the reset");
  ok(streams[1]?.errored instanceof YamuxResetError);

  const opened = await peer.session.open();
  const heard = reading(opened);
  peer.send(frame("DATA ACK 2", "yes"), "DATA FIN 2 0");
  await until(() => heard.ended, "the end");
  strictEqual(heard.text, "yes");
  await peer.settled();
});

test("half-close, this side first: what comes later is read, and the stream is forgotten", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  const seen = reading(stream);
  stream.end("ask");
  deepStrictEqual((await peer.got(3)).slice(1), ["DATA - 1 3 ask", "WINDOW FIN 1 0"]);
  strictEqual(peer.session.streamCount, 1);
  peer.send("WINDOW ACK 1 0", frame("DATA - 1", "answer"), "WINDOW FIN 1 0");
  await until(() => stream.closed, "the close");
  deepStrictEqual([seen, peer.session.streamCount], [{ text: "answer", ended: true }, 0]);
  strictEqual(stream.errored, null);
});

test("half-close, the peer first: what is written later is sent", async () => {
  await using peer = new RawPeer();
  const streams = accepting(peer);
  peer.send(frame("DATA SYN|FIN 1", "ask"));
  await until(() => streams.length === 1, "the stream");
  const seen = reading(streams[0]!);
  await until(() => seen.ended, "the end");
  streams[0]!.write("late ");
  await peer.got(2);
  streams[0]!.end("answer");
  deepStrictEqual(await peer.got(4), [
    "WINDOW ACK 1 0",
    "DATA - 1 5 late ",
    "DATA - 1 6 answer",
    "WINDOW FIN 1 0",
  ]);
  await until(() => streams[0]!.closed, "the close");
  strictEqual(peer.session.streamCount, 0);
});

test("RST from the peer ends reading and writing with a YamuxResetError", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  const written = new Promise((resolve) => stream.write(Buffer.alloc(300_000), resolve));
  await peer.got(5);
  peer.send("WINDOW RST 1 0");
  const [error] = await within(once(stream, "error"), "the error");
  ok(error instanceof YamuxResetError);
  strictEqual(error.message, "Cannot use yamux stream 1: the peer reset it");
  deepStrictEqual([error.streamId, await written, error.code], [1, error, "yamux-reset"]);
  strictEqual(peer.session.streamCount, 0);
  await peer.settled();
  strictEqual(peer.frames.length, 5);
});

test("destroy(error) resets, once", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  const error = new Error("enough");
  stream.destroy(error);
  stream.destroy();
  deepStrictEqual(await peer.got(2), ["WINDOW SYN 1 0", "WINDOW RST 1 0"]);
  peer.send("WINDOW ACK 1 0", frame("DATA - 1", "on its way"), "WINDOW FIN 1 0");
  await peer.settled();
  deepStrictEqual([peer.frames.length, peer.session.streamCount], [2, 0]);
});

test("a writer may use its buffer again once its callback was called", async () => {
  for (const bytes of [10, 100_000]) {
    await using peer = new RawPeer({ role: "client" });
    const stream = await peer.session.open();
    const buffer = Buffer.alloc(bytes, "x");
    await new Promise((resolve) => stream.write(buffer, resolve));
    buffer.fill("y");
    await peer.settled();
    ok(Buffer.concat(peer.bodies).equals(Buffer.alloc(bytes, "x")), `${bytes} bytes`);
  }
});

test("destroy() behind a few small writes loses none", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  for (const word of ["one ", "two ", "three"]) stream.write(word);
  stream.destroy();
  await until(() => peer.frames.includes("WINDOW FIN 1 0"), "the FIN");
  strictEqual(String(Buffer.concat(peer.bodies)), "one two three");
});

test("destroy() sends a FIN, throws away what comes, gives credit for it, until the peer's FIN", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  stream.write("sent");
  stream.destroy();
  await until(() => stream.closed, "the close");
  deepStrictEqual((await peer.got(3)).slice(1), ["DATA - 1 4 sent", "WINDOW FIN 1 0"]);
  peer.send("WINDOW ACK 1 0", frame("DATA - 1", Buffer.alloc(200_000)));
  deepStrictEqual((await peer.got(4)).slice(3), ["WINDOW - 1 200000"]);
  strictEqual(peer.session.streamCount, 1);
  peer.send("WINDOW FIN 1 0");
  await peer.settled();
  strictEqual(peer.session.streamCount, 0);
});

test("destroy() gives credit for what was never read", async () => {
  await using peer = new RawPeer();
  const streams = accepting(peer);
  peer.send(frame("DATA SYN 1", Buffer.alloc(262_144)));
  await peer.settled();
  streams[0]!.destroy();
  deepStrictEqual(await peer.got(3), ["WINDOW ACK 1 0", "WINDOW FIN 1 0", "WINDOW - 1 262144"]);
});

test("destroy() with bytes that are still to be sent resets: nobody takes a part for the whole", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  const written = new Promise((resolve) => stream.write(Buffer.alloc(262_145), resolve));
  await peer.got(5);
  stream.destroy();
  deepStrictEqual((await peer.got(6)).at(-1), "WINDOW RST 1 0");
  const error = await written as Error;
  strictEqual(error.message, "Cannot write to yamux stream 1: it was destroyed");
  strictEqual(peer.session.streamCount, 0);
});

test("a destroyed stream whose peer never ends is reset after streamCloseTimeoutMs", async () => {
  await using peer = new RawPeer({ role: "client", streamCloseTimeoutMs: 20 });
  (await peer.session.open()).destroy();
  deepStrictEqual(await peer.got(3), ["WINDOW SYN 1 0", "WINDOW FIN 1 0", "WINDOW RST 1 0"]);
  strictEqual(peer.session.streamCount, 0);
});

test("ping() gets its answer among others, and nothing else counts", async () => {
  await using peer = new RawPeer();
  const [first, second] = [peer.session.ping(), peer.session.ping()];
  deepStrictEqual(await peer.got(2), ["PING SYN 0 0", "PING SYN 0 1"]);
  peer.send("PING ACK 0 77", "PING ACK 0 1");
  ok(await second >= 0);
  peer.send("PING ACK 0 0", "PING ACK 0 0");
  ok(await first >= 0);
});

test("a ping of the peer is answered with its number", async () => {
  await using peer = new RawPeer();
  peer.send("PING SYN 0 4294967295", "PING SYN 9 1");
  deepStrictEqual(await peer.got(2), ["PING ACK 0 4294967295", "PING ACK 0 1"]);
});

test("goAway() is said once, resets what the peer opens, and leaves the rest", async () => {
  await using peer = new RawPeer();
  const streams = accepting(peer);
  peer.send("WINDOW SYN 1 0");
  await peer.got(1);
  peer.session.goAway();
  peer.session.goAway();
  peer.send(frame("DATA SYN 3", "too late"));
  const seen = reading(streams[0]!);
  peer.send(frame("DATA - 1", "still here"));
  await until(() => seen.text === "still here", "the data");
  await peer.session.open();
  deepStrictEqual(await peer.got(4), [
    "WINDOW ACK 1 0",
    "GOAWAY - 0 0",
    "WINDOW RST 3 0",
    "WINDOW SYN 2 0",
  ]);
  strictEqual(peer.session.streamCount, 2);
});

test("a GoAway of the peer refuses new streams, waiting ones too, and leaves the rest", async () => {
  await using peer = new RawPeer({ role: "client", acceptBacklog: 1 });
  const stream = await peer.session.open();
  const waiting = peer.session.open();
  peer.send("GOAWAY - 0 0", "WINDOW ACK 1 0");
  const refused = (error: unknown) => error instanceof YamuxOpenError && error.fault === "refused";
  await rejects(waiting, refused);
  await rejects(peer.session.open(), refused);
  stream.end("x");
  await peer.got(3);
  strictEqual(peer.session.error, undefined);
});

test("a stream has the methods that callers of a socket expect", async () => {
  await using peer = new RawPeer({ role: "client" });
  const stream = await peer.session.open();
  strictEqual(stream.setNoDelay().setKeepAlive().setTimeout().ref().unref(), stream);
});
