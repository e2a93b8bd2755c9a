/**
 * Times `tofu plan` with the provider of examples/terraform-provider, each way
 * it can be run, beside a provider in Go; and what each takes to start. Prints
 * two tables. The ways take turns, so that a busy machine is busy for all.
 *
 *     deno task bench:tofu [--rounds N]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { handshake } from "../examples/terraform-provider/protocol.ts";
import { generateIdentity } from "../src/wire/certificate.ts";
import { PROJECT_ROOT, runTool } from "../tests/helpers/cache.ts";
import type { Command } from "../tests/helpers/program.ts";
import { within } from "../tests/helpers/wait.ts";
import { ourProgram, runtimeMissing } from "../tests/interop/matrix.ts";
import { tofuProgram, tofuProgramMissing } from "../tests/tofu/build.ts";
import { HEAD, PROVIDER } from "../tests/tofu/life.ts";
import { Workspace } from "../tests/tofu/workspace.ts";

const MODULE = "examples/terraform-provider/plugin";
const FLAGS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
/** What a program that loads nothing need not look for. */
const ALONE = ["--no-config", "--no-lock", "--no-npm", "--no-remote"];

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
/** What the host would show; nobody connects. */
const host = await generateIdentity();
const folder = mkdtempSync(join(tmpdir(), "bench-tofu-"));
try {
  await measure(await ways());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function ways(): Promise<Way[]> {
  const deno = process.execPath;
  const bundle = join(folder, "notes.mjs");
  await runTool(deno, [
    ...["bundle", "-q", "--platform", "deno", "--minify", "-o", bundle],
    join(PROJECT_ROOT, `${MODULE}.ts`),
  ]);
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
      name: "ours on Deno, bundled",
      ...ours,
      command: [deno, "run", ...ALONE, ...FLAGS, bundle],
      empty: [deno, "run", ...ALONE, empty],
    },
  ];
  if (runtimeMissing("node") === undefined) {
    const empty_ = { empty: ["node", empty] as Command };
    list.push(
      {
        name: "ours on Node, npm package",
        ...ours,
        command: await ourProgram("node", MODULE),
        ...empty_,
      },
      { name: "ours on Node, bundled", ...ours, command: ["node", bundle], ...empty_ },
    );
  }
  return list;
}

async function measure(list: readonly Way[]): Promise<void> {
  const workspaces = list.map(({ provider, configuration, command }) => {
    const workspace = new Workspace({ tofu, provider, ...(command && { command }) });
    workspace.write("main.tf", configuration);
    return workspace;
  });
  const plans = list.map((): number[] => []);
  const lines = list.map((): number[] => []);
  const empties = list.map((): number[] => []);
  try {
    // The first round fills caches, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { command, empty }] of list.entries()) {
        const plan = await timed(() => workspaces[i]!.expect(["plan"], { prints: ["1 to add"] }));
        const line = command && await timeToLine(command, workspaces[i]!);
        const start = empty && await timed(() => runTool(empty[0], empty.slice(1)));
        if (round === 0) continue;
        plans[i]!.push(plan);
        if (line !== undefined) lines[i]!.push(line);
        if (start !== undefined) empties[i]!.push(start);
      }
    }
    print(list, plans, lines, empties, workspaces.map(({ started }) => started / (rounds + 1)));
  } finally {
    for (const workspace of workspaces) workspace.remove();
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** From the start of a provider to its handshake line, under AutoMTLS. */
async function timeToLine([program, ...args]: Command, workspace: Workspace): Promise<number> {
  const start = performance.now();
  const child = spawn(program, args, {
    cwd: workspace.folder,
    env: {
      ...process.env,
      ...workspace.env,
      [handshake.magicCookieKey]: handshake.magicCookieValue,
      PLUGIN_PROTOCOL_VERSIONS: "5,6",
      PLUGIN_CLIENT_CERT: host.certificatePem,
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  await within(
    new Promise<void>((done, fail) => {
      child.once("error", fail);
      child.once("exit", () => fail(new Error(`${program} ended without a line`)));
      child.stdout.once("data", () => done());
    }),
    "a handshake line",
  );
  const time = performance.now() - start;
  child.kill("SIGTERM");
  await within(ended, "the end of the provider");
  return time;
}

function print(
  list: readonly Way[],
  plans: readonly number[][],
  lines: readonly number[][],
  empties: readonly number[][],
  started: readonly number[],
): void {
  const [model] = cpus();
  const go = list.findIndex(({ name }) => name.endsWith("Go"));
  const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1];
  const ms = (time: number | undefined) => time === undefined ? "" : `${time.toFixed(0)} ms`;
  const base = median(plans[go] ?? []) ?? NaN;
  const rows = list.map(({ name }, i) => {
    const plan = median(plans[i] ?? []) ?? NaN;
    return [
      name,
      ms(plan),
      (plan / base).toFixed(2),
      ms(Math.min(...plans[i] ?? [])),
      started[i]?.toFixed(0) ?? "",
      ms(median(lines[i] ?? [])),
      ms(median(empties[i] ?? [])),
    ];
  });
  const head = [
    "",
    "tofu plan",
    "to Go",
    "least",
    "processes",
    "to its line",
    "empty program",
  ];
  console.log(
    `${cpus().length} x ${model?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}; ` +
      `medians of ${rounds} rounds\n`,
  );
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(
        " | ",
      )
    } |`;
  console.log(line(head));
  console.log(
    line(widths.map((width, i) => "-".repeat(i === 0 ? width : width - 1) + (i ? ":" : ""))),
  );
  for (const row of rows) console.log(line(row));
}
