/** What users tell the gRPC engine: options and interceptors, on both sides, the broker included. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  InterceptingCall,
  type Interceptor,
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  status,
  type StatusObject,
} from "@grpc/grpc-js";
import { type EngineConfig, implement, RpcError } from "@x/goplugin";
import { testClient } from "@x/goplugin/testing";
import { openChannel } from "../../src/rpc/channel.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { exchange } from "../fixtures/exchange.ts";
import { fixture as echoing, FixtureService } from "../fixtures/fixture.ts";
import { recordLogs } from "../helpers/logs.ts";
import { type EngineName, ENGINES } from "../helpers/rpc_pair.ts";
import { within } from "../helpers/wait.ts";

/** A host and a plugin in this process, with what each tells its engine. */
async function openOn(
  engine: EngineName,
  engines: { readonly host?: EngineConfig; readonly plugin?: EngineConfig },
  plugin = echoing,
) {
  const { logger, entries } = recordLogs();
  const client = await testClient({ fixture: plugin, exchange }, {
    logger,
    client: { engine, ...engines.host },
    serve: { engine, ...engines.plugin },
  });
  const [fixture, broker] = [await client.dispense("fixture"), await client.dispense("exchange")];
  const end = () => client[Symbol.asyncDispose]();
  return { client, fixture, exchange: broker, entries, [Symbol.asyncDispose]: end };
}

type Opened = Awaited<ReturnType<typeof openOn>>;
type Open = (
  engines: { readonly host?: EngineConfig; readonly plugin?: EngineConfig },
  plugin?: typeof echoing,
) => Promise<Opened>;

/** A test on each of the engines. */
function onBoth(name: string, run: (open: Open, engine: EngineName) => Promise<void>): void {
  for (const engine of ENGINES) {
    test(`${name}, engine ${engine}`, () =>
      run((engines, plugin) => openOn(engine, engines, plugin), engine));
  }
}

/** One call on each kind of connection: what the message says that must go through. */
const CONNECTIONS: Record<string, (opened: Opened, text: string) => Promise<string>> = {
  main: async ({ fixture }, text) => (await fixture.echo({ text })).text,
  async "plugin serves, host dials"({ client, exchange }, text) {
    const { id } = await exchange.lend({ id: 0 });
    await using lent = await client.broker.dial(id, FixtureService);
    return (await lent.echo({ text })).text;
  },
  async "host serves, plugin dials"({ client, exchange }) {
    const id = client.broker.nextId();
    await using _served = await client.broker.serve(id, echoing);
    return (await exchange.borrow({ id })).said;
  },
};

const TINY = { "grpc.max_receive_message_length": 5 };
const SMALL = { "grpc.max_receive_message_length": 1_000 };
const LONG = "x".repeat(5_000);

for (
  const [option, engines, where] of [
    ["a plugin's serverOptions", { plugin: { serverOptions: SMALL } }, [
      "main",
      "plugin serves, host dials",
    ]],
    ["a host's channelOptions", { host: { channelOptions: SMALL } }, [
      "main",
      "plugin serves, host dials",
    ]],
    ["a host's serverOptions", { host: { serverOptions: TINY } }, ["host serves, plugin dials"]],
    ["a plugin's channelOptions", { plugin: { channelOptions: TINY } }, [
      "host serves, plugin dials",
    ]],
  ] as const
) {
  for (const [connection, call] of Object.entries(CONNECTIONS)) {
    const holds = (where as readonly string[]).includes(connection);
    onBoth(`${option} ${holds ? "hold" : "do not hold"} where ${connection}`, async (open) => {
      await using opened = await open(engines);
      if (holds) {
        await rejects(call(opened, LONG), /larger than max|are the limit/);
      } else {
        ok((await call(opened, LONG)).length > 0);
      }
      // A limit fails a call, not the connection.
      strictEqual((await opened.fixture.echo({ text: "on" })).text, "on");
    });
  }
}

/** An interceptor that notes paths and statuses, and sends a key along. */
function noting(key: string, seen: string[]): Interceptor {
  return (options, nextCall) => {
    const { path } = options.method_definition;
    return new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        metadata.set("key", key);
        next(metadata, {
          onReceiveStatus(received: StatusObject, pass: (status: StatusObject) => void) {
            seen.push(`${path} ${status[received.code]}`);
            pass(received);
          },
        });
      },
    });
  };
}

/** An interceptor that notes what comes. */
function watching(seen: string[]): ServerInterceptor {
  return ({ path }, call) => {
    seen.push(path);
    return new ServerInterceptingCall(call);
  };
}

/** Answers with the caller's key. */
const telling = implement(FixtureService, {
  echo: (_, { metadata }) => ({ text: metadata.key ?? "(none)" }),
  environment() {
    throw new RpcError("NOT_FOUND", "no such variable");
  },
  crash: (request) => request,
  hang: (request) => request,
  print: () => ({ text: "" }),
  count: async function* () {},
});

