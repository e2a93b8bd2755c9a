/** The command that runs a plugin on Deno with the rights it needs, and no more. */
import { fileURLToPath } from "node:url";
import { denoProgram } from "../runtime/deno_program.ts";
import { LOOPBACK } from "../transport/permissions.ts";
import type { HandshakeConfig } from "../wire/magic_cookie.ts";

/** What a plugin on Deno may do beside serving, and how it is run. */
export interface DenoPluginOptions {
  /** The same as the client's: the plugin has to read the variable that holds its cookie. */
  readonly handshake: HandshakeConfig;
  /**
   * A directory that the plugin may have unix sockets in, in place of TCP on
   * 127.0.0.1: the client's `unixSocket.tempDir`, or the system's temporary
   * directory. Deno has no flag for the sockets of a directory, so this gives
   * the plugin all of the network: `--allow-net`, `--allow-read=…` and
   * `--allow-write=…`. @default TCP, `--allow-net=127.0.0.1`
   */
  readonly socketDirectory?: string;
  /** Hosts that it may reach as well: `"example.com"`, `"example.com:443"`. `true` is all. @default {[]} */
  readonly net?: true | readonly string[];
  /** Files and directories that it may read, such as the .proto file of `loadService()`. @default {[]} */
  readonly read?: true | readonly string[];
  /** Files and directories that it may write. @default {[]} */
  readonly write?: true | readonly string[];
  /** Programs that it may run. They have all the rights of the user. @default {[]} */
  readonly run?: true | readonly string[];
  /**
   * Variables that it may read beside the host's own; a `*` at the end stands
   * for any text. The others look unset: `--ignore-env`. @default {[]}
   */
  readonly env?: true | readonly string[];
  /** What it may ask the system: `"hostname"`, `"osRelease"`. @default {[]} */
  readonly sys?: true | readonly string[];
  /**
   * A permission set in the deno.json of the plugin, by its name, or the default
   * one for `true`: `-P=…`, in place of everything above. Options that are given
   * nevertheless take the place of the set's list of their kind.
   */
  readonly permissionSet?: string | true;
  /** The configuration file, or `false` for none. @default the one that Deno finds beside the script */
  readonly config?: string | false;
  /** Whether nothing is downloaded: what is not in the cache is an error. @default {false} */
  readonly cachedOnly?: boolean;
  /** Further flags for `deno run`, such as `"--frozen"`. @default {[]} */
  readonly flags?: readonly string[];
  /** Arguments for the plugin itself, such as the name that `serveMany()` expects. @default {[]} */
  readonly args?: readonly string[];
  /** The Deno to run it with. @default the one that runs this program; on Node, `deno` in `PATH` */
  readonly deno?: string;
}

/** Everything of a kind, or what is listed. */
type Scope = true | readonly string[];

/**
 * Makes the command for a plugin on Deno, with the least that it needs: TCP on
 * 127.0.0.1 and the host's variables. It cannot read files, run programs or
 * reach the network, sees no other variable, and asks nobody for more.
 *
 * The host itself needs `--allow-run` for Deno and `--allow-net=127.0.0.1`.
 *
 * @param script The plugin's main module: a path, relative to the client's
 * `cwd`, a `file:` URL or anything else that `deno run` takes.
 * @throws {TypeError} If a value holds a comma, which parts the values of a flag.
 *
 * @example
 * ```ts
 * import { denoPlugin } from "@x/goplugin/host";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const handshake = { magicCookieKey: "KV_PLUGIN", magicCookieValue: "hello" };
 * deepStrictEqual(denoPlugin("plugin.ts", { handshake, read: ["data"], deno: "deno" }), [
 *   "deno",
 *   "run",
 *   "-q",
 *   "--no-prompt",
 *   "--allow-net=127.0.0.1",
 *   "--allow-read=data",
 *   "--ignore-env",
 *   "--allow-env=KV_PLUGIN,PLUGIN_*",
 *   "plugin.ts",
 * ]);
 * // new Client({ handshake, plugins, command: denoPlugin("plugin.ts", { handshake }) })
 * ```
 */
export function denoPlugin(
  script: string | URL,
  options: DenoPluginOptions,
): [program: string, ...args: string[]] {
  const { config, cachedOnly = false, flags = [], args = [], deno = denoProgram() } = options;
  return [
    deno,
    "run",
    "-q",
    "--no-prompt",
    ...options.permissionSet === undefined ? leastFlags(options) : setFlags(options),
    ...config === undefined ? [] : [config === false ? "--no-config" : `--config=${config}`],
    ...cachedOnly ? ["--cached-only"] : [],
    ...flags,
    pathOf(script),
    ...args,
  ];
}

function leastFlags({ handshake, socketDirectory, ...options }: DenoPluginOptions): string[] {
  const { net = [], read = [], write = [], env = [] } = options;
  const own = socketDirectory === undefined ? [] : [socketDirectory];
  const cookie = handshake.magicCookieKey.startsWith("PLUGIN_") ? [] : [handshake.magicCookieKey];
  return [
    ...allow("net", socketDirectory === undefined ? join([LOOPBACK], net) : true),
    ...allow("read", join(own, read)),
    ...allow("write", join(own, write)),
    ...allow("run", options.run),
    ...allow("sys", options.sys),
    ...env === true ? [] : ["--ignore-env"],
    ...allow("env", join([...cookie, "PLUGIN_*"], env)),
  ];
}

function setFlags(options: DenoPluginOptions): string[] {
  const { permissionSet, socketDirectory: directory, net, read, write, run, env, sys } = options;
  if (directory !== undefined) {
    throw new TypeError("denoPlugin(): only one of permissionSet or socketDirectory can be set");
  }
  return [
    permissionSet === true ? "-P" : `-P=${permissionSet}`,
    ...allow("net", net),
    ...allow("read", read),
    ...allow("write", write),
    ...allow("run", run),
    ...allow("sys", sys),
    ...allow("env", env),
  ];
}

function join(own: readonly string[], more: Scope): Scope {
  return more === true ? true : [...own, ...more];
}

function allow(kind: string, scope: Scope = []): string[] {
  if (scope === true) return [`--allow-${kind}`];
  const bad = scope.find((value) => value === "" || value.includes(","));
  if (bad !== undefined) {
    throw new TypeError(`denoPlugin(): ${kind}: ${JSON.stringify(bad)} cannot stand in a flag`);
  }
  return scope.length === 0 ? [] : [`--allow-${kind}=${scope.join(",")}`];
}

function pathOf(script: string | URL): string {
  if (typeof script === "string") return script;
  return script.protocol === "file:" ? fileURLToPath(script) : script.href;
}
