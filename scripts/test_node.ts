/**
 * Runs the tests on Node, against the npm package as a user installs it. The
 * interop tests are left out: they run on Deno and drive programs on both.
 *
 *     deno task test:node [--report=FILE] [FILE…]
 */
import { spawn, spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { nodeProject } from "./node_project.ts";
import {
  clearReport,
  conclude,
  countTests,
  failuresOf,
  readReport,
  reportPath,
} from "./reports.ts";

/** Folders of tests that need Deno. */
const DENO_ONLY = ["interop", "docs"];

async function testFiles(project: string): Promise<string[]> {
  const names = await readdir(join(project, "tests"), { recursive: true });
  return names
    .filter((name) => name.endsWith("_test.js"))
    .filter((name) => !DENO_ONLY.includes(name.split("/")[0] ?? ""))
    .sort().map((name) => `tests/${name}`);
}

const args = process.argv.slice(2);
const chosen = args.filter((arg) => !arg.startsWith("--report="));
const asked = args.find((arg) => arg.startsWith("--report="))?.slice("--report=".length);
// Only a run of everything leaves the report that docs/parity.md is checked against.
const report = asked ?? reportPath(chosen.length === 0 ? "node" : "node-part");
clearReport(report);
const node = spawnSync("node", ["--version"], { encoding: "utf8" });
if (node.status !== 0) {
  console.log("The tests on Node were skipped: there is no node in PATH");
  process.exit(process.env.CI ? 1 : 0);
}
const project = await nodeProject();
const files = chosen.length > 0 ? chosen : await testFiles(project);
console.log(`Node ${node.stdout.trim()}: ${files.length} test files against the packed package`);
const child = spawn("node", [
  "--test",
  "--test-reporter=spec",
  "--test-reporter-destination=stdout",
  "--test-reporter=junit",
  `--test-reporter-destination=${report}`,
  "--test-concurrency=2",
  "--test-timeout=180000",
  ...files,
], {
  cwd: project,
  stdio: "inherit",
});
child.on("exit", (code, signal) => {
  const tests = readReport(report);
  const faults = failuresOf(tests);
  if ((code !== 0 && faults.length === 0) || tests.length === 0) {
    faults.push(`the process ended by ${signal ?? `exit code ${code}`}`);
  }
  conclude(`Node ${node.stdout.trim().slice(1)}`, countTests(tests), faults);
});
