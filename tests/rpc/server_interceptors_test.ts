/** grpc-js's interceptors of calls served, the same on both engines. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  Metadata,
  type Responder,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerListener,
  ServerListenerBuilder,
  status,
} from "@grpc/grpc-js";
import { type HandlersOf, RpcError } from "../../mod.ts";
import { connectTo, type EngineName, ENGINES, openServer, pinnedTls } from "../helpers/rpc_pair.ts";
import { until, within } from "../helpers/wait.ts";
import { type Calls, CallsService, type Chunk, chunk, implementCalls } from "./calls.ts";
import { prefixed, RawClient } from "./raw_client.ts";
import { aborted, collect, failsWith, Happening } from "./waiting.ts";

const EMPTY = new Uint8Array();

/** Handlers of all four kinds, which add up numbers. */
const SUMMING: Partial<HandlersOf<Calls>> = {
  unary: ({ number, text }) => chunk(number + 1, text),
  async *download({ number }) {
    for (let i = 1; i <= number; i++) yield chunk(i);
  },
  async upload(requests) {
    let sum = 0;
    for await (const { number } of requests) sum += number;
    return chunk(sum);
  },
  async *chat(requests) {
    for await (const { number } of requests) yield chunk(number * 2);
  },
};

/** A server with interceptors, and a client of it, on one engine. */
async function openIntercepted(
  engine: EngineName,
  serverInterceptors: readonly ServerInterceptor[],
  handlers: Partial<HandlersOf<Calls>> = SUMMING,
  autoMtls = false,
) {
  const tls = autoMtls ? await pinnedTls() : undefined;
  const served = await openServer([implementCalls(handlers)], {
    engine: { engine, serverInterceptors },
    tls: tls?.server,
  });
  const channel = await connectTo(served.address, tls?.channel, engine);
  return {
    served,
    calls: await channel.client(CallsService),
    async [Symbol.asyncDispose]() {
      await channel[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

type Opened = Awaited<ReturnType<typeof openIntercepted>>;

/** A call of each kind; what comes of it, or the status it failed with. */
const KINDS: Readonly<Record<string, (opened: Opened) => Promise<unknown>>> = {
  unary: async ({ calls }) => (await calls.unary(chunk(1))).number,
  download: async ({ calls }) => numbers(await collect(calls.download(chunk(3)))),
  upload: async ({ calls }) => (await calls.upload([chunk(1), chunk(2)])).number,
  chat: async ({ calls }) => numbers(await collect(calls.chat([chunk(1), chunk(2)]))),
};

function numbers(chunks: readonly Chunk[]): number[] {
  return chunks.map(({ number }) => number);
}

/** What comes of a call of each kind. */
async function callAll(opened: Opened): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const [kind, call] of Object.entries(KINDS)) {
    results[kind] = await within(call(opened), kind).catch((error) => {
      ok(error instanceof RpcError, String(error?.stack));
      return `${error.status}: ${error.message}`;
    });
  }
  return results;
}

const UNTOUCHED = { unary: 2, download: [1, 2, 3], upload: 3, chat: [2, 4] };

/** A test on each of the engines. */
function onBoth(name: string, run: (engine: EngineName) => Promise<void>): void {
  for (const engine of ENGINES) test(`${name}, engine ${engine}`, () => run(engine));
}

/** An interceptor of a listener and a responder. */
function interceptor(listener: ServerListener, responder: Responder = {}): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, { start: (next) => next(listener), ...responder });
}

const PASSING: ServerInterceptor = (_method, call) => new ServerInterceptingCall(call);

onBoth("serverInterceptors that do nothing change nothing", async (engine) => {
  await using opened = await openIntercepted(engine, [PASSING, interceptor({})]);
  deepStrictEqual(await callAll(opened), UNTOUCHED);
  await within(opened.served.server.idle(CallsService.name), "the end of the last call");
});

