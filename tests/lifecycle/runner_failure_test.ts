import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import {
  ConnectError,
  HandshakeError,
  PluginExitedError,
  type Runner,
  type RunnerFunction,
  type RunnerSpec,
  SpawnError,
  startCommand,
  StartTimeoutError,
} from "@x/goplugin";
import { leftovers } from "../helpers/fixture_client.ts";
import { fixture } from "../helpers/program.ts";
import { failedRun, isRunning, runnerClient } from "../helpers/runner_client.ts";
import { until, within } from "../helpers/wait.ts";

/** A promise and its resolve function. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => resolve = settle);
  return { promise, resolve };
}

/** Starts a fixture; tells what was started and with what. */
function watched(name: string, ...args: string[]) {
  const seen: { spec?: RunnerSpec; runner?: Runner } = {};
  const runner: RunnerFunction = async (spec) => {
    seen.spec = spec;
    seen.runner = await startCommand(fixture(name, ...args), spec);
    return seen.runner;
  };
  return { seen, runner };
}

test("a runner that throws is a SpawnError with what it threw, and leaves nothing", async () => {
  const cause = new Error("no such image");
  for (
    const runner of [
      () => {
        throw cause;
      },
      () => Promise.reject(cause),
    ] as RunnerFunction[]
  ) {
    let signal: AbortSignal | undefined;
    const left = await leftovers(async (env) => {
      const error = await failedRun((spec) => {
        signal = spec.signal;
        return runner(spec);
      }, { env });
      ok(error instanceof SpawnError);
      strictEqual(error.cause, cause);
      match(error.message, /^Cannot start plugin: its runner failed: no such image\n/);
      deepStrictEqual([error.report?.phase, error.report?.command], ["spawn", ["(runner)"]]);
    });
    deepStrictEqual(left, []);
    strictEqual(signal?.aborted, true);
  }
});

test("a runner that throws something that is no error is quoted", async () => {
  const error = await failedRun(() => Promise.reject("out of order"));
  ok(error instanceof SpawnError);
  match(error.message, /its runner failed: out of order\n/);
});

test("a runner's own PluginError passes as it is", async () => {
  const error = await failedRun((spec) => startCommand(["/nonexistent/sandbox"], spec));
  ok(error instanceof SpawnError);
  match(error.message, /^Cannot start plugin: "\/nonexistent\/sandbox" or its working directory/);
  strictEqual(error.cause instanceof SpawnError, false);
});

for (
  const [what, given] of [
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["an empty object", {}],
    ["no stdout", { name: "a", id: "b", exited: new Promise(() => {}), kill() {} }],
  ] as const
) {
  test(`a runner that gives ${what} is a SpawnError at once`, async () => {
    const error = await failedRun((() => given) as unknown as RunnerFunction);
    ok(error instanceof SpawnError, String(error));
    match(error.message, /^Cannot start plugin: its runner gave no Runner: /);
    strictEqual(error.report?.phase, "spawn");
  });
}

test("what a runner gives incomplete is still ended", async () => {
  let pid = 0;
  const error = await failedRun(async (spec) => {
    const { stderr: _, ...runner } = await startCommand(fixture("line"), spec);
    pid = runner.pid as number;
    return runner as Runner;
  });
  match(error.message, /its runner gave no Runner: stderr is missing/);
  await until(() => !isRunning(pid), "the end of the process");
});

test("a runner that takes longer than startTimeoutMs is given up, and what it starts later ended", async () => {
  const release = deferred<void>();
  const { seen, runner } = watched("obedient");
  const error = await failedRun(async (spec) => {
    seen.spec = spec;
    await release.promise;
    return runner(spec);
  }, { startTimeoutMs: 50 });
  ok(error instanceof SpawnError);
  match(error.message, /^Cannot start plugin: its runner took more than 50 ms/);
  strictEqual(error.report?.phase, "spawn");
  strictEqual(seen.spec?.signal.aborted, true);
  strictEqual(existsSync(seen.spec.socketDirectory as string), false);
  release.resolve();
  await until(() => seen.runner !== undefined, "a late start");
  const { signal } = await within((seen.runner as Runner).exited, "the end of the late plugin");
  strictEqual(signal, "SIGKILL");
});

test("Client.kill() does not wait for a runner, and what that starts later is ended", async () => {
  const release = deferred<void>();
  const begun = deferred<void>();
  const { seen, runner } = watched("obedient");
  const client = runnerClient(async (spec) => {
    begun.resolve();
    await release.promise;
    return runner(spec);
  });
  const starting = client.start();
  await begun.promise;
  strictEqual((await within(client.kill(), "kill()")).step, "none");
  await rejects(starting, { code: "killed" });
  release.resolve();
  await until(() => seen.runner !== undefined, "a late start");
  strictEqual(
    (await within((seen.runner as Runner).exited, "the end of the late plugin")).signal,
    "SIGKILL",
  );
});

