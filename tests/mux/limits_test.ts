/** Every wait of a session has a limit. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { YamuxPingTimeoutError } from "../../src/mux/errors.ts";
import { YamuxSession } from "../../src/mux/session.ts";
import { until, within } from "../helpers/wait.ts";
import { connected } from "./connected.ts";
import { RawPeer } from "./raw_peer.ts";

test("ping() gives up after writeTimeoutMs, and the session goes on", async () => {
  await using peer = new RawPeer({ writeTimeoutMs: 20 });
  const error = await within(peer.session.ping().catch((error) => error), "the end of the ping");
  ok(error instanceof YamuxPingTimeoutError);
  strictEqual(
    error.message,
    "Cannot reach the yamux peer: no answer to a ping in 20 ms",
  );
  peer.send("PING ACK 0 0");
  await peer.settled();
  strictEqual(peer.session.error, undefined);
});

test("keepalives are sent one after the other, for as long as they are answered", async () => {
  await using peer = new RawPeer({ keepAliveIntervalMs: 1 });
  for (let count = 0; count < 5; count++) {
    await peer.got(count + 1);
    strictEqual(peer.frames[count], `PING SYN 0 ${count}`);
    peer.send(`PING ACK 0 ${count}`);
  }
  await peer.session.close();
});

test("a keepalive that is not answered ends the session", async () => {
  await using peer = new RawPeer({ keepAliveIntervalMs: 5, writeTimeoutMs: 20 });
  const stream = await peer.session.open();
  const error = await peer.over();
  strictEqual(error.fault, "keep-alive");
  match(error.message, /: no answer to a keepalive in 20 ms$/);
  strictEqual(stream.errored, error);
  await peer.got(2);
  deepStrictEqual(peer.frames, ["WINDOW SYN 2 0", "PING SYN 0 0"]);
});

test("a stream that is not accepted in streamOpenTimeoutMs ends the session", async () => {
  await using peer = new RawPeer({ role: "client", streamOpenTimeoutMs: 20, acceptBacklog: 1 });
  const stream = await peer.session.open();
  const waiting = peer.session.open();
  const error = await peer.over();
  strictEqual(error.fault, "open-timeout");
  match(error.message, /: a stream was not accepted in 20 ms$/);
  strictEqual(stream.errored, error);
  await rejects(waiting, error);
});

for (const answer of ["WINDOW ACK 1 0", "DATA ACK 1 0", "WINDOW RST 1 0"]) {
  test(`${answer} ends the wait for a stream to be accepted`, async () => {
    await using peer = new RawPeer({ role: "client", streamOpenTimeoutMs: 200 });
    await peer.session.open();
    peer.send(answer);
    await peer.settled();
    const other = new RawPeer({ role: "client", streamOpenTimeoutMs: 200 });
    await other.session.open();
    strictEqual((await other.over()).fault, "open-timeout");
    await peer.settled();
    strictEqual(peer.session.error, undefined);
  });
}

test("a stream that is destroyed before it is accepted is no reason to end the session", async () => {
  await using peer = new RawPeer({ role: "client", streamOpenTimeoutMs: 50 });
  (await peer.session.open()).destroy();
  (await peer.session.open()).destroy(new Error("no use"));
  const other = new RawPeer({ role: "client", streamOpenTimeoutMs: 100 });
  await other.session.open();
  await other.over();
  strictEqual(peer.session.error, undefined);
});

test("a peer that takes nothing from the connection for writeTimeoutMs ends the session", async () => {
  const [near, far] = connected();
  const session = new YamuxSession(near, {
    role: "client",
    keepAliveIntervalMs: 0,
    writeTimeoutMs: 20,
  });
  const stream = await session.open();
  const written = new Promise((resolve) => stream.write(Buffer.alloc(250_000), resolve));
  const error = await within(session.closed, "the end of the session");
  strictEqual(error.fault, "write-timeout");
  match(error.message, /: the connection took nothing for 20 ms$/);
  deepStrictEqual([await written, stream.errored], [error, error]);
  strictEqual(near.destroyed, true);
  far.destroy();
});

test("a peer that takes its time but reads is waited for", async () => {
  const [near, far] = connected();
  const session = new YamuxSession(near, {
    role: "client",
    keepAliveIntervalMs: 0,
    writeTimeoutMs: 1000,
  });
  const stream = await session.open();
  stream.write(Buffer.alloc(250_000));
  let read = 0;
  while (read < 250_000) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    read += (far.read() as Buffer | null)?.length ?? 0;
  }
  strictEqual(session.error, undefined);
  await Promise.all([session.close(), until(() => far.read() === null, "the end")]);
  far.destroy();
});
