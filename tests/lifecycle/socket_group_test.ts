import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ListenError, PluginExitedError } from "@x/goplugin";
import { fixture as echoing, FixtureService } from "../fixtures/fixture.ts";
import { failedStart, fixtureClient, leftovers } from "../helpers/fixture_client.ts";
import { accessTo, usableGroup } from "../helpers/groups.ts";
import { fixture } from "../helpers/program.ts";
import { FIXTURE_ENV, startRaw } from "../helpers/raw_plugin.ts";
import { runnerClient } from "../helpers/runner_client.ts";
import { type RunnerSpec, startCommand } from "@x/goplugin/host";

const { id, name } = usableGroup();

/** A client of the exchange plugin, and what its plugin is started with. */
function exchangeClient(unixSocket: { group?: string; tempDir?: string }) {
  const seen: { spec?: RunnerSpec } = {};
  const client = runnerClient((spec) => {
    seen.spec = spec;
    return startCommand(fixture("exchange"), spec);
  }, { unixSocket });
  return { client, seen };
}

for (const [kind, group] of [["name", name], ["number", String(id)]] as const) {
  test(`unixSocket.group by ${kind}: directory 0770, every socket 0660, all of that group`, async () => {
    const { client, seen } = exchangeClient({ group });
    const address = await client.start();
    ok(address.network === "unix");
    const directory = dirname(address.path);
    strictEqual(seen.spec?.socketDirectory, directory);
    strictEqual(seen.spec.env.PLUGIN_UNIX_SOCKET_DIR, directory);
    strictEqual(seen.spec.env.PLUGIN_UNIX_SOCKET_GROUP, group);
    deepStrictEqual(accessTo(directory), { mode: "770", group: id });
    const exchange = await client.dispense("exchange");
    // One socket of the plugin's, one more by its broker, one by the host's.
    const { id: lent } = await exchange.lend({ id: 0 });
    {
      await using fixture = await client.broker.dial(lent, FixtureService);
      strictEqual((await fixture.echo({ text: "shared" })).text, "shared");
    }
    const own = client.broker.nextId();
    await using _served = await client.broker.serve(own, echoing);
    strictEqual((await exchange.borrow({ id: own })).said, `id ${own}`);
    const sockets = readdirSync(directory).map((name) => accessTo(join(directory, name)));
    deepStrictEqual(sockets, new Array(3).fill({ mode: "660", group: id }));
    strictEqual((await client.kill()).step, "Shutdown");
  });
}

test("without a group, the directory is for this user alone", async () => {
  const { client, seen } = exchangeClient({});
  const address = await client.start();
  ok(address.network === "unix");
  strictEqual(accessTo(dirname(address.path)).mode, "700");
  strictEqual(seen.spec?.env.PLUGIN_UNIX_SOCKET_GROUP, undefined);
  await client.kill();
});

test("unixSocket.group reaches a plugin that a command starts", async () => {
  await using client = fixtureClient("obedient", { unixSocket: { group: name } });
  const plugin = await client.dispense("fixture");
  const address = await client.start();
  ok(address.network === "unix");
  const get = async (text: string) => (await plugin.environment({ text })).text;
  strictEqual(await get("PLUGIN_UNIX_SOCKET_GROUP"), name);
  strictEqual(await get("PLUGIN_UNIX_SOCKET_DIR"), dirname(address.path));
  deepStrictEqual(accessTo(address.path), { mode: "660", group: id });
});

test("an unknown unixSocket.group fails the start before anything is spawned", async () => {
  const left = await leftovers(async (env) => {
    let isStarted = false;
    const client = runnerClient((spec) => {
      isStarted = true;
      return startCommand(fixture("obedient"), spec);
    }, { env, unixSocket: { group: "no such group" } });
    const error = await client.start().catch((error) => error);
    await client.kill();
    ok(error instanceof ListenError, String(error));
    match(
      error.message,
      /^Cannot make a directory for the plugin's sockets in \S+: there is no group "no such group"\n/,
    );
    strictEqual(error.report?.phase, "spawn");
    strictEqual(isStarted, false);
  });
  deepStrictEqual(left, []);
});

