/** Knocks as they go over the broker's stream, with a peer made by hand. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import type { BrokerError } from "../../src/errors.ts";
import { Knocks } from "../../src/mux/knocks.ts";
import { KnockedMeeting } from "../../src/rpc/knocked_meeting.ts";
import type { ConnInfo, ConnInfoOutbox } from "../../src/rpc/meeting.ts";
import { Outbox } from "../../src/rpc/outbox.ts";
import { recordLogs } from "../helpers/logs.ts";
import { until, within } from "../helpers/wait.ts";
import { RawPeer } from "../mux/raw_peer.ts";

/** An outbox that remembers what is sent, in words. */
class RecordedOutbox extends Outbox<ConnInfo> {
  readonly sent: string[] = [];

  override send({ serviceId, knock }: ConnInfo): void {
    const refusal = knock?.error ? `: ${knock.error}` : "";
    if (!this.isEnded) this.sent.push(`${knock?.ack ? "ack" : "knock"} ${serviceId}${refusal}`);
  }
}

/** One side's meeting, and its peer. */
function meet() {
  const peer = new RawPeer({ role: "client" });
  const unasked: number[] = [];
  const knocks = new Knocks(peer.session, { onUnannounced: ({ id }) => unasked.push(id) });
  const { logger, entries } = recordLogs();
  const meeting = new KnockedMeeting(logger, () => knocks);
  const outbox = new RecordedOutbox();
  const session = (): Promise<ConnInfoOutbox> => Promise.resolve(outbox);
  return {
    peer,
    meeting,
    outbox,
    entries,
    /** The ids of streams that nobody knocked for. */
    unasked,
    receive: (serviceId: number, knock?: ConnInfo["knock"]) =>
      meeting.receive({ serviceId, network: "", address: "", knock }, outbox),
    async dial(id: number): Promise<Duplex> {
      const open = await meeting.find(id, session);
      ok(typeof open === "function");
      return await open(new AbortController().signal);
    },
    /** Serves an id; gives the streams that come in. */
    async serve(id: number) {
      const streams: Duplex[] = [];
      const entry = await meeting.prepare(id);
      await entry.open(outbox, (stream) => streams.push(stream));
      return { streams, close: () => entry.close() };
    },
    async [Symbol.asyncDispose]() {
      meeting.close(new Error("over"));
      await peer[Symbol.asyncDispose]();
    },
  };
}

const KNOCK = { knock: true };
const ACK = { knock: true, ack: true };

test("KnockedMeeting.find() knocks, and opens a stream when the peer has answered", async () => {
  await using side = meet();
  const dialled = side.dial(7);
  await until(() => side.outbox.sent.length === 1, "the knock");
  deepStrictEqual([side.outbox.sent, side.peer.frames], [["knock 7"], []]);
  side.receive(7, ACK);
  await within(dialled, "the stream");
  deepStrictEqual(await side.peer.got(1), ["WINDOW SYN 1 0"]);
});

test("KnockedMeeting.find() knocks for each connection anew", async () => {
  await using side = meet();
  const open = await side.meeting.find(7, () => Promise.resolve(side.outbox));
  ok(typeof open === "function");
  for (const count of [1, 2]) {
    const dialled = open(new AbortController().signal);
    await until(() => side.outbox.sent.length === count, "the knock");
    side.receive(7, ACK);
    (await within(dialled, "the stream")).destroy();
  }
  deepStrictEqual(side.outbox.sent, ["knock 7", "knock 7"]);
});

test("KnockedMeeting: a knock that the peer refuses opens nothing, and says why", async () => {
  await using side = meet();
  const dialled = side.dial(7);
  await until(() => side.outbox.sent.length === 1, "the knock");
  side.receive(7, { ...ACK, error: "no listener for id 7" });
  await rejects(dialled, (error: BrokerError) => {
    match(error.message, /^Cannot dial id 7: the peer refused it: no listener for id 7$/);
    return error.code === "broker-refused";
  });
  await side.peer.settled();
  deepStrictEqual(side.peer.frames, []);
});

