import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Address,
  type AttachedRunner,
  type Runner,
  type RunnerFunction,
  type RunnerSpec,
  startCommand,
} from "@x/goplugin";
import { fixture as echoing, FixtureService } from "../fixtures/fixture.ts";
import { leftovers } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture } from "../helpers/program.ts";
import { attachedClient, runnerClient } from "../helpers/runner_client.ts";
import { until, within } from "../helpers/wait.ts";

/** Starts a fixture as a process of this machine. */
function runs(name: string, ...args: string[]): RunnerFunction {
  return (spec) => startCommand(fixture(name, ...args), spec);
}

/** A runner without the process id, as one of a container would be. */
function withoutPid({ pid: _, ...runner }: Runner, id: string): Runner {
  return { ...runner, id };
}

for (const autoMtls of [true, false]) {
  test(`a runner over startCommand() starts a plugin, autoMtls ${autoMtls}`, async () => {
    await using client = runnerClient(runs("obedient"), { autoMtls });
    const { text } = await (await client.dispense("fixture")).echo({ text: "hello" });
    strictEqual(text, "hello");
    strictEqual(client.isEncrypted, autoMtls);
    match(client.id, /^\d+$/);
    strictEqual(String(client.reattachConfig().pid), client.id);
    strictEqual((await client.kill()).step, "Shutdown");
  });
}

test("a runner is told the environment, the socket directory and what to inherit", async () => {
  let spec: RunnerSpec | undefined;
  let mode = 0;
  const { logger } = recordLogs();
  const client = runnerClient((given) => {
    spec = given;
    mode = statSync(given.socketDirectory as string).mode & 0o777;
    return startCommand(fixture("obedient"), given);
  }, { env: { FIXTURE_A: "user" }, cwd: tmpdir(), stdin: "null", logger, autoMtls: false });
  await client.start();
  ok(spec !== undefined);
  deepStrictEqual(Object.keys(spec).sort(), [
    "cwd",
    "env",
    "inheritEnv",
    "logger",
    "signal",
    "socketDirectory",
    "stdin",
    "withoutEnv",
  ]);
  const { env, socketDirectory, signal, withoutEnv } = spec;
  deepStrictEqual(
    [spec.cwd, spec.inheritEnv, spec.stdin, spec.logger, signal.aborted, mode],
    [tmpdir(), true, "null", logger, false, 0o700],
  );
  deepStrictEqual(env, {
    FIXTURE_A: "user",
    FIXTURE_PLUGIN: "fixture",
    PLUGIN_MIN_PORT: "10000",
    PLUGIN_MAX_PORT: "25000",
    PLUGIN_PROTOCOL_VERSIONS: "1",
    PLUGIN_UNIX_SOCKET_DIR: socketDirectory,
  });
  deepStrictEqual([...withoutEnv].sort(), [
    "PLUGIN_CLIENT_CERT",
    "PLUGIN_MULTIPLEX_GRPC",
    "PLUGIN_UNIX_SOCKET_GROUP",
  ]);
  strictEqual(readdirSync(socketDirectory as string).length, 1);
  await client.kill();
  strictEqual(existsSync(socketDirectory as string), false);
  strictEqual(signal.aborted, false);
});

test("skipHostEnv tells a runner not to pass this process's variables on", async () => {
  let inherits: boolean | undefined;
  const client = runnerClient((spec) => {
    inherits = spec.inheritEnv;
    return startCommand(fixture("obedient"), { ...spec, inheritEnv: true });
  }, { skipHostEnv: true });
  await client.start();
  await client.kill();
  strictEqual(inherits, false);
});

test("a runner's id names the plugin, and its reattach configuration has no process", async () => {
  const { logger, entries } = recordLogs();
  await using client = runnerClient(
    async (spec) => withoutPid(await startCommand(fixture("obedient"), spec), "container 1"),
    { logger },
  );
  strictEqual(client.id, "");
  await client.start();
  strictEqual(client.id, "container 1");
  const { pid, startTime, protocol, test: isTest } = client.reattachConfig();
  deepStrictEqual([pid, startTime, protocol, isTest], [0, undefined, "grpc", false]);
  await client.kill();
  strictEqual(client.id, "");
  const exited = entries.find(({ message }) => message === "plugin process exited");
  deepStrictEqual(exited?.fields, { id: "container 1", code: 0, signal: null });
});

