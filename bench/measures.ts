/** What is timed on an open connection, whatever carries the calls. */
import process from "node:process";
import { readFileSync } from "node:fs";
import type { Bench } from "./bench.ts";

const env = process.env;
const MIB = 1024 * 1024;
const seconds = Number(env["BENCH_SECONDS"] ?? 2);
const mib = Number(env["BENCH_MIB"] ?? 64);
/** The words of `BENCH_MEASURES`. */
export const wanted: ReadonlySet<string> = new Set((env["BENCH_MEASURES"] ?? "").split(","));
/** What most calls send. */
export const small: { data: Uint8Array } = { data: new Uint8Array(1024) };

/** The calls that every kind of peer has. */
export type Calls = Pick<Bench, "echo" | "download" | "upload" | "chat">;

/** Prints a line of JSON. */
export function say(line: object): void {
  console.log(JSON.stringify(line));
}

/** Prints a sample. */
export function emit(measure: string, value: number, unit: string): void {
  say({ measure, value, unit });
}

function rss(pid: string): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib ?? 0) / 1024;
}

/** The memory of this process and of the plugin's, after the first call. */
export async function memory(plugin: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  emit("rss_host", rss("self"), "MiB");
  emit("rss_plugin", rss(plugin), "MiB");
}

function quantile(samples: number[], share: number): number {
  samples.sort((a, b) => a - b);
  return samples[Math.floor((samples.length - 1) * share)] as number;
}

async function unary(bench: Calls): Promise<void> {
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

async function concurrent(bench: Calls, width: number): Promise<void> {
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

async function download(bench: Calls, size: number): Promise<number> {
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

async function upload(bench: Calls, size: number): Promise<number> {
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

async function chat(bench: Calls): Promise<void> {
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

/** How often something can be done in a second, one at a time. */
export async function rate(once: () => Promise<void>): Promise<number> {
  for (let i = 0; i < 20; i++) await once();
  const began = performance.now();
  let times = 0;
  for (; performance.now() - began < seconds * 1000; times++) await once();
  return times / (performance.now() - began) * 1000;
}

/** Takes the measures that are wanted of an open connection. */
export async function measureCalls(bench: Calls): Promise<void> {
  if (wanted.has("unary")) await unary(bench);
  for (const width of [1, 4, 16, 1000, 3000, 10_000]) {
    if (wanted.has(`conc${width}`)) await concurrent(bench, width);
  }
  if (wanted.has("conc")) await concurrent(bench, 64);
  for (const [name, size] of [["64k", 64 * 1024], ["1m", MIB]] as const) {
    if (wanted.has("download")) emit(`download_${name}`, await download(bench, size), "MB/s");
    if (wanted.has("upload")) emit(`upload_${name}`, await upload(bench, size), "MB/s");
  }
  if (wanted.has("chat")) await chat(bench);
}
