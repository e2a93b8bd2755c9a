/** A KV plugin that serves the versions listed in SERVED; each value says which version wrote and read it. */
import process from "node:process";
import { implement, serve } from "@x/goplugin/plugin";
import { handshake, KvService } from "../../../examples/kv/kv.ts";

const store = new Map<string, string>();
const kv = (version: number) =>
  implement(KvService, {
    put({ key, value }) {
      store.set(key, `${new TextDecoder().decode(value)}, written by version ${version}`);
      return {};
    },
    get: ({ key }) => ({
      value: new TextEncoder().encode(`${store.get(key) ?? "nothing"}, read by version ${version}`),
    }),
  });
const versions = (process.env.SERVED ?? "").split(",").map(Number);
await serve({
  handshake,
  versionedPlugins: Object.fromEntries(versions.map((version) => [version, { kv: kv(version) }])),
});
