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
 * @throws {PermissionError} On Windows, if `--allow-run` is missing.
 */
export function followHost(runtime: Runtime, shutdown: ShutdownRequest): () => void {
  const host = runtime.parentPid();
  const isGone = () =>
    runtime.platform === "windows" ? !runtime.isAlive(host) : runtime.parentPid() !== host;
  const look = () => {
    if (isGone()) shutdown.make("the host is gone");
  };
  // At once as well: what may not be done is to be said where somebody listens.
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
