/** Ending a plugin whose host has gone without a word. */
import type { Runtime } from "../runtime/runtime.ts";
import type { ShutdownRequest } from "./shutdown.ts";

/** How often to look for the host, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/**
 * Stops the plugin when the process that started it has ended. On POSIX an
 * orphan gets another parent, which asks for no permission to see; Windows
 * keeps the number, so there the process is looked for.
 *
 * @returns Stops looking.
 */
export function followHost(runtime: Runtime, shutdown: ShutdownRequest): () => void {
  const host = runtime.parentPid();
  const isGone = () =>
    runtime.platform === "windows" ? !runtime.isAlive(host) : runtime.parentPid() !== host;
  const timer = setInterval(() => {
    if (isGone()) shutdown.make("the host is gone");
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
