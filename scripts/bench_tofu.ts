/**
 * Times `tofu plan` with the provider of examples/terraform-provider, each way
 * it can be run, beside a provider in Go, and says what tofu waited for: medians, the
 * phases for one process. The ways take turns, so that a busy machine is busy
 * for all.
 *
 *     deno task bench:tofu [--rounds N]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { PROJECT_ROOT, runTool } from "../tests/helpers/cache.ts";
import type { Command } from "../tests/helpers/program.ts";
import { ourProgram, runtimeMissing } from "../tests/interop/matrix.ts";
import { tofuProgram, tofuProgramMissing } from "../tests/tofu/build.ts";
import { HEAD, PROVIDER } from "../tests/tofu/life.ts";
import { Workspace } from "../tests/tofu/workspace.ts";

const MODULE = "examples/terraform-provider/plugin";
const FLAGS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
/** What a program that loads nothing need not look for. */
const ALONE = ["--no-config", "--no-lock", "--no-npm", "--no-remote"];
/** What the module only loads for those who ask for it: grpc-js, certificates of one's own. */
const UNUSED = ["@grpc/grpc-js", "@peculiar/x509", "reflect-metadata"].flatMap((name) => [
  "--external",
  name,
]);

const OURS = `${HEAD}
resource "notes_note" "one" {
  name = "one"
  text = "text"
}
`;
const THEIRS = `terraform {
  required_providers {
    time = { source = "example.com/goplugin/time" }
  }
}

resource "time_offset" "one" {
  offset_days = 1
}
`;
const BUILT_IN = `resource "terraform_data" "one" {
  input = "text"
}
`;

/** What tofu logs at the borders of the phases; there may be more than one of some, then the first counts. */
const BORDERS = [
  "starting plugin",
  "using plugin",
  "GRPCProvider",
  ": Close",
  "plugin process exited",
];