test("the signal of a start option ends a start by a runner, and fires the spec's", async () => {
  const { seen, runner } = watched("line");
  const abort = new AbortController();
  const client = runnerClient(runner);
  const starting = client.start({ signal: abort.signal });
  await until(() => seen.runner !== undefined, "the start");
  strictEqual(seen.spec?.signal.aborted, false);
  const reason = new Error("changed my mind");
  abort.abort(reason);
  await rejects(starting, /changed my mind/);
  deepStrictEqual([seen.spec.signal.aborted, seen.spec.signal.reason], [true, reason]);
  strictEqual(isRunning(seen.runner?.pid as number), false);
});

for (
  const [name, line, kind] of [
    ["ends without a handshake", undefined, PluginExitedError],
    ["prints no handshake", "banner\\n", HandshakeError],
    ["is not where it says", "1|1|unix|/nonexistent/socket|grpc|\\n", ConnectError],
    ["says nothing", "", StartTimeoutError],
  ] as const
) {
  test(`a runner's plugin that ${name}: ended, its signal fired, its runner asked why`, async () => {
    const { seen, runner } = watched(line === undefined ? "crashing" : "line", line ?? "");
    const options = { autoMtls: false, ...(line === "" && { startTimeoutMs: 4_000 }) };
    const error = await failedRun(async (spec) => ({
      ...await runner(spec),
      name: "/usr/bin/sandbox",
      diagnose: () => Promise.resolve("The image is for another machine"),
    }), options);
    ok(error instanceof kind, String(error));
    strictEqual(error.report?.diagnosis, "The image is for another machine");
    match(error.message, /\nThe image is for another machine\n/);
    deepStrictEqual(error.report.command, ["/usr/bin/sandbox"]);
    ok(error.report.stderr.length > 0);
    strictEqual(seen.spec?.signal.aborted, true);
    strictEqual(existsSync(seen.spec.socketDirectory as string), false);
    strictEqual(isRunning(seen.runner?.pid as number), false);
  });
}

test("diagnose() that throws or hangs takes nothing from the error", async () => {
  const diagnoses: (() => Promise<string>)[] = [
    () => Promise.reject(new Error("no idea")),
    () => {
      throw new Error("no idea");
    },
    () => new Promise(() => {}),
  ];
  for (const diagnose of diagnoses) {
    const error = await failedRun(async (spec) => ({
      ...await startCommand(fixture("crashing"), spec),
      diagnose,
    }));
    ok(error instanceof PluginExitedError);
    strictEqual(error.report?.diagnosis, undefined);
    match(error.message, /second reason/);
  }
});

test("pluginToHost() that throws ends the plugin and explains itself", async () => {
  const { seen, runner } = watched("obedient");
  const cause = new Error("no such mount");
  const error = await failedRun(async (spec) => ({
    ...await runner(spec),
    pluginToHost: () => Promise.reject(cause),
  }));
  ok(error instanceof ConnectError, String(error));
  strictEqual(error.cause, cause);
  match(
    error.message,
    /^Cannot connect to plugin: its runner cannot tell where unix \/\S+ is: no such mount\n/,
  );
  strictEqual(error.report?.phase, "connect");
  strictEqual(isRunning(seen.runner?.pid as number), false);
});

test("pluginToHost() that gives no answer ends the plugin after startTimeoutMs", async () => {
  const { seen, runner } = watched("line", "1|1|unix|run/plugin|grpc|\\n");
  const error = await failedRun(async (spec) => ({
    ...await runner(spec),
    pluginToHost: () => new Promise(() => {}),
  }), { autoMtls: false, startTimeoutMs: 4_000 });
  match(error.message, /where unix run\/plugin is: no answer in 4000 ms\n/);
  strictEqual(isRunning(seen.runner?.pid as number), false);
});

test("a runner whose exited rejects during the start fails the start and ends the plugin", async () => {
  const { seen, runner } = watched("line");
  const error = await failedRun(async (spec) => ({
    ...await runner(spec),
    exited: Promise.reject(new Error("no daemon")),
  }));
  ok(error instanceof PluginExitedError, String(error));
  deepStrictEqual(error.exit, { code: null, signal: null });
  await within((seen.runner as Runner).exited, "the end of the process");
});