onBoth("serverInterceptors learn which method is called, and read its metadata", async (engine) => {
  const seen: unknown[] = [];
  const reading: ServerInterceptor = (method, call) => {
    const { path, requestStream, responseStream } = method;
    seen.push([path, requestStream, responseStream]);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, pass) {
            seen.push([metadata.get("key"), metadata.get("key-bin"), metadata.get("te")]);
            pass(metadata);
          },
        }),
    });
  };
  await using opened = await openIntercepted(engine, [reading]);
  const metadata = { key: "value", "key-bin": "AQI" };
  await opened.calls.unary(chunk(0), { metadata });
  await collect(opened.calls.chat([], { metadata }));
  const found = [["value"], [Buffer.from([1, 2])], []];
  deepStrictEqual(seen, [
    ["/everything.Calls/Unary", false, false],
    found,
    ["/everything.Calls/Chat", true, true],
    found,
  ]);
});

onBoth("serverInterceptors change the metadata that a handler gets", async (engine) => {
  const adding = interceptor({
    onReceiveMetadata(metadata, pass) {
      metadata.set("added", "by the interceptor");
      metadata.remove("secret");
      pass(metadata);
    },
  });
  await using opened = await openIntercepted(engine, [adding], {
    unary: (_, { metadata }) => chunk(0, `${metadata.added}, ${metadata.secret}`),
  });
  const { text } = await opened.calls.unary(chunk(0), { metadata: { secret: "x" } });
  strictEqual(text, "by the interceptor, undefined");
});

onBoth("serverInterceptors change requests and responses of every kind of call", async (engine) => {
  const changing = interceptor(
    { onReceiveMessage: (message, pass) => pass({ ...message, number: message.number + 1 }) },
    { sendMessage: (message, pass) => pass({ ...message, number: message.number * 10 }) },
  );
  await using opened = await openIntercepted(engine, [changing]);
  deepStrictEqual(await callAll(opened), {
    unary: 30,
    download: [10, 20, 30, 40],
    upload: 50,
    chat: [40, 60],
  });
});

onBoth("serverInterceptors may pass everything on later", async (engine) => {
  const later = <T>(value: T, pass: (value: T) => void) => void setTimeout(pass, 1, value);
  const late = interceptor({
    onReceiveMetadata: later,
    onReceiveMessage: later,
    onReceiveHalfClose: (pass) => void setTimeout(pass, 1),
  }, { sendMetadata: later, sendMessage: later, sendStatus: later });
  // A status comes behind the message all the same.
  const hesitant = interceptor({}, { sendMessage: later });
  for (const interceptors of [[late, PASSING, late], [hesitant]]) {
    await using opened = await openIntercepted(engine, interceptors);
    deepStrictEqual(await callAll(opened), UNTOUCHED);
  }
});

onBoth("serverInterceptors answer with a status before the handler is called", async (engine) => {
  let handled = 0;
  const metadata = new Metadata();
  metadata.set("reason", "closed");
  const refusing: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: () =>
            call.sendStatus({ code: status.FAILED_PRECONDITION, details: "closed – ü", metadata }),
        }),
    });
  const count = () => {
    handled++;
    throw new RpcError("INTERNAL", "not refused");
  };
  const handlers = { unary: count, download: count, upload: count, chat: count };
  await using opened = await openIntercepted(engine, [refusing, PASSING], handlers);
  const refused = "FAILED_PRECONDITION: closed – ü";
  deepStrictEqual(await callAll(opened), {
    unary: refused,
    download: refused,
    upload: refused,
    chat: refused,
  });
  const error = await failsWith("FAILED_PRECONDITION", opened.calls.unary(chunk(0)));
  strictEqual(error.metadata.reason, "closed");
  strictEqual(handled, 0);
  await within(opened.served.server.idle(CallsService.name), "the end of the last call");
});

