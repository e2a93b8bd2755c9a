/** go-plugin's `Discover` finds what our tests of `discover()` say. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { makeTree, PATTERNS } from "../host/discover_patterns.ts";
import { inTemporaryDirectory } from "./matrix.ts";

test("Go finds for each pattern what discover() is tested to find", {
  skip: goMissing() ?? false,
}, async () => {
  const program = await goProgram("discoverer");
  await inTemporaryDirectory(async (directory) => {
    const folder = realpathSync(directory);
    makeTree(folder);
    const globs = PATTERNS.map(([glob]) => glob);
    const { code, stdout, stderr } = await run([program, folder, ...globs]);
    strictEqual(code, 0, stderr);
    const results = JSON.parse(stdout) as (string[] | null)[];
    deepStrictEqual(
      globs.map((glob, i) => [glob, results[i]]),
      PATTERNS.map(([glob, found]) => [glob, found?.map((name) => join(folder, name)) ?? null]),
    );
  });
});
