/**
 * Checks that every test that docs/parity.md names ran and passed, by the
 * report that `test:deno` has just written.
 *
 *     deno run -A scripts/check_parity.ts [--all] [--strict]
 *
 * With `--all`, what `test:node` and `test:more` have run is asked for as well.
 * With `--strict`, rows that are pending fail as well.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { goMissing } from "../tests/helpers/go.ts";
import { probeTool, reasonToSkip } from "../tests/helpers/cache.ts";
import { pythonMissing } from "../tests/helpers/python.ts";
import {
  parseReport,
  type Proof,
  readParity,
  type Report,
  type Row,
  type RuntimeName,
} from "./parity.ts";
import { reportPath } from "./reports.ts";
import { isRunApart } from "./shards.ts";

/** Tools that tests may do without, outside CI; there, a missing one is an error. */
function missingTools(): string[] {
  const reasons = [
    goMissing(),
    pythonMissing(),
    nodeMissing,
    reasonToSkip(probeTool("openssl", ["version"])),
  ];
  return reasons.filter((reason) => reason !== undefined);
}

const isAll = process.argv.includes("--all");
const runtimes: readonly RuntimeName[] = isAll ? ["deno", "node"] : ["deno"];

/** Reads the report of a runtime; on Deno, there may be a second part. */
async function readReport(runtime: RuntimeName): Promise<Report | undefined> {
  const names = runtime === "deno" && isAll ? ["deno", "deno-more"] : [runtime];
  const paths = names.map((name) => reportPath(name));
  if (!paths.every((path) => existsSync(path))) return undefined;
  const parts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  return parseReport(parts.join("\n"));
}

const nodeMissing = reasonToSkip(probeTool("node", ["--version"]));
const missing = missingTools();
const reports = { deno: await readReport("deno"), node: await readReport("node") };

let skipped = 0;
let apart = 0;

/** Tests with foreign tools are skipped where there are none; a few others ask Linux what they need. */
function mayBeSkipped({ file }: Proof): boolean {
  return file.startsWith("interop/") ? missing.length > 0 : process.platform !== "linux";
}

/** What is wrong with a test, `undefined` if it passed wherever it has to. */
function faultOf(proof: Proof, runtime: RuntimeName): string | undefined {
  if (!isAll && runtime === "deno" && isRunApart(proof.file)) {
    apart++;
    return undefined;
  }
  const outcome = reports[runtime]?.(proof);
  // A report that is missing is one fault, not one for every test.
  if (outcome === undefined || outcome === "passed") return undefined;
  if (outcome === "skipped" && mayBeSkipped(proof)) {
    skipped++;
    return undefined;
  }
  return `${proof.file}: "${proof.test}" ${outcome} on ${runtime}`;
}

const { go, python, features } = await readParity();
const rows: readonly Row[] = [...go, ...python, ...features];
const faults = runtimes
  .filter((runtime) => reports[runtime] === undefined && !(runtime === "node" && nodeMissing))
  .map((runtime) => `no report of a run on ${runtime}`);
const pending: string[] = [];
for (const { name, line, proofs, gaps } of rows) {
  const at = `docs/parity.md:${line}: ${name}`;
  for (const proof of proofs) {
    for (const runtime of proof.runtimes) {
      if (!runtimes.includes(runtime)) continue;
      const fault = faultOf(proof, runtime);
      if (fault !== undefined) faults.push(`${at}: ${fault}`);
    }
  }
  for (const { kind, why } of gaps) if (kind === "pending") pending.push(`${at}: ${why}`);
}

for (const row of pending) console.log(`pending: ${row}`);
for (const reason of missing) console.log(`missing: ${reason}`);
for (const fault of faults) console.log(`parity: ${fault}`);
const isStrict = process.argv.includes("--strict");
const isProven = faults.length === 0 && (pending.length === 0 || !isStrict);
const proven = (table: readonly Row[]) => table.filter(({ proofs }) => proofs.length > 0).length;
const others = (["pending", "not yet", "out of scope"] as const).map((kind) => {
  const count = rows.filter(({ gaps }) => gaps.some((gap) => gap.kind === kind)).length;
  return count > 0 ? `; ${count} rows ${kind}` : "";
});
console.log(
  isProven
    ? `parity: ${proven([...go, ...python])} upstream tests, ${proven(features)} features, ` +
      `each proven by a test that ran${others.join("")}` +
      (apart > 0 ? `; ${apart} tests are left to "deno task test:more"` : "") +
      (skipped > 0 ? `; ${skipped} tests could not run here` : "")
    : `parity: ${faults.length} faults, ${pending.length} rows pending`,
);
process.exit(isProven ? 0 : 1);
