/** Situations in which HTTP/2 in JavaScript has misled engines before. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { RpcError } from "../../src/errors.ts";
import { BareDuplex } from "../helpers/bare_duplex.ts";
import { exceptGrpcJs } from "../helpers/engine.ts";
import { connectTo, openServer, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { until, within } from "../helpers/wait.ts";
import { CallsService, type Chunk, chunk, implementCalls, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { Proxy } from "./proxy.ts";
import { RawClient } from "./raw_client.ts";
import { aborted, collect, failsWith, Happening } from "./waiting.ts";

const LONG_MS = 60_000;

test("RpcServer.serve() takes a stream that is no socket", async () => {
  const plugin = implementCalls({
    unary: (request) => request,
    async *chat(requests) {
      yield* requests;
    },
  });
  await using served = await openServer([plugin]);
  served.listener.accept((connection) => served.server.serve(new BareDuplex(connection)));
  await using channel = await connectTo(served.address);
  const calls = await channel.client(CallsService);
  const large = chunk(1, "", new Uint8Array(1024 * 1024));
  strictEqual((await calls.unary(large)).data.length, large.data.length);
  const requests = Array.from({ length: 100 }, (_, number) => chunk(number));
  strictEqual((await collect(calls.chat(requests))).length, 100);
  await failsWith("UNIMPLEMENTED", collect(calls.download(chunk(0))));
});

test("createServer() survives a connection that goes away with its calls", async () => {
  const signals: AbortSignal[] = [];
  await using served = await openServer([
    implementCalls({
      unary: (request) => request,
      async upload(requests, { signal }) {
        signals.push(signal);
        await collect(requests);
        return chunk(0);
      },
    }),
  ]);
  for (let round = 0; round < 10; round++) {
    const client = new RawClient(served.address);
    for (let call = 0; call < 10; call++) client.open("/everything.Calls/Upload").write("x");
    if (round % 2 === 0) await until(() => signals.length >= 1, "a call");
    await client[Symbol.asyncDispose]();
  }
  await using channel = await connectTo(served.address);
  const calls = await channel.client(CallsService);
  strictEqual((await calls.unary(chunk(1))).number, 1);
  for (const signal of signals) await aborted(signal);
});

test("RpcChannel loses no call when one server takes the place of another, engine own", async () => {
  const handlers = {
    async unary(request: Chunk) {
      await new Promise((resolve) => setImmediate(resolve));
      return request;
    },
    async *download(request: Chunk) {
      yield request;
    },
  };
  await using first = await openServer([implementCalls(handlers)], { engine: "own" });
  await using second = await openServer([implementCalls(handlers)], { engine: "own" });
  let current = first;
  first.listener.accept((connection) => current.server.serve(connection));
  await using channel = await connectTo(first.address, undefined, "own");
  const calls = await channel.client(CallsService);
  let done = 0;
  let isOver = false;
  const hammer = async () => {
    while (!isOver) {
      const number = done++;
      strictEqual((await calls.unary(chunk(number))).number, number);
      deepStrictEqual((await collect(calls.download(chunk(number)))).length, 1);
    }
  };
  const hammers = Promise.all(Array.from({ length: 32 }, hammer));
  await until(() => done > 200, "the load");
  current = second;
  await within(first.server.stop(LONG_MS), "the end of stop()");
  const before = done;
  await until(() => done > before + 200, "more load");
  isOver = true;
  await within(hammers, "the last calls");
});

for (const transport of TRANSPORTS) {
  test(`RpcServer.stop() ends under load, and no call is in doubt on ${transport.title}`, async () => {
    const statuses = new Set<string>();
    let done = 0;
    await using pair = await openCalls({
      async unary(request) {
        await new Promise((resolve) => setImmediate(resolve));
        return request;
      },
    }, transport);
    const hammer = async () => {
      try {
        for (;;) {
          await pair.calls.unary(chunk(done));
          done++;
        }
      } catch (error) {
        statuses.add((error as RpcError).status);
      }
    };
    const hammers = Array.from({ length: 32 }, hammer);
    await until(() => done > 200, "the load");
    await within(pair.served.server.stop(LONG_MS), "the end of stop()");
    await within(Promise.all(hammers), "the end of all calls");
    deepStrictEqual([...statuses], ["UNAVAILABLE"]);
  });

  test(`makeClient() gets every early error while it still sends on ${transport.title}`, async () => {
    await using pair = await openCalls({
      async *chat(requests) {
        for await (const { number } of requests) {
          if (number === 1) throw new RpcError("RESOURCE_EXHAUSTED", "Enough");
        }
        yield chunk(0);
      },
    }, transport);
    const endless = function* () {
      for (let number = 0;; number++) yield chunk(number, "", new Uint8Array(10_000));
    };
    const all = Array.from({ length: 50 }, async () => {
      const { message } = await failsWith(
        "RESOURCE_EXHAUSTED",
        collect(pair.calls.chat(endless())),
      );
      strictEqual(message, "Enough");
    });
    strictEqual((await Promise.all(all)).length, 50);
  });
}

test("RpcChannel never takes a lost connection for the peer's cancel", async () => {
  await using pair = await openCalls({
    async *chat(requests) {
      yield* requests;
    },
  });
  await using proxy = await Proxy.open(pair.served.address);
  await using channel = await connectTo(proxy.address);
  const calls = await channel.client(CallsService);
  for (let round = 0; round < 5; round++) {
    const feeds = Array.from({ length: 10 }, () => new Feed<ReturnType<typeof chunk>>());
    const chats = feeds.map((feed) => {
      feed.push(chunk(0));
      return calls.chat(feed)[Symbol.asyncIterator]();
    });
    for (const chat of chats) strictEqual((await chat.next()).done, false);
    const next = chats.map((chat) => failsWith("UNAVAILABLE", chat.next()));
    proxy.cut();
    await Promise.all(next);
  }
});

test("ServerCall.signal does not fire when the caller has sent all its requests", async () => {
  const ended = new Happening<AbortSignal>("the end of the requests");
  const resume = new Happening("the go-ahead");
  await using pair = await openCalls({
    unary: (request) => request,
    async upload(requests, { signal }) {
      await collect(requests);
      ended.come(signal);
      await resume.wait();
      return chunk(9, String(signal.aborted));
    },
  });
  const call = pair.calls.upload([chunk(0)]);
  const signal = await ended.wait();
  for (let i = 0; i < 20; i++) await pair.calls.unary(chunk(i));
  ok(!signal.aborted);
  resume.come();
  strictEqual((await call).text, "false");
});

test("RpcChannel gives each of many calls its own status", async () => {
  await using pair = await openCalls({
    async unary({ number }) {
      await new Promise((resolve) => setImmediate(resolve));
      throw new RpcError("ABORTED", `${number}`, { metadata: { number: `${number}` } });
    },
  });
  const all = Array.from({ length: 200 }, async (_, number) => {
    const error = await failsWith("ABORTED", pair.calls.unary(chunk(number)));
    match(error.message, new RegExp(`^${number}$`));
    strictEqual(error.metadata.number, `${number}`);
  });
  strictEqual((await Promise.all(all)).length, 200);
});

test("createServer() begins calls in the order in which they come, all in one piece", {
  skip: exceptGrpcJs("a call of one request begins a moment after a stream that came behind it"),
}, async () => {
  const begun: string[] = [];
  await using pair = await openCalls({
    unary(request) {
      begun.push("unary");
      return request;
    },
    async *chat(requests) {
      begun.push("chat");
      yield* requests;
    },
    upload(requests) {
      begun.push("upload");
      return collect(requests).then(() => chunk(0));
    },
  });
  await pair.calls.unary(chunk(0));
  const chat = pair.calls.chat([chunk(1)])[Symbol.asyncIterator]();
  // The four leave in one turn, and so in one write.
  const calls = [
    chat.next(),
    pair.calls.unary(chunk(2)),
    pair.calls.upload([chunk(3)]),
    pair.calls.unary(chunk(4)),
  ];
  await Promise.all(calls);
  await chat.return?.();
  deepStrictEqual(begun, ["unary", "chat", "unary", "upload", "unary"]);
});
