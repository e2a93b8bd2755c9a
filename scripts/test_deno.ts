/**
 * Runs the tests on Deno, in several processes at once, and writes one report
 * of them all.
 *
 *     deno task test:deno [SHARD…]
 *
 * Each line of output bears the name of its shard; the end says what failed.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  clearReport,
  conclude,
  type Count,
  countTests,
  failuresOf,
  readReport,
  reportPath,
} from "./reports.ts";
import { MORE_SHARD, SHARDS } from "./shards.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** How often a shard is run again that a crash of Deno itself has ended. */
const MAX_CRASHES = 3;

/** Ends that are Deno's own and no test's: a segmentation fault, a failed assertion in nghttp2. */
const CRASHES: readonly NodeJS.Signals[] = ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL"];

/** What a shard came to. */
interface Outcome {
  /** Where its report is. */
  readonly report: string;
  readonly count: Count;
  /** What is wrong with it, nothing if it is good. */
  readonly faults: readonly string[];
}

/** Runs `deno test`, and passes on what it prints. */
function runOnce(name: string, args: readonly string[], report: string) {
  clearReport(report);
  const child = spawn(
    process.execPath,
    ["test", "-A", "--frozen", `--junit-path=${report}`].concat(args),
    {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      console.log(`[${name}] ${line}`);
      last.push(line);
      if (last.length > 20) last.shift();
    });
  }
  return new Promise<{ code: number | null; signal: NodeJS.Signals | null; last: string[] }>(
    (resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, last }));
    },
  );
}

/** Runs a shard; once more if Deno crashed, which no test of ours can make good. */
async function runShard(name: string, args: readonly string[]): Promise<Outcome> {
  const report = reportPath(`deno-${name}`);
  for (let crashes = 1;; crashes++) {
    const { code, signal, last } = await runOnce(name, args, report);
    if (signal !== null && CRASHES.includes(signal) && crashes < MAX_CRASHES) {
      console.log(
        `[${name}] Deno crashed (${signal}), as node:http2 can (denoland/deno#36788): once more`,
      );
      continue;
    }
    const tests = readReport(report);
    const faults = failuresOf(tests);
    if ((code !== 0 && faults.length === 0) || tests.length === 0) {
      const end = signal ?? `exit code ${code}`;
      faults.push([`the process ended by ${end}, after`, ...last].join("\n  "));
    }
    return { report, count: countTests(tests), faults: faults.map((fault) => `${name}: ${fault}`) };
  }
}

/**
 * Runs a shard. With grpc-js the tests of lives run node:http2 in their own
 * process, and hardly get to their end without a crash: each file has its own.
 */
async function runParts(name: string, args: readonly string[]): Promise<readonly Outcome[]> {
  if (name !== "lifecycle" || process.env.GOPLUGIN_ENGINE !== "grpc-js") {
    return [await runShard(name, args)];
  }
  const outcomes: Outcome[] = [];
  for (const file of args) {
    outcomes.push(await runShard(`${name}-${basename(file, "_test.ts")}`, [file]));
  }
  return outcomes;
}

const chosen = process.argv.slice(2);
const known = { ...SHARDS, ...MORE_SHARD };
const unknown = chosen.filter((name) => !(name in known));
if (unknown.length > 0) {
  const names = Object.keys(known).join(", ");
  console.error(`There is no shard ${unknown.join(", ")}: choose of ${names}`);
  process.exit(2);
}
const whole = reportPath("deno");
// Only a run of everything leaves the report that docs/parity.md is checked against.
if (chosen.length === 0) clearReport(whole);
const outcomes = (await Promise.all(
  Object.entries(known)
    .filter(([name]) => chosen.length === 0 ? name in SHARDS : chosen.includes(name))
    .map(([name, args]) => runParts(name, args)),
)).flat();
if (chosen.length === 0) {
  const reports = outcomes.map(({ report }) => existsSync(report) && readFileSync(report, "utf8"));
  writeFileSync(whole, reports.filter((report) => report !== false).join("\n"));
}
const total = outcomes.map(({ count }) => count).reduce((sum, { passed, failed, skipped }) => ({
  passed: sum.passed + passed,
  failed: sum.failed + failed,
  skipped: sum.skipped + skipped,
}));
conclude(`Deno ${process.versions.deno}`, total, outcomes.flatMap(({ faults }) => faults));
