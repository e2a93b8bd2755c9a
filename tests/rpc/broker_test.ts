import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "@x/goplugin";
import type { BrokerError } from "../../src/errors.ts";
import { BrokerService, GrpcBroker } from "../../src/rpc/broker.ts";
import { openChannel } from "../../src/rpc/channel.ts";
import { makeClient } from "../../src/rpc/client.ts";
import { createServer } from "../../src/rpc/server.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { listen } from "../../src/transport/listen.ts";
import { fixture, FixtureService } from "../fixtures/fixture.ts";
import { until, within } from "../helpers/wait.ts";

const logger = createLogger({ level: "off" });
const ports = () => ({ min: 0, max: 0 });

async function makeBroker(): Promise<GrpcBroker> {
  const runtime = await loadRuntime();
  return new GrpcBroker({
    runtime,
    logger,
    tls: undefined,
    network: "tcp",
    ports,
    drainTimeoutMs: 0,
  });
}

/** A plugin's server with its broker, and hosts that connect to it one after the other. */
async function pluginSide() {
  const runtime = await loadRuntime();
  const broker = await makeBroker();
  const server = await createServer({ runtime, logger });
  server.register(await BrokerService.load(), broker.handlers);
  const listener = await listen({ runtime, logger, network: "tcp", ports });
  listener.accept((connection) => server.serve(connection));
  const connectHost = async () => {
    const gone = new Promise<Error>(() => {});
    const channel = await openChannel({ runtime, address: listener.address, gone });
    const host = await makeBroker();
    const leaving = new AbortController();
    const stream = host.connect(await makeClient(BrokerService, channel), leaving.signal);
    return {
      broker: host,
      async leave() {
        leaving.abort();
        await within(stream, "the end of the stream");
        await host.close();
        channel.close(new Error("left"));
      },
    };
  };
  return {
    broker,
    connectHost,
    async [Symbol.asyncDispose]() {
      await Promise.all([broker.close(), server.stop(0)]);
      await listener.close();
    },
  };
}

test("a plugin's broker works for a second host after the first has left", async () => {
  await using plugin = await pluginSide();
  for (const round of ["first", "second"]) {
    const host = await plugin.connectHost();
    // First, as the plugin hears by it that this host has come and the one before has left.
    const own = host.broker.nextId();
    await host.broker.serve(own, fixture);
    {
      await using client = await plugin.broker.dial(own, FixtureService);
      strictEqual((await client.echo({ text: round })).text, round);
    }
    const id = plugin.broker.nextId();
    const served = await within(plugin.broker.serve(id, fixture), "serve()");
    {
      await using client = await host.broker.dial(id, FixtureService);
      strictEqual((await client.echo({ text: round })).text, round);
    }
    await served.close();
    await served.close();
    await host.leave();
  }
});

test("GrpcBroker.serve() of a plugin waits for its host", async () => {
  await using plugin = await pluginSide();
  const serving = plugin.broker.serve(5, fixture);
  const host = await plugin.connectHost();
  await within(serving, "serve()");
  await using client = await host.broker.dial(5, FixtureService);
  strictEqual((await client.echo({ text: "waited" })).text, "waited");
  await host.leave();
});

test("GrpcBroker.dial() ends when the host's stream ends", async () => {
  await using plugin = await pluginSide();
  const host = await plugin.connectHost();
  const dialling = host.broker.dial(9, FixtureService);
  await Promise.all([
    rejects(dialling, (error: BrokerError) => error.code === "broker-closed"),
    host.leave(),
  ]);
});

test("GrpcBroker.serve() of something without a server side says so and leaves no listener", async () => {
  await using plugin = await pluginSide();
  const host = await plugin.connectHost();
  await rejects(host.broker.serve(1, FixtureService), /"id 1": no server side/);
  await host.leave();
});

test("GrpcBroker refuses an address of an unknown network, and knocks without multiplexing", async () => {
  const entries: string[] = [];
  const runtime = await loadRuntime();
  const host = new GrpcBroker({
    runtime,
    logger: createLogger({ write: (line) => void entries.push(line) }),
    tls: undefined,
    network: "tcp",
    ports,
    drainTimeoutMs: 0,
  });
  const dialled = rejects(host.dial(1, FixtureService), (error: BrokerError) => {
    match(error.message, /Cannot dial id 1: unknown address type "udp"/);
    return error.code === "broker-address";
  });
  const leaving = new AbortController();
  const stream = host.connect({
    async *startStream() {
      yield { serviceId: 2, network: "", address: "", knock: { knock: true } };
      yield { serviceId: 1, network: "udp", address: "127.0.0.1:1" };
      await new Promise((resolve) => leaving.signal.addEventListener("abort", resolve));
    },
  }, leaving.signal);
  await within(dialled, "the refusal");
  await until(() => entries.some((line) => line.includes("knocked")), "the warning");
  leaving.abort();
  await within(stream, "the end of the stream");
  await host.close();
  ok(entries.length > 0);
});