onBoth("serverInterceptors answer in the place of a handler", async (engine) => {
  const caching: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMessage(message, pass) {
            if (message.text !== "cached") return pass(message);
            call.sendMetadata(new Metadata());
            call.sendMessage(
              chunk(42),
              () => call.sendStatus({ code: status.OK, details: "OK" }),
            );
          },
        }),
    });
  await using opened = await openIntercepted(engine, [caching]);
  strictEqual((await opened.calls.unary(chunk(1, "cached"))).number, 42);
  strictEqual((await opened.calls.unary(chunk(1))).number, 2);
});

onBoth("serverInterceptors see how a call ends, and change it", async (engine) => {
  const seen: unknown[] = [];
  const changing = interceptor({}, {
    sendStatus(sent, pass) {
      seen.push([sent.code, sent.details, sent.metadata?.get("trailer")]);
      const metadata = sent.metadata ?? new Metadata();
      metadata.set("added", "trailer");
      if (sent.code === status.NOT_FOUND) {
        pass({ code: status.ABORTED, details: `no: ${sent.details}`, metadata });
      } else pass({ ...sent, metadata });
    },
  });
  await using opened = await openIntercepted(engine, [changing], {
    unary({ number }, call) {
      call.setTrailers({ trailer: "own" });
      if (number === 0) return chunk(1);
      throw new RpcError("NOT_FOUND", "nothing", { metadata: { trailer: "failed" } });
    },
    async *download(request) {
      yield request;
    },
  });
  const trailers: Readonly<Record<string, string>>[] = [];
  const onTrailers = (received: Readonly<Record<string, string>>) => void trailers.push(received);
  await opened.calls.unary(chunk(0), { onTrailers });
  await collect(opened.calls.download(chunk(0), { onTrailers }));
  const error = await failsWith("ABORTED", opened.calls.unary(chunk(1)));
  deepStrictEqual([error.message, error.metadata.trailer, error.metadata.added], [
    "no: nothing",
    "failed",
    "trailer",
  ]);
  deepStrictEqual(trailers.map(({ trailer, added }) => [trailer, added]), [
    ["own", "trailer"],
    [undefined, "trailer"],
  ]);
  deepStrictEqual(seen, [[0, "OK", ["own"]], [0, "OK", []], [5, "nothing", ["failed"]]]);
});

onBoth("serverInterceptors add leading metadata, the handler's own or none", async (engine) => {
  const adding = interceptor({}, {
    sendMetadata(metadata, pass) {
      metadata.add("added", "1");
      metadata.add("added", "2");
      pass(metadata);
    },
  });
  await using opened = await openIntercepted(engine, [adding], {
    unary(request, call) {
      if (request.number === 1) call.sendHeaders({ own: "x" });
      return request;
    },
  });
  for (const number of [0, 1]) {
    const headers = new Happening<Readonly<Record<string, string>>>("the headers");
    await opened.calls.unary(chunk(number), { onHeaders: headers.come });
    const { added, own } = await headers.wait();
    deepStrictEqual([added, own], ["1, 2", number === 1 ? "x" : undefined]);
  }
});

onBoth(
  "serverInterceptors come in their order, and in reverse with what is sent",
  async (engine) => {
    const order: string[] = [];
    const noting = (name: string): ServerInterceptor => {
      const note = (what: string) => <T>(value: T, pass: (value: T) => void) => {
        order.push(`${name} ${what}`);
        pass(value);
      };
      return (_method, call) =>
        new ServerInterceptingCall(
          call,
          new ResponderBuilder()
            .withStart((next) =>
              next(
                new ServerListenerBuilder()
                  .withOnReceiveMetadata(note("metadata"))
                  .withOnReceiveMessage(note("request"))
                  .withOnReceiveHalfClose((pass) => {
                    order.push(`${name} end`);
                    pass();
                  })
                  .withOnCancel(() => void order.push(`${name} over`))
                  .build(),
              )
            )
            .withSendMetadata(note("headers"))
            .withSendMessage(note("response"))
            .withSendStatus(note("status"))
            .build(),
        );
    };
    await using opened = await openIntercepted(engine, [noting("1"), noting("2"), noting("3")]);
    await opened.calls.unary(chunk(0));
    await until(() => order.length === 21, "the end of the call");
    const inwards = (what: string) => ["1", "2", "3"].map((name) => `${name} ${what}`);
    const outwards = (what: string) => inwards(what).reverse();
    deepStrictEqual(order, [
      ...inwards("metadata"),
      ...inwards("request"),
      ...inwards("end"),
      // The last is asked for a response first, and has no headers yet.
      ...["3 headers", "2 headers", "1 headers"],
      ...outwards("response"),
      ...outwards("status"),
      ...inwards("over"),
    ]);
  },
);

