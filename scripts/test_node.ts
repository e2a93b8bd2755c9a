/**
 * Runs the tests on Node, against the npm package as a user installs it. The
 * interop tests are left out: they run on Deno and drive programs on both.
 *
 *     deno task test:node [--node=24] [--report=FILE] [FILE…]
 *
 * `--node` names a major version: the Node in PATH if it is that one, else npm
 * installs it in the cache. The programs that tests start run on the same.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { nodeProject } from "./node_project.ts";
import { nodeInPath, nodeOf } from "./npm_tools.ts";
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

const { values: asked, positionals: chosen } = parseArgs({
  options: { node: { type: "string" }, report: { type: "string" } },
  allowPositionals: true,
});
// Only a run of everything leaves the report that docs/parity.md is checked against.
const report = asked.report !== undefined
  ? resolve(asked.report)
  : reportPath(chosen.length === 0 ? "node" : "node-part");
clearReport(report);
if (asked.node !== undefined) {
  process.env.PATH = `${dirname(await nodeOf(asked.node))}${delimiter}${process.env.PATH}`;
}
const node = nodeInPath();
if (node === undefined) {
  console.log("The tests on Node were skipped: there is no node in PATH");
  process.exit(process.env.CI ? 1 : 0);
}
const project = await nodeProject();
const files = chosen.length > 0 ? chosen : await testFiles(project);
console.log(`Node ${node.version}: ${files.length} test files against the packed package`);
const child = spawn(node.path, [
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
  conclude(`Node ${node.version.slice(1)}`, countTests(tests), faults);
});
