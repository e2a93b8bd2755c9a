/**
 * Runs the benchmark: this module on Deno and on Node, with Go's go-plugin in
 * both roles, and beside them this module on grpc-js, and grpc-js and
 * `node:http2` alone. Each pair of host and plugin has its turn in each
 * repeat, so that a slow minute of the machine falls on all; only what stands
 * in one run can be compared, and only if the machine has nothing else to do.
 *
 *     deno task bench [--seconds 1] [--repeats 3] [--mtls 0,1] [--pairs go*go,deno*deno]
 *                     [--measures cold,unary] [--json FILE]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem, type } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { makePairs, type Pair } from "./pairs.ts";
import { type Results, type Setting, tableOf } from "./results.ts";
import { TABLES } from "./tables.ts";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    repeats: { type: "string", default: "3" },
    mtls: { type: "string", default: "0,1" },
    pairs: { type: "string" },
    measures: {
      type: "string",
      default: "cold,kill,rss,unary,conc1,conc4,conc16,conc,download,upload,chat,broker",
    },
    json: { type: "string" },
  },
});

interface Sample {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
}

async function outputOf(program: string, args: readonly string[], env = process.env) {
  const child = spawn(program, args, {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 300_000,
  });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, output: output.trim() };
}

async function take({ name, host, plugin, env }: Pair, mtls: string): Promise<Sample[]> {
  const { code, output } = await outputOf(host[0] ?? "", host.slice(1), {
    ...process.env,
    BENCH_PLUGIN: plugin[0],
    BENCH_MTLS: mtls,
    BENCH_NET: "unix",
    BENCH_SECONDS: options.seconds,
    BENCH_MEASURES: options.measures,
    ...env,
  });
  const lines = output.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  const error = lines.find((line) => line.error !== undefined)?.error;
  if (code !== 0 || error !== undefined) throw new Error(`${name}: ${error ?? `exit ${code}`}`);
  return lines;
}

async function measure(pairs: readonly Pair[], mtls: string): Promise<Setting> {
  const samples: Record<string, Record<string, number[]>> = {};
  for (let repeat = 0; repeat < Number(options.repeats); repeat++) {
    for (const pair of pairs) {
      const taken = await take(pair, mtls).catch((error: Error) => {
        console.log(`Left out: ${error.message}`); // The others are still worth something.
        return [];
      });
      for (const { measure, value, unit } of taken) {
        const row = samples[`${measure} ${unit}`] ??= {};
        (row[pair.name] ??= []).push(Number(value.toPrecision(4)));
      }
    }
  }
  return { autoMtls: mtls === "1", samples };
}

async function about(): Promise<string[]> {
  const version = async (program: string, ...args: string[]) =>
    (await outputOf(program, args).catch(() => ({ output: `${program}: none` }))).output
      .split("\n")[0] ?? "";
  return [
    `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `${type()} ${release()}`,
    `Deno ${process.versions["deno"]}, Node ${await version("node", "--version")}, ` +
    await version("go", "version"),
    `${options.repeats} repeats, loops of ${options.seconds} s, unix sockets; load ` +
    `${loadavg()[0]?.toFixed(1)} at the start`,
  ];
}

const folder = mkdtempSync(join(tmpdir(), "bench-"));
try {
  const chosen = options.pairs?.split(",");
  const pairs = (await makePairs(folder)).filter(({ name }) => chosen?.includes(name) ?? true);
  const names = pairs.map(({ name }) => name);
  const lines = await about();
  console.log(lines.join("\n"));
  console.log("Medians; in brackets, how many times the first column's that is.");
  const settings: Setting[] = [];
  for (const mtls of options.mtls.split(",")) {
    const setting = await measure(pairs, mtls);
    settings.push(setting);
    for (const [title, columns] of Object.entries(TABLES)) {
      const present = columns.filter((column) => names.includes(column));
      if (present.length === 0) continue;
      console.log(`\n${title}, AutoMTLS ${mtls === "1" ? "on" : "off"}\n`);
      console.log(tableOf(setting, present));
    }
  }
  const results: Results = { about: lines, settings };
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(results) + "\n");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
