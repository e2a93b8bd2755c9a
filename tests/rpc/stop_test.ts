import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { ConnectError, RpcError } from "../../src/errors.ts";
import { exceptGrpcJs } from "../helpers/engine.ts";
import { isDeno } from "../helpers/program.ts";
import { connectTo, openServer, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { until, within } from "../helpers/wait.ts";
import { CallsService, type Chunk, chunk, implementCalls, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { aborted, collect, failsWith, Happening, rejected } from "./waiting.ts";

/** Far more than a call of these tests takes. */
const LONG_MS = 60_000;
const SHORT_MS = 50;

/** Whether the call ends because its connection did. */
async function isCut(call: Promise<unknown>): Promise<void> {
  const error = await rejected(RpcError, call);
  match(error.status, /^(UNAVAILABLE|CANCELLED)$/);
}

for (const transport of TRANSPORTS) {
  const on = `on ${transport.title}`;

  test(`RpcServer.stop() lets calls finish, and tells their handlers ${on}`, async () => {
    const served = new Happening<AbortSignal>("the call");
    const resume = new Happening("the go-ahead");
    await using pair = await openCalls({
      async unary(request, { signal }) {
        served.come(signal);
        await aborted(signal);
        await resume.wait();
        return request;
      },
      async *download(request, { signal }) {
        yield request;
        await aborted(signal);
        await resume.wait();
        yield chunk(6);
      },
    }, transport);
    const { server } = pair.served;
    const call = pair.calls.unary(chunk(5));
    const responses = pair.calls.download(chunk(0));
    await responses[Symbol.asyncIterator]().next();
    const signal = await served.wait();
    deepStrictEqual([server.signal.aborted, signal.aborted], [false, false]);
    let stopped = false;
    const stopping = server.stop(LONG_MS).then(() => stopped = true);
    match(String(await aborted(signal)), /shutting down/);
    strictEqual(server.signal.aborted, true);
    await new Promise((resolve) => setImmediate(resolve));
    strictEqual(stopped, false);
    resume.come();
    strictEqual((await call).number, 5);
    deepStrictEqual((await collect(responses)).map(({ number }) => number), [6]);
    await within(stopping, "the end of stop()");
  });

  test(`RpcServer.stop() cuts what is not over in time ${on}`, async () => {
    const ended = new Happening<RpcError>("the end of the requests");
    const finished = new Happening("the end of a generator");
    await using pair = await openCalls({
      unary: () => new Promise(() => {}),
      async *download() {
        try {
          for (;;) yield chunk(0, "", new Uint8Array(64 * 1024));
        } finally {
          finished.come();
        }
      },
      async *chat(requests) {
        try {
          yield* requests;
        } catch (error) {
          ended.come(error as RpcError);
        }
      },
    }, transport);
    const requests = new Feed<Chunk>();
    requests.push(chunk(0));
    const chat = pair.calls.chat(requests)[Symbol.asyncIterator]();
    await chat.next();
    const download = pair.calls.download(chunk(0))[Symbol.asyncIterator]();
    await download.next();
    const calls = [isCut(pair.calls.unary(chunk(0))), isCut(chat.next())];
    await within(pair.served.server.stop(SHORT_MS), "the end of stop()");
    calls.push(isCut((async () => {
      while (!(await download.next()).done);
    })()));
    await Promise.all(calls);
    strictEqual((await ended.wait()).constructor, RpcError);
    await finished.wait();
    await requests.left.wait();
  });

  test(`RpcServer.stop() lets no call begin ${on}`, async () => {
    const served = new Happening("the call");
    const resume = new Happening("the go-ahead");
    let late = 0;
    await using pair = await openCalls({
      async unary(request) {
        served.come();
        await resume.wait();
        return request;
      },
      async *download(request) {
        late++;
        yield request;
      },
    }, transport);
    const call = pair.calls.unary(chunk(1));
    await served.wait();
    const stopping = pair.served.server.stop(LONG_MS);
    await failsWith("UNAVAILABLE", collect(pair.calls.download(chunk(2))));
    resume.come();
    strictEqual((await call).number, 1);
    await within(stopping, "the end of stop()");
    await failsWith("UNAVAILABLE", collect(pair.calls.download(chunk(3))));
    strictEqual(late, 0);
  });
}

test("RpcServer.stop() lets a stream finish, however much it still has to say", {
  skip: isDeno &&
    exceptGrpcJs("Deno's HTTP/2 drops the last bytes of a connection that is told to close"),
}, async () => {
  await using pair = await openCalls({
    async *download(request, { signal }) {
      yield request;
      await aborted(signal);
      for (let number = 1; number <= 1000; number++) yield chunk(number);
    },
  });
  const responses = pair.calls.download(chunk(0));
  await responses[Symbol.asyncIterator]().next();
  const stopping = pair.served.server.stop(LONG_MS);
  strictEqual((await collect(responses)).length, 1000);
  await within(stopping, "the end of stop()");
});

test("RpcServer.stop() may be called again, and means the first call", async () => {
  const served = new Happening("the call");
  const resume = new Happening("the go-ahead");
  await using pair = await openCalls({
    async unary(request) {
      served.come();
      await resume.wait();
      return request;
    },
  });
  const call = pair.calls.unary(chunk(2));
  await served.wait();
  const first = pair.served.server.stop(LONG_MS);
  const second = pair.served.server.stop(0);
  resume.come();
  strictEqual((await call).number, 2);
  await within(Promise.all([first, second]), "the end of stop()");
  await within(pair.served.server.stop(LONG_MS), "the end of stop()");
});

test("RpcServer.stop() has nothing to wait for without calls", async () => {
  await using unconnected = await openServer([]);
  await within(unconnected.server.stop(LONG_MS), "the end of stop()");
  await using pair = await openCalls({ unary: (request) => request });
  await pair.calls.unary(chunk(0));
  await within(pair.served.server.stop(LONG_MS), "the end of stop()");
  ok(pair.served.server.signal.aborted);
});

test("RpcServer.serve() serves nobody after stop()", async () => {
  await using served = await openServer([implementCalls({ unary: (request) => request })]);
  await served.server.stop(0);
  await using channel = await connectTo(served.address);
  await rejected(ConnectError, channel.connect(LONG_MS));
  const calls = await channel.client(CallsService);
  await failsWith("UNAVAILABLE", calls.unary(chunk(0)));
});

test("ServerCall.signal has fired when it is first read after stop()", async () => {
  const served = new Happening("the call");
  const resume = new Happening("the go-ahead");
  await using pair = await openCalls({
    async unary(request, call) {
      served.come();
      await resume.wait();
      return chunk(request.number, String(call.signal.reason));
    },
  });
  const call = pair.calls.unary(chunk(0));
  await served.wait();
  const stopping = pair.served.server.stop(LONG_MS);
  resume.come();
  match((await call).text, /shutting down/);
  await within(stopping, "the end of stop()");
});

test("ServerCall.signal does not fire for a call that has ended well", async () => {
  const signals: AbortSignal[] = [];
  await using pair = await openCalls({
    unary(request, { signal }) {
      signals.push(signal);
      return request;
    },
    async *download(request, { signal }) {
      signals.push(signal);
      yield request;
    },
  });
  await pair.calls.unary(chunk(0));
  await collect(pair.calls.download(chunk(0)));
  for (let i = 0; i < 20; i++) await pair.calls.unary(chunk(i));
  await pair.served.server.stop(LONG_MS);
  strictEqual(signals.some(({ aborted }) => aborted), false);
});

test("ServerCall.signal of many calls at once warns of nothing, and fires for each at stop()", async () => {
  const warnings: unknown[] = [];
  const onWarning = (warning: unknown) => void warnings.push(warning);
  process.on("warning", onWarning);
  try {
    const signals: AbortSignal[] = [];
    await using pair = await openCalls({
      async unary(request, { signal }) {
        signals.push(signal);
        await aborted(signal);
        return request;
      },
    });
    const calls = Array.from({ length: 50 }, (_, number) => pair.calls.unary(chunk(number)));
    await until(() => signals.length === calls.length, "the calls");
    const stopping = pair.served.server.stop(LONG_MS);
    strictEqual((await Promise.all(calls)).length, 50);
    await within(stopping, "the end of stop()");
  } finally {
    process.off("warning", onWarning);
  }
  deepStrictEqual(warnings, []);
});
