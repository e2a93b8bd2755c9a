/**
 * Runs the tests on Node, against the npm package as a user installs it. The
 * interop tests are left out: they run on Deno and drive programs on both.
 *
 *     deno task test:node [--report=FILE] [FILE…]
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { nodeProject } from "./node_project.ts";
import { reportPath } from "./reports.ts";

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
// Unless it is asked for, only a run of everything leaves a report, and never an older one than itself.
const report = asked ?? (chosen.length === 0 ? reportPath("node") : undefined);
if (report !== undefined) {
  await rm(report, { force: true });
  await mkdir(dirname(report), { recursive: true });
}
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
  ...(report !== undefined
    ? ["--test-reporter=junit", `--test-reporter-destination=${report}`]
    : []),
  "--test-concurrency=2",
  "--test-timeout=180000",
  ...files,
], {
  cwd: project,
  stdio: "inherit",
});
child.on("exit", (code) => process.exit(code ?? 1));
