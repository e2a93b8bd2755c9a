/** A host program as a child process. */
import { match } from "node:assert/strict";
import process from "node:process";
import { fixture } from "./program.ts";
import { type RawPlugin, startRaw } from "./raw_plugin.ts";
import { isRunning } from "./wait.ts";

/** A host program with its plugin. Whatever becomes of the test, neither outlives it. */
export interface HostProgram extends AsyncDisposable {
  readonly host: RawPlugin;
  /** The process id of the plugin. */
  readonly plugin: number;
}

/**
 * Starts a host program.
 *
 * @param args See `tests/fixtures/managing_host.ts`.
 */
export async function startHost(
  env: Record<string, string>,
  ...args: string[]
): Promise<HostProgram> {
  const host = startRaw(fixture("managing_host", ...args), env);
  const line = await host.line;
  match(line, /^\d+$/, host.printed());
  const plugin = Number(line);
  return {
    host,
    plugin,
    async [Symbol.asyncDispose]() {
      for (const pid of [host.pid, plugin]) if (isRunning(pid)) process.kill(pid, "SIGKILL");
      await host.ended;
    },
  };
}
