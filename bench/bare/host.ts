/** The calling side without a plugin layer: takes the measures of `bench/host.ts` that it can. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { emit, measureCalls, memory, say, small, wanted } from "../measures.ts";
import { chooseBare, newCertificate } from "./calls.ts";

const env = process.env;
const count = Number(env["BENCH_COUNT"] ?? 5);

async function start() {
  const bare = await chooseBare(env["BENCH_ENGINE"]);
  const own = env["BENCH_MTLS"] === "1" ? await newCertificate() : undefined;
  const child = spawn(env["BENCH_PLUGIN"] ?? "", [], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...env, ...(own && { BENCH_CA: own.certificate }) },
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { path, cert: ca } = JSON.parse(line);
  const tls = own && { key: own.privateKey, cert: own.certificate, ca };
  const connection = bare.connect(path, tls);
  await connection.calls.echo(small);
  const kill = async () => {
    connection.close();
    child.kill("SIGTERM");
    await once(child, "exit");
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
