/**
 * The benchmark's host: starts `BENCH_PLUGIN`, takes the measures named in
 * `BENCH_MEASURES`, and prints each sample as a line of JSON.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { Client, createLogger, implement } from "@x/goplugin/host";
import { AdderService, BenchService, engineOf, handshake } from "./bench.ts";
import { checkAll } from "./check.ts";

const env = process.env;
const seconds = Number(env["BENCH_SECONDS"] ?? 2);
const count = Number(env["BENCH_COUNT"] ?? 5);
const mib = Number(env["BENCH_MIB"] ?? 64);
const wanted = new Set((env["BENCH_MEASURES"] ?? "").split(","));
const MIB = 1024 * 1024;
const small = { data: new Uint8Array(1024) };

/** Prints a line of JSON. */
export function say(line: object): void {
  console.log(JSON.stringify(line));
}

function emit(measure: string, value: number, unit: string): void {
  say({ measure, value, unit });
}

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

function rss(pid: string): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib ?? 0) / 1024;
}

async function memory({ client }: Started): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  emit("rss_host", rss("self"), "MiB");
  emit("rss_plugin", rss(client.id), "MiB");
}

function quantile(samples: number[], share: number): number {
  samples.sort((a, b) => a - b);
  return samples[Math.floor((samples.length - 1) * share)] as number;
}

async function unary({ bench }: Started): Promise<void> {
  for (let i = 0; i < 300; i++) await bench.echo(small);
  const samples: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let now = performance.now(); now < end;) {
    const began = now;
    await bench.echo(small);
    now = performance.now();
    samples.push((now - began) * 1000);
  }
  emit("unary_p50", quantile(samples, 0.5), "us");
  emit("unary_p99", quantile(samples, 0.99), "us");
}

async function concurrent({ bench }: Started, width: number): Promise<void> {
  const load = async (durationMs: number) => {
    let calls = 0;
    const began = performance.now();
    const end = began + durationMs;
    const loop = async () => {
      while (performance.now() < end) {
        await bench.echo(small);
        calls++;
      }
    };
    await Promise.all(Array.from({ length: width }, loop));
    return calls / (performance.now() - began) * 1000;
  };
  await load(seconds * 250);
  emit(`conc${width}`, await load(seconds * 1000), "calls/s");
}

async function download({ bench }: Started, size: number): Promise<number> {
  const read = async (total: number) => {
    const began = performance.now();
    let received = 0;
    for await (const { data } of bench.download({ chunks: total / size, size })) {
      received += data.length;
    }
    if (received !== total) throw new Error(`download: ${received} of ${total} bytes`);
    return total / 1e3 / (performance.now() - began);
  };
  await read(8 * MIB);
  return await read(mib * MIB);
}

async function upload({ bench }: Started, size: number): Promise<number> {
  const write = async (total: number) => {
    const began = performance.now();
    const blob = { data: new Uint8Array(size) };
    const blobs = async function* () {
      for (let sent = 0; sent < total; sent += size) yield blob;
    };
    const { bytes } = await bench.upload(blobs());
    if (Number(bytes) !== total) throw new Error(`upload: ${bytes} of ${total} bytes`);
    return total / 1e3 / (performance.now() - began);
  };
  await write(8 * MIB);
  return await write(mib * MIB);
}

async function chat({ bench }: Started): Promise<void> {
  let wake: (() => void) | undefined;
  let isOver = false;
  const questions = async function* () {
    while (!isOver) {
      yield small;
      await new Promise<void>((resolve) => wake = resolve);
    }
  };
  const samples: number[] = [];
  const end = performance.now() + seconds * 1000;
  let began = performance.now();
  let turns = 0;
  for await (const _ of bench.chat(questions())) {
    const now = performance.now();
    if (++turns > 200) samples.push((now - began) * 1000);
    isOver = turns > 300 && now > end;
    began = performance.now();
    wake?.();
  }
  emit("chat_p50", quantile(samples, 0.5), "us");
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

async function rate(once: () => Promise<void>): Promise<number> {
  for (let i = 0; i < 20; i++) await once();
  const began = performance.now();
  let times = 0;
  for (; performance.now() - began < seconds * 1000; times++) await once();
  return times / (performance.now() - began) * 1000;
}

async function measure(): Promise<void> {
  if (wanted.has("check")) return await checkAll();
  if (wanted.has("cold") || wanted.has("kill")) await coldAndKill();
  if (wanted.has("killhard")) await killHard();
  const started = await start();
  try {
    if (wanted.has("rss")) await memory(started);
    if (wanted.has("unary")) await unary(started);
    for (const width of [1, 4, 16]) {
      if (wanted.has(`conc${width}`)) await concurrent(started, width);
    }
    if (wanted.has("conc")) await concurrent(started, 64);
    for (const [name, size] of [["64k", 64 * 1024], ["1m", MIB]] as const) {
      if (wanted.has("download")) emit(`download_${name}`, await download(started, size), "MB/s");
      if (wanted.has("upload")) emit(`upload_${name}`, await upload(started, size), "MB/s");
    }
    if (wanted.has("chat")) await chat(started);
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
