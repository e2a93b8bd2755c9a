/** What can be set on a session. The defaults are hashicorp/yamux's, which go-plugin uses unchanged. */
import { INITIAL_WINDOW_BYTES } from "./frames.ts";
import type { YamuxRole } from "./stream_ids.ts";

/** How a session behaves. */
export interface YamuxOptions {
  /** Which side this is: of the two sides of a connection one has to be each. */
  readonly role: YamuxRole;
  /**
   * How often the peer is pinged, in milliseconds; 0 is never. A ping that is
   * not answered within `writeTimeoutMs` ends the session.
   *
   * Source: `Config.KeepAliveInterval`, `Config.EnableKeepAlive`.
   *
   * @default {30_000}
   */
  readonly keepAliveIntervalMs?: number;
  /**
   * How long the connection may take no more bytes, and how long a ping may
   * stay without an answer, in milliseconds.
   *
   * Source: `Config.ConnectionWriteTimeout`.
   *
   * @default {10_000}
   */
  readonly writeTimeoutMs?: number;
  /**
   * How long the peer has to accept or to reset a stream, in milliseconds.
   * When it runs out, the session ends: a peer that accepts nothing is taken
   * to be stuck.
   *
   * Source: `Config.StreamOpenTimeout`.
   *
   * @default {75_000}
   */
  readonly streamOpenTimeoutMs?: number;
  /**
   * How long the peer has to end its side of a stream that was destroyed here,
   * in milliseconds. When it runs out, the stream is reset.
   *
   * Source: `Config.StreamCloseTimeout`.
   *
   * @default {300_000}
   */
  readonly streamCloseTimeoutMs?: number;
  /**
   * How many streams may wait to be accepted, on either side: the peer's
   * streams beyond it are reset, and `open()` waits.
   *
   * Source: `Config.AcceptBacklog`.
   *
   * @default {256}
   */
  readonly acceptBacklog?: number;
  /**
   * How much of what the peer sent on a stream may wait to be read, in bytes;
   * 256 KiB is the least.
   *
   * Source: `Config.MaxStreamWindowSize`.
   *
   * @default {262_144}
   */
  readonly maxStreamWindowBytes?: number;
}

/** The options with nothing left out. */
export type ResolvedYamuxOptions = Required<YamuxOptions>;

/**
 * Applies the defaults.
 *
 * @throws {RangeError} If a number makes no sense.
 */
export function resolveYamuxOptions(options: YamuxOptions): ResolvedYamuxOptions {
  const resolved = {
    role: options.role,
    keepAliveIntervalMs: options.keepAliveIntervalMs ?? 30_000,
    writeTimeoutMs: options.writeTimeoutMs ?? 10_000,
    streamOpenTimeoutMs: options.streamOpenTimeoutMs ?? 75_000,
    streamCloseTimeoutMs: options.streamCloseTimeoutMs ?? 300_000,
    acceptBacklog: options.acceptBacklog ?? 256,
    maxStreamWindowBytes: options.maxStreamWindowBytes ?? INITIAL_WINDOW_BYTES,
  };
  const lowest = {
    keepAliveIntervalMs: 0,
    writeTimeoutMs: 1,
    streamOpenTimeoutMs: 1,
    streamCloseTimeoutMs: 1,
    acceptBacklog: 1,
    maxStreamWindowBytes: INITIAL_WINDOW_BYTES,
  };
  for (const [name, least] of Object.entries(lowest)) {
    const value = resolved[name as keyof typeof lowest];
    // A longer timer would fire at once.
    if (Number.isInteger(value) && value >= least && value < 2 ** 31) continue;
    throw new RangeError(
      `Cannot make a yamux session: ${name} is ${value}, at least ${least} is needed`,
    );
  }
  return resolved;
}