onBoth("serverInterceptors hear of a caller who leaves, and of every other end", async (engine) => {
  const reached = new Happening<AbortSignal>("the handler");
  let ends = 0;
  const listening = interceptor({ onCancel: () => void ends++ });
  await using opened = await openIntercepted(engine, [listening], {
    ...SUMMING,
    async *download(_, { signal }) {
      reached.come(signal);
      yield chunk(1);
      await aborted(signal);
    },
  });
  const controller = new AbortController();
  const { signal } = controller;
  const call = collect(opened.calls.download(chunk(0), { signal }));
  const inside = await reached.wait();
  controller.abort();
  await failsWith("CANCELLED", call);
  match(String(await aborted(inside)), /cancelled/);
  await until(() => ends === 1, "the interceptor");
  await opened.calls.unary(chunk(0));
  await until(() => ends === 2, "the interceptor");
  await within(opened.served.server.idle(CallsService.name), "the end of the last call");
});

onBoth("serverInterceptors hear of a deadline that passes", async (engine) => {
  const ended = new Happening("the end");
  const seen: unknown[] = [];
  const listening: ServerInterceptor = (_method, call) => {
    seen.push(Number(call.getDeadline()));
    return new ServerInterceptingCall(call, {
      start: (next) => next({ onCancel: () => ended.come() }),
    });
  };
  const signals: AbortSignal[] = [];
  await using opened = await openIntercepted(engine, [listening], {
    unary: (request, { signal, deadline }) => {
      seen.push(Number(deadline));
      signals.push(signal);
      return aborted(signal).then(() => request);
    },
  });
  // A client that leaves it to the server.
  await using client = new RawClient(opened.served.address);
  const headers = { "grpc-timeout": "100m" };
  const { trailers } = await client.call("/everything.Calls/Unary", prefixed(EMPTY), headers);
  strictEqual(trailers["grpc-status"], String(status.DEADLINE_EXCEEDED));
  await ended.wait();
  await Promise.all(signals.map(aborted));
  strictEqual(signals[0]?.reason.status, "DEADLINE_EXCEEDED");
  ok(Number(seen[0]) < Infinity && seen[0] === seen[1], String(seen));
});

onBoth("serverInterceptors end a call that a handler is busy with", async (engine) => {
  let end: ServerInterceptingCallInterface | undefined;
  const ending: ServerInterceptor = (_method, call) => {
    end = call;
    return new ServerInterceptingCall(call);
  };
  const reached = new Happening<AbortSignal>("the handler");
  await using opened = await openIntercepted(engine, [ending], {
    unary(_, { signal }) {
      reached.come(signal);
      return new Promise(() => {});
    },
  });
  const call = opened.calls.unary(chunk(0));
  const signal = await reached.wait();
  end?.sendStatus({ code: status.UNAVAILABLE, details: "enough" });
  strictEqual((await failsWith("UNAVAILABLE", call)).message, "enough");
  await aborted(signal);
  await within(opened.served.server.idle(CallsService.name), "the end of the last call");
});

