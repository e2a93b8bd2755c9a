/** One program with two KV plugins: each reads as its name whatever was stored. */
import { implement, type ServeConfig, serveMany } from "@x/goplugin/plugin";
import { handshake, KvService } from "../../../examples/kv/kv.ts";

function named(name: string): ServeConfig {
  const kv = implement(KvService, {
    put: () => ({}),
    get: () => ({ value: new TextEncoder().encode(name) }),
  });
  return { handshake, plugins: { kv } };
}

await serveMany({ first: named("first"), second: () => named("second") });