test("KnockedMeeting: an answer that comes too late uses its stream up", async () => {
  await using side = meet();
  await rejects(within(side.dial(7), "the timeout"), (error: BrokerError) => {
    match(error.message, /^Cannot dial id 7: timeout waiting for multiplexing knock handshake/);
    return error.code === "broker-timeout";
  });
  const second = side.dial(8);
  await until(() => side.outbox.sent.length === 2, "the second knock");
  // In this order: the peer gives its first stream to 7.
  side.receive(7, ACK);
  side.receive(8, ACK);
  await within(second, "the stream");
  deepStrictEqual(await side.peer.got(3), [
    "WINDOW SYN 1 0",
    "WINDOW SYN 3 0",
    "WINDOW FIN 1 0",
  ]);
  // One that nobody waits for, and that refuses, is nothing.
  side.receive(9, { ...ACK, error: "no" });
});

test("KnockedMeeting answers a knock for what is served, and hands the next stream over", async () => {
  await using side = meet();
  const served = await side.serve(3);
  side.receive(3, KNOCK);
  deepStrictEqual(side.outbox.sent, ["ack 3"]);
  side.peer.send("WINDOW SYN 2 0", "WINDOW SYN 4 0");
  await side.peer.settled();
  deepStrictEqual([served.streams.length, side.unasked], [1, [4]]);
});

test("KnockedMeeting keeps a knock until its id is served", async () => {
  await using side = meet();
  side.receive(3, KNOCK);
  side.receive(3, KNOCK); // One that was given up, perhaps: one answer will do.
  deepStrictEqual(side.outbox.sent, []);
  const served = await side.serve(3);
  deepStrictEqual(side.outbox.sent, ["ack 3"]);
  side.peer.send("WINDOW SYN 2 0");
  await side.peer.settled();
  strictEqual(served.streams.length, 1);
});

test("KnockedMeeting refuses a knock for an id that nobody serves, within the peer's five seconds", async () => {
  await using side = meet();
  const start = Date.now();
  side.receive(3, KNOCK);
  await until(() => side.outbox.sent.length === 1, "the refusal");
  ok(Date.now() - start < 5_000, "the peer would have given up");
  deepStrictEqual(side.outbox.sent, ["ack 3: no listener for id 3"]);
  side.peer.send("WINDOW SYN 2 0");
  await side.peer.settled();
  deepStrictEqual(side.unasked, [2]);
});

test("KnockedMeeting refuses a knock for what is served no more, at once, until it is served again", async () => {
  await using side = meet();
  const served = await side.serve(3);
  await served.close();
  await served.close();
  side.receive(3, KNOCK);
  await side.serve(3);
  side.receive(3, KNOCK);
  deepStrictEqual(side.outbox.sent, ["ack 3: no listener for id 3", "ack 3"]);
});

test("KnockedMeeting: closing what was served before leaves what is served now", async () => {
  await using side = meet();
  const first = await side.serve(3);
  await side.serve(3);
  await first.close();
  side.receive(3, KNOCK);
  deepStrictEqual(side.outbox.sent, ["ack 3"]);
});

test("KnockedMeeting remembers only so many of the ids that were served", async () => {
  await using side = meet();
  for (let id = 1; id <= 1025; id++) await (await side.serve(id)).close();
  side.receive(1, KNOCK);
  side.receive(2, KNOCK);
  deepStrictEqual(side.outbox.sent, ["ack 2: no listener for id 2"]);
});

test("KnockedMeeting: closing an entry cuts the streams that do not end by themselves", async () => {
  await using side = meet();
  const served = await side.serve(3);
  side.receive(3, KNOCK);
  side.peer.send("WINDOW SYN 2 0");
  await side.peer.settled();
  await within(served.close(), "close()");
  ok(served.streams[0]?.destroyed);
});

test("KnockedMeeting.close() ends knocks under way and those to come", async () => {
  await using side = meet();
  const dialled = side.dial(7);
  await until(() => side.outbox.sent.length === 1, "the knock");
  side.receive(3, KNOCK);
  side.meeting.close(new Error("the end"));
  await rejects(dialled, /the end/);
  await rejects(side.dial(8), /the end/);
  await rejects(side.serve(3), { code: "broker-closed" });
  side.receive(4, KNOCK);
  deepStrictEqual(side.outbox.sent, ["knock 7"]);
});

test("KnockedMeeting.find() fails when the broker's stream has ended", async () => {
  await using side = meet();
  side.outbox.end();
  await rejects(side.dial(7), { code: "broker-closed" });
});

test("KnockedMeeting does not take addresses", async () => {
  await using side = meet();
  side.receive(7);
  deepStrictEqual(side.entries.map(({ message, level }) => `${level} ${message}`), [
    "warn the peer announced an address in spite of multiplexing",
  ]);
});
