/** A KV plugin that keeps its values in memory. Any go-plugin host can start it. */
import { implement, RpcError, serve } from "@x/goplugin/plugin";
import { handshake, KvService } from "./kv.ts";

const store = new Map<string, Uint8Array>();

const kv = implement(KvService, {
  put({ key, value }) {
    store.set(key, value);
    return {};
  },
  get({ key }) {
    const value = store.get(key);
    if (value === undefined) throw new RpcError("NOT_FOUND", `no value under "${key}"`);
    return { value };
  },
});

// A Go host asks for the plugin by the name of its choice, which never crosses
// the wire: the service does.
await serve({ handshake, plugins: { kv } });
