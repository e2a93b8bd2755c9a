/** A counter that lets its host do the adding: it calls back by the broker. */
import { implement, RpcError, serve } from "@x/goplugin/plugin";
import { AddHelperService, CounterService, handshake } from "./counter.ts";

const counts = new Map<string, string>();

const counter = implement(CounterService, ({ broker }) => ({
  async put({ addServer, key, value }) {
    await using helper = await broker.dial(addServer, AddHelperService);
    const { r } = await helper.sum({ a: counts.get(key) ?? "0", b: value });
    counts.set(key, r);
    return {};
  },
  get({ key }) {
    const value = counts.get(key);
    if (value === undefined) throw new RpcError("NOT_FOUND", `nothing counted under "${key}"`);
    return { value };
  },
}));

await serve({ handshake, plugins: { counter } });
