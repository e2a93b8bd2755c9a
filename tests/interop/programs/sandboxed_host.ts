/**
 * A host that runs a Go plugin in bubblewrap and prints what it saw as JSON:
 * KV_PLUGIN or COUNTER_PLUGIN is the path of its executable.
 */
import process from "node:process";
import { Client, implement, type RunnerFunction } from "@x/goplugin";
import { AddHelperService, CounterService, handshake } from "../../../examples/callback/counter.ts";
import { KvService } from "../../../examples/kv/kv.ts";
import { bubblewrap } from "../../../examples/sandbox/bubblewrap.ts";
import { recordLogs } from "../../helpers/logs.ts";

const { KV_PLUGIN, COUNTER_PLUGIN, AUTO_MTLS } = process.env;
const { logger, entries } = recordLogs();
const program = KV_PLUGIN ?? COUNTER_PLUGIN ?? "";
const start = bubblewrap({ command: ["/plugin"], files: { "/plugin": program } });

/** The paths that the plugin has told, by its own names. */
const told: string[] = [];
const runner: RunnerFunction = async (spec) => {
  const started = await start(spec);
  return {
    ...started,
    pluginToHost(address) {
      if (address.network === "unix") told.push(address.path.replace(/\d+$/, "N"));
      return started.pluginToHost?.(address) ?? address;
    },
  };
};

const client = new Client({
  runner,
  // go-plugin's examples share one handshake.
  handshake,
  plugins: { kv: KvService, counter: CounterService },
  autoMtls: AUTO_MTLS !== "0",
  logger,
});

async function callKv(): Promise<string> {
  const kv = await client.dispense("kv");
  await kv.put({ key: "sandboxed", value: new TextEncoder().encode("value") });
  return new TextDecoder().decode((await kv.get({ key: "sandboxed" })).value);
}

async function callCounter(): Promise<string> {
  const counter = await client.dispense("counter");
  const asked: string[] = [];
  const adder = implement(AddHelperService, {
    sum({ a, b }) {
      asked.push(`${a} + ${b}`);
      return { r: String(BigInt(a) + BigInt(b)) };
    },
  });
  for (const value of ["1", "2", "39"]) {
    const addServer = client.broker.nextId();
    await using _server = await client.broker.serve(addServer, adder);
    await counter.put({ addServer, key: "sandboxed", value });
  }
  return `${asked.join(", ")}: ${(await counter.get({ key: "sandboxed" })).value}`;
}

try {
  const answer = await (KV_PLUGIN === undefined ? callCounter() : callKv());
  const { isEncrypted } = client;
  const exit = await client.kill();
  console.log(JSON.stringify({ answer, isEncrypted, told, exit }));
} catch (error) {
  console.error(error, entries);
  process.exitCode = 1;
} finally {
  await client.kill();
}
