import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "../../src/runtime/standard_logger.ts";
import { moduleCommand } from "../helpers/program.ts";
import { within } from "../helpers/wait.ts";
import { outcomeOf, start, textOf } from "./spawned.ts";

/** Starts the program that writes so much to stdout and stderr once its stdin has ended. */
async function writer(length: number) {
  const [program, ...args] = moduleCommand("tests/runtime/programs/write");
  return await start([program, ...args, String(length)], { stdin: "piped" });
}

for (const length of [0, 1, 1_000_000]) {
  test(`Runtime.writeStdout() and writeStderr() write all of ${length} characters`, async () => {
    const child = await writer(length);
    await child.stdin?.close();
    const { stdout, stderr, exit } = await outcomeOf(child);
    strictEqual(stdout, `${"o".repeat(length)}\nstill there\n`);
    strictEqual(stderr.slice(0, length), "e".repeat(length));
    strictEqual(
      stderr.slice(length).replace(/^\S+/, "TIME"),
      `TIME [WARN]  writer: logged: length=${length}\n`,
    );
    deepStrictEqual(exit, { code: 0, signal: null });
  });
}

test("Runtime.writeStderr() does nothing once the reader of stderr is gone", async () => {
  const child = await writer(1_000_000);
  await within(child.stderr.cancel(), "closing stderr");
  await child.stdin?.close();
  const stdout = await within(textOf(child.stdout), "the end of stdout");
  strictEqual(stdout.slice(-13), "\nstill there\n");
  deepStrictEqual(await within(child.exited, "the end"), { code: 0, signal: null });
});

test("createLogger() writes where it is told", () => {
  const lines: string[] = [];
  createLogger({ name: "host", level: "info", write: (line) => lines.push(line) }).info("here");
  deepStrictEqual(lines.map((line) => line.slice(33)), ["host: here"]);
});

test("createLogger() takes text for its format, trace for its level", () => {
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => lines.push(line) });
  logger.trace("here");
  strictEqual(logger.level, "trace");
  deepStrictEqual(lines.map((line) => line.slice(25)), ["[TRACE] here"]);
});
