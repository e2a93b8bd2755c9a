/** docs/parity.md is whole, and names tests that exist. That they passed, scripts/check_parity.ts sees. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  hasTest,
  parseParity,
  parseReport,
  type Proof,
  type Row,
  tableUnder,
} from "../../scripts/parity.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { GO_TESTS, GO_TESTS_OF_OTHER_THINGS, PYTHON_TESTS } from "./upstream_tests.ts";

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), "utf8");
const { go, python, features } = parseParity(read("docs/parity.md"));
const namesOf = (rows: readonly Row[]) => rows.map(({ name }) => name);
const isOutOfScope = ({ proofs, gaps }: Row) =>
  proofs.length === 0 && gaps.every(({ kind }) => kind === "out of scope");

test("docs/parity.md has a row for every test of go-plugin and of python-plugin", () => {
  const known = [...GO_TESTS, ...GO_TESTS_OF_OTHER_THINGS];
  deepStrictEqual(namesOf(go).sort(), known.sort());
  deepStrictEqual(namesOf(python).sort(), [...PYTHON_TESTS].sort());
});

test("docs/parity.md leaves out only what does not concern gRPC", () => {
  deepStrictEqual(namesOf(go.filter(isOutOfScope)).sort(), [...GO_TESTS_OF_OTHER_THINGS].sort());
  deepStrictEqual(namesOf(python.filter(isOutOfScope)), []);
});

test("docs/parity.md names tests that exist", () => {
  const sources = new Map<string, string>();
  const missing: string[] = [];
  for (const { name, proofs } of [...go, ...python, ...features]) {
    for (const { file, test } of proofs) {
      const isThere = existsSync(join(PROJECT_ROOT, "tests", file));
      if (!sources.has(file)) sources.set(file, isThere ? read(`tests/${file}`) : "");
      if (!hasTest(sources.get(file) ?? "", test)) missing.push(`${name}: ${file}: ${test}`);
    }
  }
  deepStrictEqual(missing, []);
  ok(sources.size > 20);
});

test("docs/parity.md proves every feature that it says is there", () => {
  for (const { name, cells: [, ...sides], proofs, gaps } of features) {
    const isThere = sides.some((side) => side === "yes" || side === "ping");
    const isPending = gaps.some(({ kind }) => kind === "pending");
    ok(!isThere || isPending || proofs.length > 0, name);
    ok(sides.every((side) => ["yes", "ping", "no", "not yet", "-"].includes(side)), name);
  }
});

test("the README's table is the features of docs/parity.md that are marked for it", () => {
  const marked = features.filter(({ cells: [mark] }) => mark === "yes");
  deepStrictEqual(
    tableUnder(read("README.md"), "What there is").map(({ cells }) => cells),
    marked.map(({ name, cells: [, host, plugin] }) => [name, host, plugin]),
  );
});

test("parseParity() joins the rows of a test, and refuses one without a test or a reason", () => {
  const page = (rows: string) =>
    `## Tests of go-plugin\n\n|a|b|c|d|\n|-|-|-|-|\n${rows}\n` +
    "## Tests of python-plugin\n\n## Features\n";
  const rows = parseParity(page(
    "| A | b | `x_test.ts` (Node) | `c  \\| d` |\n| | | pending | soon |\n" +
      "| B | | `interop/x_test.ts` | `e` |",
  )).go;
  deepStrictEqual(rows, [
    {
      line: 5,
      name: "A",
      cells: ["b"],
      proofs: [{ file: "x_test.ts", test: "c | d", runtimes: ["node"] }],
      gaps: [{ kind: "pending", why: "soon" }],
    },
    {
      line: 7,
      name: "B",
      cells: [""],
      proofs: [{ file: "interop/x_test.ts", test: "e", runtimes: ["deno"] }],
      gaps: [],
    },
  ]);
  throws(() => parseParity(page("| A | b | soon | |")), /docs\/parity.md:5: neither a test/);
});

test("hasTest() finds names as they stand, and names that a template makes", () => {
  strictEqual(hasTest('test("a \\"b\\"", f)', 'a "b"'), true);
  strictEqual(hasTest('test("a b", f)', "a"), false);
  strictEqual(hasTest("test(\n`c ${JSON.stringify({ e })} (f)`, g)", "c {} (f)"), true);
  strictEqual(hasTest("test(`c ${e} (f)`, g)", "c d (g)"), false);
  strictEqual(hasTest("it('x')", "x"), false);
});

test("parseReport() tells how a test ended, by Deno's reports and by Node's", () => {
  const proof = (test: string): Proof => ({ file: "x_test.ts", test, runtimes: [] });
  const deno = parseReport(
    '<testcase name="a &quot;b&quot; &amp; c" classname="./tests/x_test.ts" time="0">\n</testcase>' +
      '<testcase name="skips" classname="./tests/x_test.ts"><skipped/></testcase>' +
      '<testcase name="fails" classname="./tests/x_test.ts"><failure>no</failure></testcase>' +
      '<testcase name="elsewhere" classname="./tests/y_test.ts"></testcase>',
  );
  strictEqual(deno(proof('a "b" & c')), "passed");
  strictEqual(deno(proof("skips")), "skipped");
  strictEqual(deno(proof("fails")), "failed");
  strictEqual(deno(proof("elsewhere")), "did not run");
  const node = parseReport(
    '<testcase name="a &amp;quot;b&amp;quot; > c" time="0" classname="test"/>' +
      '<testcase name="twice" classname="test"/>' +
      '<testcase name="twice" classname="test"><skipped type="skipped"/></testcase>',
  );
  strictEqual(node(proof('a "b" > c')), "passed");
  strictEqual(node(proof("twice")), "skipped");
});