onBoth("serverInterceptors learn who calls", async (engine) => {
  for (const autoMtls of [false, true]) {
    const seen: unknown[] = [];
    const looking: ServerInterceptor = (_method, call) => {
      const { transportSecurityType, sslPeerCertificate } = call.getAuthContext();
      const { remoteAddress, localAddress } = call.getConnectionInfo();
      const [host, port] = call.getPeer().split(":");
      call.getMetricsRecorder().recordRequestCostMetric("cost", 1);
      seen.push(transportSecurityType, sslPeerCertificate?.raw instanceof Uint8Array);
      seen.push(host, Number(port) > 0, remoteAddress, localAddress, call.getHost());
      seen.push(call.getDeadline());
      return new ServerInterceptingCall(call);
    };
    await using opened = await openIntercepted(engine, [looking], SUMMING, autoMtls);
    await opened.calls.unary(chunk(0));
    deepStrictEqual(seen, [
      autoMtls ? "ssl" : undefined,
      autoMtls,
      "127.0.0.1",
      true,
      "127.0.0.1",
      "127.0.0.1",
      "localhost",
      Infinity,
    ]);
  }
});

onBoth("serverInterceptors keep the order and the pace of a long stream", async (engine) => {
  const count = 2_000;
  let given = 0;
  await using opened = await openIntercepted(engine, [PASSING, interceptor({})], {
    async *download() {
      for (let i = 0; i < count; i++) {
        given++;
        yield chunk(i, "", new Uint8Array(10_000));
      }
    },
    upload: SUMMING.upload as HandlersOf<Calls>["upload"],
  });
  let read = 0;
  for await (const { number } of opened.calls.download(chunk(0))) {
    if (read === 0) ok(given < count, "all was sent at once");
    strictEqual(number, read++);
  }
  strictEqual(read, count);
  const requests = Array.from({ length: count }, (_, i) => chunk(i));
  strictEqual((await opened.calls.upload(requests)).number, count * (count - 1) / 2);
});

onBoth("serverInterceptors let a caller send no faster than the handler reads", async (engine) => {
  let sent = 0;
  const COUNT = 500;
  const reading = new Happening("the go-ahead");
  await using opened = await openIntercepted(engine, [PASSING], {
    ...SUMMING,
    async upload(requests) {
      await reading.wait();
      return chunk((await collect(requests)).length);
    },
  });
  const requests = async function* () {
    // Far more than buffers hold.
    while (sent < COUNT) yield chunk(sent++, "", new Uint8Array(64 << 10));
  };
  const call = opened.calls.upload(requests());
  // It has come to rest when other calls come and go.
  for (let before = -1, calls = 0; calls < 20; calls++) {
    if (sent !== before) calls = 0;
    before = sent;
    await opened.calls.unary(chunk(0));
  }
  ok(sent < COUNT, "all was sent at once");
  reading.come();
  strictEqual((await within(call, "the answer")).number, COUNT);
});

test("serverInterceptors whose callbacks throw fail their call, engine own", async () => {
  const fail = (): never => {
    throw new Error("the callback's own");
  };
  const fragile: Readonly<Record<string, ServerInterceptor>> = {
    onReceiveMetadata: interceptor({ onReceiveMetadata: fail }),
    onReceiveMessage: interceptor({ onReceiveMessage: fail }),
    onReceiveHalfClose: interceptor({ onReceiveHalfClose: fail }),
    sendMetadata: interceptor({}, { sendMetadata: fail }),
    sendMessage: interceptor({}, { sendMessage: fail }),
    sendStatus: interceptor({}, { sendStatus: fail }),
  };
  for (const [name, throwing] of Object.entries(fragile)) {
    await using opened = await openIntercepted("own", [PASSING, throwing]);
    const error = await failsWith("UNKNOWN", opened.calls.unary(chunk(0)));
    strictEqual(error.message, "the callback's own", name);
    await failsWith("UNKNOWN", collect(opened.calls.chat([chunk(0)])));
    await within(opened.served.server.idle(CallsService.name), "the end of the last call");
    ok(opened.served.log.some(({ message }) => message === "an interceptor failed"), name);
  }
  // Nobody waits for what throws behind the end.
  await using opened = await openIntercepted("own", [interceptor({ onCancel: fail })]);
  deepStrictEqual(await callAll(opened), UNTOUCHED);
});
