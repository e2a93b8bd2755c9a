import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  type HandlersOf,
  implement,
  type RpcError,
  type ServerCall,
  type ServerContext,
  ServiceError,
} from "../../mod.ts";
import type { Plugin } from "../../src/rpc/plugin_set.ts";
import { openPair, openServer } from "../helpers/rpc_pair.ts";
import { type Calls, CallsService, type Chunk, chunk, implementCalls } from "./calls.ts";
import { aborted, collect, failsWith, Happening, rejected } from "./waiting.ts";

/** An implementation that needs its `this`. */
class Counter implements HandlersOf<Calls> {
  #count = 0;

  unary(request: Chunk): Chunk {
    this.#count += request.number;
    return chunk(this.#count);
  }

  async *download(): AsyncGenerator<Chunk> {
    yield chunk(this.#count);
  }

  async upload(requests: AsyncIterable<Chunk>): Promise<Chunk> {
    for await (const { number } of requests) this.#count += number;
    return chunk(this.#count);
  }

  async *chat(requests: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const { number } of requests) yield chunk(this.#count += number);
  }
}

/** Handlers a method of which may be missing: a JavaScript program can pass them. */
function implementUnchecked(handlers: object): Plugin {
  return implement(CallsService, handlers as HandlersOf<Calls>);
}

const COMPLETE: HandlersOf<Calls> = {
  unary: (request) => request,
  async *download(request) {
    yield request;
  },
  upload: (requests) => collect(requests).then(({ length }) => chunk(length)),
  async *chat(requests) {
    yield* requests;
  },
};

test("implement() takes the instance of a class", async () => {
  await using pair = await openPair([implement(CallsService, new Counter())]);
  const calls = await pair.client(CallsService);
  strictEqual((await calls.unary(chunk(1))).number, 1);
  strictEqual((await collect(calls.download(chunk(0))))[0]?.number, 1);
  strictEqual((await calls.upload([chunk(2), chunk(3)])).number, 6);
  const answers = await collect(calls.chat([chunk(4), chunk(5)]));
  deepStrictEqual(answers.map(({ number }) => number), [10, 15]);
});

for (const [how, wait] of [["once", false], ["in time", true]] as const) {
  test(`implement() takes a function that makes the handlers at ${how}`, async () => {
    const contexts: ServerContext[] = [];
    const plugin = implement(CallsService, (context) => {
      contexts.push(context);
      const counter = new Counter();
      return wait ? Promise.resolve(counter) : counter;
    });
    await using pair = await openPair([plugin]);
    const calls = await pair.client(CallsService);
    await calls.unary(chunk(1));
    strictEqual((await calls.unary(chunk(1))).number, 2);
    strictEqual(contexts.length, 1);
    strictEqual(contexts[0]?.signal, pair.served.server.signal);
  });
}

test("implement() passes on the error of the function that makes the handlers", async () => {
  const plugin = implement(CallsService, () => {
    throw new RangeError("No handlers today");
  });
  strictEqual((await rejected(RangeError, openServer([plugin]))).message, "No handlers today");
});

test("implement() serves handlers that answer at once and handlers that take their time", async () => {
  for (const unary of [(request: Chunk) => request, (request: Chunk) => Promise.resolve(request)]) {
    await using pair = await openPair([implementCalls({ unary })]);
    const calls = await pair.client(CallsService);
    strictEqual((await calls.unary(chunk(5))).number, 5);
  }
});

test("implement() gives the handler one call object for everything", async () => {
  let given: ServerCall | undefined;
  await using pair = await openPair([
    implementCalls({
      unary(request, call) {
        given = call;
        return request;
      },
    }),
  ]);
  const calls = await pair.client(CallsService);
  await calls.unary(chunk(0));
  strictEqual(given?.signal, given?.signal);
  strictEqual(given?.metadata, given?.metadata);
  strictEqual(typeof given?.metadata["user-agent"], "string");
});

test("RpcServer.register() refuses an implementation that lacks a method", async () => {
  for (const name of ["unary", "download", "upload", "chat"]) {
    const { message } = await rejected(
      ServiceError,
      openServer([implementUnchecked({ ...COMPLETE, [name]: undefined })]),
    );
    strictEqual(message, `Cannot serve everything.Calls: no handler for its method "${name}"`);
  }
  await rejected(ServiceError, openServer([implementUnchecked({ ...COMPLETE, chat: "text" })]));
});

test("RpcServer.register() refuses a service that is there already", async () => {
  const twice = [implement(CallsService, COMPLETE), implement(CallsService, new Counter())];
  const { message } = await rejected(ServiceError, openServer(twice));
  strictEqual(message, "Cannot serve everything.Calls: it is registered twice");
});

test("RpcServer.register() lists the services in the order they came", async () => {
  await using served = await openServer([implement(CallsService, COMPLETE)]);
  deepStrictEqual(served.server.services.map(({ name }) => name), ["everything.Calls"]);
});

test("ServerCall.signal has fired when it is first read after the caller has gone", async () => {
  const first = new Happening("the first request");
  const status = new Happening<string>("the reason");
  await using pair = await openPair([
    implementCalls({
      async upload(requests, call) {
        try {
          for await (const _ of requests) first.come();
        } catch {
          const { signal } = call;
          status.come((await aborted(signal) as RpcError).status);
        }
        return chunk(0);
      },
    }),
  ]);
  const calls = await pair.client(CallsService);
  const controller = new AbortController();
  const requests = (async function* () {
    yield chunk(0);
    await aborted(controller.signal);
  })();
  const call = calls.upload(requests, { signal: controller.signal });
  await first.wait();
  controller.abort();
  await failsWith("CANCELLED", call);
  strictEqual(await status.wait(), "CANCELLED");
});
