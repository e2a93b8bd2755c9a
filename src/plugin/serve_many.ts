/** One program that is many plugins. */
import { loadRuntime } from "../runtime/runtime.ts";
import type { ServeConfig } from "./config.ts";
import { serve } from "./serve.ts";

/**
 * Serves the plugin that the program's only argument names, so that one
 * program can be many plugins: a host starts `["./plugins", "greeter"]`.
 * Without one argument, or with an unknown one, it says so on stderr and ends
 * the process with exit code 1.
 *
 * @param plugins The configurations by name. Only the one that is served is
 * asked for, if it is given as a function.
 *
 * @example
 * ```ts ignore
 * import { implement, serveMany } from "@x/goplugin/plugin";
 * import { GreeterService, handshake } from "./greeter.ts";
 *
 * const greeter = implement(GreeterService, { greet: ({ name }) => ({ text: `Hello, ${name}` }) });
 *
 * await serveMany({
 *   greeter: { handshake, plugins: { greeter } },
 *   kv: async () => (await import("./kv_config.ts")).config,
 * });
 * ```
 *
 * Source: go-plugin `server_mux.go`, `ServeMux`.
 */
export async function serveMany(
  plugins: Readonly<Record<string, ServeConfig | (() => ServeConfig | Promise<ServeConfig>)>>,
): Promise<void> {
  const runtime = await loadRuntime();
  const [name, ...more] = runtime.programArguments;
  const refuse = (message: string): never => {
    runtime.writeStderr(`${message}\n`);
    return runtime.exit(1);
  };
  if (name === undefined || more.length > 0) {
    const known = Object.keys(plugins).sort().join(", ");
    return refuse(
      "This program holds several plugins and is meant to be started by a host, " +
        `with the name of one of them as its only argument: ${known}`,
    );
  }
  const plugin = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  if (plugin === undefined) return refuse(`Unknown plugin: ${name}`);
  await serve(typeof plugin === "function" ? await plugin() : plugin);
}