/** One way to run a provider. */
interface Way {
  readonly name: string;
  readonly provider: string;
  readonly configuration: string;
  /** Without it tofu uses what is built into it. */
  readonly command?: Command;
  /** The same runtime with an empty program. */
  readonly empty?: Command;
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const rounds = Number(values.rounds);
const missing = await tofuProgramMissing("tofu") ?? await tofuProgramMissing("provider-time");
if (missing !== undefined) {
  console.log(`Nothing was measured: ${missing}`);
  process.exit(0);
}
const tofu = await tofuProgram("tofu");
const folder = mkdtempSync(join(tmpdir(), "bench-tofu-"));
try {
  await measure(await ways());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function ways(): Promise<Way[]> {
  const deno = process.execPath;
  const whole = join(folder, "whole.mjs");
  const lean = join(folder, "lean.mjs");
  const source = join(PROJECT_ROOT, `${MODULE}.ts`);
  const bundling = ["bundle", "-q", "--platform", "deno", "--minify"];
  await runTool(deno, [...bundling, "-o", whole, source]);
  await runTool(deno, [...bundling, ...UNUSED, "-o", lean, source]);
  const empty = join(folder, "empty.mjs");
  writeFileSync(empty, "");
  const ours = { provider: PROVIDER, configuration: OURS };
  const list: Way[] = [
    { name: "no provider but tofu's own", provider: "none", configuration: BUILT_IN },
    {
      name: "terraform-provider-time, Go",
      provider: "time",
      configuration: THEIRS,
      command: [await tofuProgram("provider-time")],
    },
    {
      name: "ours on Deno, from sources",
      ...ours,
      command: await ourProgram("deno", MODULE, FLAGS),
      empty: [deno, "run", ...ALONE, empty],
    },
    {
      name: "ours on Deno, bundled whole",
      ...ours,
      command: [deno, "run", ...ALONE, ...FLAGS, whole],
      empty: [deno, "run", ...ALONE, empty],
    },
    {
      name: "ours on Deno, bundled lean",
      ...ours,
      command: [deno, "run", ...ALONE, ...FLAGS, lean],
      empty: [deno, "run", ...ALONE, empty],
    },
  ];
  if (runtimeMissing("node") === undefined) {
    const bare: Command = ["node", empty];
    const npm = await ourProgram("node", MODULE);
    list.push(
      { name: "ours on Node, npm package", ...ours, command: npm, empty: bare },
      { name: "ours on Node, bundled lean", ...ours, command: ["node", lean], empty: bare },
    );
  }
  return list;
}

async function measure(list: readonly Way[]): Promise<void> {
  const workspaces = list.map(({ provider, configuration, command }) => {
    // Deno would look for a newer one of itself, after half a second.
    const env = { DENO_NO_UPDATE_CHECK: "1" };
    const workspace = new Workspace({ tofu, provider, env, ...(command && { command }) });
    workspace.write("main.tf", configuration);
    return workspace;
  });
  const plans = list.map((): number[] => []);
  const phases = list.map((): Phases[] => []);
  const empties = list.map((): number[] => []);
  try {
    // The first round fills caches, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { empty }] of list.entries()) {
        const workspace = workspaces[i]!;
        const plan = await timed(() => workspace.expect(["plan"], { prints: ["1 to add"] }));
        const { stderr } = await workspace.run(["plan"], { TF_LOG: "trace" });
        const start = empty && await timed(() => runTool(empty[0], empty.slice(1)));
        if (round === 0) continue;
        plans[i]!.push(plan);
        phases[i]!.push(...phasesIn(stderr));
        if (start !== undefined) empties[i]!.push(start);
      }
    }
    print(list, plans, phases, empties);
  } finally {
    for (const workspace of workspaces) workspace.remove();
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** What a host waits for in the life of one provider's process, in milliseconds. */
interface Phases {
  /** From the start to the handshake line. */
  readonly line: number;
  /** From there to the first call: sockets and TLS. */
  readonly connect: number;
  /** The calls. */
  readonly calls: number;
  /** From Shutdown to the end of the process. */
  readonly exit: number;
}

/** Reads the phases of each process from the log of a command that had one after the other. */
function phasesIn(log: string): Phases[] {
  const phases: Phases[] = [];
  let times: number[] = [];
  for (const line of log.split("\n")) {
    const next = BORDERS[times.length];
    if (next === undefined || !line.includes(next)) continue;
    times.push(Date.parse(line.slice(0, line.indexOf(" "))));
    if (times.length < BORDERS.length) continue;
    const [start = 0, using = 0, first = 0, close = 0, end = 0] = times;
    phases.push({
      line: using - start,
      connect: first - using,
      calls: close - first,
      exit: end - close,
    });
    times = [];
  }
  return phases;
}

function print(
  list: readonly Way[],
  plans: readonly number[][],
  phases: readonly Phases[][],
  empties: readonly number[][],
): void {
  const base = median(plans[list.findIndex(({ name }) => name.endsWith("Go"))]!);
  const rows = list.map(({ name }, i) => {
    const of = (phase: keyof Phases) => ms(phases[i]!.map((times) => times[phase]));
    return [
      name,
      ms(plans[i]!),
      (median(plans[i]!) / base).toFixed(1),
      String(phases[i]!.length / rounds),
      ms(empties[i]!),
      ...(["line", "connect", "calls", "exit"] as const).map(of),
    ];
  });
  const load = loadavg()[0]?.toFixed(1);
  console.log(`${cpus().length} x ${cpus()[0]?.model.trim()}, load ${load}, ${rounds} rounds\n`);
  const head = ["", "`tofu plan`", "ratio", "processes", "empty"];
  console.log(row([...head, "to the line", "connect", "calls", "exit"]));
  console.log(row(["---", ...rows[0]!.slice(1).map(() => "---:")]));
  for (const cells of rows) console.log(row(cells));
}

function row(cells: readonly string[]): string {
  const [name = "", ...others] = cells;
  return `| ${name.padEnd(30)} | ${others.map((cell) => cell.padStart(11)).join(" | ")} |`;
}

function ms(times: readonly number[]): string {
  return times.length === 0 ? "" : `${median(times).toFixed(0)} ms`;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;
}
