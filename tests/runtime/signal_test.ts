import { deepStrictEqual, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { moduleCommand } from "../helpers/program.ts";
import { within } from "../helpers/wait.ts";
import { lineReader, start } from "./spawned.ts";

/** Starts the program that says which signals it gets. */
async function listening(...args: string[]) {
  const [program, ...flags] = moduleCommand("tests/runtime/programs/signal");
  const child = await start([program, ...flags, ...args], { stdin: "piped" });
  const nextLine = lineReader(child.stdout);
  strictEqual(await nextLine(), "ready");
  return { child, nextLine };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`Runtime.onSignal() calls back on every ${signal}, and the process lives on`, async () => {
    const { child, nextLine } = await listening(signal, "always");
    for (const count of [1, 2, 3]) {
      process.kill(child.pid, signal);
      strictEqual(await nextLine(), `${signal} ${count}`);
    }
    await child.stdin?.close();
    deepStrictEqual(await within(child.exited, "the end"), { code: 0, signal: null });
  });

  test(`Runtime.onSignal() leaves ${signal} to the system once it is told to stop`, async () => {
    const { child, nextLine } = await listening(signal, "once");
    process.kill(child.pid, signal);
    strictEqual(await nextLine(), `${signal} 1`);
    process.kill(child.pid, signal);
    strictEqual(await nextLine(), undefined);
    deepStrictEqual(await within(child.exited, "the end"), { code: null, signal });
  });
}

test("Runtime.onSignal() leaves other signals to the system", async () => {
  const { child } = await listening("SIGINT", "always");
  process.kill(child.pid, "SIGTERM");
  deepStrictEqual(await within(child.exited, "the end"), { code: null, signal: "SIGTERM" });
});

test("Runtime.onSignal() does not keep a process alive", async () => {
  const { child } = await listening("SIGTERM", "always");
  await child.stdin?.close();
  deepStrictEqual(await within(child.exited, "the end"), { code: 0, signal: null });
});
