/** What a host says about a plugin, and what is assumed where it says nothing. */
import type { Logger } from "../logging/logger.ts";
import type { EngineConfig } from "../rpc/engine_options.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import type { OutputSink } from "../rpc/stdio.ts";
import type { TlsConfig } from "../rpc/tls.ts";
import { createLogger } from "../runtime/standard_logger.ts";
import type { HandshakeConfig } from "../wire/magic_cookie.ts";
import { hostOffer } from "../wire/negotiation.ts";
import type { ReattachConfig } from "../wire/reattach.ts";
import type { SecureConfig } from "./checksum.ts";
import type { AttachedRunner, RunnerFunction } from "./runner.ts";

/** Plugin sets by the version of the application's protocol. */
export type VersionedPlugins = Readonly<Record<number, PluginSet>>;

/**
 * Where a plugin's output goes: a stream, or a function that may return a
 * promise to slow it down. The bytes come in pieces that are cut anywhere, also
 * within a character.
 *
 * @example As text
 * ```ts
 * import type { Output } from "@x/goplugin/host";
 * import { strictEqual } from "node:assert/strict";
 *
 * function asText(write: (text: string) => void): Output {
 *   const decoder = new TextDecoder();
 *   return (bytes) => write(decoder.decode(bytes, { stream: true }));
 * }
 *
 * let text = "";
 * const syncStdout = asText((part) => text += part) as (bytes: Uint8Array) => void;
 * for (const byte of new TextEncoder().encode("ключ ✓")) syncStdout(Uint8Array.of(byte));
 * strictEqual(text, "ключ ✓");
 * ```
 */
export type Output = WritableStream<Uint8Array> | OutputSink;

/** A plugin that a program of this machine is. */
export interface CommandSource {
  /**
   * The program and its arguments: a path, or a name to look up in `PATH`. It
   * is started without a shell. Needs `--allow-run` for the program.
   */
  readonly command: readonly [program: string, ...args: string[]];
  /** Excluded by `command`. */
  readonly reattach?: never;
  /** Excluded by `command`. */
  readonly runner?: never;
}

/** A plugin that is started in a way of one's own: in a sandbox, in a container. */
export interface RunnerSource {
  /** Starts the plugin. Source: go-plugin `ClientConfig.RunnerFunc`. */
  readonly runner: RunnerFunction;
  /** Excluded by `runner`. */
  readonly command?: never;
  /** Excluded by `runner`. */
  readonly reattach?: never;
}

/** A plugin that runs already. */
export interface ReattachSource {
  /**
   * Where it runs: what `client.reattachConfig()` gave another host, or a
   * plugin served in test mode. Nothing is negotiated and, unless it holds
   * certificates, nothing encrypted: that takes `autoMtls: false`. Needs
   * `--allow-run` to see and to signal the process.
   */
  readonly reattach: ReattachConfig & {
    /**
     * Finds the plugin instead of looking for its process id, for plugins that
     * a `runner` started. Source: go-plugin `ReattachConfig.ReattachFunc`.
     */
    readonly attach?: () => AttachedRunner | Promise<AttachedRunner>;
  };
  /** Excluded by `reattach`. */
  readonly command?: never;
  /** Excluded by `reattach`. */
  readonly runner?: never;
  /** Excluded by `reattach`. */
  readonly secure?: never;
}

/** Where a plugin comes from: exactly one of the three. */
export type PluginSource = CommandSource | RunnerSource | ReattachSource;

/**
 * How to start a plugin and what to expect of it.
 *
 * Source: go-plugin `ClientConfig`.
 */
export type ClientConfig<
  P extends PluginSet = PluginSet,
  V extends VersionedPlugins = VersionedPlugins,
> = ClientOptions<P, V> & PluginSource;

/** How unix sockets are shared. Source: go-plugin `UnixSocketConfig`. */
export interface UnixSocketConfig {
  /**
   * The group, by name or number, that may use the sockets of both sides
   * besides this user: their directory gets mode 0770, they get 0660. For a
   * plugin that runs as another user.
   */
  readonly group?: string;
  /** Where the directory for the sockets is made. @default the system's temporary directory */
  readonly tempDir?: string;
}

/** What a host says about a plugin beside where it comes from. */
export interface ClientOptions<
  P extends PluginSet = PluginSet,
  V extends VersionedPlugins = VersionedPlugins,
