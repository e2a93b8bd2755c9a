import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { cleanupClients } from "@x/goplugin";
import { firstHost, secondHost } from "../helpers/attached_client.ts";
import { fixtureClient, leftovers } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { startHost } from "../helpers/host_program.ts";
import { processListeners } from "../helpers/open_handles.ts";
import { isDeno } from "../helpers/program.ts";
import { isRunning, until, within } from "../helpers/wait.ts";

for (
  const [how, expected] of [
    ["exit", { code: 3, signal: null }],
    ...isDeno ? [["denoExit", { code: 3, signal: null }]] as const : [],
    ["throw", { code: 1, signal: null }],
    ["throwLater", { code: 1, signal: null }],
    ["reject", { code: 1, signal: null }],
  ] as const
) {
  test(`a managed plugin ends with its host, which ends by: ${how}`, async () => {
    const left = await leftovers(async (env) => {
      await using program = await startHost(env, how, "managed");
      const { code, signal, stderr } = await program.host.ended;
      deepStrictEqual({ code, signal }, expected, stderr);
      if (!how.endsWith("xit")) match(stderr, /thrown on purpose/);
      await until(() => !isRunning(program.plugin), "the end of the plugin");
    });
    deepStrictEqual(left, []);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`a managed plugin is ended in order by ${signal} to its host, which then dies of it`, async () => {
    const left = await leftovers(async (env) => {
      await using program = await startHost(env, "wait", "managed");
      process.kill(program.host.pid, signal);
      const ended = await program.host.ended;
      deepStrictEqual([ended.code, ended.signal], [null, signal], ended.stderr);
      match(ended.stderr, /after serve/);
      match(ended.stderr, /plugin exited/);
      ok(!isRunning(program.plugin));
    });
    deepStrictEqual(left, []);
  });
}

test("a second SIGINT does not wait for a managed plugin that is stubborn", async () => {
  const left = await leftovers(async (env) => {
    await using program = await startHost(env, "wait", "managed", "stubborn", "undead");
    process.kill(program.host.pid, "SIGINT");
    await until(() => program.host.printed().includes("still here"), "the plugin's refusal");
    ok(isRunning(program.host.pid) && isRunning(program.plugin));
    process.kill(program.host.pid, "SIGINT");
    const { code, signal, stderr } = await program.host.ended;
    deepStrictEqual([code, signal], [null, "SIGINT"], stderr);
    await until(() => !isRunning(program.plugin), "the end of the plugin");
  });
  deepStrictEqual(left, []);
});

test("a host with a SIGINT handler of its own decides itself", async () => {
  await using program = await startHost({}, "ownHandler", "managed");
  process.kill(program.host.pid, "SIGINT");
  const { code, stdout, stderr } = await program.host.ended;
  strictEqual(code, 5, stderr);
  match(stdout, /\nthe program decides itself\n$/);
  await until(() => !isRunning(program.plugin), "the end of the plugin");
});

test("a host with a handler of Deno's kind is told again once its plugins have ended", {
  skip: !isDeno,
}, async () => {
  await using program = await startHost({}, "ownDenoHandler", "managed");
  process.kill(program.host.pid, "SIGINT");
  const { code, stdout, stderr } = await program.host.ended;
  strictEqual(code, 5, stderr);
  match(stdout, /\ntold: the plugin runs\ntold: the plugin has ended\n$/);
});

test("a plugin that is a host goes on on SIGINT, and so does the plugin that it manages", async () => {
  const { logger, entries } = recordLogs();
  await using client = fixtureClient("between", { logger });
  const plugin = await client.dispense("fixture");
  const { text: inner } = await plugin.echo({ text: "pid" });
  process.kill(Number(client.id), "SIGINT");
  await until(
    () => entries.some(({ message }) => message.includes("interrupt signal")),
    "the log of the interrupt",
  );
  strictEqual((await plugin.echo({ text: "still here" })).text, "still here");
  ok(isRunning(inner));
  process.kill(Number(client.id), "SIGTERM");
  deepStrictEqual(await within(client.closed, "the end"), { code: 0, signal: null });
  await until(() => !isRunning(inner), "the end of the inner plugin");
});

test("a host does not end by itself while its plugin runs", async () => {
  await using program = await startHost({}, "fall off the end", "managed");
  process.kill(program.plugin, "SIGKILL");
  const { code, stderr } = await program.host.ended;
  strictEqual(code, 0, stderr);
  match(stderr, /plugin process exited/);
});

for (const how of ["exit", "SIGINT"]) {
  test(`a plugin that is not managed outlives its host, which ends by: ${how}`, async () => {
    await leftovers(async (env) => {
      await using program = await startHost(env, how, "unmanaged");
      if (how === "SIGINT") process.kill(program.host.pid, how);
      await program.host.ended;
      ok(isRunning(program.plugin));
    });
  });
}

test("cleanupClients() ends managed plugins and leaves no listener, so that the host ends by itself", async () => {
  const left = await leftovers(async (env) => {
    await using program = await startHost(env, "cleanup", "managed");
    const { code, stdout, stderr } = await program.host.ended;
    strictEqual(code, 0, stderr);
    const { exited, id, before, after } = JSON.parse(stdout.split("\n")[1] ?? "");
    deepStrictEqual({ exited, id }, { exited: true, id: "" });
    deepStrictEqual(after, before);
  });
  deepStrictEqual(left, []);
});

test("cleanupClients() ends all managed plugins and no other", async () => {
  const listeners = processListeners();
  await using unmanaged = fixtureClient("obedient");
  await unmanaged.start();
  const managed = [1, 2].map(() => fixtureClient("obedient", { managed: true }));
  await Promise.all(managed.map((client) => client.start()));
  await within(Promise.all([cleanupClients(), cleanupClients()]), "cleanupClients()");
  deepStrictEqual(managed.map(({ exited }) => exited), [true, true]);
  ok(!unmanaged.exited);
  deepStrictEqual(processListeners(), listeners);
  for (const client of managed) strictEqual((await client.kill()).step, "Shutdown");
});

test("cleanupClients() without plugins does nothing", async () => {
  await within(cleanupClients(), "cleanupClients()");
});

test("cleanupClients() ends the start of a managed plugin", async () => {
  const client = fixtureClient("line", { managed: true });
  const starting = client.start().then(() => "started", (error) => error.code);
  await until(() => processListeners().SIGINT !== 0 || isDeno, "the process");
  // On Deno nothing tells that the process is there.
  const cleaning = setInterval(() => void cleanupClients(), 50);
  try {
    strictEqual(await within(starting, "the end of the start"), "killed");
  } finally {
    clearInterval(cleaning);
    await client.kill();
  }
});

test("a managed plugin that fails to start or ends by itself leaves no listener", async () => {
  const listeners = processListeners();
  const failing = fixtureClient("crashing", { managed: true });
  strictEqual(await failing.start().then(() => "started", (error) => error.code), "exited");
  const crashing = fixtureClient("obedient", { managed: true });
  await crashing.start();
  process.kill(Number(crashing.id), "SIGKILL");
  await within(crashing.closed, "the end");
  deepStrictEqual(processListeners(), listeners);
});

test("cleanupClients() ends a plugin attached to, but not one in test mode", async () => {
  await using first = firstHost();
  await first.start();
  const config = first.reattachConfig({ withPrivateKey: true });
  const tested = secondHost({ ...config, test: true }, { managed: true });
  await tested.start();
  await within(cleanupClients(), "cleanupClients()");
  await tested.ping();
  await tested.kill();
  await first.ping();
  const second = secondHost(config, { managed: true });
  await second.start();
  await within(cleanupClients(), "cleanupClients()");
  deepStrictEqual(await within(first.closed, "the end"), { code: 0, signal: null });
});