test("a runner's plugin logs under the runner's name", async () => {
  const { logger, entries } = recordLogs();
  await using client = runnerClient(
    async (spec) => ({
      ...await startCommand(fixture("obedient"), spec),
      name: "/images/sandboxed-plugin",
    }),
    { logger },
  );
  await client.start();
  await until(
    () => entries.some(({ name }) => name === "sandboxed-plugin"),
    "an entry of that name",
  );
});

test("what a runner's plugin prints after the handshake reaches the host, byte by byte", async () => {
  const seen = { stdout: "", stderr: "" };
  const into = (name: keyof typeof seen) => {
    const decoder = new TextDecoder("latin1");
    return (bytes: Uint8Array) => void (seen[name] += decoder.decode(bytes, { stream: true }));
  };
  await using client = runnerClient(runs("printing"), {
    syncStdout: into("stdout"),
    syncStderr: into("stderr"),
  });
  await (await client.dispense("fixture")).echo({ text: "process" });
  await until(() => seen.stderr.length >= 3 && seen.stdout.length >= 4, "the output");
  deepStrictEqual(seen, { stdout: "out\n", stderr: "\xff\0\n" });
});

/** A runner whose plugin calls its socket directory `run`, which it is in no other directory. */
function moving(folder: string, asked: string[]): RunnerFunction {
  return async (spec) => {
    const outside = spec.socketDirectory as string;
    symlinkSync(outside, join(folder, "run"));
    const env = { ...spec.env, PLUGIN_UNIX_SOCKET_DIR: "run" };
    const move = (address: Address, from: string, to: string): Address => {
      ok(
        address.network === "unix" && address.path.startsWith(`${from}/`),
        JSON.stringify(address),
      );
      return { network: "unix", path: to + address.path.slice(from.length) };
    };
    return {
      ...await startCommand(fixture("exchange"), { ...spec, env, cwd: folder }),
      pluginToHost(address) {
        asked.push("pluginToHost");
        return move(address, "run", outside);
      },
      async hostToPlugin(address) {
        asked.push("hostToPlugin");
        return await Promise.resolve(move(address, outside, "run"));
      },
    };
  };
}

