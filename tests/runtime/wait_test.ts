import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { waitAtMost } from "../../src/runtime/wait.ts";
import { moduleCommand } from "../helpers/program.ts";
import { run } from "./spawned.ts";

const LONG_MS = 60 * 60 * 1000;

test("waitAtMost() gives what the promise gives", async () => {
  strictEqual(await waitAtMost(Promise.resolve("value"), LONG_MS), "value");
  const later = new Promise<number>((resolve) => setTimeout(resolve, 1, 5));
  strictEqual(await waitAtMost(later, LONG_MS), 5);
});

test("waitAtMost() gives undefined once the limit has passed", async () => {
  const never = new Promise<string>(() => {});
  strictEqual(await waitAtMost(never, 1), undefined);
});

test("waitAtMost() prefers a value that is there to a limit of 0", async () => {
  strictEqual(await waitAtMost(Promise.resolve("value"), 0), "value");
});

test("waitAtMost() passes a rejection on", async () => {
  const error = new Error("rejection");
  await rejects(waitAtMost(Promise.reject(error), LONG_MS), error);
});

test("waitAtMost() handles a rejection that comes after the limit", async () => {
  let rejectLate = (_error: Error) => {};
  const late = new Promise<never>((_, reject) => rejectLate = reject);
  strictEqual(await waitAtMost(late, 1), undefined);
  rejectLate(new Error("nobody waits any more"));
  // Were it unhandled, it would be reported, and the test fail, before the next timer.
  strictEqual(await new Promise((resolve) => setTimeout(resolve, 1, "next timer")), "next timer");
});

test("waitAtMost() leaves no timer that keeps the process alive", async () => {
  deepStrictEqual(await run(moduleCommand("tests/runtime/programs/wait")), {
    stdout: "value Error: rejection\n",
    stderr: "",
    exit: { code: 0, signal: null },
  });
});
