/** Plugins that end with their host, whichever way it ends. */
import type { Runtime } from "../runtime/runtime.ts";

/** A plugin that is not to outlive this program. */
export interface Managed {
  /** Ends it in order. */
  kill(): Promise<unknown>;
  /** Ends it at once: before the function returns, the signal is on its way. */
  endNow(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const managed = new Set<Managed>();
let stopWatching: (() => void) | undefined;

/**
 * Ends every managed plugin, all at once, and waits for them.
 *
 * Source: go-plugin `client.go`, `CleanupClients`.
 */
export async function cleanupClients(): Promise<void> {
  await Promise.allSettled([...managed].map((plugin) => plugin.kill()));
}

/**
 * Ends the plugin when this program ends. Signals are listened to only while
 * there is a plugin.
 *
 * @returns Leaves it alone again.
 */
export function manage(runtime: Runtime, plugin: Managed): () => void {
  managed.add(plugin);
  stopWatching ??= watch(runtime);
  return () => {
    managed.delete(plugin);
    if (managed.size > 0) return;
    stopWatching?.();
    stopWatching = undefined;
  };
}

function watch(runtime: Runtime): () => void {
  const undo = [
    runtime.onExit(endAllNow),
    ...SIGNALS.map((signal) => runtime.onSignal(signal, () => endBy(runtime, signal))),
  ];
  return () => undo.forEach((stop) => stop());
}

function endAllNow(): void {
  for (const plugin of managed) plugin.endNow();
}

let isEnding = false;

/** Does what the signal would have done, after the plugins have ended. A second one does not wait. */
async function endBy(runtime: Runtime, signal: (typeof SIGNALS)[number]): Promise<void> {
  // A program with a handler of its own decides itself; its exit ends the plugins.
  if (runtime.hasOwnHandler(signal)) return;
  if (isEnding) endAllNow();
  else {
    isEnding = true;
    await cleanupClients();
  }
  stopWatching?.();
  stopWatching = undefined;
  runtime.raise(signal);
}
