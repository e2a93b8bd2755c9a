/** What a host says about a plugin, and what is assumed where it says nothing. */
import type { Logger } from "../logging/logger.ts";
import { createLogger } from "../runtime/standard_logger.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import type { OutputSink } from "../rpc/stdio.ts";
import type { HandshakeConfig } from "../wire/magic_cookie.ts";
import { hostOffer } from "../wire/negotiation.ts";

/** Plugin sets by the version of the application's protocol. */
export type VersionedPlugins = Readonly<Record<number, PluginSet>>;

/** Where a plugin's output goes: a stream, or a function that may return a promise to slow it down. */
export type Output = WritableStream<Uint8Array> | OutputSink;

/**
 * How to start a plugin and what to expect of it.
 *
 * Source: go-plugin `ClientConfig`.
 */
export interface ClientConfig<
  P extends PluginSet = PluginSet,
  V extends VersionedPlugins = VersionedPlugins,
> {
  /** Must be the same as the plugin's. */
  readonly handshake: HandshakeConfig;
  /** The plugins that can be dispensed, at `handshake.protocolVersion`. */
  readonly plugins?: P;
  /**
   * The plugins that can be dispensed, by protocol version. The highest that
   * the plugin has as well is used.
   */
  readonly versionedPlugins?: V;
  /**
   * The program and its arguments: a path, or a name to look up in `PATH`. It
   * is started without a shell. Needs `--allow-run` for the program.
   */
  readonly command: readonly [program: string, ...args: string[]];
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
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly skipHostEnv: boolean;
  readonly stdin: "inherit" | "null" | ReadableStream<Uint8Array>;
  readonly autoMtls: boolean;
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
  const { handshake, command } = config;
  if (!handshake?.magicCookieKey || !handshake.magicCookieValue) {
    throw new TypeError("ClientConfig.handshake: magicCookieKey and magicCookieValue are needed");
  }
  if (!Array.isArray(command) || typeof command[0] !== "string" || command[0] === "") {
    throw new TypeError('ClientConfig.command: a program is needed, such as ["./plugin"]');
  }
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
    command,
    cwd: config.cwd,
    env: config.env ?? {},
    skipHostEnv: config.skipHostEnv ?? false,
    stdin: config.stdin ?? "inherit",
    autoMtls: config.autoMtls ?? true,
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
