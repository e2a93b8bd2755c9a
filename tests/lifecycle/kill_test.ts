import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { PluginExitedError, RpcError } from "@x/goplugin";
import { fixtureClient, leftovers } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture } from "../helpers/program.ts";
import { isAlive, until, within } from "../helpers/wait.ts";

test("Client.kill() ends a plugin by Shutdown and lets it finish what stands after serve()", async () => {
  const { logger, entries } = recordLogs();
  const client = fixtureClient("obedient", { logger });
  await client.start();
  const pid = client.id;
  deepStrictEqual(await client.kill(), { code: 0, signal: null, step: "Shutdown" });
  ok(!isAlive(pid));
  ok(client.exited);
  strictEqual(client.id, "");
  deepStrictEqual(await client.closed, { code: 0, signal: null });
  ok(entries.some(({ message }) => message === "after serve"));
});

test("Client.kill() may be called again and gives the same result", async () => {
  const client = fixtureClient("obedient");
  await client.start();
  const [first, second] = await Promise.all([client.kill(), client.kill()]);
  strictEqual(first, second);
  strictEqual(await client.kill(), first);
});

test("Client.kill() without a start ends nothing", async () => {
  deepStrictEqual(await fixtureClient("obedient").kill(), {
    code: null,
    signal: null,
    step: "none",
  });
});

test("Client.kill() of a plugin that has ended says so", async () => {
  const client = fixtureClient("obedient");
  await client.start();
  process.kill(Number(client.id), "SIGKILL");
  await within(client.closed, "the exit");
  deepStrictEqual(await client.kill(), { code: null, signal: "SIGKILL", step: "exited" });
});

test("Client.kill() sends SIGTERM to a plugin that stays after Shutdown", async () => {
  const client = fixtureClient("stubborn", { killGraceMs: 300 });
  await client.start();
  deepStrictEqual(await client.kill(), { code: null, signal: "SIGTERM", step: "SIGTERM" });
});

test("Client.kill() forces a plugin that ignores SIGTERM", async () => {
  const client = fixtureClient(fixture("stubborn", "undead"), { killGraceMs: 300 });
  await client.start();
  deepStrictEqual(await client.kill(), { code: null, signal: "SIGKILL", step: "SIGKILL" });
});

test("Client.kill() is not held up by a plugin that is stopped", async () => {
  const client = fixtureClient("obedient", { killGraceMs: 300 });
  await client.start();
  const pid = Number(client.id);
  process.kill(pid, "SIGSTOP");
  const exit = await within(client.kill(), "kill()");
  strictEqual(exit.step, "SIGKILL");
  ok(!isAlive(pid));
});

test("Client.kill() is not held up by a grandchild that holds the pipes", async () => {
  const { logger, entries } = recordLogs();
  const client = fixtureClient("parent", { logger });
  await client.start();
  await until(
    () => entries.some(({ message }) => message.startsWith("grandchild ")),
    "the grandchild's id",
  );
  const line = entries.find(({ message }) => message.startsWith("grandchild "))?.message ?? "";
  const grandchild = Number(line.split(" ")[1]);
  try {
    strictEqual((await within(client.kill(), "kill()", 20_000)).step, "Shutdown");
    ok(isAlive(grandchild));
  } finally {
    process.kill(grandchild, "SIGKILL");
  }
});

test("Client.kill() fires the signal of a handler under way and waits for it", async () => {
  let printed = "";
  const client = fixtureClient("obedient", {
    syncStderr: (bytes) => void (printed += new TextDecoder().decode(bytes)),
  });
  const plugin = await client.dispense("fixture");
  const hanging = plugin.hang({ text: "" });
  await plugin.echo({ text: "the other call has arrived as well" });
  const [answer, exit] = await Promise.all([hanging, client.kill()]);
  strictEqual(answer.text, "aborted");
  strictEqual(exit.step, "Shutdown");
  strictEqual(printed, "aborted\n");
});

test("await using ends the plugin", async () => {
  let pid = "";
  {
    await using client = fixtureClient("obedient");
    await client.start();
    pid = client.id;
    ok(isAlive(pid));
  }
  ok(!isAlive(pid));
});

