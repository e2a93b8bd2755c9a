import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { RpcError } from "../../src/errors.ts";
import { TRANSPORTS } from "../helpers/rpc_pair.ts";
import { type Chunk, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { aborted, collect, failsWith, Happening } from "./waiting.ts";

const REASON = new Error("No longer wanted");

/** What the caller gets for a call that its signal has ended. */
async function isCancelled(call: Promise<unknown>): Promise<void> {
  const error = await failsWith("CANCELLED", call);
  strictEqual(error.cause, REASON);
}

/** What a handler's signal says of it. */
function isCallersDoing(reason: unknown): void {
  strictEqual((reason as RpcError).constructor, RpcError);
  deepStrictEqual([(reason as RpcError).status, (reason as RpcError).statusCode], ["CANCELLED", 1]);
  match((reason as RpcError).message, /caller/);
}

for (const transport of TRANSPORTS) {
  const on = `on ${transport.title}`;

  test(`CallOptions.signal cancels a call of one response ${on}`, async () => {
    const served = new Happening<AbortSignal>("the call");
    await using pair = await openCalls({
      async unary(request, { signal }) {
        served.come(signal);
        await aborted(signal);
        return request;
      },
    }, transport);
    const controller = new AbortController();
    const call = pair.calls.unary(chunk(0), { signal: controller.signal });
    const signal = await served.wait();
    strictEqual(signal.aborted, false);
    controller.abort(REASON);
    await isCancelled(call);
    isCallersDoing(await aborted(signal));
  });

  test(`CallOptions.signal cancels a stream of responses ${on}`, async () => {
    const ended = new Happening<AbortSignal>("the end of the generator");
    await using pair = await openCalls({
      async *download(_, { signal }) {
        try {
          for (let number = 0;; number++) yield chunk(number, "", new Uint8Array(1000));
        } finally {
          ended.come(signal);
        }
      },
    }, transport);
    const controller = new AbortController();
    const responses = pair.calls.download(chunk(0), { signal: controller.signal });
    await isCancelled((async () => {
      for await (const { number } of responses) {
        if (number === 5) controller.abort(REASON);
      }
    })());
    isCallersDoing(await aborted(await ended.wait()));
  });

  test(`CallOptions.signal cancels a stream of requests ${on}`, async () => {
    const first = new Happening("the first request");
    const ended = new Happening<unknown>("the end of the request stream");
    await using pair = await openCalls({
      async upload(requests) {
        try {
          for await (const _ of requests) first.come();
        } catch (error) {
          ended.come(error);
        }
        return chunk(0);
      },
    }, transport);
    const controller = new AbortController();
    const requests = new Feed<Chunk>();
    requests.push(chunk(0));
    const call = pair.calls.upload(requests, { signal: controller.signal });
    await first.wait();
    controller.abort(REASON);
    await isCancelled(call);
    isCallersDoing(await ended.wait());
    await requests.left.wait();
  });

  test(`CallOptions.signal cancels a call with streams both ways ${on}`, async () => {
    const ended = new Happening<unknown>("the end of the request stream");
    const left = new Happening("the end of the generator");
    await using pair = await openCalls({
      async *chat(requests) {
        try {
          yield* requests;
        } catch (error) {
          ended.come(error);
        } finally {
          left.come();
        }
      },
    }, transport);
    const controller = new AbortController();
    const requests = new Feed<Chunk>();
    requests.push(chunk(1));
    const responses = pair.calls.chat(requests, { signal: controller.signal });
    await isCancelled((async () => {
      for await (const _ of responses) controller.abort(REASON);
    })());
    isCallersDoing(await ended.wait());
    await left.wait();
    await requests.left.wait();
  });
}

test("CallOptions.signal that has fired makes no call", async () => {
  let served = 0;
  const count = () => {
    served++;
    return chunk(0);
  };
  await using pair = await openCalls({
    unary: count,
    upload: count,
    async *download() {
      yield count();
    },
    async *chat() {
      yield count();
    },
  });
  const options = { signal: AbortSignal.abort(REASON) };
  const requests = new Feed<Chunk>();
  const { calls } = pair;
  await isCancelled(calls.unary(chunk(0), options));
  await isCancelled(collect(calls.download(chunk(0), options)));
  await isCancelled(calls.upload(requests, options));
  await isCancelled(collect(calls.chat(requests, options)));
  await calls.unary(chunk(0));
  deepStrictEqual([served, requests.asked], [1, 0]);
});

test("CallOptions.signal does nothing to a call that is over", async () => {
  await using pair = await openCalls({
    unary: (request) => request,
    async *download(request) {
      yield request;
    },
  });
  const controller = new AbortController();
  const { signal } = controller;
  const response = await pair.calls.unary(chunk(1), { signal });
  const responses = await collect(pair.calls.download(chunk(2), { signal }));
  controller.abort(REASON);
  deepStrictEqual([response.number, responses[0]?.number], [1, 2]);
  strictEqual((await pair.calls.unary(chunk(3))).number, 3);
});

test("CallOptions.signal cancels its own calls alone", async () => {
  const resume = new Happening("the go-ahead");
  const served = new Happening("both calls");
  let calls = 0;
  await using pair = await openCalls({
    async unary(request) {
      if (++calls === 2) served.come();
      await resume.wait();
      return request;
    },
  });
  const controller = new AbortController();
  const cancelled = pair.calls.unary(chunk(1), { signal: controller.signal });
  const other = pair.calls.unary(chunk(2));
  await served.wait();
  controller.abort(REASON);
  await isCancelled(cancelled);
  resume.come();
  strictEqual((await other).number, 2);
});
