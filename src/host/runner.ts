/** Runners: how a plugin is started and found, on this machine, in a sandbox or in a container. */
import type { ExitStatus } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import { loadRuntime } from "../runtime/runtime.ts";
import type { Address } from "../wire/address.ts";

/**
 * A plugin that runs, wherever that is.
 *
 * Source: go-plugin `runner/runner.go`, `AttachedRunner`.
 */
export interface AttachedRunner {
  /** Names the running plugin: a process id, the id of a container. */
  readonly id: string;
  /** The process id on this machine, where there is one: another host reattaches by it. */
  readonly pid?: number;
  /** Resolves when the plugin has ended; both fields are `null` if nobody can tell how. */
  readonly exited: Promise<ExitStatus>;
  /** Asks the plugin to end (SIGTERM), or ends it (SIGKILL). Does nothing once it has ended. */
  kill(signal: "SIGTERM" | "SIGKILL"): void | Promise<void>;
  /** Lets go of the plugin without ending it, if there is anything to let go of. */
  detach?(): void;
  /** What an address that the plugin announces is called here. The same if left out. */
  pluginToHost?(address: Address): Address | Promise<Address>;
  /** What an address of the host's is called where the plugin runs. The same if left out. */
  hostToPlugin?(address: Address): Address | Promise<Address>;
}

/**
 * A plugin that was started.
 *
 * Source: go-plugin `runner/runner.go`, `Runner`.
 */
export interface Runner extends AttachedRunner {
  /** The name for logs and errors, such as the program's path. */
  readonly name: string;
  /** What the plugin writes to stdout: the handshake line comes first. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What the plugin writes to stderr. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Says what may be wrong, for the error of a start that fails. */
  diagnose?(): string | Promise<string>;
}

/** What a plugin is to be started with. */
export interface RunnerSpec {
  /** The variables to set: the user's and go-plugin's. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the plugin is to see this process's variables as well. */
  readonly inheritEnv: boolean;
  /** Inherited variables that the plugin must not see. */
  readonly withoutEnv: readonly string[];
  /** The working directory; this process's own if left out. */
  readonly cwd: string | undefined;
  /** What the plugin reads from stdin. */
  readonly stdin: "inherit" | "null" | ReadableStream<Uint8Array>;
  /**
   * The directory for the unix sockets of both sides, as `PLUGIN_UNIX_SOCKET_DIR`
   * in `env` names it. It is removed when the plugin has ended.
   */
  readonly socketDirectory: string | undefined;
  /** Takes what the runner logs. */
  readonly logger: Logger;
  /** Fires when the start is given up. What was started by then, the runner ends. */
  readonly signal: AbortSignal;
}

/**
 * Starts a plugin in a way of one's own. {@linkcode startCommand} does most of
 * the work where the plugin, or the program that holds it, is a process here.
 *
 * Source: go-plugin `ClientConfig.RunnerFunc`.
 */
export type RunnerFunction = (spec: RunnerSpec) => Runner | Promise<Runner>;

/**
 * Starts a program as a plugin, without a shell. The result can be spread and
 * completed, with address translation for one.
 *
 * Needs `--allow-run` for the program.
 *
 * @throws {SpawnError} If the system refuses.
 * @throws {PermissionError} If `--allow-run` is missing.
 *
 * @example A plugin that sees its sockets in another place
 * ```ts
 * import { type Address, type RunnerFunction, startCommand } from "@x/goplugin/host";
 *
 * export const runner: RunnerFunction = async (spec) => {
 *   const directory = spec.socketDirectory ?? "/tmp";
 *   const move = (address: Address, from: string, to: string): Address =>
 *     address.network === "unix" && address.path.startsWith(`${from}/`)
 *       ? { network: "unix", path: to + address.path.slice(from.length) }
 *       : address;
 *   const command = ["bwrap", "--bind", directory, "/run", "--ro-bind", "/opt/plugin", "/plugin"];
 *   return {
 *     ...await startCommand([...command, "--setenv", "PLUGIN_UNIX_SOCKET_DIR", "/run", "/plugin"], spec),
 *     pluginToHost: (address) => move(address, "/run", directory),
 *     hostToPlugin: (address) => move(address, directory, "/run"),
 *   };
 * };
 * ```
 */
export async function startCommand(
  command: readonly string[],
  spec: RunnerSpec,
): Promise<Runner> {
  const [program, ...args] = command;
  if (program === undefined) throw new TypeError("startCommand(): the command is empty");
  const runtime = await loadRuntime();
  const { stdin, cwd, env, inheritEnv, withoutEnv } = spec;
  const child = await runtime.spawn({
    program,
    args,
    cwd,
    env,
    inheritEnv,
    withoutEnv,
    stdin: typeof stdin === "string" ? stdin : "piped",
  });
  if (typeof stdin !== "string" && child.stdin !== undefined) {
    // A plugin may end before it has read everything; that is no error.
    stdin.pipeTo(child.stdin, { preventCancel: true }).catch(() => {});
  }
  return {
    name: program,
    id: String(child.pid),
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
  };
}
