/** A host that does all it can with the KV plugin KV_PLUGIN and prints what it saw as JSON. */
import process from "node:process";
import { Client } from "@x/goplugin/host";
import { recordLogs } from "../../helpers/logs.ts";
import { handshake, KvService } from "../../../examples/kv/kv.ts";

const { logger, entries } = recordLogs();
let stdoutBytes = 0;
const client = new Client({
  handshake,
  plugins: { kv: KvService },
  command: ["sh", "-c", `exec ${process.env.KV_PLUGIN}`],
  autoMtls: process.env.AUTO_MTLS !== "0",
  logger,
  syncStdout: (bytes) => void (stdoutBytes += bytes.length),
});
const address = await client.start();
await client.ping();
const kv = await client.dispense("kv");
await kv.put({ key: "key", value: new TextEncoder().encode("value") });
const value = new TextDecoder().decode((await kv.get({ key: "key" })).value);
const missing = await kv.get({ key: "none" }).catch((error) => [error.status, error.message]);
const big = new Uint8Array(3 * 1024 * 1024).fill(7);
await kv.put({ key: "big", value: big });
const bigLength = (await kv.get({ key: "big" })).value.length;
const report = {
  network: address.network,
  version: client.negotiatedVersion,
  isEncrypted: client.isEncrypted,
  value,
  missing,
  bigLength,
  exit: await client.kill(),
  stdoutBytes,
  entries,
};
console.log(JSON.stringify(report));
