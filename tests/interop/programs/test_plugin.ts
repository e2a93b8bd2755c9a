/** A KV plugin in test mode; the counterpart of test-plugin in Go. */
import process from "node:process";
import { formatReattach, implement, RpcError, serve } from "@x/goplugin";
import { handshake, KvService } from "../../../examples/kv/kv.ts";

const store = new Map<string, Uint8Array>();
const stop = new AbortController();
process.stdin.on("end", () => stop.abort()).resume();
await serve({
  handshake,
  plugins: {
    kv: implement(KvService, {
      put({ key, value }) {
        store.set(key, value);
        return {};
      },
      get({ key }) {
        const value = store.get(key);
        if (value === undefined) throw new RpcError("NOT_FOUND", `no value under "${key}"`);
        return { value };
      },
    }),
  },
  test: {
    signal: stop.signal,
    onReattach: (config) => console.log(JSON.stringify(formatReattach(config))),
  },
});
console.log("served");
