import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { PermissionError, ReattachError } from "../../src/errors.ts";
import { findProcess } from "../../src/host/foreign_process.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { within } from "../helpers/wait.ts";
import { fakeRuntime } from "../transport/fake_runtime.ts";
import { caught } from "../wire/caught.ts";

const CONFIG = {
  protocol: "grpc",
  protocolVersion: 1,
  address: { network: "tcp", host: "127.0.0.1", port: 1 },
  pid: 4711,
  test: false,
} as const;

/** A system with one process, which a test can end or replace. */
function oneProcess(given: Partial<Runtime> = {}) {
  const system: {
    isAlive: boolean;
    startTime: string | undefined;
    readonly signals: string[];
    readonly runtime: Runtime;
  } = {
    isAlive: true,
    startTime: "100",
    signals: [],
    runtime: fakeRuntime({
      isAlive: () => system.isAlive,
      startTimeOf: () => system.isAlive ? system.startTime : undefined,
      signalProcess: (pid, signal) => void system.signals.push(`${signal} ${pid}`),
      ...given,
    }),
  };
  return system;
}

test("findProcess() signals the process that it found", async () => {
  const system = oneProcess();
  const found = findProcess(system.runtime, { ...CONFIG, startTime: "100" });
  deepStrictEqual([found.id, found.pid], ["4711", 4711]);
  await found.kill("SIGTERM");
  await found.kill("SIGKILL");
  deepStrictEqual(system.signals, ["SIGTERM 4711", "SIGKILL 4711"]);
  found.detach?.();
});

test("findProcess() tells when the process ends, though nobody can say how", async () => {
  const system = oneProcess();
  const found = findProcess(system.runtime, CONFIG);
  system.isAlive = false;
  deepStrictEqual(await within(found.exited, "the end"), { code: null, signal: null });
  await found.kill("SIGKILL");
  deepStrictEqual(system.signals, []);
});

test("findProcess() never signals a later process of the same id, and takes it for the end", async () => {
  const system = oneProcess();
  const found = findProcess(system.runtime, CONFIG);
  system.startTime = "200";
  await found.kill("SIGTERM");
  await found.kill("SIGKILL");
  deepStrictEqual(system.signals, []);
  deepStrictEqual(await within(found.exited, "the end"), { code: null, signal: null });
});

test("findProcess() never signals a process whose start the system no longer tells", async () => {
  const system = oneProcess();
  const found = findProcess(system.runtime, CONFIG);
  system.startTime = undefined;
  await found.kill("SIGKILL");
  deepStrictEqual(system.signals, []);
  found.detach?.();
});

test("findProcess() goes by the id alone where the system tells no start times", async () => {
  const system = oneProcess({ platform: "windows" });
  system.startTime = undefined;
  const found = findProcess(system.runtime, { ...CONFIG, startTime: "100" });
  await found.kill("SIGKILL");
  deepStrictEqual(system.signals, ["SIGKILL 4711"]);
  found.detach?.();
});

test("findProcess() refuses a process that does not run", () => {
  const system = oneProcess();
  system.isAlive = false;
  const error = caught(ReattachError, () => findProcess(system.runtime, CONFIG));
  strictEqual(
    error.message,
    "Cannot reattach: reattachment process not found: no process 4711 of this user runs",
  );
});

test("findProcess() refuses a process that started at another time", () => {
  const { runtime, signals } = oneProcess();
  const error = caught(ReattachError, () => findProcess(runtime, { ...CONFIG, startTime: "99" }));
  match(error.message, /process not found: process 4711 is a later one$/);
  deepStrictEqual(signals, []);
});

test("findProcess() refuses this very program, unless in test mode", () => {
  const { runtime } = oneProcess({ pid: 4711 });
  match(
    caught(ReattachError, () => findProcess(runtime, CONFIG)).message,
    /process 4711 is this very program$/,
  );
  findProcess(runtime, { ...CONFIG, test: true }).detach?.();
});

test("findProcess() passes on that it may not look", () => {
  const { runtime } = oneProcess({
    isAlive: () => {
      throw new PermissionError("Cannot look for process 4711", ["--allow-run"]);
    },
  });
  caught(PermissionError, () => findProcess(runtime, CONFIG));
});
