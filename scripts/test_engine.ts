/**
 * Everything that shows that the engine is right, on Deno and on Node, with
 * loads longer than the suite's; prints a table at the end.
 *
 *     deno task test:engine [PART…]
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  clearReport,
  conclude,
  type Count,
  failuresOf,
  readReport,
  reportPath,
} from "./reports.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** How many calls each test of a mixed load makes, unless the environment says it. */
const LOAD_CALLS = "10000";

/** Parts of the proof, each with its test files. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  "http2": testsOf("tests/http2"),
  "grpc": testsOf("tests/grpc"),
  "rpc": testsOf("tests/rpc").filter((file) => !file.includes("mixed_load")),
  "load": ["tests/rpc/mixed_load_test.ts"],
  "h2spec": ["tests/interop/h2spec_test.ts"],
  "interop": ["tests/interop/engine_test.ts"],
  "faults": ["tests/interop/engine_faults_test.ts"],
  "load with Go": ["tests/interop/engine_load_test.ts"],
};

type RuntimeName = "deno" | "node";

function testsOf(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith("_test.ts")).sort();
  return names.map((name) => `${folder}/${name}`);
}

/** Runs test files; gives what each test came to, and what is wrong. */
function run(runtime: RuntimeName, files: readonly string[]) {
  const report = reportPath(`engine-${runtime}`);
  clearReport(report);
  const args = runtime === "deno"
    ? ["test", "-A", "--frozen", `--junit-path=${report}`, ...files]
    : ["run", "-A", "--frozen", "scripts/test_node.ts", `--report=${report}`].concat(
      files.map((file) => file.replace(/\.ts$/, ".js")),
    );
  const { status } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: "inherit",
    env: { GOPLUGIN_SOAK_CALLS: LOAD_CALLS, ...process.env },
  });
  const tests = readReport(report);
  const faults = failuresOf(tests);
  if ((status !== 0 && faults.length === 0) || tests.length === 0) {
    faults.push(`the process ended by exit code ${status}`);
  }
  return { tests, faults };
}

const chosen = process.argv.slice(2);
const rows: Record<string, string>[] = [];
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const faults: string[] = [];
for (const [what, files] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(what)) continue;
  const counts: Record<RuntimeName, Count> = {
    deno: { passed: 0, failed: 0, skipped: 0 },
    node: { passed: 0, failed: 0, skipped: 0 },
  };
  // The tests against Go run on Deno, and drive programs on the runtime that their name says.
  const isDriven = files.every((file) => file.startsWith("tests/interop/"));
  for (const runtime of isDriven ? ["deno"] as const : ["deno", "node"] as const) {
    console.log(`== ${what} on ${isDriven ? "both" : runtime}`);
    const ran = run(runtime, files);
    faults.push(...ran.faults.map((fault) => `${what} on ${runtime}: ${fault}`));
    for (const { name, outcome } of ran.tests) {
      const where = isDriven && /\bon node\b/.test(name) ? "node" : runtime;
      counts[where][outcome]++;
      total[outcome]++;
    }
  }
  const cell = ({ passed, failed, skipped }: Count) => `${passed}/${failed}/${skipped}`;
  rows.push({ what, deno: cell(counts.deno), node: cell(counts.node) });
}

console.log("\npassed/failed/skipped\n");
for (const row of [{ what: "what", deno: "Deno", node: "Node" }, ...rows]) {
  console.log(`${row.what!.padEnd(14)} ${row.deno!.padStart(12)} ${row.node!.padStart(12)}`);
}
console.log();
conclude("Engine", total, faults);