> extends EngineConfig {
  /** Must be the same as the plugin's. */
  readonly handshake: HandshakeConfig;
  /** The plugins that can be dispensed, at `handshake.protocolVersion`. */
  readonly plugins?: P;
  /**
   * The plugins that can be dispensed, by protocol version. The highest that
   * the plugin has as well is used.
   */
  readonly versionedPlugins?: V;
  /** The plugin's working directory; the host's own if left out. */
  readonly cwd?: string;
  /** Variables for the plugin. They win over the host's, unlike in Go. @default {{}} */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the plugin does without the host's environment. @default {false} */
  readonly skipHostEnv?: boolean;
  /** The plugin's stdin: the host's own, nothing, or a stream. @default {"inherit"} */
  readonly stdin?: "inherit" | "null" | ReadableStream<Uint8Array>;
  /**
   * Whether both sides prove themselves by certificates made for this one
   * connection. A plugin that answers without one is refused. Go's default is
   * false. @default {true}
   */
  readonly autoMtls?: boolean;
  /**
   * TLS of your own in place of AutoMTLS, for a plugin with a `tlsProvider`.
   * {@linkcode createCertificate} makes certificates.
   */
  readonly tls?: TlsConfig;
  /**
   * Whether one connection carries everything between host and plugin: the
   * calls, and each connection of the broker as a stream of its own. For where
   * only one way leads to the plugin, such as into a container. A plugin that
   * cannot do it is refused with {@linkcode MultiplexError}. Not with
   * `reattach`. The engine `grpc-js` reaches its streams by a socket inside
   * this process, since it connects to addresses only.
   *
   * Source: go-plugin `ClientConfig.GRPCBrokerMultiplex`.
   *
   * @default {false}
   */
  readonly grpcBrokerMultiplex?: boolean;
  /** Refuses to start a file of another checksum. */
  readonly secure?: SecureConfig;
  /** How unix sockets are shared. @default for this user alone */
  readonly unixSocket?: UnixSocketConfig;
  /**
   * Whether the plugin ends when this program does: at its exit, after an error
   * that nobody caught, on SIGINT and SIGTERM, and by
   * {@linkcode cleanupClients}. A program that handles the signals itself
   * decides itself; Deno does not tell of handlers added by
   * `addSignalListener`, so those are called once more after the plugin has
   * ended. What SIGKILL ends cannot end others: see `exitWithHost` of the
   * plugin. @default {false}
   */
  readonly managed?: boolean;
  /**
   * How long to wait for the plugin's handshake line, in milliseconds, and as
   * long again for the connection. When it runs out, the process is killed and
   * `start()` rejects with {@linkcode StartTimeoutError}.
   *
   * @default {60_000}
   */
  readonly startTimeoutMs?: number;
  /**
   * How long a plugin may take to end after Shutdown, and again after SIGTERM,
   * in milliseconds. @default {2_000}
   */
  readonly killGraceMs?: number;
  /** The lowest TCP port offered to a plugin that listens on TCP. @default {10_000} */
  readonly minPort?: number;
  /** The highest TCP port offered to a plugin that listens on TCP. @default {25_000} */
  readonly maxPort?: number;
  /**
   * Takes what the module logs, and the plugin's stderr parsed into entries.
   * The default prints everything to stderr, as Go's does.
   */
  readonly logger?: Logger;
  /** The longest line of stderr that is read as one log entry, in bytes. @default {65_536} */
  readonly logBufferBytes?: number;
  /** Takes a copy of the plugin's stderr. @default dropped */
  readonly stderr?: Output;
  /** Takes what the plugin prints to stdout after the handshake. @default dropped */
  readonly syncStdout?: Output;
  /** Takes what the plugin prints to stderr after the handshake, where it sends it. @default dropped */
  readonly syncStderr?: Output;
}

/** The configuration with every default filled in. */
export interface ResolvedConfig {
  readonly handshake: HandshakeConfig;
  /** The plugin sets by version. */
  readonly offer: ReadonlyMap<number, PluginSet>;
  readonly source: PluginSource;
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly skipHostEnv: boolean;
  readonly stdin: "inherit" | "null" | ReadableStream<Uint8Array>;
  readonly autoMtls: boolean;
  readonly tls: TlsConfig | undefined;
  readonly multiplex: boolean;
  readonly secure: SecureConfig | undefined;
  readonly unixSocket: UnixSocketConfig;
  readonly managed: boolean;
  readonly engine: EngineConfig;
  readonly startTimeoutMs: number;
  readonly killGraceMs: number;
  readonly ports: { readonly min: number; readonly max: number };
  readonly logger: Logger;
  readonly logBufferBytes: number;
  readonly stderr: OutputSink | undefined;
  readonly syncStdout: OutputSink | undefined;
  readonly syncStderr: OutputSink | undefined;
}

