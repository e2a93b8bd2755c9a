import { deepStrictEqual, match } from "node:assert/strict";
import { test } from "node:test";
import { moduleCommand } from "../helpers/program.ts";
import { run } from "./spawned.ts";

for (
  const [what, way, stdout, code] of [
    ["when the program comes to its end", "end", "at the end\ntold\n", 0],
    ["on Runtime.exit(), which sets the exit code", "exit", "told\n", 7],
    ["when an error that nobody catches ends the program", "throw", "told\n", 1],
    ["when such an error comes from a timer", "throw-later", "at the end\ntold\n", 1],
    ["when a rejection that nobody handles ends the program", "reject", "at the end\ntold\n", 1],
  ] as const
) {
  test(`Runtime.onExit() calls back once ${what}`, async () => {
    const outcome = await run([...moduleCommand("tests/runtime/programs/exit"), way]);
    deepStrictEqual(outcome.stdout, stdout);
    deepStrictEqual(outcome.exit, { code, signal: null });
    if (code === 1) match(outcome.stderr, /thrown on purpose/);
  });
}

for (const [when, way] of [["before", "light"], ["after", "light-first"]] as const) {
  test(`Runtime.endLightly() lets run what was told to run at the end ${when} it`, async () => {
    const outcome = await run([...moduleCommand("tests/runtime/programs/exit"), way]);
    deepStrictEqual(outcome.stdout, "at the end\ntold\nexit event\n");
    deepStrictEqual(outcome.exit, { code: 4, signal: null });
  });
}
