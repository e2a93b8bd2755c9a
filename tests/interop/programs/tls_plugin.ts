/** A counter plugin that lets its host add, under the TLS in PLUGIN_TLS or OWN_TLS. */
import process from "node:process";
import { implement, serve } from "@x/goplugin/plugin";
import { AddHelperService, CounterService, handshake } from "../../../examples/callback/counter.ts";

const counts = new Map<string, string>();
const counter = implement(CounterService, ({ broker }) => ({
  async put({ addServer, key, value }) {
    await using helper = await broker.dial(addServer, AddHelperService);
    const { r } = await helper.sum({ a: counts.get(key) ?? "0", b: value });
    counts.set(key, r);
    return {};
  },
  get: ({ key }) => ({ value: counts.get(key) ?? "0" }),
}));
await serve({
  handshake,
  plugins: { counter },
  tlsProvider: () => JSON.parse(process.env.PLUGIN_TLS || process.env.OWN_TLS || ""),
});
