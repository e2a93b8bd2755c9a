/**
 * Runs the benchmark's host against its plugin on Deno and on Node, on this
 * module's engine and on grpc-js, in turn, and prints a table of medians with
 * the ratio to the first column. Only what stands in one table can be
 * compared, and only if the machine had nothing else to do.
 *
 *     deno task bench [--seconds 1] [--repeats 3] [--mtls 0,1] [--json FILE]
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeProject } from "../scripts/node_project.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MEASURES = "cold,kill,rss,unary,conc1,conc4,conc16,conc,download,upload,chat,broker";
/** What is better when it is less. */
const LESS = ["ms", "us", "MiB"];

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    repeats: { type: "string", default: "3" },
    mtls: { type: "string", default: "0,1" },
    json: { type: "string" },
  },
});

interface Sample {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
}

/** A runtime with an engine, for host and plugin. */
interface Pair {
  readonly name: string;
  readonly host: readonly string[];
  readonly plugin: readonly string[];
  readonly engine: string;
}

async function pairs(): Promise<Pair[]> {
  const node = await nodeProject();
  const runtimes = {
    deno: (name: string) => [process.execPath, "run", "-A", join(ROOT, "bench", `${name}.ts`)],
    node: (name: string) => ["node", join(node, "bench", `${name}.js`)],
  };
  return Object.entries(runtimes).flatMap(([runtime, program]) =>
    ["own", "grpc-js"].map((engine) => ({
      name: `${runtime} ${engine}`,
      host: program("host"),
      plugin: program("plugin"),
      engine,
    }))
  );
}

/** A plugin is started without arguments. */
function executable(folder: string, { name, plugin }: Pair): string {
  const path = join(folder, name.replace(" ", "-"));
  writeFileSync(path, `#!/bin/sh\nexec ${plugin.map((word) => `'${word}'`).join(" ")}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function take(pair: Pair, plugin: string, mtls: string): Promise<Sample[]> {
  const [program, ...args] = pair.host;
  const child = spawn(program as string, args, {
    env: {
      ...process.env,
      BENCH_PLUGIN: plugin,
      BENCH_ENGINE: pair.engine,
      BENCH_MTLS: mtls,
      BENCH_NET: "unix",
      BENCH_SECONDS: options.seconds,
      BENCH_MEASURES: MEASURES,
    },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 300_000,
  });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  const code = await new Promise((resolve) => child.once("close", resolve));
  const lines = output.trim().split("\n").map((line) => JSON.parse(line));
  const error = lines.find((line) => line.error !== undefined)?.error;
  if (code !== 0 || error !== undefined) {
    throw new Error(`${pair.name}: ${error ?? `exit ${code}`}`);
  }
  return lines;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number;
}

function print(mtls: string, names: readonly string[], table: Map<string, Map<string, number[]>>) {
  console.log(`\nAutoMTLS ${mtls === "1" ? "on" : "off"}\n`);
  console.log(`| | ${names.join(" | ")} |`);
  console.log(`|-|${names.map(() => "-").join("|")}|`);
  for (const [measure, cells] of table) {
    const unit = measure.split(" ").at(-1) ?? "";
    const base = median(cells.get(names[0] as string) ?? []);
    const row = names.map((name) => {
      const value = median(cells.get(name) ?? []);
      const ratio = LESS.includes(unit) ? base / value : value / base;
      const shown = value < 100 ? value.toPrecision(3) : Math.round(value);
      return name === names[0] ? `${shown}` : `${shown} (${ratio.toFixed(2)}x)`;
    });
    console.log(`| ${measure} | ${row.join(" | ")} |`);
  }
}

const folder = mkdtempSync(join(tmpdir(), "bench-"));
const all: object[] = [];
try {
  const found = await pairs();
  const plugins = new Map(found.map((pair) => [pair, executable(folder, pair)]));
  console.log(`${cpus().length} x ${cpus()[0]?.model}; load ${loadavg()[0]?.toFixed(1)}`);
  console.log("A factor above 1 is better than the first column.");
  for (const mtls of options.mtls.split(",")) {
    const table = new Map<string, Map<string, number[]>>();
    for (let repeat = 0; repeat < Number(options.repeats); repeat++) {
      for (const [pair, plugin] of plugins) {
        for (const sample of await take(pair, plugin, mtls)) {
          all.push({ pair: pair.name, mtls, repeat, ...sample });
          const measure = `${sample.measure} ${sample.unit}`;
          const cells = table.get(measure) ?? new Map<string, number[]>();
          table.set(measure, cells);
          cells.set(pair.name, [...cells.get(pair.name) ?? [], sample.value]);
        }
      }
    }
    print(mtls, found.map(({ name }) => name), table);
  }
  console.log(`\nload at the end ${loadavg()[0]?.toFixed(1)}`);
  if (options.json !== undefined) {
    writeFileSync(options.json, all.map((line) => JSON.stringify(line)).join("\n") + "\n");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
