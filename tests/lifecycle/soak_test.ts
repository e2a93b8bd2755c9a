import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { fixture, moduleCommand } from "../helpers/program.ts";
import { runLong } from "../helpers/run.ts";
import { grownCounts, usageMissing } from "../helpers/usage.ts";
import type { Soak } from "./programs/soak_host.ts";

/** What a host held of the system before and after 25 cycles. */
async function soak(scenario: string, plugin: readonly string[]): Promise<Soak> {
  const host = moduleCommand("tests/lifecycle/programs/soak_host");
  const TMPDIR = mkdtempSync(join(tmpdir(), "soak-"));
  try {
    const { code, stdout, stderr } = await runLong(
      // The warm-up has one of each kind: Deno sets up its signals at the first kill.
      [...host, scenario, "25", "20", ...plugin],
      { env: { TMPDIR } },
      150_000,
    );
    strictEqual(code, 0, stderr);
    return JSON.parse(stdout);
  } finally {
    rmSync(TMPDIR, { recursive: true });
  }
}

test("25 lives of a plugin, crashes and failed starts among them, leave nothing in the host", {
  skip: usageMissing,
}, async () => {
  const plugin = goMissing() === undefined
    ? [await goProgram("kv-plugin")]
    : moduleCommand("examples/kv/plugin");
  const { host, endings } = await soak("lives", plugin);
  deepStrictEqual(endings, { "ended by Shutdown": 23, "did not start": 1, crashed: 1 });
  deepStrictEqual(grownCounts(host[0], host[2]), []);
  strictEqual(host[2]?.children, 0);
  strictEqual(host[2]?.temporary, 0);
});

test("25 connections each way by a broker leave nothing in host and plugin", {
  skip: usageMissing,
}, async () => {
  const { host, plugin, endings } = await soak("broker", fixture("exchange"));
  deepStrictEqual(endings, { "connected both ways": 25 });
  deepStrictEqual(grownCounts(host[0], host[2]), []);
  deepStrictEqual(grownCounts(plugin[0], plugin[2]), []);
});