/**
 * Checks a configuration and fills in the defaults.
 *
 * @throws {TypeError} If a field is missing or of the wrong kind.
 * @throws {RangeError} If a number is out of its range.
 */
export function resolveConfig(config: ClientConfig): ResolvedConfig {
  const { handshake } = config;
  if (!handshake?.magicCookieKey || !handshake.magicCookieValue) {
    throw new TypeError("ClientConfig.handshake: magicCookieKey and magicCookieValue are needed");
  }
  checkSource(config);
  checkTls(config);
  const port = (name: "minPort" | "maxPort", fallback: number) =>
    inRange(name, config[name] ?? fallback, 0, 65_535);
  // As in Go: the defaults hold only if neither is given.
  const isGiven = config.minPort !== undefined || config.maxPort !== undefined;
  const ports = {
    min: port("minPort", isGiven ? 0 : 10_000),
    max: port("maxPort", isGiven ? 65_535 : 25_000),
  };
  if (ports.min > ports.max) {
    throw new RangeError(`ClientConfig.minPort: ${ports.min} is above maxPort ${ports.max}`);
  }
  return {
    handshake,
    offer: hostOffer({
      protocolVersion: handshake.protocolVersion ?? 0,
      plugins: config.plugins,
      versionedPlugins: config.versionedPlugins,
    }),
    source: config,
    cwd: config.cwd,
    env: config.env ?? {},
    skipHostEnv: config.skipHostEnv ?? false,
    stdin: config.stdin ?? "inherit",
    autoMtls: config.autoMtls ?? config.tls === undefined,
    tls: config.tls,
    multiplex: config.grpcBrokerMultiplex ?? false,
    secure: config.secure,
    unixSocket: config.unixSocket ?? {},
    managed: config.managed ?? false,
    engine: config,
    startTimeoutMs: inRange("startTimeoutMs", config.startTimeoutMs ?? 60_000, 1, MAX_TIMER_MS),
    killGraceMs: inRange("killGraceMs", config.killGraceMs ?? 2_000, 0, MAX_TIMER_MS),
    ports,
    logger: config.logger ?? createLogger({ name: "plugin" }),
    logBufferBytes: inRange("logBufferBytes", config.logBufferBytes ?? 65_536, 16, 2 ** 30),
    stderr: toSink(config.stderr),
    syncStdout: toSink(config.syncStdout),
    syncStderr: toSink(config.syncStderr),
  };
}

/** What the types say, for those who write JavaScript. Source: go-plugin `client.go`, `Client.Start`. */
function checkSource(config: ClientOptions & Partial<Record<keyof PluginSource, unknown>>): void {
  const { command, reattach, runner, secure, grpcBrokerMultiplex } = config;
  const given = [command, reattach, runner].filter((source) => source !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `ClientConfig: exactly one of command, reattach, runner must be set, found ${given.length}`,
    );
  }
  if (reattach !== undefined) {
    if (secure !== undefined) {
      throw new TypeError("ClientConfig: only one of reattach or secure can be set");
    }
    if (grpcBrokerMultiplex === true) {
      throw new TypeError("ClientConfig: only one of reattach or grpcBrokerMultiplex can be set");
    }
    return;
  }
  if (runner !== undefined) {
    if (typeof runner !== "function") throw new TypeError("ClientConfig.runner: not a function");
    if (secure !== undefined && secure.file === undefined) {
      throw new TypeError("ClientConfig.secure: with a runner, file must name what is checked");
    }
    return;
  }
  if (!Array.isArray(command) || typeof command[0] !== "string" || command[0] === "") {
    throw new TypeError('ClientConfig.command: a program is needed, such as ["./plugin"]');
  }
}

function checkTls({ tls, autoMtls }: ClientOptions): void {
  if (tls === undefined) return;
  if (autoMtls === true) {
    throw new TypeError("ClientConfig: only one of tls or autoMtls: true can be set");
  }
  if (tls.ca === undefined) throw new TypeError("ClientConfig.tls.ca: needed to trust the plugin");
  if ((tls.certificate === undefined) !== (tls.privateKey === undefined)) {
    throw new TypeError("ClientConfig.tls: certificate and privateKey come together");
  }
}

/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function inRange(name: string, value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) {
    throw new RangeError(`ClientConfig.${name}: ${value} is not between ${min} and ${max}`);
  }
  return value;
}

/** A stream is locked only while a piece is written, and never closed: it is the caller's. */
function toSink(output: Output | undefined): OutputSink | undefined {
  if (output === undefined || typeof output === "function") return output;
  return async (bytes) => {
    const writer = output.getWriter();
    try {
      await writer.write(bytes);
    } finally {
      writer.releaseLock();
    }
  };
}
