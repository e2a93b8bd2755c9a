import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "@x/goplugin";
import type { BrokerError } from "../../src/errors.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { fixture, FixtureService } from "../fixtures/fixture.ts";
import { until, within } from "../helpers/wait.ts";
import { announcing, makeBroker, MULTIPLEX, pluginSide } from "./broker_sides.ts";

test("a plugin's broker works for a second host after the first has left", async () => {
  await using plugin = await pluginSide(false);
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

for (const multiplex of MULTIPLEX) {
  const on = `multiplex ${multiplex}`;

  test(`GrpcBroker.serve() of a plugin waits for its host, ${on}`, async () => {
    await using plugin = await pluginSide(multiplex);
    const serving = plugin.broker.serve(5, fixture);
    const host = await plugin.connectHost();
    await within(serving, "serve()");
    await using client = await host.broker.dial(5, FixtureService);
    strictEqual((await client.echo({ text: "waited" })).text, "waited");
    await host.leave();
  });

  test(`GrpcBroker.dial() ends when the host's stream ends, ${on}`, async () => {
    await using plugin = await pluginSide(multiplex);
    const host = await plugin.connectHost();
    const dialling = host.broker.dial(9, FixtureService);
    await Promise.all([
      rejects(dialling, (error: BrokerError) => error.code === "broker-closed"),
      host.leave(),
    ]);
  });

  test(`GrpcBroker.serve() of something without a server side says so and leaves no listener, ${on}`, async () => {
    await using plugin = await pluginSide(multiplex);
    const host = await plugin.connectHost();
    await rejects(host.broker.serve(1, FixtureService), /"id 1": no server side/);
    await host.leave();
  });
}

test("GrpcBroker refuses an address of an unknown network, and knocks without multiplexing", async () => {
  const entries: string[] = [];
  const logger = createLogger({ write: (line) => void entries.push(line) });
  const runtime = await loadRuntime();
  const host = makeBroker(runtime, announcing(runtime, logger));
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
