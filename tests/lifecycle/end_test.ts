/** What holds once a plugin has ended, however it did. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { Client, RpcError } from "@x/goplugin";
import { FixtureService, handshake } from "../fixtures/fixture.ts";
import { fixtureClient } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture } from "../helpers/program.ts";
import { isAlive, within } from "../helpers/wait.ts";

for (const autoMtls of [true, false]) {
  test(`Client.ping() is answered by a plugin that runs and rejects after kill(), autoMtls ${autoMtls}`, async () => {
    const client = fixtureClient("obedient", { autoMtls });
    await client.ping();
    await client.ping();
    await client.kill();
    await rejects(within(client.ping(), "an answer"), RpcError);
  });
}

test("the signal of a client factory fires when the plugin crashes", async () => {
  let signal: AbortSignal | undefined;
  await using client = new Client({
    handshake,
    plugins: {
      watched: {
        client: (context) => {
          signal = context.signal;
          return context.connect(FixtureService);
        },
      },
    },
    command: fixture("obedient"),
    logger: recordLogs().logger,
  });
  const plugin = await client.dispense("watched");
  ok(signal !== undefined && !signal.aborted);
  const fired = new Promise<void>((resolve) =>
    signal?.addEventListener("abort", () => resolve(), { once: true })
  );
  await rejects(plugin.crash({ text: "" }));
  await within(fired, "the signal");
});

test("Client.kill() after a failed start starts nothing, and nothing runs", async () => {
  const { logger, entries } = recordLogs();
  const client = fixtureClient(fixture("line", "no handshake\\n"), { logger });
  await rejects(client.start());
  const started = () => entries.filter(({ message }) => message === "plugin started");
  strictEqual(started().length, 1);
  ok(!isAlive(Number(started()[0]?.fields.pid)));
  deepStrictEqual(await client.kill(), { code: null, signal: null, step: "none" });
  await rejects(client.start());
  strictEqual(started().length, 1);
});
