/**
 * A host for any KV plugin, in whatever language.
 *
 *     KV_PLUGIN="./kv-go-grpc" deno run -A examples/kv/host.ts put KEY VALUE
 *     KV_PLUGIN="./kv-go-grpc" deno run -A examples/kv/host.ts get KEY
 *
 * KV_PLUGIN is a command line; without it the TypeScript plugin beside this
 * file is run. `roundtrip KEY VALUE` puts and gets in one life of the plugin.
 * AUTO_MTLS=0 connects in clear.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Client, createLogger } from "@x/goplugin/host";
import { handshake, KvService } from "./kv.ts";

const [verb, key, value = ""] = process.argv.slice(2);
if (!["put", "get", "roundtrip"].includes(verb ?? "") || key === undefined) {
  console.error("usage: host.ts put KEY VALUE | get KEY | roundtrip KEY VALUE");
  process.exit(2);
}

// Without KV_PLUGIN: the plugin beside this file, TypeScript on Deno or
// compiled to JavaScript on Node.
const isTypeScript = import.meta.url.endsWith(".ts");
const own = fileURLToPath(new URL(`./plugin.${isTypeScript ? "ts" : "js"}`, import.meta.url));
const flags = isTypeScript ? ["run", "--allow-net", "--allow-run"] : [];
const { KV_PLUGIN } = process.env;

const client = new Client({
  handshake,
  plugins: { kv: KvService },
  command: KV_PLUGIN === undefined
    ? [process.execPath, ...flags, own]
    : ["sh", "-c", `exec ${KV_PLUGIN}`],
  autoMtls: process.env.AUTO_MTLS !== "0",
  logger: createLogger({ name: "host", level: "warn" }),
});
try {
  const kv = await client.dispense("kv");
  if (verb !== "get") await kv.put({ key, value: new TextEncoder().encode(value) });
  if (verb !== "put") {
    const answer = await kv.get({ key });
    console.log(new TextDecoder().decode(answer.value));
  }
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await client.kill();
}