test("a plugin that dies rejects calls in flight with its exit as cause, and later ones at once", async () => {
  const { logger, entries } = recordLogs();
  await using client = fixtureClient("obedient", { logger });
  const plugin = await client.dispense("fixture");
  const [hanging, crashing] = await Promise.allSettled([
    plugin.hang({ text: "" }),
    plugin.crash({ text: "" }),
  ]);
  for (const result of [hanging, crashing]) {
    ok(result?.status === "rejected");
    ok(result.reason instanceof RpcError);
    strictEqual(result.reason.status, "UNAVAILABLE");
    ok(result.reason.cause instanceof PluginExitedError, String(result.reason.cause));
    deepStrictEqual(result.reason.cause.exit, { code: 7, signal: null });
  }
  deepStrictEqual(await within(client.closed, "closed"), { code: 7, signal: null });
  await rejects(plugin.echo({ text: "" }), (error: RpcError) => {
    strictEqual(error.status, "UNAVAILABLE");
    match(error.message, /exit code 7/);
    return error.cause instanceof PluginExitedError;
  });
  await rejects(client.ping(), RpcError);
  ok(entries.some(({ level, message }) => level === "error" && message.includes("exited")));
});

test("a stream in flight rejects when the plugin dies", async () => {
  await using client = fixtureClient("obedient");
  const plugin = await client.dispense("fixture");
  const stream = plugin.count({ amount: 1e9 })[Symbol.asyncIterator]();
  await stream.next();
  process.kill(Number(client.id), "SIGKILL");
  await rejects(
    within(
      (async () => {
        while (!(await stream.next()).done);
      })(),
      "the end of the stream",
    ),
    (error: RpcError) => {
      strictEqual(error.status, "UNAVAILABLE");
      return error.cause instanceof PluginExitedError && error.cause.exit.signal === "SIGKILL";
    },
  );
});

test("the signal of a client factory fires when the plugin ends", async () => {
  const { FixtureService, handshake } = await import("../fixtures/fixture.ts");
  const { Client } = await import("@x/goplugin");
  let seen: AbortSignal | undefined;
  await using client = new Client({
    handshake,
    plugins: {
      custom: {
        client: ({ signal, connect }) => {
          seen = signal;
          return connect(FixtureService);
        },
      },
    },
    command: fixture("obedient"),
    logger: recordLogs().logger,
  });
  const plugin = await client.dispense("custom");
  strictEqual((await plugin.echo({ text: "typed" })).text, "typed");
  ok(seen !== undefined && !seen.aborted);
  await client.kill();
  ok(seen.aborted);
});

for (const ending of ["kill()", "a crash", "SIGKILL", "a failed start"]) {
  test(`nothing is left in the temporary directory after ${ending}`, async () => {
    const left = await leftovers(async (env) => {
      const isFailed = ending === "a failed start";
      const client = fixtureClient(isFailed ? "crashing" : fixture("obedient", "unix"), { env });
      if (isFailed) return await rejects(client.start());
      const plugin = await client.dispense("fixture");
      if (ending === "a crash") await rejects(plugin.crash({ text: "" }));
      if (ending === "SIGKILL") process.kill(Number(client.id), "SIGKILL");
      if (ending !== "kill()") await within(client.closed, "the exit");
      await client.kill();
    });
    deepStrictEqual(left, []);
  });
}

test("a plugin on Ctrl-C goes on; on SIGTERM it ends in order", async () => {
  const { logger, entries } = recordLogs();
  const client = fixtureClient("obedient", { logger });
  const plugin = await client.dispense("fixture");
  for (const _ of [1, 2]) process.kill(Number(client.id), "SIGINT");
  await until(
    () => entries.filter(({ message }) => message.includes("interrupt signal")).length > 0,
    "the log of the interrupt",
  );
  strictEqual((await plugin.echo({ text: "still here" })).text, "still here");
  process.kill(Number(client.id), "SIGTERM");
  deepStrictEqual(await within(client.closed, "the exit"), { code: 0, signal: null });
  await client.kill();
});