onBoth(
  "interceptors of a host see calls on the main connection and on those it dials",
  async (open) => {
    const seen: string[] = [];
    await using opened = await open(
      { host: { interceptors: [noting("of the host", seen)] } },
      telling,
    );
    strictEqual((await opened.fixture.echo({ text: "" })).text, "of the host");
    await rejects(opened.fixture.environment({ text: "" }), { status: "NOT_FOUND" });
    await CONNECTIONS["plugin serves, host dials"]?.(opened, "");
    await opened.client.ping();
    deepStrictEqual(seen, [
      "/fixture.Fixture/Echo OK",
      "/fixture.Fixture/Environment NOT_FOUND",
      "/fixture.Exchange/Lend OK",
      "/fixture.Fixture/Echo OK",
      "/grpc.health.v1.Health/Check OK",
    ]);
    // Nothing that go-plugin itself needs has suffered.
    strictEqual((await opened.client.kill()).step, "Shutdown");
    const own = ["GRPCBroker/StartStream", "GRPCStdio/StreamStdio", "GRPCController/Shutdown"];
    for (const name of own) ok(seen.some((entry) => entry.startsWith(`/plugin.${name} `)), name);
  },
);

onBoth("interceptors of a plugin see the calls it makes to its host", async (open) => {
  const seen: string[] = [];
  await using opened = await open({ plugin: { interceptors: [noting("of the plugin", seen)] } });
  const id = opened.client.broker.nextId();
  await using _served = await opened.client.broker.serve(id, telling);
  strictEqual((await opened.exchange.borrow({ id })).said, "of the plugin");
  deepStrictEqual(seen, ["/fixture.Fixture/Echo OK"]);
});

onBoth("interceptors come in their order, the first the first to see a call", async (open) => {
  const order: string[] = [];
  const client = (name: string): Interceptor => (options, nextCall) => {
    order.push(name);
    return new InterceptingCall(nextCall(options));
  };
  const server = (name: string): ServerInterceptor => (_, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, pass) {
            order.push(name);
            pass(metadata);
          },
        }),
    });
  await using opened = await open({
    host: { interceptors: [client("1"), client("2")] },
    plugin: { serverInterceptors: [server("3"), server("4")] },
  });
  await opened.client.ping();
  order.length = 0;
  await opened.fixture.echo({ text: "" });
  deepStrictEqual(order, ["1", "2", "3", "4"]);
});

/** Calls once more what was UNAVAILABLE, if it has one request and one response. */
const retrying: Interceptor = (options, nextCall) => {
  const { requestStream, responseStream } = options.method_definition;
  if (requestStream || responseStream) return new InterceptingCall(nextCall(options));
  let metadata = new Metadata();
  let message: unknown;
  return new InterceptingCall(nextCall(options), {
    start(first, listener, next) {
      metadata = first.clone();
      next(first, {
        onReceiveStatus(received: StatusObject, pass: (status: StatusObject) => void) {
          if (received.code !== status.UNAVAILABLE) return pass(received);
          const again = nextCall(options);
          again.start(metadata, {
            onReceiveMetadata: () => {},
            onReceiveMessage: (received) => listener.onReceiveMessage(received),
            onReceiveStatus: pass,
          });
          again.sendMessage(message);
          again.halfClose();
        },
      });
    },
    sendMessage(sent, next) {
      message = sent;
      next(sent);
    },
  });
};

onBoth("interceptors can call again", async (open) => {
  let calls = 0;
  const failing = implement(FixtureService, {
    echo({ text }) {
      if (++calls === 1) throw new RpcError("UNAVAILABLE", "not yet");
      return { text: `${text} ${calls}` };
    },
    environment: (request) => request,
    crash: (request) => request,
    hang: (request) => request,
    print: () => ({ text: "" }),
    count: async function* () {},
  });
  await using opened = await open({ host: { interceptors: [retrying] } }, failing);
  strictEqual((await within(opened.fixture.echo({ text: "call" }), "the answer")).text, "call 2");
});

/** Turns away the calls for which it has a status. */
function refusing(statusFor: (path: string, metadata: Metadata) => number | undefined) {
  const interceptor: ServerInterceptor = ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, pass) {
            const code = statusFor(path, metadata);
            if (code === undefined) pass(metadata);
            else call.sendStatus({ code, details: "turned away" });
          },
        }),
    });
  return interceptor;
}

