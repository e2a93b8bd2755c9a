/**
 * The benchmark's plugin, by the environment: `BENCH_NET` is `unix` or `tcp`,
 * `BENCH_IGNORE_SHUTDOWN=1` makes it stay until it is killed.
 */
import process from "node:process";
import {
  type Broker,
  createLogger,
  implement,
  RpcError,
  serve,
  STATUS_CODES,
} from "@x/goplugin/plugin";
import { AdderService, type Bench, BenchService, engineOf, handshake } from "./bench.ts";
import { callHandlers } from "./handlers.ts";

const isStubborn = process.env["BENCH_IGNORE_SHUTDOWN"] === "1";
const values = new Map<string, Uint8Array>();
const lent = new Map<number, () => Promise<void>>();
const adder = implement(AdderService, {
  add: ({ a, b }) => ({ sum: String(BigInt(a) + BigInt(b)) }),
});

function handlers(broker: Broker) {
  return {
    ...callHandlers,
    put({ key, value }: { key: string; value: Uint8Array }) {
      values.set(key, value);
      return {};
    },
    get({ key }: { key: string }) {
      const data = values.get(key);
      if (data === undefined) throw new RpcError("NOT_FOUND", `No value under "${key}"`);
      return { data };
    },
    async borrow({ brokerId, a, b }: { brokerId: number; a: string; b: string }) {
      await using client = await broker.dial(brokerId, AdderService);
      return await client.add({ a, b });
    },
    async lend() {
      const server = await broker.serve(broker.nextId(), adder);
      lent.set(server.id, () => server.close());
      return { brokerId: server.id };
    },
    async unlend({ brokerId }: { brokerId: number }) {
      const close = lent.get(brokerId);
      if (close === undefined) throw new RpcError("NOT_FOUND", `Nothing lent on ${brokerId}`);
      lent.delete(brokerId);
      await close();
      return {};
    },
    print({ out, err }: { out: string; err: string }) {
      process.stdout.write(out);
      process.stderr.write(err);
      return {};
    },
    fail({ code, message }: { code: number; message: string }): never {
      const [name] = Object.entries(STATUS_CODES).find(([, value]) => value === code) ??
        ["UNKNOWN"];
      throw new RpcError(name as keyof typeof STATUS_CODES, message);
    },
    async sleep({ ms }: { ms: number }, { signal }: { signal: AbortSignal }) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        }, { once: true });
      });
      return {};
    },
    info: () => ({
      pid: String(process.pid),
      runtime: "Deno" in globalThis ? "deno" : "node",
      tls: process.env["PLUGIN_CLIENT_CERT"] !== undefined,
    }),
  };
}

if (isStubborn) process.on("SIGTERM", () => {});
const network = process.env["BENCH_NET"] === "tcp" ? "tcp" : "unix";
await serve({
  handshake,
  network,
  ...engineOf(),
  logger: createLogger({ level: "off" }),
  plugins: { bench: implement<Bench>(BenchService, ({ broker }) => handlers(broker)) },
});
if (isStubborn) setInterval(() => {}, 1_000);
