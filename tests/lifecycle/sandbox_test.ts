/** Plugins in bubblewrap: what reaches them, and that nothing of a sandbox stays. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PluginExitedError, type RunnerFunction, StartTimeoutError } from "@x/goplugin";
import { bubblewrap } from "../../examples/sandbox/bubblewrap.ts";
import { fixture as echoing, FixtureService } from "../fixtures/fixture.ts";
import { leftovers } from "../helpers/fixture_client.ts";
import { fixture, isDeno } from "../helpers/program.ts";
import { failedRun, runnerClient } from "../helpers/runner_client.ts";
import { sandboxMissing } from "../helpers/sandbox.ts";
import { until } from "../helpers/wait.ts";

const skip = sandboxMissing() ?? false;

/** A number of seconds to sleep that no other process of this machine has. */
function uniqueSeconds(): string {
  return `1000.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
}

/** How many processes have this among their arguments. */
function countProcesses(argument: string): number {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(argument);
    } catch {
      // It has ended since.
      return false;
    }
  }).length;
}

test("a sandboxed plugin that says nothing is ended with its sandbox", { skip }, async () => {
  const seconds = uniqueSeconds();
  const left = await leftovers(async (env) => {
    const runner = bubblewrap({ command: ["/usr/bin/sleep", seconds], files: {} });
    const error = await failedRun(runner, { env, startTimeoutMs: 2_000 });
    ok(error instanceof StartTimeoutError, String(error));
    deepStrictEqual(error.report?.command, ["/usr/bin/sleep"]);
  });
  await until(() => countProcesses(seconds) === 0, "the end of the sandbox");
  deepStrictEqual(left, []);
});

test(
  "Client.kill() at any moment of a sandbox's start leaves nothing of it",
  { skip },
  async () => {
    // While bwrap sets the sandbox up, what it has forked does not yet end with it.
    for (let delayMs = 0; delayMs < 20; delayMs++) {
      const seconds = uniqueSeconds();
      const client = runnerClient(bubblewrap({ command: ["/usr/bin/sleep", seconds], files: {} }));
      const starting = client.start().catch((error) => error.code);
      await until(() => countProcesses(seconds) > 0, "bwrap");
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await client.kill();
      strictEqual(await starting, "killed");
      await until(() => countProcesses(seconds) === 0, "the end of the sandbox");
    }
  },
);

/** A sandbox with a fixture plugin, on the runtime that runs this. */
function sandboxed(name: string, ...args: string[]): RunnerFunction {
  const project = fileURLToPath(new URL("../..", import.meta.url));
  const [, ...words] = fixture(name, ...args);
  const command = words.map((word) =>
    word.startsWith(project) ? `/app/${word.slice(project.length)}` : word
  );
  const cache = process.env.DENO_DIR ?? `${homedir()}/.cache/deno`;
  return bubblewrap({
    command: ["/runtime", ...command],
    files: { "/app": project, "/runtime": process.execPath, ...(isDeno && { "/deno": cache }) },
    env: { DENO_DIR: "/deno" },
  });
}

for (
  const [habit, args, step, signal] of [
    ["stays after Shutdown", [], "SIGTERM", "exit code 143"],
    ["ignores SIGTERM too", ["undead"], "SIGKILL", "SIGKILL"],
  ] as const
) {
  test(`the kill ladder reaches a sandboxed plugin that ${habit}`, { skip }, async () => {
    const client = runnerClient(sandboxed("stubborn", ...args), { killGraceMs: 500 });
    await client.start();
    const exit = await client.kill();
    // bwrap passes a signal that ended the plugin on as a shell would.
    deepStrictEqual([exit.step, exit.signal ?? `exit code ${exit.code}`], [step, signal]);
  });
}

test("the broker connects both ways through a sandbox's wall", { skip }, async () => {
  await using client = runnerClient(sandboxed("exchange"));
  const exchange = await client.dispense("exchange");
  const { id } = await exchange.lend({ id: 0 });
  {
    await using lent = await client.broker.dial(id, FixtureService);
    strictEqual((await lent.echo({ text: "inwards" })).text, "inwards");
  }
  const own = client.broker.nextId();
  await using _served = await client.broker.serve(own, echoing);
  strictEqual((await exchange.borrow({ id: own })).said, `id ${own}`);
});

test("a program that the sandbox does not hold is an error that says so", { skip }, async () => {
  const error = await failedRun(bubblewrap({ command: ["/nonexistent"], files: {} }));
  ok(error instanceof PluginExitedError, String(error));
  match(error.message, /bwrap: execvp \/nonexistent: No such file or directory/);
});

test("a sandbox shows neither this process's environment nor its files", { skip }, async () => {
  const script = 'echo "$HOME $SECRET $FIXTURE_A $PLUGIN_UNIX_SOCKET_DIR" $(ls /run); exit 1';
  const error = await failedRun(
    bubblewrap({ command: ["/bin/sh", "-c", `(${script}) >&2`], files: {}, env: { SECRET: "no" } }),
    { env: { FIXTURE_A: "user" } },
  );
  deepStrictEqual(error.report?.stderr, ["/tmp no user /run"]);
});
