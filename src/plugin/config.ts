/** What a plugin says about itself. */
import type { Logger } from "../logging/logger.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import type { Network } from "../transport/listen.ts";
import type { HandshakeConfig } from "../wire/magic_cookie.ts";

/**
 * What a plugin serves and how.
 *
 * Source: go-plugin `ServeConfig`.
 */
export interface ServeConfig {
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
}
