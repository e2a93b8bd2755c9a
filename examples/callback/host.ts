/**
 * A host that a counter plugin calls back to add.
 *
 *     deno run -A examples/callback/host.ts KEY NUMBER…
 *
 * COUNTER_PLUGIN is a command line; without it the TypeScript plugin beside
 * this file is run. AUTO_MTLS=0 connects in clear. MULTIPLEX=1 makes one
 * connection in all; without it the plugin's call back has one of its own.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Client, createLogger, implement } from "@x/goplugin";
import { AddHelperService, CounterService, handshake } from "./counter.ts";

const [key = "key", ...numbers] = process.argv.slice(2);
const isTypeScript = import.meta.url.endsWith(".ts");
const own = fileURLToPath(new URL(`./plugin.${isTypeScript ? "ts" : "js"}`, import.meta.url));
const { COUNTER_PLUGIN } = process.env;

const client = new Client({
  handshake,
  plugins: { counter: CounterService },
  command: COUNTER_PLUGIN === undefined
    ? [process.execPath, ...(isTypeScript ? ["run", "--allow-net", "--allow-run"] : []), own]
    : ["sh", "-c", `exec ${COUNTER_PLUGIN}`],
  autoMtls: process.env.AUTO_MTLS !== "0",
  grpcBrokerMultiplex: process.env.MULTIPLEX === "1",
  logger: createLogger({ name: "host", level: "warn" }),
});
try {
  const counter = await client.dispense("counter");
  for (const value of numbers) {
    const addServer = client.broker.nextId();
    await using _server = await client.broker.serve(
      addServer,
      implement(AddHelperService, {
        sum({ a, b }) {
          console.log(`the plugin asks for ${a} + ${b}`);
          return { r: String(BigInt(a) + BigInt(b)) };
        },
      }),
    );
    await counter.put({ addServer, key, value });
  }
  console.log(`${key}: ${(await counter.get({ key })).value}`);
} finally {
  await client.kill();
}
