/**
 * Times examples/kv's plugin as it stands and as one file, on Deno and on Node:
 * from its spawn to its handshake line, and the whole life of a Go host that
 * starts it, puts, gets and ends it. The ways take turns. Only what stands in
 * one table can be compared, and only if the machine had nothing else to do.
 *
 *     deno task bench:one-file [--rounds 20]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { PROJECT_ROOT } from "../tests/helpers/cache.ts";
import { goProgram } from "../tests/helpers/go.ts";
import type { Command } from "../tests/helpers/program.ts";
import { run } from "../tests/helpers/run.ts";
import { shellWords } from "../tests/interop/matrix.ts";
import { nodeProject } from "./node_project.ts";
import { nodeInPath } from "./npm_tools.ts";
import { bundle, type Form, FORMS } from "./one_file.ts";

const LIMIT_MS = 30_000;

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "20" } } });

/** A way to run the plugin, and what it took in milliseconds. */
interface Way {
  readonly name: string;
  /** How long the file is, if it is one. */
  readonly bytes?: number;
  readonly command: Command;
  readonly handshakes: number[];
  readonly lives: number[];
}

async function ways(folder: string): Promise<Way[]> {
  const runtimes: Record<string, Command> = {
    deno: [process.execPath, "run", "--allow-net", "--allow-run"],
    node: ["node"],
  };
  const files: { name: string; bytes?: number; deno: string; node: string }[] = [{
    name: "as it stands",
    deno: join(PROJECT_ROOT, "examples/kv/plugin.ts"),
    node: join(await nodeProject(), "examples/kv/plugin.js"),
  }];
  for (const name of Object.keys(FORMS) as Form[]) {
    const file = join(folder, `${name}.mjs`);
    await bundle("examples/kv/plugin.ts", file, name);
    files.push({ name: `one file, ${name}`, bytes: statSync(file).size, deno: file, node: file });
  }
  return (["deno", "node"] as const).flatMap((runtime) =>
    files.map(({ name, bytes, [runtime]: file }): Way => ({
      name: `${runtime} ${name}`,
      ...(bytes !== undefined && { bytes }),
      command: [...runtimes[runtime] as Command, file],
      handshakes: [],
      lives: [],
    }))
  );
}

/** The time from the spawn to the handshake line. */
async function timeHandshake([program, ...args]: Command): Promise<number> {
  const began = performance.now();
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, BASIC_PLUGIN: "hello", PLUGIN_PROTOCOL_VERSIONS: "1" },
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  try {
    for await (const line of createInterface(child.stdout)) {
      const took = performance.now() - began;
      if (!line.startsWith("1|1|")) throw new Error(`Cannot time "${program}": it said "${line}"`);
      return took;
    }
    throw new Error(`Cannot time "${program}": it ended without a handshake line`);
  } finally {
    child.kill("SIGTERM");
    await ended;
    clearTimeout(timer);
  }
}

/** The time that a Go host takes from its start to its end, with AutoMTLS. */
async function timeLife(host: string, command: Command): Promise<number> {
  const began = performance.now();
  const env = { KV_PLUGIN: shellWords(command) };
  const { code, stderr } = await run([host, "roundtrip", "hello", "world"], { env });
  if (code !== 0) throw new Error(`Cannot time "${command.join(" ")}": ${stderr}`);
  return performance.now() - began;
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}

function row(name: string, ...cells: readonly (string | number | undefined)[]): string {
  const text = cells.map((cell) => (typeof cell === "number" ? cell.toFixed(0) : cell ?? "-"));
  return `${name.padEnd(24)}${text.map((cell) => cell.padStart(12)).join("")}`;
}

const folder = mkdtempSync(join(tmpdir(), "one-file-"));
try {
  const host = await goProgram("kv-host");
  const all = await ways(folder);
  // The first start of each fills the caches of its runtime, and does not count.
  for (const { command } of all) await timeHandshake(command);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const { command, handshakes } of all) handshakes.push(await timeHandshake(command));
    for (const { command, lives } of all) lives.push(await timeLife(host, command));
  }
  const node = nodeInPath()?.version;
  const load = loadavg().map((value) => value.toFixed(1)).join(" ");
  console.log(`Node ${node}, ${cpus().length} cores, load ${load}, ${options.rounds} rounds`);
  console.log(row("median (least) in ms", "KB", "handshake", "life"));
  for (const { name, bytes, handshakes, lives } of all) {
    const [handshake, life] = [handshakes, lives].map((samples) =>
      `${median(samples).toFixed(0)} (${Math.min(...samples).toFixed(0)})`
    );
    console.log(row(name, bytes === undefined ? undefined : bytes / 1000, handshake, life));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
