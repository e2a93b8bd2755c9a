/**
 * Listens as its first argument says, in JSON, prints where or why not, and
 * ends without closing: in the way its second argument names, once its stdin
 * has ended.
 */
import process from "node:process";
import { PermissionError, PluginError } from "../../../src/errors.ts";
import { loadRuntime } from "../../../src/runtime/runtime.ts";
import { listen, type ListenOptions } from "../../../src/transport/listen.ts";
import { recordLogs } from "../../helpers/logs.ts";

const [settings = "{}", way] = process.argv.slice(2);
const runtime = await loadRuntime();
const { logger, entries } = recordLogs();
try {
  const { address } = await listen({
    runtime,
    logger,
    ports: () => ({ min: 0, max: 0 }),
    ...JSON.parse(settings) as Pick<ListenOptions, "network" | "socketDirectory">,
  });
  console.log(JSON.stringify({ address, logged: entries.map(({ fields }) => fields.reason) }));
} catch (error) {
  if (!(error instanceof PluginError)) throw error;
  const { name, message } = error;
  const flags = error instanceof PermissionError ? error.flags : undefined;
  console.log(JSON.stringify({ name, message, flags }));
  runtime.exit(0);
}
await new Promise((resolve) => process.stdin.on("end", resolve).resume());
if (way === "throw") throw new Error("thrown on purpose");
if (way === "reject") Promise.reject(new Error("thrown on purpose"));
else runtime.exit(0);
