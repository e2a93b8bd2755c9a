/**
 * Writes the tables and charts of docs/performance.md from what `deno task
 * bench --json FILE` has left.
 *
 *     deno run -A bench/report.ts FILE
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { drawChart, type Group } from "./chart.ts";
import { isLessBetter, medianOf, type Results, type Setting, tableOf, unitOf } from "./results.ts";
import { TABLES } from "./tables.ts";

const DOCS = fileURLToPath(new URL("../docs/", import.meta.url));
const PAGE = join(DOCS, "performance.md");

/** What a chart shows of all that is measured: its title, and the measures. */
const CHARTS: Readonly<Record<string, readonly string[]>> = {
  "calls": ["unary_p50 us", "chat_p50 us", "conc4 calls/s", "conc16 calls/s", "conc64 calls/s"],
  "streams": ["download_64k MB/s", "download_1m MB/s", "upload_64k MB/s", "upload_1m MB/s"],
  "lives": ["cold ms", "kill ms", "broker_borrow conns/s", "broker_lend conns/s"],
};

function groupsOf(setting: Setting, columns: readonly string[], measures: readonly string[]) {
  return measures.flatMap((measure): Group[] => {
    const first = medianOf(setting, measure, columns[0] ?? "");
    if (first === undefined) return [];
    const bars = columns.flatMap((column) => {
      const value = medianOf(setting, measure, column);
      if (value === undefined) return [];
      const ratio = isLessBetter(measure) ? first / value : value / first;
      const shown = value < 100 ? value.toPrecision(3) : Math.round(value);
      const label = `${shown} ${unitOf(measure)}`;
      return [{ column, ratio, label }];
    });
    return [{ title: measure.split(" ")[0] ?? "", bars }];
  });
}

/** Puts text between the two comments that name it. */
function replaceBetween(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${PAGE} has no "${start}" with an end`);
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`;
}

const results = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Results;
const images: string[] = [];
const tables: string[] = [];
mkdirSync(join(DOCS, "performance"), { recursive: true });
for (const setting of results.settings) {
  const access = setting.autoMtls ? "with AutoMTLS" : "without AutoMTLS";
  for (const [name, measures] of Object.entries(CHARTS)) {
    const file = `performance/${name}-${setting.autoMtls ? "mtls" : "plain"}.svg`;
    const title = `${name[0]?.toUpperCase()}${
      name.slice(1)
    }, ${access}: longer is better, the line is Go with Go`;
    writeFileSync(
      join(DOCS, file),
      drawChart(title, groupsOf(setting, TABLES["With Go"] ?? [], measures)),
    );
    images.push(`![${title}](${file})`);
  }
  for (const [title, columns] of Object.entries(TABLES)) {
    tables.push(`### ${title}, ${access}`, tableOf(setting, columns));
  }
}
let page = readFileSync(PAGE, "utf8");
page = replaceBetween(page, "machine", results.about.map((line) => `- ${line}`).join("\n"));
page = replaceBetween(page, "charts", images.join("\n\n"));
page = replaceBetween(page, "tables", tables.join("\n\n"));
writeFileSync(PAGE, page);
