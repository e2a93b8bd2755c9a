import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { moduleCommand } from "../helpers/program.ts";
import { run } from "../helpers/run.ts";

test("a plugin inherits the stdin of its host", async () => {
  const host = moduleCommand("tests/lifecycle/programs/inheriting_host");
  const { code, stdout, stderr } = await run(host, { input: "hello" });
  deepStrictEqual([code, stdout], [0, "stdin: hello\n"], stderr);
});
