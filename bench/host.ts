/**
 * The benchmark's host: starts `BENCH_PLUGIN`, takes the measures named in
 * `BENCH_MEASURES`, and prints each sample as a line of JSON.
 */
import process from "node:process";
import { Client, createLogger, implement } from "@x/goplugin/host";
import { AdderService, BenchService, engineOf, handshake } from "./bench.ts";
import { checkAll } from "./check.ts";
import { emit, measureCalls, memory, rate, say, small, wanted } from "./measures.ts";

const env = process.env;
const count = Number(env["BENCH_COUNT"] ?? 5);

/** A client of the plugin. */
export function makeClient(extra: Record<string, string> = {}, output: Uint8Array[] = []) {
  return new Client({
    handshake,
    plugins: { bench: BenchService },
    command: [env["BENCH_PLUGIN"] ?? ""],
    env: extra,
    stdin: "null",
    autoMtls: env["BENCH_MTLS"] === "1",
    logger: createLogger({ level: "off" }),
    syncStdout: (bytes) => void output.push(bytes),
    ...engineOf(),
  });
}

async function start(extra?: Record<string, string>) {
  const client = makeClient(extra);
  const bench = await client.dispense("bench");
  await bench.echo(small);
  return { client, bench };
}

type Started = Awaited<ReturnType<typeof start>>;

async function coldAndKill(): Promise<void> {
  for (let i = 0; i <= count; i++) {
    const began = performance.now();
    const { client } = await start();
    const started = performance.now();
    await client.kill();
    const killed = performance.now();
    emit(i === 0 ? "cold_first" : "cold", started - began, "ms");
    if (i > 0) emit("kill", killed - started, "ms");
  }
}

async function killHard(): Promise<void> {
  const { client } = await start({ BENCH_IGNORE_SHUTDOWN: "1" });
  const began = performance.now();
  await client.kill();
  emit("killhard", performance.now() - began, "ms");
}

/** Serves for the plugin once and has it call. */
export async function borrow({ client, bench }: Started): Promise<void> {
  const add = implement(AdderService, {
    add: ({ a, b }) => ({ sum: String(BigInt(a) + BigInt(b)) }),
  });
  await using server = await client.broker.serve(client.broker.nextId(), add);
  const { sum } = await bench.borrow({ brokerId: server.id, a: "40", b: "2" });
  if (sum !== "42") throw new Error(`borrow: ${sum}`);
}

/** Has the plugin serve and calls it once. */
export async function lend({ client, bench }: Started): Promise<void> {
  const { brokerId } = await bench.lend({});
  {
    await using adder = await client.broker.dial(brokerId, AdderService);
    const { sum } = await adder.add({ a: "40", b: "2" });
    if (sum !== "42") throw new Error(`lend: ${sum}`);
  }
  await bench.unlend({ brokerId });
}

async function measure(): Promise<void> {
  if (wanted.has("check")) return await checkAll();
  if (wanted.has("cold") || wanted.has("kill")) await coldAndKill();
  if (wanted.has("killhard")) await killHard();
  const started = await start();
  try {
    if (wanted.has("rss")) await memory(started.client.id);
    await measureCalls(started.bench);
    if (wanted.has("broker")) {
      emit("broker_borrow", await rate(() => borrow(started)), "conns/s");
      emit("broker_lend", await rate(() => lend(started)), "conns/s");
    }
  } finally {
    await started.client.kill();
  }
}

try {
  await measure();
} catch (error) {
  say({ error: String((error as Error)?.stack ?? error) });
  process.exitCode = 1;
}
