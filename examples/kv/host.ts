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

const own = fileURLToPath(new URL("./plugin.ts", import.meta.url));
const command: [string, ...string[]] = process.env.KV_PLUGIN === undefined
  ? [
    process.execPath,
    ...(own.endsWith(".ts") ? ["run", "--allow-net", "--allow-run"] : []),
    own,
  ]
  : ["sh", "-c", `exec ${process.env.KV_PLUGIN}`];

const client = new Client({
  handshake,
  plugins: { kv: KvService },
  command,
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
