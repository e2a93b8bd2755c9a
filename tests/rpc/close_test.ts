import { strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { ConnectError, type RpcError } from "../../src/errors.ts";
import { connectTo, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { type CallsPair, CallsService, type Chunk, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { Proxy } from "./proxy.ts";
import { aborted, collect, failsWith, Happening, rejected } from "./waiting.ts";

const REASON = new Error("The plugin has ended");
const LONG_MS = 60_000;

/** What a call gets that its connection has failed. */
async function isLost(call: Promise<unknown>): Promise<void> {
  const error = await failsWith("UNAVAILABLE", call);
  strictEqual(error.message, REASON.message);
  strictEqual(error.cause, REASON);
}

/** Handlers that answer once, where they can, and then wait for their signal. */
async function openWaiting(signals: AbortSignal[], transport = TRANSPORTS[0]): Promise<CallsPair> {
  const wait = async (signal: AbortSignal) => {
    signals.push(signal);
    await aborted(signal);
    return chunk(0);
  };
  return await openCalls({
    unary: (_, { signal }) => wait(signal),
    upload: (_, { signal }) => wait(signal),
    async *download(_, { signal }) {
      yield chunk(0);
      yield await wait(signal);
    },
    async *chat(requests, { signal }) {
      yield chunk(0);
      signals.push(signal);
      yield* requests;
    },
  }, transport);
}

/** One call of each kind, once all of them have reached their handlers. */
async function callsInFlight({ calls }: CallsPair, signals: readonly AbortSignal[]) {
  const requests = new Feed<Chunk>();
  const unary = calls.unary(chunk(0));
  const upload = calls.upload(requests);
  const download = calls.download(chunk(0))[Symbol.asyncIterator]();
  const chat = calls.chat(requests)[Symbol.asyncIterator]();
  await download.next();
  await chat.next();
  const all = [unary, upload, download.next(), chat.next()];
  // A call that has failed already shows when it is awaited.
  for (const call of all) (call as Promise<unknown>).catch(() => {});
  while (signals.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  return { all, requests };
}

for (const transport of TRANSPORTS) {
  const on = `on ${transport.title}`;

  test(`RpcChannel.close() ends calls in flight with its reason ${on}`, async () => {
    const signals: AbortSignal[] = [];
    await using pair = await openWaiting(signals, transport);
    const { all, requests } = await callsInFlight(pair, signals);
    pair.channel.close(REASON);
    for (const call of all) await isLost(call);
    await requests.left.wait();
    for (const signal of signals) await aborted(signal);
  });

  test(`RpcChannel.close() fails later calls with its first reason ${on}`, async () => {
    await using pair = await openCalls({ unary: (request) => request }, transport);
    await pair.calls.unary(chunk(0));
    pair.channel.close(REASON);
    pair.channel.close(new Error("Another reason"));
    const requests = new Feed<Chunk>();
    await isLost(pair.calls.unary(chunk(0)));
    await isLost(collect(pair.calls.download(chunk(0))));
    await isLost(pair.calls.upload(requests));
    await isLost(collect(pair.calls.chat(requests)));
    strictEqual(requests.asked, 0);
    const error = await rejected(ConnectError, pair.channel.connect(LONG_MS));
    strictEqual(error.cause, REASON);
  });

  test(`RpcChannel fails calls with the reason why the peer has gone ${on}`, async () => {
    const signals: AbortSignal[] = [];
    await using pair = await openWaiting(signals, transport);
    const { all, requests } = await callsInFlight(pair, signals);
    pair.channel.lose(REASON);
    await pair.served.listener.close();
    for (const call of all) await isLost(call);
    await requests.left.wait();
    await isLost(pair.calls.unary(chunk(0)));
    await isLost(collect(pair.calls.download(chunk(0))));
  });

  test(`RpcChannel fails calls with UNAVAILABLE when the peer has gone without a word ${on}`, async () => {
    const signals: AbortSignal[] = [];
    await using pair = await openWaiting(signals, transport);
    const { all } = await callsInFlight(pair, signals);
    await pair.served.listener.close();
    for (const call of all) await failsWith("UNAVAILABLE", call);
    await failsWith("UNAVAILABLE", pair.calls.unary(chunk(0)));
  });
}

test("RpcChannel connects again when a connection was lost", async () => {
  const signals: AbortSignal[] = [];
  await using pair = await openWaiting(signals);
  await using proxy = await Proxy.open(pair.served.address);
  await using channel = await connectTo(proxy.address);
  const calls = await channel.client(CallsService);
  for (let round = 1; round <= 3; round++) {
    const { all } = await callsInFlight({ ...pair, calls }, signals);
    proxy.cut();
    for (const call of all) await failsWith("UNAVAILABLE", call);
    for (const signal of signals.splice(0)) {
      strictEqual((await aborted(signal) as RpcError).status, "CANCELLED");
    }
    await channel.connect(LONG_MS);
    strictEqual(proxy.accepted, round + 1);
  }
});

test("RpcChannel does not mind that the peer is called gone while it answers", async () => {
  await using pair = await openCalls({ unary: (request) => request });
  pair.channel.lose(REASON);
  strictEqual((await pair.calls.unary(chunk(3))).number, 3);
});

test("RpcChannel gives a call its own error, not the reason why the peer goes", async () => {
  const served = new Happening("the call");
  const resume = new Happening("the go-ahead");
  await using pair = await openCalls({
    async unary() {
      served.come();
      await resume.wait();
      throw new RangeError("My own");
    },
  });
  const call = pair.calls.unary(chunk(0));
  await served.wait();
  pair.channel.lose(REASON);
  resume.come();
  strictEqual((await failsWith("UNKNOWN", call)).message, "My own");
});
