/** What a plugin says about itself. */
import type { Logger } from "../logging/logger.ts";
import type { EngineConfig } from "../rpc/engine_options.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import type { TlsConfig } from "../rpc/tls.ts";
import type { Network } from "../transport/listen.ts";
import type { HandshakeConfig } from "../wire/magic_cookie.ts";
import type { ReattachConfig } from "../wire/reattach.ts";

/**
 * Serving without a host that starts the plugin: for tests, and to run a
 * plugin under a debugger while a host like Terraform attaches to it.
 *
 * Source: go-plugin `ServeTestConfig`.
 */
export interface ServeTestConfig {
  /** Ends the serving when it fires. */
  readonly signal?: AbortSignal;
  /** Called with where the plugin is, as soon as it can be attached to. */
  readonly onReattach?: (config: ReattachConfig) => void;
  /** Whether what the program prints goes to the host instead of the terminal. @default {false} */
  readonly syncStdio?: boolean;
}

/**
 * What a plugin serves and how.
 *
 * Source: go-plugin `ServeConfig`.
 */
export interface ServeConfig extends EngineConfig {
  /** Must be the same as the host's. */
  readonly handshake: HandshakeConfig;
  /** The plugins it serves, at `handshake.protocolVersion`. */
  readonly plugins?: PluginSet;
  /** The plugins it serves, by protocol version. The highest that the host has as well is served. */
  readonly versionedPlugins?: Readonly<Record<number, PluginSet>>;
  /**
   * Where to listen: `unix` and `tcp` insist, `auto` takes a unix socket where
   * platform and permissions allow it, else TCP on 127.0.0.1.
   *
   * @default {"auto"}
   */
  readonly network?: Network;
  /**
   * Takes what the module logs. The default writes JSON to stderr, which a
   * go-plugin host reads back into log entries.
   */
  readonly logger?: Logger;
  /**
   * How long calls under way may take to end once the plugin shuts down, in
   * milliseconds. Their signal fires at once. @default {1_000}
   */
  readonly drainTimeoutMs?: number;
  /**
   * Gives TLS of your own, once; AutoMTLS is then not used, whatever the host
   * wants. With nothing given, everything is as without a provider.
   */
  readonly tlsProvider?: () => TlsConfig | undefined | Promise<TlsConfig | undefined>;
  /**
   * Whether the plugin ends when the process that started it has ended, however
   * that was, at most two seconds later. Off, it can be reattached to. A shell
   * or a launcher in between counts as the host. @default {false}
   */
  readonly exitWithHost?: boolean;
  /**
   * Serves in test mode: without cookie, handshake line and signal handlers,
   * until `signal` fires.
   */
  readonly test?: ServeTestConfig;
}