for (const autoMtls of [true, false]) {
  test(`a runner translates addresses, also the broker's in both directions, autoMtls ${autoMtls}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "move-"));
    const asked: string[] = [];
    try {
      const client = runnerClient(moving(folder, asked), { autoMtls });
      const address = await client.start();
      ok(address.network === "unix" && statSync(address.path).isSocket());
      deepStrictEqual(client.reattachConfig().address, address);
      deepStrictEqual(asked.splice(0), ["pluginToHost"]);
      const exchange = await client.dispense("exchange");
      const { id } = await exchange.lend({ id: 0 });
      {
        await using lent = await client.broker.dial(id, FixtureService);
        strictEqual((await lent.echo({ text: "inwards" })).text, "inwards");
      }
      deepStrictEqual(asked.splice(0), ["pluginToHost"]);
      const own = client.broker.nextId();
      {
        await using _served = await client.broker.serve(own, echoing);
        strictEqual((await exchange.borrow({ id: own })).said, `id ${own}`);
      }
      deepStrictEqual(asked, ["hostToPlugin"]);
      strictEqual((await client.kill()).step, "Shutdown");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("a plugin dials what hostToPlugin() says, and nothing else", async () => {
  const client = runnerClient(async (spec) => ({
    ...await startCommand(fixture("exchange"), spec),
    hostToPlugin: () => ({ network: "unix", path: "/nonexistent/socket" }),
  }));
  try {
    const exchange = await client.dispense("exchange");
    const own = client.broker.nextId();
    await using _served = await client.broker.serve(own, echoing);
    await rejects(exchange.borrow({ id: own }), /nonexistent/);
  } finally {
    await client.kill();
  }
});

test("an error of hostToPlugin() is Broker.serve()'s, and leaves no listener", async () => {
  let directory = "";
  await using client = runnerClient(async (spec) => {
    directory = spec.socketDirectory as string;
    return {
      ...await startCommand(fixture("exchange"), spec),
      hostToPlugin: () => Promise.reject(new Error("no such network")),
    };
  });
  await client.start();
  const before = readdirSync(directory);
  await rejects(client.broker.serve(client.broker.nextId(), echoing), /no such network/);
  deepStrictEqual(readdirSync(directory), before);
});

test("the kill ladder goes through the runner", async () => {
  const signals: string[] = [];
  const client = runnerClient(async (spec) => {
    const runner = await startCommand(fixture("stubborn", "undead"), spec);
    return {
      ...withoutPid(runner, "far away"),
      async kill(signal) {
        signals.push(signal);
        await runner.kill(signal);
      },
    };
  }, { killGraceMs: 500 });
  await client.start();
  deepStrictEqual(await client.kill(), { code: null, signal: "SIGKILL", step: "SIGKILL" });
  deepStrictEqual(signals, ["SIGTERM", "SIGKILL"]);
});

test("a runner that cannot signal is logged, and the ladder goes on", async () => {
  const { logger, entries } = recordLogs();
  const client = runnerClient(async (spec) => {
    const runner = await startCommand(fixture("stubborn"), spec);
    return {
      ...runner,
      kill(signal) {
        if (signal === "SIGTERM") throw new Error("no such signal here");
        return runner.kill(signal);
      },
    };
  }, { killGraceMs: 500, logger });
  await client.start();
  strictEqual((await client.kill()).step, "SIGKILL");
  const logged = entries.find(({ message }) => message === "the plugin could not be signalled");
  strictEqual(logged?.fields.signal, "SIGTERM");
});

test("a plugin that its runner can no longer follow is ended, and counts as ended", async () => {
  const { logger, entries } = recordLogs();
  let lose: (error: Error) => void = () => {};
  let started: Runner | undefined;
  const client = runnerClient(async (spec) => {
    started = await startCommand(fixture("obedient"), spec);
    const exited = new Promise<never>((_, reject) => lose = reject);
    return { ...started, exited };
  }, { logger });
  await client.start();
  strictEqual(client.exited, false);
  lose(new Error("the daemon is gone"));
  deepStrictEqual(await within(client.closed, "closed"), { code: null, signal: null });
  strictEqual(client.exited, true);
  strictEqual((await client.kill()).step, "exited");
  ok(entries.some(({ message, fields }) =>
    message === "the plugin can no longer be followed" &&
    (fields.error as Error).message === "the daemon is gone"
  ));
  const { signal } = await within((started as Runner).exited, "the end of the process");
  strictEqual(signal, "SIGKILL");
});

test("a runner's plugin leaves nothing", async () => {
  const left = await leftovers(async (env) => {
    const client = runnerClient(runs("exchange"), { env });
    await (await client.dispense("exchange")).lend({ id: 0 });
    await client.broker.serve(client.broker.nextId(), echoing);
    strictEqual((await client.kill()).step, "Shutdown");
  });
  deepStrictEqual(left, []);
});

/** Starts a plugin under one client and gives its runner and where it is. */
async function startedElsewhere(name: string) {
  let runner: Runner | undefined;
  const owner = runnerClient(async (spec) => {
    runner = await startCommand(fixture(name), spec);
    return withoutPid(runner, "elsewhere");
  }, { autoMtls: false });
  await owner.start();
  return { owner, runner: runner as Runner, config: owner.reattachConfig() };
}

test("reattach.attach finds a plugin that has no process id here, and ends it by its runner", async () => {
  const { runner, config } = await startedElsewhere("stubborn");
  strictEqual(config.pid, 0);
  const signals: string[] = [];
  const attach = (): AttachedRunner => ({
    id: "found again",
    exited: runner.exited,
    kill(signal) {
      signals.push(signal);
      return runner.kill(signal);
    },
  });
  const client = attachedClient({ ...config, attach });
  strictEqual((await (await client.dispense("fixture")).echo({ text: "again" })).text, "again");
  strictEqual(client.id, "found again");
  strictEqual((await client.kill()).step, "SIGTERM");
  deepStrictEqual(signals, ["SIGTERM"]);
});

test("reattach.attach translates the broker's addresses as well", async () => {
  const { owner, runner, config } = await startedElsewhere("exchange");
  const asked: string[] = [];
  const attach = (): Promise<AttachedRunner> =>
    Promise.resolve({
      id: "found again",
      exited: runner.exited,
      kill: (signal) => runner.kill(signal),
      pluginToHost(address) {
        asked.push("pluginToHost");
        return address;
      },
      hostToPlugin(address) {
        asked.push("hostToPlugin");
        return address;
      },
    });
  const client = attachedClient({ ...config, attach });
  const exchange = await client.dispense("exchange");
  const { id } = await exchange.lend({ id: 0 });
  {
    await using lent = await client.broker.dial(id, FixtureService);
    strictEqual((await lent.echo({ text: "in" })).text, "in");
  }
  const own = client.broker.nextId();
  await using _served = await client.broker.serve(own, echoing);
  strictEqual((await exchange.borrow({ id: own })).said, `id ${own}`);
  deepStrictEqual(asked, ["pluginToHost", "hostToPlugin"]);
  strictEqual((await client.kill()).step, "Shutdown");
  await within(owner.closed, "the end for the first host");
});
