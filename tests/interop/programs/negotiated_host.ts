/** A KV host that offers the versions listed in VERSIONS to the plugin KV_PLUGIN. Arguments: key, value. */
import process from "node:process";
import { Client, createLogger, type PluginError } from "@x/goplugin/host";
import { handshake, KvService } from "../../../examples/kv/kv.ts";

const versions = (process.env.VERSIONS ?? "").split(",").map(Number);
const client = new Client({
  handshake,
  versionedPlugins: Object.fromEntries(versions.map((version) => [version, { kv: KvService }])),
  command: ["sh", "-c", `exec ${process.env.KV_PLUGIN}`],
  autoMtls: process.env.AUTO_MTLS !== "0",
  logger: createLogger({ level: "off" }),
});
const [key = "", value = ""] = process.argv.slice(2);
try {
  const kv = await client.dispense("kv");
  console.log(`version ${client.negotiatedVersion}`);
  await kv.put({ key, value: new TextEncoder().encode(value) });
  console.log(new TextDecoder().decode((await kv.get({ key })).value));
} catch (error) {
  console.log(`error ${(error as PluginError).code}`);
  process.exitCode = 1;
} finally {
  await client.kill();
}
