/** Handlers written for grpc-js, the same on both engines. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import {
  type GrpcJsHandlersOf,
  implement,
  implementGrpcJs,
  type PluginSet,
  RpcError,
  ServiceError,
} from "../../mod.ts";
import { testClient } from "../../testing.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import {
  connectTo,
  type EngineName,
  ENGINES,
  openServer,
  TRANSPORTS,
} from "../helpers/rpc_pair.ts";
import { until, within } from "../helpers/wait.ts";
import { CallsService, type Chunk, chunk } from "./calls.ts";
import { prefixed, RawClient } from "./raw_client.ts";
import { collect, failsWith, Happening, rejected } from "./waiting.ts";

/** What all four kinds of call have. */
type ServerSurfaceCall =
  & Pick<
    ServerUnaryCall<Chunk, Chunk>,
    | "cancelled"
    | "metadata"
    | "getPeer"
    | "sendMetadata"
    | "getDeadline"
    | "getPath"
    | "getHost"
    | "getAuthContext"
    | "getMetricsRecorder"
  >
  & { on(event: "cancelled", listener: () => void): unknown };

/** What proto-loader makes, with its names for the methods. */
const definition = fromJSON(
  descriptor as Parameters<typeof fromJSON>[0],
  { defaults: true },
)["everything.Calls"] as ServiceDefinition;

/** grpc-js's handlers, one of each kind. */
interface Handlers {
  Unary(call: ServerUnaryCall<Chunk, Chunk>, callback: sendUnaryData<Chunk>): unknown;
  Download(call: ServerWritableStream<Chunk, Chunk>): unknown;
  Upload(call: ServerReadableStream<Chunk, Chunk>, callback: sendUnaryData<Chunk>): unknown;
  Chat(call: ServerDuplexStream<Chunk, Chunk>): unknown;
}

type GrpcJsHandlers = GrpcJsHandlersOf<typeof definition>;

function implementCalls(handlers: Partial<Handlers>) {
  return implementGrpcJs(definition, handlers as Handlers & GrpcJsHandlers);
}

/** As grpc-js's own examples have them. */
const HANDLERS: Handlers = {
  Unary: (call, callback) => callback(null, { ...call.request, number: call.request.number + 1 }),
  Download(call) {
    for (let i = 1; i <= call.request.number; i++) call.write(chunk(i));
    call.end();
  },
  Upload(call, callback) {
    let sum = 0;
    call.on("data", ({ number }: Chunk) => sum += number);
    call.on("end", () => callback(null, chunk(sum)));
  },
  Chat(call) {
    call.on("data", ({ number }: Chunk) => call.write(chunk(number * 2)));
    call.on("end", () => call.end());
  },
};