test("a plugin that is told an unknown group says so, and listens nowhere", async () => {
  const left = await leftovers(async (env) => {
    const told = { ...env, PLUGIN_UNIX_SOCKET_GROUP: "no such group" };
    const error = await failedStart("obedient", { env: told });
    ok(error instanceof PluginExitedError, String(error));
    ok(error.exit.code !== 0);
    match(error.message, /there is no group "no such group"/);
    const { code, stdout, stderr } = await startRaw(fixture("obedient"), {
      ...FIXTURE_ENV,
      ...told,
    }).ended;
    deepStrictEqual([stdout, code !== 0], ["", true]);
    match(stderr, /Cannot listen on a unix socket: \/\S+: there is no group \\?"no such group/);
  });
  deepStrictEqual(left, []);
});

test("a plugin with a group never listens on TCP instead", async () => {
  const nowhere = { ...FIXTURE_ENV, PLUGIN_UNIX_SOCKET_DIR: "/nonexistent" };
  const plugin = startRaw(fixture("obedient"), { ...nowhere, PLUGIN_UNIX_SOCKET_GROUP: name });
  const { code, stdout, stderr } = await plugin.ended;
  deepStrictEqual([stdout, code !== 0], ["", true]);
  match(stderr, /Cannot listen on a unix socket: \/nonexistent\//);
  // Without one it does, which is what makes the difference worth a test.
  const other = startRaw(fixture("obedient"), nowhere);
  match(await other.line, /^1\|1\|tcp\|127\.0\.0\.1:\d+\|grpc/);
  other.terminate();
  await other.ended;
});

test("a plugin without the host's directory shares its own with the group", async () => {
  const plugin = startRaw(fixture("obedient"), {
    ...FIXTURE_ENV,
    PLUGIN_UNIX_SOCKET_DIR: "",
    PLUGIN_UNIX_SOCKET_GROUP: String(id),
  });
  const path = (await plugin.line).split("|")[3] ?? "";
  deepStrictEqual(accessTo(path), { mode: "660", group: id });
  deepStrictEqual(accessTo(dirname(path)), { mode: "770", group: id });
  plugin.terminate();
  await plugin.ended;
});

/** Gives a directory that is removed afterwards. */
async function inDirectory(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "temp-")));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("unixSocket.tempDir is where the directory for the sockets is made and removed", async () => {
  await inDirectory(async (tempDir) => {
    const { client } = exchangeClient({ tempDir });
    const address = await client.start();
    ok(address.network === "unix");
    strictEqual(dirname(dirname(address.path)), tempDir);
    strictEqual(accessTo(dirname(address.path)).mode, "700");
    await client.broker.serve(client.broker.nextId(), echoing);
    strictEqual(readdirSync(dirname(address.path)).length, 2);
    await client.kill();
    deepStrictEqual(readdirSync(tempDir), []);
  });
});

test("unixSocket.tempDir is relative to this process, wherever the plugin runs", async () => {
  await inDirectory(async (folder) => {
    mkdirSync(join(folder, "sockets"));
    const tempDir = relative(process.cwd(), join(folder, "sockets"));
    await using client = fixtureClient("obedient", { unixSocket: { tempDir }, cwd: folder });
    const { text } = await (await client.dispense("fixture")).echo({ text: "found" });
    strictEqual(text, "found");
    const address = await client.start();
    ok(address.network === "unix");
    strictEqual(dirname(dirname(address.path)), join(folder, "sockets"));
  });
});

test("a unixSocket.tempDir that is not there fails the start", async () => {
  const error = await failedStart("obedient", { unixSocket: { tempDir: "/nonexistent" } });
  ok(error instanceof ListenError, String(error));
  match(error.message, /^Cannot make a directory for the plugin's sockets in \/nonexistent: \S/);
  strictEqual(error.report?.phase, "spawn");
});

test("a unixSocket.tempDir too long for sockets fails the start", async () => {
  await inDirectory(async (folder) => {
    const tempDir = join(folder, "t".repeat(90));
    mkdirSync(tempDir);
    const error = await failedStart("obedient", { unixSocket: { tempDir } });
    ok(error instanceof ListenError, String(error));
    match(error.message, /sockets in \/\S+t: its path is too long for a unix socket\n/);
    deepStrictEqual(readdirSync(tempDir), []);
  });
});
