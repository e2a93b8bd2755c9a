/** The kill ladder: Shutdown, then SIGTERM, then SIGKILL, each with a limit. */
import { type ExitStatus, KillError, RpcError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import { makeClient } from "../rpc/client.ts";
import { ControllerService } from "../rpc/controller.ts";
import { waitAtMost } from "../runtime/wait.ts";
import type { RunningPlugin } from "./connection.ts";
import { SIGKILL_LIMIT_MS } from "./start.ts";

/** What it took to end a plugin. */
export type KillStep = "none" | "exited" | "Shutdown" | "SIGTERM" | "SIGKILL";

/** How a plugin ended. */
export interface KillResult extends ExitStatus {
  /**
   * What ended it: the last step taken, `exited` if it had ended before, `none`
   * if it never started or was attached to in test mode and goes on.
   */
  readonly step: KillStep;
}

/**
 * Ends a plugin: asks it by the Shutdown call, then by SIGTERM, then ends it by
 * SIGKILL, and waits `graceMs` after each of the first two. It is done as soon
 * as the process has ended, however busy the plugin's own children are.
 *
 * go-plugin has no limit on the Shutdown call and no SIGTERM: there, a plugin
 * that hangs with its connection open blocks the host for good.
 *
 * @throws {KillError} If the process is still there some seconds after SIGKILL.
 *
 * Source: go-plugin `client.go`, `Client.Kill`.
 */
export async function killPlugin(
  plugin: RunningPlugin,
  graceMs: number,
  logger: Logger,
): Promise<KillResult> {
  const { process } = plugin;
  if (process.exit !== undefined) return { ...process.exit, step: "exited" };
  const exit = await climb(plugin, graceMs, logger);
  logger.debug("plugin exited", { ...exit });
  return exit;
}

async function climb(
  plugin: RunningPlugin,
  graceMs: number,
  logger: Logger,
): Promise<KillResult> {
  const { process } = plugin;
  const asked = await Promise.race([
    waitAtMost(process.ended, graceMs),
    // A plugin that cannot be asked need not be waited for.
    requestShutdown(plugin, graceMs).then((isAsked) =>
      isAsked ? waitAtMost(process.ended, graceMs) : undefined
    ),
  ]);
  if (asked !== undefined) return { ...asked, step: "Shutdown" };
  logger.warn("plugin failed to exit gracefully", { id: process.id });
  void process.signal("SIGTERM");
  const terminated = await waitAtMost(process.ended, graceMs);
  if (terminated !== undefined) return { ...terminated, step: "SIGTERM" };
  void process.signal("SIGKILL");
  const killed = await waitAtMost(process.ended, SIGKILL_LIMIT_MS);
  if (killed === undefined) throw new KillError(process.id, SIGKILL_LIMIT_MS);
  return { ...killed, step: "SIGKILL" };
}

/** Whether the plugin knows how to shut down. */
async function requestShutdown({ channel }: RunningPlugin, timeoutMs: number): Promise<boolean> {
  try {
    const controller = await makeClient(ControllerService, channel);
    await controller.shutdown({}, { timeoutMs: Math.max(1, timeoutMs) });
    return true;
  } catch (error) {
    // A Go plugin cuts the connection before it answers: that is a yes.
    return !(error instanceof RpcError && error.status === "UNIMPLEMENTED");
  }
}
