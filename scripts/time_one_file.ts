/**
 * Times the start of examples/kv's plugin as it stands and as one file, on Deno
 * and on Node: from the spawn to the handshake line, and to the exit of the
 * host that starts it, makes two calls and ends it. The programs take turns;
 * prints medians in milliseconds. Only what stands in one table can be
 * compared, and only if the machine had nothing else to do.
 *
 *     deno task bench:one-file [--rounds 20]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeProject } from "./node_project.ts";
import { bundle, type Form, FORMS } from "./one_file.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LIMIT_MS = 30_000;

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "20" } } });

/** A way to run the plugin. */
interface Variant {
  readonly name: string;
  readonly bytes: number | undefined;
  readonly command: readonly [string, ...string[]];
  readonly samples: number[];
}

async function variants(folder: string): Promise<Variant[]> {
  const deno = [process.execPath, "run", "-A"] as const;
  const installed = join(await nodeProject(), "examples/kv/plugin.js");
  const found: Variant[] = [
    {
      name: "deno unbundled",
      bytes: undefined,
      command: [...deno, join(ROOT, "examples/kv/plugin.ts")],
      samples: [],
    },
    { name: "node unbundled", bytes: undefined, command: ["node", installed], samples: [] },
  ];
  for (const form of Object.keys(FORMS) as Form[]) {
    const file = join(folder, `${form}.mjs`);
    await bundle("examples/kv/plugin.ts", file, form);
    const bytes = statSync(file).size;
    for (const [runtime, command] of [["deno", deno], ["node", ["node"]]] as const) {
      found.push({
        name: `${runtime} ${form}`,
        bytes,
        command: [...command, file] as [string, ...string[]],
        samples: [],
      });
    }
  }
  return found.sort((a, b) => a.name.split(" ")[0]!.localeCompare(b.name.split(" ")[0]!));
}

/** Milliseconds from the spawn to the handshake line. */
async function timeHandshake([program, ...args]: readonly [string, ...string[]]): Promise<number> {
  const began = performance.now();
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, BASIC_PLUGIN: "hello", PLUGIN_PROTOCOL_VERSIONS: "1" },
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  try {
    for await (const line of createInterface(child.stdout)) {
      if (!/^1\|1\|/.test(line)) throw new Error(`Cannot time "${program}": it printed "${line}"`);
      return performance.now() - began;
    }
    throw new Error(`Cannot time "${program}": it ended without a handshake line`);
  } finally {
    clearTimeout(timer);
    child.kill("SIGTERM");
    await ended;
  }
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const folder = mkdtempSync(join(tmpdir(), "one-file-"));
try {
  const all = await variants(folder);
  // The first start of each fills the caches of its runtime, and does not count.
  for (const { command } of all) await timeHandshake(command);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const { command, samples } of all) samples.push(await timeHandshake(command));
  }
  console.log(
    `${"plugin".padEnd(16)} ${"KB".padStart(6)} ${"median".padStart(8)} ${"least".padStart(8)}`,
  );
  for (const { name, bytes, samples } of all) {
    const size = bytes === undefined ? "" : String(Math.round(bytes / 1000));
    const cells = [median(samples), Math.min(...samples)].map((ms) => ms.toFixed(0).padStart(8));
    console.log(`${name.padEnd(16)} ${size.padStart(6)} ${cells.join(" ")}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
