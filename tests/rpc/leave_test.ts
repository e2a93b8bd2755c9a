import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import type { RpcError } from "../../src/errors.ts";
import { TRANSPORTS } from "../helpers/rpc_pair.ts";
import { within } from "../helpers/wait.ts";
import { type CallsPair, type Chunk, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { aborted, collect, Happening, rejected } from "./waiting.ts";

type Responses = AsyncIterable<Chunk>;

/** Ways to leave a stream after the first message. */
const WAYS: Readonly<Record<string, (responses: Responses) => Promise<void>>> = {
  async break(responses) {
    for await (const { number } of responses) {
      strictEqual(number, 0);
      break;
    }
  },
  async throw(responses) {
    const failing = async () => {
      for await (const { number } of responses) throw new RangeError(`${number}`);
    };
    strictEqual((await rejected(RangeError, failing())).message, "0");
  },
  async "return()"(responses) {
    const iterator = responses[Symbol.asyncIterator]();
    strictEqual((await iterator.next()).value?.number, 0);
    deepStrictEqual(await iterator.return?.(), { done: true, value: undefined });
    deepStrictEqual(await iterator.next(), { done: true, value: undefined });
  },
  async "return() during next()"(responses) {
    const iterator = responses[Symbol.asyncIterator]();
    strictEqual((await iterator.next()).value?.number, 0);
    const next = iterator.next();
    deepStrictEqual(await iterator.return?.(), { done: true, value: undefined });
    deepStrictEqual(await next, { done: true, value: undefined });
  },
};

/** Serves streams that wait for ever after the first message. */
async function openWaiting(ended: Happening<unknown>, transport = TRANSPORTS[0]) {
  const finish = (error: unknown) => ended.come((error as RpcError).status);
  return await openCalls({
    async *download(_, { signal }) {
      yield chunk(0);
      finish(await aborted(signal));
    },
    async *chat(requests) {
      try {
        yield* requests;
      } catch (error) {
        finish(error);
      }
    },
  }, transport);
}

for (const transport of TRANSPORTS) {
  for (const [way, leave] of Object.entries(WAYS)) {
    test(`makeClient() cancels a stream that is left by ${way} on ${transport.title}`, async () => {
      const ended = new Happening<unknown>("the end of the call");
      await using pair = await openWaiting(ended, transport);
      await within(leave(pair.calls.download(chunk(0))), "leaving");
      strictEqual(await ended.wait(), "CANCELLED");
    });

    test(`makeClient() ends the requests of a stream that is left by ${way} on ${transport.title}`, async () => {
      const ended = new Happening<unknown>("the end of the call");
      await using pair = await openWaiting(ended, transport);
      const requests = new Feed<Chunk>();
      requests.push(chunk(0));
      await within(leave(pair.calls.chat(requests)), "leaving");
      strictEqual(await ended.wait(), "CANCELLED");
      await requests.left.wait();
    });
  }
}

async function worksOn({ calls }: CallsPair): Promise<void> {
  strictEqual((await calls.unary(chunk(7))).number, 7);
}

test("makeClient() makes no call for a stream that is left before its start", async () => {
  let served = 0;
  await using pair = await openCalls({
    unary: (request) => request,
    async *chat() {
      served++;
      yield chunk(0);
    },
  });
  const requests = new Feed<Chunk>();
  const responses = pair.calls.chat(requests)[Symbol.asyncIterator]();
  deepStrictEqual(await responses.return?.(), { done: true, value: undefined });
  deepStrictEqual(await responses.next(), { done: true, value: undefined });
  await worksOn(pair);
  deepStrictEqual([served, requests.asked], [0, 0]);
});

test("makeClient() runs the finally of a generator that is left between two messages", async () => {
  const ended = new Happening<AbortSignal>("finally");
  await using pair = await openCalls({
    unary: (request) => request,
    async *download(_, { signal }) {
      try {
        for (;;) yield chunk(0, "", new Uint8Array(64 * 1024));
      } finally {
        ended.come(signal);
      }
    },
  });
  for await (const _ of pair.calls.download(chunk(0))) break;
  strictEqual((await ended.wait()).aborted, true);
  await worksOn(pair);
});

test("makeClient() ends a call whose handler waits for what never comes", async () => {
  const served = new Happening("the call");
  await using pair = await openCalls({
    unary: (request) => request,
    async *download() {
      yield chunk(0);
      served.come();
      await new Promise(() => {});
    },
  });
  for await (const _ of pair.calls.download(chunk(0))) {
    await served.wait();
    break;
  }
  await worksOn(pair);
});

test("makeClient() leaves a stream that has ended in peace", async () => {
  await using pair = await openCalls({
    async *download({ number }) {
      for (let i = 0; i < number; i++) yield chunk(i);
    },
  });
  const responses = pair.calls.download(chunk(2));
  strictEqual((await collect(responses)).length, 2);
  deepStrictEqual(await collect(responses), []);
});
