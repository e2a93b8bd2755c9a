/** Where a run of the tests leaves its report, and what stands in it. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The path of the report that a run of tests writes; one for each engine that may be asked for. */
export function reportPath(name: string): string {
  const engine = process.env.GOPLUGIN_ENGINE;
  const file = engine === undefined ? name : `${name}-${engine}`;
  return fileURLToPath(new URL(`../.cache/reports/${file}.xml`, import.meta.url));
}

/** Makes the place of a report, and removes the one of an earlier run. */
export function clearReport(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
}

/** The tests of a report, none if the run ended before it wrote one. */
export function readReport(path: string): ReportedTest[] {
  return existsSync(path) ? testsIn(readFileSync(path, "utf8")) : [];
}

/** How a test of a report ended. */
export interface ReportedTest {
  /** Its file below `tests/`, `""` in a report of Node's. */
  readonly file: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

/** How many tests ended in which way. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts the tests of a report. */
export function countTests(tests: readonly ReportedTest[]): Count {
  const count: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of tests) count[outcome]++;
  return count;
}

/** Prints what failed, and the line that says how many did; the exit code follows from it. */
export function conclude(what: string, count: Count, faults: readonly string[]): void {
  for (const fault of faults) console.log(`FAILED ${fault}`);
  // What ended a run without being a test counts as one.
  const failed = Math.max(count.failed, faults.length > 0 ? 1 : 0);
  console.log(`${what}: ${count.passed} passed, ${failed} failed, ${count.skipped} not run`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Names of tests that failed. */
export function failuresOf(tests: readonly ReportedTest[]): string[] {
  return tests.filter(({ outcome }) => outcome === "failed")
    .map(({ file, name }) => file === "" ? name : `${file}: ${name}`);
}

/** Reads the tests of a JUnit report. */
export function testsIn(xml: string): ReportedTest[] {
  const pattern = /<testcase((?:\s+[\w:]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g;
  return [...xml.matchAll(pattern)].map(([, attributes = "", content = ""]) => ({
    file: /\sclassname="\.?\/?tests\/([^"]*)"/.exec(attributes)?.[1] ?? "",
    name: unescapeXml(/\sname="([^"]*)"/.exec(attributes)?.[1] ?? ""),
    outcome: /<(failure|error)\b/.test(content)
      ? "failed"
      : /<skipped\b/.test(content)
      ? "skipped"
      : "passed",
  }));
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  "#xA": "\n",
  "#10": "\n",
};

/** Node 20 escapes the `&` of its own entities once more. */
function unescapeXml(text: string): string {
  return text.replaceAll("&amp;", "&")
    .replace(/&([\w#]+);/g, (entity, name: string) => ENTITIES[name] ?? entity)
    .replaceAll("&amp;", "&");
}
