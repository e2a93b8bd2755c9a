/**
 * A host that starts the greeter plugin, greets, and says what happened.
 *
 *     deno run -A examples/greeter/host.ts [NAME]
 *
 * AUTO_MTLS=0 connects in clear.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Client, createLogger, formatAddress } from "@x/goplugin/host";
import { GreeterService, handshake } from "./greeter.ts";

// The plugin beside this file, by the runtime that runs this file: TypeScript
// on Deno, or compiled to JavaScript on Node.
const isTypeScript = import.meta.url.endsWith(".ts");
const plugin = fileURLToPath(new URL(`./plugin.${isTypeScript ? "ts" : "js"}`, import.meta.url));
const flags = isTypeScript ? ["run", "--allow-net", "--allow-run"] : [];

const client = new Client({
  handshake,
  plugins: { greeter: GreeterService },
  command: [process.execPath, ...flags, plugin],
  autoMtls: process.env.AUTO_MTLS !== "0",
  logger: createLogger({ name: "host", level: "warn" }),
});
try {
  const greeter = await client.dispense("greeter");
  const address = await client.start();
  console.log(
    `Handshake: ${address.network} ${formatAddress(address)}, protocol ${client.protocol}, ` +
      `version ${client.negotiatedVersion}, ` +
      (client.isEncrypted ? "certificates on both sides (AutoMTLS)" : "no certificate"),
  );
  const { text } = await greeter.greet({ name: process.argv[2] ?? "world" });
  console.log(`Answer: ${text}`);
} finally {
  const { step, code, signal } = await client.kill();
  console.log(`The plugin ended by ${step}: ${signal ?? `exit code ${code}`}`);
}