/** A server with handlers, and a client of it, on one engine. */
async function openGrpcJs(
  engine: EngineName,
  handlers: Partial<Handlers>,
  serverInterceptors: readonly ServerInterceptor[] = [],
) {
  const served = await openServer([implementCalls(handlers)], {
    engine: { engine, serverInterceptors },
  });
  const channel = await connectTo(served.address, undefined, engine);
  return {
    served,
    calls: await channel.client(CallsService),
    async [Symbol.asyncDispose]() {
      await channel[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

/** A test on each of the engines. */
function onBoth(name: string, run: (engine: EngineName) => Promise<void>): void {
  for (const engine of ENGINES) {
    test(`implementGrpcJs() ${name}, engine ${engine}`, () => run(engine));
  }
}

type Opened = Awaited<ReturnType<typeof openGrpcJs>>;

async function callAll({ calls }: Pick<Opened, "calls">): Promise<unknown[]> {
  return [
    (await calls.unary(chunk(1))).number,
    (await collect(calls.download(chunk(3)))).map(({ number }) => number),
    (await calls.upload([chunk(1), chunk(2)])).number,
    (await collect(calls.chat([chunk(1), chunk(2)]))).map(({ number }) => number),
  ];
}

const EXPECTED = [2, [1, 2, 3], 3, [2, 4]];

onBoth("serves all four kinds of call", async (engine) => {
  await using opened = await openGrpcJs(engine, HANDLERS);
  deepStrictEqual(await callAll(opened), EXPECTED);
  await within(opened.served.server.idle(CallsService.name), "the end of the last call");
});

onBoth("serves behind interceptors", async (engine) => {
  const seen: string[] = [];
  const changing: ServerInterceptor = ({ path }, call) => {
    seen.push(path.slice(path.lastIndexOf("/") + 1));
    return new ServerInterceptingCall(call, {
      sendMessage: (message, pass) => pass({ ...message, number: message.number * 10 }),
    });
  };
  await using opened = await openGrpcJs(engine, HANDLERS, [changing]);
  deepStrictEqual(await callAll(opened), [20, [10, 20, 30], 30, [20, 40]]);
  deepStrictEqual(seen, ["Unary", "Download", "Upload", "Chat"]);
});

onBoth("is an entry of a plugin set and of a broker's", async (engine) => {
  let made = 0;
  const calls = implementGrpcJs(definition, ({ broker }) => {
    ok(broker.nextId() > 0);
    made++;
    return HANDLERS as Handlers & GrpcJsHandlers;
  });
  const plugins = { calls } satisfies PluginSet;
  await using client = await testClient(plugins, { serve: { engine }, client: { engine } });
  const dispensed = await client.dispense("calls") as unknown as Opened["calls"];
  deepStrictEqual(await callAll({ calls: dispensed }), EXPECTED);
  const id = client.broker.nextId();
  await using _served = await client.broker.serve(id, calls);
  strictEqual(made, 2);
});

onBoth("serves beside a contract's handlers, and only once", async (engine) => {
  const plugin = implementCalls(HANDLERS);
  await rejected(ServiceError, openServer([plugin, plugin], { engine }));
  const twice = implement(CallsService, {
    unary: (request) => request,
    async *download() {},
    upload: () => chunk(0),
    async *chat() {},
  });
  const error = await rejected(ServiceError, openServer([plugin, twice], { engine }));
  match(error.message, /registered twice/);
});

onBoth("gives a handler what the caller sent, and sends what it sends", async (engine) => {
  const seen: unknown[] = [];
  const look = (call: ServerSurfaceCall) => {
    const { metadata } = call;
    seen.push(metadata.get("key"), metadata.get("key-bin"), metadata instanceof Metadata);
    seen.push(call.getPath(), call.getHost(), call.getPeer().split(":")[0], call.cancelled);
    seen.push(call.getAuthContext());
    seen.push(Number(call.getDeadline()) > Date.now());
    call.getMetricsRecorder().recordQpsMetric(1);
    const headers = new Metadata();
    headers.set("leading", "1");
    call.sendMetadata(headers);
    const trailers = new Metadata();
    trailers.add("trailing", "a");
    trailers.add("trailing", "b");
    return trailers;
  };
  await using opened = await openGrpcJs(engine, {
    Unary: (call, callback) => callback(null, call.request, look(call)),
    Download: (call) => void call.end(look(call)),
    Upload: (call, callback) =>
      void call.resume().on("end", () => callback(null, chunk(0), look(call))),
    Chat: (call) => void call.end(look(call)),
  });
  const { calls } = opened;
  for (
    const [name, call] of [
      ["Unary", (options: object) => calls.unary(chunk(0), options)],
      ["Download", (options: object) => collect(calls.download(chunk(0), options))],
      ["Upload", (options: object) => calls.upload([], options)],
      ["Chat", (options: object) => collect(calls.chat([], options))],
    ] as const
  ) {
    const told: unknown[] = [];
    await call({
      timeoutMs: 60_000,
      metadata: { key: "value", "key-bin": "AQI" },
      onHeaders: ({ leading }: Record<string, string>) => told.push(leading),
      onTrailers: ({ trailing }: Record<string, string>) => told.push(trailing),
    });
    deepStrictEqual(told, ["1", "a, b"]);
    const path = `/everything.Calls/${name}`;
    const found = [["value"], [Buffer.from([1, 2])], true, path, "localhost", "127.0.0.1", false];
    deepStrictEqual(seen.splice(0), [...found, {}, true]);
  }
});

onBoth("answers with what a handler gives as an error", async (engine) => {
  const metadata = new Metadata();
  metadata.set("reason", "x");
  const known = { code: status.NOT_FOUND, details: "nothing – ü", metadata };
  const errors: readonly (readonly [object, string, string, string?])[] = [
    [known, "NOT_FOUND", "nothing – ü", "x"],
    [Object.assign(new Error("message"), { code: status.ABORTED }), "ABORTED", "message"],
    [
      Object.assign(new Error("message"), { code: status.ABORTED, details: "details" }),
      "ABORTED",
      "details",
    ],
    [new Error("message"), "UNKNOWN", "message"],
    [Object.assign(new Error("message"), { code: "ENOENT", details: "d" }), "UNKNOWN", "message"],
    [{}, "UNKNOWN", "Unknown Error"],
  ];
  for (const [error, expected, message, reason] of errors) {
    await using opened = await openGrpcJs(engine, {
      Unary: (_, callback) => callback(error),
      Download: (call) => void call.emit("error", error),
      Upload: (_, callback) => callback(error),
      Chat(call) {
        call.write(chunk(1));
        call.emit("error", error);
      },
    });
    const { calls } = opened;
    for (
      const call of [
        () => calls.unary(chunk(0)),
        () => collect(calls.download(chunk(0))),
        () => calls.upload([]),
        () => collect(calls.chat([])),
      ]
    ) {
      const failed = await rejected(RpcError, call());
      deepStrictEqual([failed.status, failed.message, failed.metadata.reason], [
        expected,
        message,
        reason,
      ]);
    }
  }
});

onBoth("sends the trailers that go with an error rather than the error's own", async (engine) => {
  const [own, given] = [new Metadata(), new Metadata()];
  own.set("which", "own");
  given.set("which", "given");
  await using opened = await openGrpcJs(engine, {
    Unary: (_, callback) => callback({ code: 5, details: "", metadata: own }, null, given),
  });
  strictEqual((await failsWith("NOT_FOUND", opened.calls.unary(chunk(0)))).metadata.which, "given");
});

onBoth("makes a status of what a handler throws or rejects with", async (engine) => {
  const thrown: readonly (readonly [unknown, string, string])[] = [
    [new RpcError("ABORTED", "ours", { metadata: { reason: "x" } }), "ABORTED", "ours"],
    [Object.assign(new Error("theirs"), { code: 5 }), "NOT_FOUND", "theirs"],
    [new Error("other"), "UNKNOWN", "other"],
    [undefined, "UNKNOWN", "undefined"],
  ];
  for (const [error, expected, message] of thrown) {
    const fail = () => {
      throw error;
    };
    const reject = () => Promise.reject(error);
    await using opened = await openGrpcJs(engine, {
      Unary: fail,
      Download: reject,
      Upload: reject,
      Chat: fail,
    });
    const { calls } = opened;
    for (
      const call of [
        () => calls.unary(chunk(0)),
        () => collect(calls.download(chunk(0))),
        () => calls.upload([]),
        () => collect(calls.chat([])),
      ]
    ) {
      const failed = await rejected(RpcError, call());
      deepStrictEqual([failed.status, failed.message], [expected, message]);
    }
    const logged = opened.served.log.filter(({ message }) => message === "a handler failed");
    strictEqual(logged.length, expected === "UNKNOWN" ? 4 : 0);
  }
});

onBoth(
  "answers UNIMPLEMENTED where there is no handler, and takes proto-loader's second name",
  async (engine) => {
    const handlers = { unary: HANDLERS.Unary } as unknown as Partial<Handlers>;
    await using opened = await openGrpcJs(engine, handlers);
    strictEqual((await opened.calls.unary(chunk(1))).number, 2);
    const error = await failsWith("UNIMPLEMENTED", opened.calls.upload([]));
    match(error.message, /Upload/);
    await failsWith("UNIMPLEMENTED", collect(opened.calls.chat([])));
  },
);

onBoth("calls handlers on their object", async (engine) => {
  class Counter {
    #count = 0;
    Unary(_: unknown, callback: sendUnaryData<Chunk>) {
      callback(null, chunk(++this.#count));
    }
  }
  await using opened = await openGrpcJs(engine, new Counter() as unknown as Partial<Handlers>);
  await opened.calls.unary(chunk(0));
  strictEqual((await opened.calls.unary(chunk(0))).number, 2);
});

onBoth("refuses a response that cannot be written", async (engine) => {
  const bad: Chunk = {
    ...chunk(0),
    get number(): number {
      throw new Error("no number");
    },
  };
  await using opened = await openGrpcJs(engine, {
    Unary: (_, callback) => callback(null, bad),
    Download(call) {
      call.write(bad);
      call.end();
    },
  });
  await failsWith("INTERNAL", opened.calls.unary(chunk(0)));
  await failsWith("INTERNAL", collect(opened.calls.download(chunk(0))));
  await within(opened.served.server.idle(CallsService.name), "the end of the last call");
});

onBoth("refuses a request that cannot be read", async (engine) => {
  await using opened = await openGrpcJs(engine, HANDLERS);
  await using client = new RawClient(opened.served.address);
  for (const name of ["Unary", "Download", "Upload", "Chat"]) {
    const junk = prefixed(new Uint8Array(10).fill(0xff));
    const answer = await within(client.call(`/everything.Calls/${name}`, junk), "the answer");
    strictEqual(answer.trailers["grpc-status"], String(status.INTERNAL), name);
  }
});

onBoth("tells a handler that its caller has left", async (engine) => {
  for (const name of ["unary", "download", "upload", "chat"] as const) {
    const begun = new Happening<ServerSurfaceCall>("the call");
    let ended = 0;
    const handler = (call: ServerSurfaceCall) => {
      call.on("cancelled", () => ended++);
      begun.come(call);
    };
    const kind = name[0]?.toUpperCase() + name.slice(1);
    await using opened = await openGrpcJs(engine, { [kind]: handler });
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const requests = name === "unary" || name === "download" ? chunk(0) : endless();
    const result: unknown = opened.calls[name](requests as never, options);
    const call = result instanceof Promise ? result : collect(result as AsyncIterable<Chunk>);
    const failed = failsWith("CANCELLED", call);
    const served = await begun.wait();
    strictEqual(served.cancelled, false);
    controller.abort();
    await failed;
    await until(() => ended === 1, "the event");
    strictEqual(served.cancelled, true);
    await within(opened.served.server.idle(CallsService.name), "the end of the call");
  }
});

/** Requests without an end. */
async function* endless(): AsyncGenerator<Chunk> {
  yield chunk(0);
  await new Promise(() => {});
}

onBoth("tells a handler that the deadline has passed", async (engine) => {
  const cancelled = new Happening("the event");
  await using opened = await openGrpcJs(engine, {
    Unary: (call) => void call.on("cancelled", () => cancelled.come()),
  });
  await using client = new RawClient(opened.served.address);
  const headers = { "grpc-timeout": "50m" };
  const { trailers } = await client.call(
    "/everything.Calls/Unary",
    prefixed(new Uint8Array()),
    headers,
  );
  strictEqual(trailers["grpc-status"], String(status.DEADLINE_EXCEEDED));
  await cancelled.wait();
});

onBoth("lets a handler that keeps to it write no faster than its caller reads", async (engine) => {
  let written = 0;
  let waits = 0;
  const COUNT = 500;
  await using opened = await openGrpcJs(engine, {
    async Download(call) {
      while (written < COUNT) {
        if (call.write(chunk(written++, "", new Uint8Array(64 << 10)))) continue;
        waits++;
        await new Promise<void>((resolve) => void call.once("drain", () => resolve()));
      }
      call.end();
    },
  });
  let read = 0;
  for await (const { number } of opened.calls.download(chunk(0))) {
    if (read === 0) ok(written < COUNT, "all was written at once");
    strictEqual(number, read++);
  }
  strictEqual(read, COUNT);
  ok(waits > 0);
});

onBoth("lets a caller send no faster than the handler reads", async (engine) => {
  let sent = 0;
  const COUNT = 500;
  const reading = new Happening("the go-ahead");
  await using opened = await openGrpcJs(engine, {
    ...HANDLERS,
    async Upload(call, callback) {
      await reading.wait();
      let next = 0;
      for await (const { number } of call as AsyncIterable<Chunk>) strictEqual(number, next++);
      callback(null, chunk(next));
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

test("implementGrpcJs() lets a handler answer behind a loop over its requests, engine own", async () => {
  await using opened = await openGrpcJs("own", {
    async Chat(call) {
      let sum = 0;
      for await (const { number } of call as AsyncIterable<Chunk>) sum += number;
      call.write(chunk(sum));
      call.end();
    },
  });
  const [answer, ...others] = await collect(opened.calls.chat([chunk(1), chunk(2)]));
  deepStrictEqual([answer?.number, others], [3, []]);
});

onBoth("takes definitions whose functions count on Buffers", async (engine) => {
  const json = {
    requestSerialize: (value: { text: string }) => Buffer.from(JSON.stringify(value)),
    requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as { text: string },
    responseSerialize: (value: { length: number }) => Buffer.from(JSON.stringify(value)),
    responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as { length: number },
  };
  const definition = {
    measure: {
      path: "/json.Json/Measure",
      requestStream: false as const,
      responseStream: false as const,
      ...json,
    },
    count: {
      path: "/json.Json/Count",
      requestStream: true as const,
      responseStream: true as const,
      ...json,
    },
  };
  const plugin = implementGrpcJs(definition, {
    measure(call, callback) {
      callback(null, { length: call.request.text.length });
    },
    count(call) {
      call.on("data", ({ text }: { text: string }) => call.write({ length: text.length }));
      call.on("end", () => call.end());
    },
  });
  await using client = await testClient({ json: plugin }, {
    serve: { engine },
    client: { engine },
  });
  const calls = await client.dispense("json");
  // A long message comes in pieces, which are put together.
  for (const length of [4, 1_000_000]) {
    strictEqual((await calls.measure({ text: "x".repeat(length) })).length, length);
  }
  deepStrictEqual(await collect(calls.count([{ text: "a" }, { text: "bc" }])), [
    { length: 1 },
    { length: 2 },
  ]);
});

test("implementGrpcJs() refuses a handler that is no function", async () => {
  const handlers = { Unary: 5 } as unknown as Partial<Handlers>;
  const error = await rejected(ServiceError, openServer([implementCalls(handlers)]));
  match(error.message, /the handler "Unary" is no function/);
});

for (const transport of TRANSPORTS) {
  test(`implementGrpcJs() stops with its calls on ${transport.title}`, async () => {
    const begun = new Happening("the call");
    await using served = await openServer([
      implementCalls({ Download: () => begun.come() }),
    ], { network: transport.network });
    await using channel = await connectTo(served.address);
    const call = collect((await channel.client(CallsService)).download(chunk(0)));
    call.catch(() => {});
    await begun.wait();
    await within(served.server.stop(0), "the end of the server");
    await rejects(call);
  });
}