onBoth("serverInterceptors of a plugin can turn calls away by their metadata", async (open) => {
  const seen: string[] = [];
  const guard = refusing((path, metadata) =>
    path.startsWith("/fixture.") && metadata.get("token")[0] !== "secret"
      ? status.UNAUTHENTICATED
      : undefined
  );
  const serverInterceptors = [watching(seen), guard];
  await using opened = await open({ plugin: { serverInterceptors } });
  const refused = { status: "UNAUTHENTICATED", message: "turned away" };
  await rejects(opened.fixture.echo({ text: "" }), refused);
  const metadata = { token: "secret" };
  strictEqual((await opened.fixture.echo({ text: "in" }, { metadata })).text, "in");
  // What the plugin serves by the broker is guarded just as well.
  const { id } = await opened.exchange.lend({ id: 0 }, { metadata });
  await using lent = await opened.client.broker.dial(id, FixtureService);
  await rejects(lent.echo({ text: "" }), refused);
  strictEqual((await lent.echo({ text: "in" }, { metadata })).text, "in");
  await opened.client.ping();
  strictEqual((await opened.client.kill()).step, "Shutdown");
  for (const path of ["/plugin.GRPCBroker/StartStream", "/plugin.GRPCController/Shutdown"]) {
    ok(seen.includes(path), path);
  }
});

onBoth("serverInterceptors of a host guard what it serves by the broker", async (open) => {
  const seen: string[] = [];
  const serverInterceptors = [watching(seen), refusing(() => status.PERMISSION_DENIED)];
  await using opened = await open({ host: { serverInterceptors } });
  const id = opened.client.broker.nextId();
  await using _served = await opened.client.broker.serve(id, echoing);
  await rejects(opened.exchange.borrow({ id }), /turned away/);
  deepStrictEqual(seen, ["/fixture.Fixture/Echo"]);
});

for (const code of [status.PERMISSION_DENIED, status.UNAUTHENTICATED, status.INTERNAL]) {
  onBoth(
    `a plugin that turns everything away with ${status[code]} starts and ends`,
    async (_open, engine) => {
      const serverInterceptors = [refusing(() => code)];
      await using client = await testClient({ fixture: echoing }, {
        serve: { engine, serverInterceptors },
        client: { engine, killGraceMs: 300 },
      });
      const fixture = await client.dispense("fixture");
      await rejects(fixture.echo({ text: "" }), { status: status[code] });
      await rejects(client.ping(), { status: status[code] });
      await rejects(client.broker.serve(client.broker.nextId(), echoing), { name: "BrokerError" });
      strictEqual((await within(client.kill(), "kill()")).step, "SIGTERM");
    },
  );
}

onBoth("serverInterceptors that throw fail their call, and the plugin goes on", async (open) => {
  const throwing: ServerInterceptor = ({ path }, call) => {
    if (path === "/fixture.Fixture/Echo") throw new Error("the interceptor's own");
    return new ServerInterceptingCall(call);
  };
  await using opened = await open({ plugin: { serverInterceptors: [throwing] } });
  await rejects(opened.fixture.echo({ text: "" }), {
    status: "UNKNOWN",
    message: "the interceptor's own",
  });
  await opened.client.ping();
  const entry = opened.entries.find(({ message }) => message === "an interceptor failed");
  strictEqual(entry?.fields.method, "/fixture.Fixture/Echo");
  match(String(entry?.fields.error), /the interceptor's own/);
});

onBoth("interceptors that throw fail their call, and the host goes on", async (open) => {
  const throwing: Interceptor = (options, nextCall) => {
    if (options.method_definition.path.startsWith("/fixture.Fixture/")) {
      throw new Error("the interceptor's own");
    }
    return new InterceptingCall(nextCall(options));
  };
  await using opened = await open({ host: { interceptors: [throwing] } });
  await rejects(opened.fixture.echo({ text: "" }), /the interceptor's own/);
  await rejects(async () => {
    for await (const _ of opened.fixture.count({ amount: 1 })) ok(false);
  }, /the interceptor's own/);
  await opened.client.ping();
  strictEqual((await opened.client.kill()).step, "Shutdown");
});

onBoth("interceptors that always throw leave start() and kill() working", async (_open, engine) => {
  const throwing: Interceptor = () => {
    throw new Error("the interceptor's own");
  };
  const options = { client: { engine, interceptors: [throwing], killGraceMs: 300 } };
  await using client = await testClient({ fixture: echoing }, options);
  await rejects(client.ping(), /the interceptor's own/);
  strictEqual((await within(client.kill(), "kill()")).step, "SIGTERM");
});

onBoth(
  "interceptors that always throw do not hide why a plugin cannot be reached",
  async (_open, engine) => {
    const runtime = await loadRuntime();
    const interceptors: Interceptor[] = [() => {
      throw new Error("the interceptor's own");
    }];
    const channel = await openChannel({
      runtime,
      peer: { network: "tcp", host: "127.0.0.1", port: 1 },
      gone: new Promise(() => {}),
      engine: { engine, interceptors },
    });
    await rejects(within(channel.connect(10_000), "the failure"), {
      name: "ConnectError",
      message: /ECONNREFUSED|refused/,
    });
    channel.close(new Error("done"));
  },
);
