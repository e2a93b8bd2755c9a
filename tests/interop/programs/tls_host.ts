/**
 * A host of the counter plugin COUNTER_PLUGIN that brings the TLS in OWN_TLS.
 * Arguments: key, numbers. Says what the plugin asked for, and the count.
 */
import process from "node:process";
import { Client, createLogger, implement } from "@x/goplugin";
import { AddHelperService, CounterService, handshake } from "../../../examples/callback/counter.ts";

const [key = "", ...numbers] = process.argv.slice(2);
const client = new Client({
  handshake,
  plugins: { counter: CounterService },
  command: ["sh", "-c", `exec ${process.env.COUNTER_PLUGIN}`],
  env: { OWN_TLS: process.env.PLUGIN_TLS ?? "" },
  tls: JSON.parse(process.env.OWN_TLS ?? ""),
  logger: createLogger({ level: "off" }),
});
try {
  const counter = await client.dispense("counter");
  for (const value of numbers) {
    const addServer = client.broker.nextId();
    await using _server = await client.broker.serve(
      addServer,
      implement(AddHelperService, {
        sum({ a, b }) {
          console.log(`${a} + ${b}`);
          return { r: String(BigInt(a) + BigInt(b)) };
        },
      }),
    );
    await counter.put({ addServer, key, value });
  }
  console.log((await counter.get({ key })).value);
} catch (error) {
  console.error(`${(error as Error).name}: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await client.kill();
}
