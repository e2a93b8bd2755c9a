/** What Deno has to permit for a plugin to serve, found before anything is bound. */
import { missingFlags, type Need, requirePermissions } from "../runtime/permissions.ts";
import type { Access, Runtime } from "../runtime/runtime.ts";
import { listenNeeds } from "../transport/permissions.ts";
import { pluginVariables } from "../wire/environment.ts";
import type { HandshakeConfig } from "../wire/magic_cookie.ts";
import type { ServeConfig } from "./config.ts";

/**
 * Makes sure that the host's variables can be read. Where they cannot, what
 * else is missing is named as well, as far as it does not depend on them; where
 * they can, `listen()` does so.
 *
 * @throws {PermissionError} That names every flag.
 */
export function requireServe(runtime: Runtime, config: ServeConfig): void {
  const unreadable = variableNeeds(config.handshake)
    .filter(([{ name }]) => !runtime.hides(name));
  if (mayAskEnv(runtime) || missingFlags(runtime, unreadable).length === 0) return;
  requirePermissions(
    runtime,
    "Cannot serve",
    [...unreadable, ...listenNeeds(runtime, config.network ?? "auto")],
    { hint: "In place of --allow-env, --allow-run=env will do as well" },
  );
}

/** The flag that shows the plugin what `--ignore-env` hides of the host's variables; none if nothing. */
export function hiddenFlag(runtime: Runtime, handshake: HandshakeConfig): string | undefined {
  if (mayAskEnv(runtime)) return undefined;
  const hidden = variableNeeds(handshake).filter(([{ name }]) => runtime.hides(name));
  return missingFlags(runtime, hidden)[0];
}

function mayAskEnv(runtime: Runtime): boolean {
  return runtime.permits({ kind: "env" }) || runtime.permits({ kind: "run", program: "env" });
}

/** The variables a plugin reads, go-plugin's own by their common start. */
function variableNeeds(
  handshake: HandshakeConfig,
): (Need & readonly [{ readonly name: string }, Access])[] {
  return pluginVariables(handshake).map((name) => {
    const needed = { kind: "env", name } as const;
    return [needed, name.startsWith("PLUGIN_") ? { kind: "env", name: "PLUGIN_*" } : needed];
  });
}
