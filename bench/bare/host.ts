/** The calling side without a plugin layer: takes the measures of `bench/host.ts` that it can. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { emit, measureCalls, memory, say, small, wanted } from "../measures.ts";
import { chooseBare, newCertificate } from "./calls.ts";

const env = process.env;
const count = Number(env["BENCH_COUNT"] ?? 5);

async function start() {
  const bare = await chooseBare(env["BENCH_ENGINE"]);
  const own = env["BENCH_MTLS"] === "1" ? await newCertificate() : undefined;
  const folder = mkdtempSync(join(tmpdir(), "bare-"));
  const path = join(folder, "socket");
  const child = spawn(env["BENCH_PLUGIN"] ?? "", [], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...env, BENCH_SOCKET: path, ...(own && { BENCH_CA: own.certificate }) },
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { cert: ca } = JSON.parse(line);
  const tls = own && { key: own.privateKey, cert: own.certificate, ca };
  const connection = await bare.connect(path, tls);
  await connection.calls.echo(small);
  const kill = async () => {
    // The plugin first: a goodbye can crash node:http2 on Deno (denoland/deno#36788).
    child.kill("SIGKILL");
    await once(child, "exit");
    connection.close();
    rmSync(folder, { recursive: true });
  };
  return { ...connection, pid: String(child.pid), kill };
}

async function cold(): Promise<void> {
  for (let i = 0; i <= count; i++) {
    const began = performance.now();
    const started = await start();
    emit(i === 0 ? "cold_first" : "cold", performance.now() - began, "ms");
    await started.kill();
  }
}

try {
  if (wanted.has("cold")) await cold();
  const started = await start();
  if (wanted.has("rss")) await memory(started.pid);
  await measureCalls(started.calls);
  await started.kill();
} catch (error) {
  say({ error: String((error as Error)?.stack ?? error) });
  process.exitCode = 1;
}
