import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { RpcError } from "../../src/errors.ts";
import { TRANSPORTS } from "../helpers/rpc_pair.ts";
import { type Chunk, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { aborted, collect, failsWith, Happening, rejected } from "./waiting.ts";

const SHORT_MS = 100;
const LONG_MS = 60_000;

/** A caller whose deadline has passed also cancels: either can be first to reach the handler. */
function isLate(reason: unknown): void {
  strictEqual((reason as RpcError)?.constructor, RpcError);
  match((reason as RpcError).status, /^(DEADLINE_EXCEEDED|CANCELLED)$/);
}

for (const transport of TRANSPORTS) {
  const on = `on ${transport.title}`;

  test(`CallOptions.timeoutMs ends a call of one response ${on}`, async () => {
    const served = new Happening<AbortSignal>("the call");
    await using pair = await openCalls({
      async unary(request, { signal }) {
        served.come(signal);
        await aborted(signal);
        return request;
      },
    }, transport);
    await pair.channel.connect(LONG_MS);
    const call = pair.calls.unary(chunk(0), { timeoutMs: SHORT_MS });
    await failsWith("DEADLINE_EXCEEDED", call);
    isLate(await aborted(await served.wait()));
  });

  test(`CallOptions.timeoutMs ends a stream after what had come in time ${on}`, async () => {
    const served = new Happening<AbortSignal>("the call");
    await using pair = await openCalls({
      async *download(_, { signal }) {
        served.come(signal);
        yield chunk(1);
        yield chunk(2);
        await aborted(signal);
      },
    }, transport);
    await pair.channel.connect(LONG_MS);
    const taken: number[] = [];
    const read = async () => {
      const responses = pair.calls.download(chunk(0), { timeoutMs: 10 * SHORT_MS });
      for await (const { number } of responses) taken.push(number);
    };
    await failsWith("DEADLINE_EXCEEDED", read());
    deepStrictEqual(taken, [1, 2]);
    isLate(await aborted(await served.wait()));
  });

  test(`CallOptions.timeoutMs ends a stream of requests ${on}`, async () => {
    const ended = new Happening<unknown>("the end of the request stream");
    await using pair = await openCalls({
      async upload(requests) {
        try {
          await collect(requests);
        } catch (error) {
          ended.come(error);
        }
        return chunk(0);
      },
    }, transport);
    await pair.channel.connect(LONG_MS);
    const requests = new Feed<Chunk>();
    requests.push(chunk(0));
    const call = pair.calls.upload(requests, { timeoutMs: SHORT_MS });
    await failsWith("DEADLINE_EXCEEDED", call);
    isLate(await ended.wait());
    await requests.left.wait();
  });
}

test("CallOptions.timeoutMs reaches the handler as a deadline", async () => {
  const deadlines: (Date | undefined)[] = [];
  await using pair = await openCalls({
    unary(request, { deadline }) {
      deadlines.push(deadline);
      return request;
    },
  });
  const from = Date.now();
  await pair.calls.unary(chunk(0), { timeoutMs: LONG_MS });
  const until = Date.now();
  const [deadline] = deadlines;
  ok(deadline instanceof Date);
  // On its way the time left is rounded up, and some of it passes.
  ok(deadline.getTime() >= from + LONG_MS, `${deadline.getTime() - from} ms`);
  ok(deadline.getTime() <= until + LONG_MS + 1000, `${deadline.getTime() - until} ms`);
});

test("CallOptions.timeoutMs that is left out, or longer than any timer, sets no deadline", async () => {
  const deadlines: unknown[] = [];
  await using pair = await openCalls({
    unary(request, { deadline }) {
      deadlines.push(deadline);
      return request;
    },
  });
  await pair.calls.unary(chunk(0));
  for (const timeoutMs of [Infinity, 1e20, 2 ** 31]) {
    await pair.calls.unary(chunk(0), { timeoutMs });
  }
  deepStrictEqual(deadlines, [undefined, undefined, undefined, undefined]);
});

test("CallOptions.timeoutMs of no time fails without a call", async () => {
  let served = 0;
  await using pair = await openCalls({
    unary(request) {
      served++;
      return request;
    },
  });
  await failsWith("DEADLINE_EXCEEDED", pair.calls.unary(chunk(0), { timeoutMs: 0 }));
  await failsWith("DEADLINE_EXCEEDED", pair.calls.unary(chunk(0), { timeoutMs: -1 }));
  await pair.calls.unary(chunk(0), { timeoutMs: LONG_MS });
  strictEqual(served, 1);
});

test("CallOptions.timeoutMs that is not a number is a RangeError", async () => {
  await using pair = await openCalls({});
  const options = { timeoutMs: NaN };
  await rejected(RangeError, pair.calls.unary(chunk(0), options));
  await rejected(RangeError, collect(pair.calls.download(chunk(0), options)));
});

test("CallOptions.timeoutMs ends a call whose handler does not listen", async () => {
  await using pair = await openCalls({
    async unary() {
      return await new Promise<Chunk>(() => {});
    },
    async *download() {
      yield await new Promise<Chunk>(() => {});
    },
  });
  const options = { timeoutMs: SHORT_MS };
  await failsWith("DEADLINE_EXCEEDED", pair.calls.unary(chunk(0), options));
  await failsWith("DEADLINE_EXCEEDED", collect(pair.calls.download(chunk(0), options)));
});

test("ServerCall.signal has fired when it is first read after the deadline", async () => {
  const reason = new Happening<unknown>("the reason");
  await using pair = await openCalls({
    async upload(requests, call) {
      await collect(requests).catch(() => {});
      reason.come(call.signal.reason);
      return chunk(0);
    },
  });
  await pair.channel.connect(LONG_MS);
  const call = pair.calls.upload(new Feed<Chunk>(), { timeoutMs: SHORT_MS });
  await failsWith("DEADLINE_EXCEEDED", call);
  isLate(await reason.wait());
});
