import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { PluginExitedError } from "@x/goplugin";
import { failedStart, fixtureClient } from "../helpers/fixture_client.ts";
import { fixture } from "../helpers/program.ts";
import { FIXTURE_ENV } from "../helpers/raw_plugin.ts";
import { run } from "../helpers/run.ts";

for (const name of ["eager", "lazy", "later"]) {
  test(`serveMany() serves the plugin ${name} that its argument names, and asks for no other`, async () => {
    let stderr = "";
    const decoder = new TextDecoder();
    const client = fixtureClient(fixture("many", name), {
      stderr: (bytes) => void (stderr += decoder.decode(bytes, { stream: true })),
    });
    strictEqual((await (await client.dispense("fixture")).echo({ text: "?" })).text, name);
    deepStrictEqual((await client.kill()).step, "Shutdown");
    deepStrictEqual(
      [...stderr.matchAll(/(\w+) was asked for/g)].map(([, asked]) => asked),
      name === "eager" ? [] : [name],
    );
    match(stderr, /after serveMany\n$/);
  });
}

for (const args of [[], ["eager", "lazy"], ["eager", ""]]) {
  test(`serveMany() with arguments ${JSON.stringify(args)} lists the names and ends with 1`, async () => {
    // The cookie changes nothing: there is no plugin to be started.
    for (const env of [{}, FIXTURE_ENV]) {
      deepStrictEqual(await run(fixture("many", ...args), { env }), {
        code: 1,
        stdout: "",
        stderr: "This program holds several plugins and is meant to be started by a host, " +
          "with the name of one of them as its only argument: broken, eager, later, lazy\n",
      });
    }
  });
}

for (const name of ["nope", "Eager", "", "constructor", "toString", "__proto__"]) {
  test(`serveMany() knows no plugin ${JSON.stringify(name)} and ends with 1`, async () => {
    deepStrictEqual(await run(fixture("many", name), { env: FIXTURE_ENV }), {
      code: 1,
      stdout: "",
      stderr: `Unknown plugin: ${name}\n`,
    });
  });
}

test("serveMany() without the cookie says that it is a plugin", async () => {
  const { code, stdout, stderr } = await run(fixture("many", "eager"));
  deepStrictEqual([code, stdout], [1, ""]);
  match(stderr, /^This program is a plugin and is not meant to be run by itself/);
});

test("serveMany() ends by the error of a configuration that cannot be made", async () => {
  const error = await failedStart(fixture("many", "broken"));
  ok(error instanceof PluginExitedError, String(error));
  ok(error.exit.code !== 0);
  match(error.message, /this one has no configuration/);
});

test("a host hears of an unknown plugin", async () => {
  const error = await failedStart(fixture("many", "nope"));
  ok(error instanceof PluginExitedError, String(error));
  deepStrictEqual(error.exit, { code: 1, signal: null });
  deepStrictEqual(error.report?.stderr, ["Unknown plugin: nope"]);
});
