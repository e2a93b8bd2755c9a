/** Reads docs/parity.md, the reports of a test run, and the names of the tests in a source. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { testsIn } from "./reports.ts";

/** The runtimes whose tests count. */
export type RuntimeName = "deno" | "node";

/** A test that proves a row. */
export interface Proof {
  /** Its file below `tests/`. */
  readonly file: string;
  readonly test: string;
  /** Where it has to have run. */
  readonly runtimes: readonly RuntimeName[];
}

/** What stands in the place of a test. */
export type Gap = "pending" | "not yet" | "out of scope";

/** A row with those that add to it. */
export interface Row {
  /** The line of the page that it begins on. */
  readonly line: number;
  readonly name: string;
  /** The cells between the name and the tests. */
  readonly cells: readonly string[];
  readonly proofs: readonly Proof[];
  readonly gaps: readonly { readonly kind: Gap; readonly why: string }[];
}

/** The page, by its three tables. */
export interface Parity {
  readonly go: readonly Row[];
  readonly python: readonly Row[];
  readonly features: readonly Row[];
}

const GAPS: readonly string[] = ["pending", "not yet", "out of scope"] satisfies readonly Gap[];
const TABLES = {
  "Tests of go-plugin": "go",
  "Tests of python-plugin": "python",
  "Features": "features",
} as const;

/** Runs of blanks count as one: Markdown does not tell them apart. */
function flatten(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The cells of a line of a table. */
export function readCells(line: string): string[] {
  return line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.replaceAll("\\|", "|").trim());
}

/** The lines of the table under a heading, without its head. */
export function tableUnder(
  page: string,
  heading: string,
): { readonly line: number; readonly cells: string[] }[] {
  const lines = page.split("\n");
  const start = lines.indexOf(`## ${heading}`);
  if (start < 0) throw new Error(`Cannot read a table: no heading "${heading}"`);
  const next = lines.findIndex((line, index) => index > start && line.startsWith("## "));
  return lines.map((line, index) => ({ line: index + 1, text: line }))
    .slice(start, next < 0 ? undefined : next)
    .filter(({ text }) => text.startsWith("|")).slice(2)
    .map(({ line, text }) => ({ line, cells: readCells(text) }));
}

/**
 * Reads the page.
 *
 * @throws {Error} If a row names neither a test nor why there is none.
 */
export function parseParity(page: string): Parity {
  const parity: Record<"go" | "python" | "features", Row[]> = { go: [], python: [], features: [] };
  for (const [heading, table] of Object.entries(TABLES)) {
    for (const { line, cells } of tableUnder(page, heading)) {
      const [name = "", ...rest] = cells;
      const [where = "", ours = ""] = rest.splice(-2);
      const before = parity[table].at(-1);
      const entry = readEntry(where, ours, line);
      const row: Row = name === "" && before !== undefined
        ? before
        : { line, name, cells: rest, proofs: [], gaps: [] };
      const whole = {
        ...row,
        proofs: [...row.proofs, ...("file" in entry ? [entry] : [])],
        gaps: [...row.gaps, ...("kind" in entry ? [entry] : [])],
      };
      if (row === before) parity[table].pop();
      parity[table].push(whole);
    }
  }
  return parity;
}

function readEntry(where: string, ours: string, line: number): Proof | Row["gaps"][number] {
  if (GAPS.includes(where)) return { kind: where as Gap, why: ours };
  const file = /^`([^`]+)`(?: \((Deno|Node)\))?$/.exec(where);
  const test = /^`([^`]+)`$/.exec(ours)?.[1];
  if (file?.[1] === undefined || test === undefined) {
    throw new Error(`docs/parity.md:${line}: neither a test nor a reason: "${where}", "${ours}"`);
  }
  const isDenoOnly = file[2] === "Deno" || /^(interop|docs)\//.test(file[1]);
  return {
    file: file[1],
    test: flatten(test),
    runtimes: isDenoOnly ? ["deno"] : file[2] === "Node" ? ["node"] : ["deno", "node"],
  };
}

/** How a test ended. */
export type Outcome = "passed" | "failed" | "skipped" | "did not run";

/** What a run left: how each of its tests ended. */
export type Report = (proof: Proof) => Outcome;

/** Reads a JUnit report. Node's names no files: there, a name stands for all tests that bear it. */
export function parseReport(xml: string): Report {
  const cases = new Map<string, Outcome[]>();
  for (const { file, name, outcome } of testsIn(xml)) {
    const key = `${file}\0${flatten(name)}`;
    cases.set(key, [...cases.get(key) ?? [], outcome]);
  }
  return ({ file, test }) => {
    const found = cases.get(`${file}\0${test}`) ?? cases.get(`\0${test}`) ?? [];
    for (const outcome of ["failed", "skipped", "passed"] as const) {
      if (found.includes(outcome)) return outcome;
    }
    return "did not run";
  };
}

/** Whether a source has a test of that name; `${…}` in a name there stands for anything. */
export function hasTest(source: string, name: string): boolean {
  const calls = source.matchAll(/\btest\(\s*(?:"((?:[^"\\]|\\.)*)"|(`))/g);
  for (const { 0: call, 1: quoted, index } of calls) {
    if (quoted !== undefined) {
      if (flatten(JSON.parse(`"${quoted}"`)) === name) return true;
    } else if (templatePattern(source, index + call.length).test(name)) return true;
  }
  return false;
}

/** What the template that begins there can make. */
function templatePattern(source: string, start: number): RegExp {
  let pattern = "";
  for (let at = start; at < source.length && source[at] !== "`"; at++) {
    if (source.startsWith("${", at)) {
      at = endOfExpression(source, at + 2);
      pattern += "[\\s\\S]*";
    } else {
      if (source[at] === "\\") at++;
      pattern += (source[at] ?? "").replace(/[.*+?^${}()|[\]\\]/, "\\$&");
    }
  }
  return new RegExp(`^${pattern}$`);
}

function endOfExpression(source: string, start: number): number {
  let depth = 1;
  for (let at = start; at < source.length; at++) {
    if (source[at] === "{") depth++;
    if (source[at] === "}" && --depth === 0) return at;
  }
  return source.length;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Reads the project's own page. */
export async function readParity(): Promise<Parity> {
  return parseParity(await readFile(`${ROOT}docs/parity.md`, "utf8"));
}
