import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { fixtureClient, leftovers } from "../helpers/fixture_client.ts";
import { startHost } from "../helpers/host_program.ts";
import { isRunning, until } from "../helpers/wait.ts";

for (const how of ["SIGKILL", "exit"]) {
  test(`a plugin with exitWithHost ends when its host does, by ${how}, and leaves nothing`, async () => {
    const left = await leftovers(async (env) => {
      await using program = await startHost(env, how, "unmanaged", "following");
      if (how === "SIGKILL") process.kill(program.host.pid, how);
      await program.host.ended;
      await until(() => !isRunning(program.plugin), "the end of the plugin");
    });
    deepStrictEqual(left, []);
  });
}

test("a plugin without exitWithHost outlives its host", async () => {
  await leftovers(async (env) => {
    await using staying = await startHost(env, "wait", "unmanaged", "obedient");
    await using going = await startHost(env, "wait", "unmanaged", "following");
    for (const { host } of [staying, going]) {
      process.kill(host.pid, "SIGKILL");
      await host.ended;
    }
    // By then the other one would have noticed as well.
    await until(() => !isRunning(going.plugin), "the end of the plugin that follows");
    ok(isRunning(staying.plugin));
  });
});

test("a plugin with exitWithHost is ended by kill() like any other", async () => {
  const client = fixtureClient("following");
  const plugin = await client.dispense("fixture");
  match((await plugin.environment({ text: "FIXTURE_PLUGIN" })).text, /fixture/);
  strictEqual((await client.kill()).step, "Shutdown");
});
