import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { RpcError } from "../../src/errors.ts";
import { exceptGrpcJs } from "../helpers/engine.ts";
import { TRANSPORTS } from "../helpers/rpc_pair.ts";
import { type Chunk, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { collect, failsWith, Happening, rejected } from "./waiting.ts";

for (const transport of TRANSPORTS) {
  const on = `on ${transport.title}`;

  test(`makeClient() cancels a call whose requests fail, with their error ${on}`, async () => {
    const first = new Happening("the first request");
    const ended = new Happening<RpcError>("the end of the request stream");
    const read = async (requests: AsyncIterable<Chunk>) => {
      try {
        for await (const _ of requests) first.come();
      } catch (error) {
        ended.come(error as RpcError);
      }
      return chunk(0);
    };
    await using pair = await openCalls({ upload: read }, transport);
    const requests = new Feed<Chunk>();
    requests.push(chunk(0));
    const call = pair.calls.upload(requests);
    await first.wait();
    requests.fail(new RangeError("Out of requests"));
    strictEqual((await rejected(RangeError, call)).message, "Out of requests");
    strictEqual((await ended.wait()).status, "CANCELLED");
  });

  test(`makeClient() passes what was answered before the requests failed ${on}`, async () => {
    await using pair = await openCalls({
      async *chat(requests) {
        yield* requests;
      },
    }, transport);
    const requests = new Feed<Chunk>();
    requests.push(chunk(1));
    const taken: number[] = [];
    const read = async () => {
      for await (const { number } of pair.calls.chat(requests)) {
        taken.push(number);
        requests.fail(new RangeError("Out of requests"));
      }
    };
    strictEqual((await rejected(RangeError, read())).message, "Out of requests");
    deepStrictEqual(taken, [1]);
  });

  test(`createServer() ends a stream with what its generator throws ${on}`, async () => {
    await using pair = await openCalls({
      async *chat(requests) {
        for await (const request of requests) yield request;
        throw new RpcError("ABORTED", "That is all");
      },
    }, transport);
    for (const total of [0, 1, 100]) {
      const requests = new Feed<Chunk>();
      const taken: number[] = [];
      // The generator throws when all its messages have been taken.
      const next = () =>
        taken.length === total ? requests.end() : requests.push(chunk(taken.length));
      next();
      const read = async () => {
        for await (const { number } of pair.calls.chat(requests)) {
          taken.push(number);
          next();
        }
      };
      strictEqual((await failsWith("ABORTED", read())).message, "That is all");
      deepStrictEqual(taken, Array.from({ length: total }, (_, i) => i));
    }
  });

  test(`makeClient() stops sending when the answer has come ${on}`, async () => {
    await using pair = await openCalls({
      upload: () => chunk(7),
      async *chat(requests) {
        for await (const request of requests) {
          yield request;
          break;
        }
        yield chunk(8);
      },
    }, transport);
    const first = new Feed<Chunk>();
    strictEqual((await pair.calls.upload(first)).number, 7);
    await first.left.wait();
    const second = new Feed<Chunk>();
    second.push(chunk(1));
    second.push(chunk(2));
    const responses = await collect(pair.calls.chat(second));
    deepStrictEqual(responses.map(({ number }) => number), [1, 8]);
    await second.left.wait();
  });

  test(`makeClient() stops sending when an error has come ${on}`, async () => {
    const fail = () => {
      throw new RpcError("RESOURCE_EXHAUSTED", "Enough");
    };
    await using pair = await openCalls({ upload: fail, chat: fail }, transport);
    const endless = async function* (left: Happening) {
      try {
        for (;;) yield chunk(0, "", new Uint8Array(64 * 1024));
      } finally {
        left.come();
      }
    };
    const uploading = new Happening("the end of the upload");
    await failsWith("RESOURCE_EXHAUSTED", pair.calls.upload(endless(uploading)));
    await uploading.wait();
    const chatting = new Happening("the end of the chat");
    await failsWith("RESOURCE_EXHAUSTED", collect(pair.calls.chat(endless(chatting))));
    await chatting.wait();
  });
}

test("makeClient() passes messages that come together with an error", {
  skip: exceptGrpcJs("it drops what it has not handed on when a status other than OK comes"),
}, async () => {
  await using pair = await openCalls({
    async *download({ number }) {
      for (let i = 0; i < number; i++) yield chunk(i);
      throw new RpcError("ABORTED", "That is all");
    },
  });
  const taken: number[] = [];
  const read = async () => {
    for await (const { number } of pair.calls.download(chunk(100))) taken.push(number);
  };
  await failsWith("ABORTED", read());
  deepStrictEqual(taken, Array.from({ length: 100 }, (_, i) => i));
});

test("makeClient() takes any iterable for a stream of requests", async () => {
  await using pair = await openCalls({
    upload: async (requests) => chunk((await collect(requests)).length),
  });
  const iterables = [
    [chunk(1), chunk(2)],
    new Set([chunk(1), chunk(2)]),
    (function* () {
      yield chunk(1);
      yield chunk(2);
    })(),
    new ReadableStream<Chunk>({
      start(controller) {
        controller.enqueue(chunk(1));
        controller.enqueue(chunk(2));
        controller.close();
      },
    }),
  ];
  for (const requests of iterables) {
    strictEqual((await pair.calls.upload(requests)).number, 2);
  }
});

test("makeClient() rejects a call whose requests throw at once", async () => {
  await using pair = await openCalls({
    unary: (request) => request,
    upload: async (requests) => chunk((await collect(requests)).length),
  });
  const refuse = () => {
    throw new RangeError("None");
  };
  for (
    const requests of [
      { [Symbol.asyncIterator]: refuse },
      { [Symbol.asyncIterator]: () => ({ next: refuse }) },
    ]
  ) {
    strictEqual((await rejected(RangeError, pair.calls.upload(requests))).message, "None");
  }
  strictEqual((await pair.calls.unary(chunk(1))).number, 1);
});

test("makeClient() survives requests that fail while they are told to end", async () => {
  await using pair = await openCalls({ unary: (request) => request, upload: () => chunk(1) });
  const left = new Happening("return()");
  const requests = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<Chunk>>(() => {}),
      return() {
        left.come();
        return Promise.reject(new Error("Not now"));
      },
    }),
  };
  strictEqual((await pair.calls.upload(requests)).number, 1);
  await left.wait();
  strictEqual((await pair.calls.unary(chunk(2))).number, 2);
});
