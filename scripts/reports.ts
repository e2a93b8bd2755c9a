/** Where a run of the tests leaves its report, and what stands in it. */
import { fileURLToPath } from "node:url";

/** The path of the report that the tests on a runtime write. */
export function reportPath(name: string): string {
  return fileURLToPath(new URL(`../.cache/reports/${name}.xml`, import.meta.url));
}

/** How a test of a report ended. */
export interface ReportedTest {
  /** Its file below `tests/`, `""` in a report of Node's. */
  readonly file: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
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
