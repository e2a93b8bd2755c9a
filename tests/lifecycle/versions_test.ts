import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Client, VersionMismatchError } from "@x/goplugin";
import { FixtureService, handshake } from "../fixtures/fixture.ts";
import { recordLogs } from "../helpers/logs.ts";
import { type Command, fixture } from "../helpers/program.ts";
import { within } from "../helpers/wait.ts";

/** A client that has the fixture plugin in these versions and, with `plugins`, in the handshake's. */
function versionedClient(
  command: Command,
  versions: readonly number[],
  plugins?: { fixture: typeof FixtureService },
) {
  return new Client({
    handshake,
    ...(plugins && { plugins }),
    versionedPlugins: Object.fromEntries(versions.map((v) => [v, { fixture: FixtureService }])),
    command,
    logger: recordLogs().logger,
  });
}

const PLUGINS = { fixture: FixtureService };

test("a client of one version gets it from a plugin that also has a higher one", async () => {
  await using client = versionedClient(fixture("versions", "1,2"), [], PLUGINS);
  const plugin = await client.dispense("fixture");
  strictEqual(client.negotiatedVersion, 1);
  strictEqual((await plugin.echo({ text: "hello" })).text, "hello from version 1");
});

test("a client of several versions takes a plugin that has one of them", async () => {
  await using client = versionedClient(fixture("obedient"), [1, 2]);
  const plugin = await client.dispense("fixture");
  strictEqual(client.negotiatedVersion, 1);
  strictEqual((await plugin.echo({ text: "hello" })).text, "hello");
});

test("a client and a plugin of several versions agree on the highest, and its end is seen", async () => {
  await using client = versionedClient(fixture("versions", "1,2,3"), [2, 4], PLUGINS);
  const plugin = await client.dispense("fixture");
  strictEqual(client.negotiatedVersion, 2);
  strictEqual((await plugin.echo({ text: "hello" })).text, "hello from version 2");
  ok(!client.exited);
  process.kill(Number(client.id), "SIGKILL");
  deepStrictEqual(await within(client.closed, "the end"), { code: null, signal: "SIGKILL" });
  ok(client.exited);
});

for (
  const [what, served, versions] of [
    ["only higher versions", "2,3", []],
    ["other versions, on both sides several", "3,5", [2, 4]],
  ] as const
) {
  test(`Client.start() refuses a plugin that has ${what}`, async () => {
    const client = versionedClient(fixture("versions", served), versions, PLUGINS);
    const error = await client.start().then(() => undefined, (error) => error);
    ok(error instanceof VersionMismatchError, String(error));
    strictEqual(error.pluginVersion, Number(served.split(",")[0]));
    deepStrictEqual(error.hostVersions, [1, ...versions]);
    strictEqual((await client.kill()).step, "none");
  });
}
