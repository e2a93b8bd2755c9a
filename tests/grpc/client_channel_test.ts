import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { until } from "../helpers/wait.ts";
import { ChannelPair, type Outcome } from "./channel_pair.ts";

/** That a call brought back what it sent. */
function isEcho({ messages, status }: Outcome, sent: Uint8Array): void {
  deepStrictEqual([status.code, status.details], [0, ""]);
  deepStrictEqual(messages, [sent]);
}

/** Makes calls, so many at once, each with a message of its own. */
async function echo(pair: ChannelPair, count: number, atOnce: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      const message = Uint8Array.of(number, number >> 8, number >> 16);
      isEcho(await pair.call(message), message);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

for (
  const [what, server] of [
    ["and the server takes any number of them at once", {}],
    ["and calls wait as the server takes few at once", { maxConcurrentStreams: 3 }],
  ] as const
) {
  test(`ClientChannel loses no call when the ids of streams run out, ${what}`, async () => {
    // 20 calls to a connection.
    await using pair = await new ChannelPair({ client: { lastStreamId: 39 }, server }).open();
    await echo(pair, 500, 50);
    ok(pair.accepted >= 25, `${pair.accepted} connections`);
    await echo(pair, 1, 1);
    await until(() => pair.connections <= 1, "the end of the connections that are used up");
  });
}

test("ClientChannel ends no long call when the ids of streams run out", async () => {
  await using pair = await new ChannelPair({ client: { lastStreamId: 9 } }).open();
  const messages: number[] = [];
  let ended: number | undefined;
  const long = pair.channel.call({ path: "/echo", metadata: [], deadlineMs: Infinity }, {
    headers() {},
    message: ([number]) => void messages.push(number!),
    status: ({ code }) => ended = code,
    drain() {},
  });
  for (let number = 0; number < 5; number++) {
    long.send(Uint8Array.of(number), false);
    await until(() => messages.length === number + 1, "the answer");
    await echo(pair, 10, 2);
  }
  ok(pair.accepted > 5, `${pair.accepted} connections`);
  long.endSending();
  await until(() => ended !== undefined, "the end");
  deepStrictEqual([ended, messages], [0, [0, 1, 2, 3, 4]]);
});

test("ClientChannel fails a call when it cannot connect, and tries again for the next", async () => {
  await using pair = await new ChannelPair().open();
  pair.refusals.push(new Error("not today"));
  const { status } = await pair.call(Uint8Array.of(1));
  deepStrictEqual([status.code, status.isLost], [14, true]);
  match(status.details, /^No connection: not today$/);
  strictEqual(pair.channel.state, "failed");
  await echo(pair, 1, 1);
  strictEqual(pair.channel.state, "ready");
});

test("ClientChannel lets a call with waitForReady wait for as many tries as it takes", async () => {
  await using pair = await new ChannelPair().open();
  pair.refusals.push(new Error("no"), new Error("not yet"));
  const patient = pair.call(Uint8Array.of(7), { waitForReady: true });
  strictEqual((await pair.call(Uint8Array.of(8))).status.code, 14);
  isEcho(await patient, Uint8Array.of(7));
  strictEqual(pair.refusals.length, 0);
});

test("ClientChannel ends a call with waitForReady by its deadline", async () => {
  await using pair = await new ChannelPair().open();
  pair.refusals.push(...Array.from({ length: 100 }, () => new Error("never")));
  const deadlineMs = Date.now() + 50;
  const { status } = await pair.call(Uint8Array.of(7), { waitForReady: true, deadlineMs });
  strictEqual(status.code, 4);
});

test("ClientChannel makes no connection for a call whose time is up", async () => {
  await using pair = await new ChannelPair().open();
  const { status } = await pair.call(Uint8Array.of(7), { deadlineMs: Date.now() - 1 });
  deepStrictEqual([status.code, pair.channel.state], [4, "idle"]);
});

test("ClientChannel gives up on a connection that takes too long", async () => {
  let gaveUp: unknown;
  const connect = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => {
        gaveUp = signal.reason;
        reject(gaveUp);
      });
    });
  await using pair = await new ChannelPair({}, { connect, connectTimeoutMs: 20 }).open();
  const { status } = await pair.call(Uint8Array.of(7));
  deepStrictEqual([status.code, status.details], [14, "No connection: no connection within 20 ms"]);
  match(String(gaveUp), /within 20 ms/);
});

test("ClientChannel.close() fails the calls that wait, and those that come later", async () => {
  let isAborted = false;
  const connect = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(isAborted = true));
    });
  await using pair = await new ChannelPair({}, { connect }).open();
  const waiting = [
    pair.call(Uint8Array.of(1)),
    pair.call(Uint8Array.of(2), { waitForReady: true }),
  ];
  pair.channel.close(new Error("enough"));
  waiting.push(pair.call(Uint8Array.of(3)));
  for (const { status } of await Promise.all(waiting)) {
    deepStrictEqual([status.code, status.details], [14, "No connection: enough"]);
  }
  ok(isAborted);
});
