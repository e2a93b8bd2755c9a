/** What Deno has to permit for a host, found before anything is bound or started. */
import { groupNeeds } from "../runtime/group.ts";
import { missingFlags, type Need, requirePermissions } from "../runtime/permissions.ts";
import { runNeed } from "../runtime/run_need.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { dialNeeds, TCP_NEEDS, unixNeeds } from "../transport/permissions.ts";
import { ENV } from "../wire/environment.ts";
import type { ReattachSource, ResolvedConfig } from "./config.ts";
import { absolutePath, cleanPath } from "./path.ts";

/** Host and plugin each have a command; whose flags these are is easily mistaken. */
export const FOR_HOST = { hint: "The flags belong to the command of the host, this program" };

/**
 * Makes sure that a plugin can be started and, wherever it will listen, that
 * there is a way to it.
 *
 * @throws {PermissionError} That names every flag.
 */
export function requireStart(runtime: Runtime, config: ResolvedConfig): void {
  const { command: [program] = [], runner } = config.source;
  requirePermissions(
    runtime,
    program === undefined
      ? "Cannot start plugin"
      : `Cannot start plugin ${JSON.stringify(program)}`,
    [
      ...program === undefined ? [] : [runNeed(runtime, { program, ...config })],
      ...checksumNeeds(runtime, config, program),
      ...socketNeeds(runtime, config),
      // A runner may put its plugin anywhere: what it takes is seen when it is there.
      ...runner === undefined ? wayNeeds(runtime, config) : [],
    ],
    FOR_HOST,
  );
}

/**
 * Makes sure that a plugin that runs already can be found, signalled and
 * reached.
 *
 * @throws {PermissionError} That names every flag.
 */
export function requireAttach(
  runtime: Runtime,
  { attach, address, pid }: ReattachSource["reattach"],
): void {
  // Deno knows no smaller right to see and to signal a process.
  const isOther = attach === undefined && pid !== runtime.pid;
  const needs: Need[] = isOther ? [{ kind: "run" }] : [];
  const what = pid === 0 ? "Cannot reattach" : `Cannot reattach to process ${pid}`;
  requirePermissions(runtime, what, [...needs, ...dialNeeds(address, true)]);
}

/** The file to check. A bare name is looked for in `PATH`, which names its flags itself. */
function checksumNeeds(
  runtime: Runtime,
  { secure, cwd }: ResolvedConfig,
  program: string | undefined,
): readonly Need[] {
  const file = secure?.file ?? program;
  if (secure === undefined || file === undefined) return [];
  if (secure.file === undefined && !/[/\\]/.test(file)) return [];
  return [{ kind: "read", path: absolutePath(runtime, file, cwd) }];
}

/** What sharing sockets takes. A directory that nobody asked for can be done without. */
function socketNeeds(runtime: Runtime, config: ResolvedConfig): readonly Need[] {
  const { group, tempDir } = config.unixSocket;
  if (runtime.platform === "windows" || (group ?? tempDir) === undefined) return [];
  const [directory = "/tmp"] = socketDirectories(runtime, config);
  return [...unixNeeds(directory), ...group === undefined ? [] : groupNeeds(runtime, group)];
}

/**
 * What one of the two ways to the plugin takes, if neither is open: which one
 * it will choose is up to the plugin. Those that can only go by TCP are known by
 * their flags; any other is likely to prefer a unix socket.
 */
function wayNeeds(runtime: Runtime, config: ResolvedConfig): readonly Need[] {
  const byTcp = config.source.command?.some((word) => ONLY_TCP.test(word)) ?? false;
  if (byTcp || runtime.platform === "windows") return TCP_NEEDS;
  const ways = [...socketDirectories(runtime, config).map(unixNeeds), TCP_NEEDS];
  const isOpen = ways.some((needs) => missingFlags(runtime, needs).length === 0);
  return isOpen ? [] : ways[0] ?? TCP_NEEDS;
}

/** With bounds, Deno lets a plugin to no unix socket whose path it does not name. */
const ONLY_TCP = /^--allow-net=(.*,)?127\.0\.0\.1(:|,|$)/;

/** The directories that the sockets may be made in. */
function socketDirectories(runtime: Runtime, config: ResolvedConfig): readonly string[] {
  const own = config.env[ENV.socketDirectory] ?? config.unixSocket.tempDir;
  return own === undefined ? runtime.temporaryDirectories() : [cleanPath(runtime, own)];
}
