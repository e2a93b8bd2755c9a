import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { isRunning, type ProcessTable, startTimeOf } from "../../src/runtime/process_table.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { until, within } from "../helpers/wait.ts";

/** As proc(5) has it: the process's number and name, its state, and 18 fields before the start time. */
function stat(name: string, state: string, startTime: string): string {
  const between = Array.from({ length: 18 }, (_, i) => String(1000 + i)).join(" ");
  return `4711 (${name}) ${state} ${between} ${startTime} 123 456\n`;
}

/** A system that tells of process 4711 and of nothing else. */
function table(given: Partial<ProcessTable>): ProcessTable {
  const unexpected = (what: string): never => {
    throw new Error(`${what} is not expected here`);
  };
  return {
    platform: "linux",
    readText: (path) => unexpected(path),
    outputOf: (program) => unexpected(program),
    ...given,
  };
}

function only(path: string, text: string): (asked: string) => string {
  return (asked) => {
    strictEqual(asked, path);
    return text;
  };
}

const NAMES = ["deno", "two words", "a (b) c", "x) S 1 2 3", "((", "))", ") Z", "", "\n"];

for (const name of NAMES) {
  test(`startTimeOf() and isRunning() read the line of a program called ${JSON.stringify(name)}`, () => {
    const linux = table({ readText: only("/proc/4711/stat", stat(name, "S", "5550123")) });
    strictEqual(startTimeOf(linux, 4711), "5550123");
    strictEqual(isRunning(linux, 4711), true);
  });
}

for (const [state, expected] of [["R", true], ["T", true], ["Z", false], ["X", false]] as const) {
  test(`isRunning() of a process in state ${state} is ${expected}`, () => {
    strictEqual(isRunning(table({ readText: () => stat("p", state, "1") }), 4711), expected);
  });
}

test("startTimeOf() asks a child where /proc may not be read, and isRunning() does not", () => {
  const asked: unknown[] = [];
  const closed = table({
    outputOf: (program, args) => {
      asked.push([program, ...args]);
      return stat("p", "S", "5550123");
    },
  });
  strictEqual(startTimeOf(closed, 4711), "5550123");
  deepStrictEqual(asked, [["cat", "/proc/4711/stat"]]);
  // It is asked four times a second: whatever can be signalled counts as running.
  strictEqual(isRunning(closed, 4711), true);
});

test("startTimeOf() of a process that is not there is undefined", () => {
  strictEqual(startTimeOf(table({}), 4711), undefined);
  strictEqual(startTimeOf(table({ platform: "darwin" }), 4711), undefined);
  for (const text of ["", "4711 (p", "4711 (p) S 1 2"]) {
    strictEqual(startTimeOf(table({ readText: () => text }), 4711), undefined);
  }
});

for (const platform of ["darwin", "freebsd", "openbsd"]) {
  test(`startTimeOf() on ${platform} asks ps`, () => {
    const asked: unknown[] = [];
    const other = table({
      platform,
      outputOf: (program, args) => {
        asked.push([program, ...args]);
        return "Tue Nov  3 09:05:01 2026    \n";
      },
    });
    strictEqual(startTimeOf(other, 4711), "Tue Nov  3 09:05:01 2026");
    deepStrictEqual(asked, [["ps", "-o", "lstart=", "-p", "4711"]]);
    strictEqual(startTimeOf(table({ platform, outputOf: () => "\n" }), 4711), undefined);
    strictEqual(isRunning(other, 4711), true);
  });
}

for (const platform of ["windows", "win32"]) {
  test(`startTimeOf() on ${platform} asks nobody`, () => {
    strictEqual(startTimeOf(table({ platform }), 4711), undefined);
    strictEqual(isRunning(table({ platform }), 4711), true);
  });
}

const skip = process.platform !== "linux" && process.platform !== "darwin";

test("Runtime.startTimeOf() tells processes apart and stays the same", { skip }, async () => {
  const runtime = await loadRuntime();
  const child = spawn("sleep", ["60"]);
  try {
    const started = runtime.startTimeOf(child.pid as number);
    match(started ?? "", /^\d+$|:/);
    strictEqual(runtime.startTimeOf(child.pid as number), started);
    notStrictEqual(runtime.startTimeOf(process.ppid), started);
    ok(runtime.isAlive(child.pid as number));
  } finally {
    child.kill("SIGKILL");
    await within(once(child, "exit"), "the exit");
  }
  strictEqual(runtime.startTimeOf(child.pid as number), undefined);
  strictEqual(runtime.isAlive(child.pid as number), false);
});

test("Runtime.startTimeOf() gives the two runtimes the same words", { skip }, async () => {
  const runtime = await loadRuntime();
  if (process.platform === "linux") {
    const { stdout } = spawnSync("cat", [`/proc/${process.pid}/stat`], { encoding: "utf8" });
    ok(stdout.includes(` ${runtime.startTimeOf(process.pid)} `));
  } else ok(runtime.startTimeOf(process.pid));
});

test("Runtime.isAlive() takes a process that nobody has collected for dead", {
  skip: process.platform !== "linux",
}, async () => {
  const runtime = await loadRuntime();
  // The shell turns into a program that never asks how its child, which ends with stdin, has ended.
  const parent = spawn("sh", ["-c", "exec 3<&0; cat <&3 >&2 & echo $!; exec sleep 60"]);
  try {
    const [line] = await within(once(parent.stdout, "data"), "the child's id");
    const pid = Number(String(line));
    const comm = `/proc/${parent.pid}/comm`;
    await until(() => readFileSync(comm, "utf8") === "sleep\n", "the other program");
    ok(runtime.isAlive(pid));
    parent.stdin.end();
    await until(() => !runtime.isAlive(pid), "the end of the child");
    strictEqual(process.kill(pid, 0), true);
  } finally {
    parent.kill("SIGKILL");
    await within(once(parent, "exit"), "the exit");
  }
});

test("Runtime.isAlive() and signalProcess() of a process that is not there do nothing", async () => {
  const runtime = await loadRuntime();
  const child = spawn("true");
  await within(once(child, "exit"), "the exit");
  strictEqual(runtime.isAlive(child.pid as number), false);
  runtime.signalProcess(child.pid as number, "SIGKILL");
});
