/**
 * Leaves a KV plugin running, or attaches to one; the counterpart of reattach-host in Go.
 *
 *     KV_PLUGIN='COMMAND LINE' reattaching_host.ts leave KEY VALUE
 *     REATTACH=JSON reattaching_host.ts attach KEY VALUE
 *
 * The second prints what it gets under KEY, or "nothing", puts VALUE, and says how the plugin ended. AUTO_MTLS=0
 * connects in clear.
 */
import process from "node:process";
import { Client, createLogger, formatReattach, parseReattach, RpcError } from "@x/goplugin/host";
import { handshake, KvService } from "../../../examples/kv/kv.ts";

const [how, key = "", value = ""] = process.argv.slice(2);
const options = {
  handshake,
  plugins: { kv: KvService },
  autoMtls: process.env.AUTO_MTLS !== "0",
  logger: createLogger({ name: "host", level: "warn" }),
};
const bytes = new TextEncoder().encode(value);

if (how === "leave") {
  const client = new Client({
    ...options,
    command: ["sh", "-c", `exec ${process.env.KV_PLUGIN}`],
  });
  const kv = await client.dispense("kv");
  await kv.put({ key, value: bytes });
  const config = formatReattach(client.reattachConfig({ withPrivateKey: true }));
  process.stdout.write(JSON.stringify(config) + "\n", () => process.exit(0));
} else {
  const client = new Client({ ...options, reattach: parseReattach(process.env.REATTACH ?? "") });
  const kv = await client.dispense("kv");
  const found = await kv.get({ key }).catch((error) => {
    if (error instanceof RpcError && error.status === "NOT_FOUND") return undefined;
    throw error;
  });
  console.log(found === undefined ? "nothing" : new TextDecoder().decode(found.value));
  await kv.put({ key, value: bytes });
  console.log((await client.kill()).step);
}
