/** No test is left out: each file is run by `deno task test`, `test:more` or `test:engine`. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MORE_SHARD, SHARDS } from "../../scripts/shards.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";

test("every test file is in exactly one shard, or one of test:engine's alone", () => {
  const shards = [...Object.values(SHARDS), ...Object.values(MORE_SHARD)].flat();
  const engine = readFileSync(join(PROJECT_ROOT, "scripts/test_engine.ts"), "utf8");
  const files = readdirSync(join(PROJECT_ROOT, "tests"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("_test.ts")).map((name) => `tests/${name}`);
  ok(files.length > 100, String(files.length));
  const timesRun = (file: string) =>
    shards.filter((path) => file === path || file.startsWith(`${path}/`)).length;
  deepStrictEqual(
    files.filter((file) => timesRun(file) !== (engine.includes(`"${file}"`) ? 0 : 1))
      .filter((file) => file !== "tests/rpc/mixed_load_test.ts"), // A part of test:engine as well.
    [],
  );
});
