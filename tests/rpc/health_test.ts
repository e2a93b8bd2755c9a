import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { HEALTH_SERVICE_NAME, implement } from "../../mod.ts";
import { healthHandlers, HealthService } from "../../src/rpc/health.ts";
import { openPair, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { within } from "../helpers/wait.ts";
import { failsWith } from "./waiting.ts";

const HEALTH = implement(HealthService, healthHandlers);

for (const transport of TRANSPORTS) {
  test(`HealthService.check() knows "plugin" and the server on ${transport.title}`, async () => {
    await using pair = await openPair([HEALTH], transport);
    const health = await pair.client(HealthService);
    strictEqual(HEALTH_SERVICE_NAME, "plugin");
    for (const service of [HEALTH_SERVICE_NAME, ""]) {
      deepStrictEqual(await health.check({ service }), { status: "SERVING" });
    }
  });
}

test("HealthService.check() answers NOT_FOUND for another service", async () => {
  await using pair = await openPair([HEALTH]);
  const health = await pair.client(HealthService);
  for (const service of ["kv", "plugin.GRPCStdio", "Plugin"]) {
    const { message } = await failsWith("NOT_FOUND", health.check({ service }));
    strictEqual(message, "unknown service");
  }
});

test("HealthService.list() names the plugin and the server", async () => {
  await using pair = await openPair([HEALTH]);
  const health = await pair.client(HealthService);
  deepStrictEqual(await health.list({}), {
    statuses: { "": { status: "SERVING" }, plugin: { status: "SERVING" } },
  });
});

for (
  const [service, status] of [
    ["plugin", "SERVING"],
    ["", "SERVING"],
    ["kv", "SERVICE_UNKNOWN"],
  ] as const
) {
  test(`HealthService.watch() says ${status} of ${JSON.stringify(service)} and stays open`, async () => {
    await using pair = await openPair([HEALTH]);
    const health = await pair.client(HealthService);
    const answers = health.watch({ service })[Symbol.asyncIterator]();
    deepStrictEqual(await answers.next(), { done: false, value: { status } });
    let ended = false;
    const next = answers.next().finally(() => ended = true);
    await health.check({ service: "" });
    strictEqual(ended, false);
    await within(Promise.resolve(answers.return?.()), "the end of watch()");
    strictEqual((await next).done, true);
  });
}

test("HealthService.watch() ends when the plugin shuts down", async () => {
  await using pair = await openPair([HEALTH]);
  const health = await pair.client(HealthService);
  const answers = health.watch({ service: "plugin" })[Symbol.asyncIterator]();
  await answers.next();
  const stopping = pair.served.server.stop(60_000);
  deepStrictEqual(await answers.next(), { done: true, value: undefined });
  await within(stopping, "the end of stop()");
});
