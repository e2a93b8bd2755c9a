/** The options of a connection, and what each is if left out. */
import { type Clock, systemClock } from "./clock.ts";
import {
  DEFAULT_WINDOW_BYTES,
  MAX_MAX_FRAME_BYTES,
  MAX_UINT31,
  MIN_MAX_FRAME_BYTES,
} from "./frames.ts";

/**
 * The limits and sizes of a connection. The limits are against a peer that
 * wants to do harm, or is out of order; each ends the connection with
 * ENHANCE_YOUR_CALM unless it says otherwise. PINGs are not limited in number,
 * as grpc-go sends many; those whose answers are not read are.
 */
export interface Http2Options {
  /** How many bytes a peer may send on a stream before they are consumed. @default {1_048_576} */
  readonly streamWindowBytes?: number;
  /**
   * How many bytes of DATA may be under way on the connection. They are given
   * back as they come, whoever reads the streams, so that a slow reader of one
   * stream holds up no other; what a connection can hold is therefore
   * `maxConcurrentStreams` times `streamWindowBytes`. At least 65,535.
   * @default {4_194_304}
   */
  readonly connectionWindowBytes?: number;
  /**
   * The largest frame that the peer may send: SETTINGS_MAX_FRAME_SIZE. 64 KiB
   * and more makes messages of 1 MiB faster; some test tools take 16,384 for
   * granted. Also the most that this side sends in one frame.
   * 16,384 to 16,777,215. @default {262_144}
   */
  readonly maxFrameBytes?: number;
  /** How many streams the peer may have open; more are refused. @default {1000} */
  readonly maxConcurrentStreams?: number;
  /**
   * When so much of a stream waits to be sent, `write()` answers `false`;
   * `drain` is told when less than this waits. @default {262_144}
   */
  readonly sendBufferBytes?: number;
  /** The highest stream id that this side uses. @default {2_147_483_647} */
  readonly lastStreamId?: number;

  /**
   * The size of a header list, counted as RFC 9113 section 10.5.1 does. A
   * larger one ends its stream; it is never held whole. @default {65_536}
   */
  readonly maxHeaderListBytes?: number;
  /** The size of a header block as it is sent. @default {65_536} */
  readonly maxHeaderBlockBytes?: number;
  /** How many CONTINUATION frames a header block may have. @default {16} */
  readonly maxContinuations?: number;
  /**
   * How many frames may come at once that cost us something and the peer
   * nothing: SETTINGS, PRIORITY, empty DATA, frames unknown or for nobody,
   * refused streams, more WINDOW_UPDATE frames than what was sent explains.
   * @default {1000}
   */
  readonly floodBurst?: number;
  /** How many more of those may come in a second. @default {1000} */
  readonly floodPerSecond?: number;
  /**
   * How many streams a client may reset at once, or a peer may have reset by
   * faults of its own. A host cancels calls by that. @default {10_000}
   */
  readonly resetBurst?: number;
  /** How many more of those there may be in a second. @default {1000} */
  readonly resetsPerSecond?: number;
  /**
   * How many answers (to PING and SETTINGS, RST_STREAM) may wait for a peer
   * that does not read. @default {1000}
   */
  readonly maxUnreadAnswers?: number;
  /** How long the peer may take to send SETTINGS and to acknowledge ours, in milliseconds. @default {30_000} */
  readonly settingsTimeoutMs?: number;
  /**
   * How long the peer has to read GOAWAY and to close its end, in
   * milliseconds; then the link is destroyed. @default {1000}
   */
  readonly lingerMs?: number;

  /**
   * Sends a PING when nothing came for so long, in milliseconds, also when
   * there are no streams; 0 never does. grpc-go's server takes no more than one
   * in five minutes if nothing else was agreed on. @default {0}
   */
  readonly keepaliveMs?: number;
  /** How long the answer to such a PING may take, in milliseconds. @default {20_000} */
  readonly keepaliveTimeoutMs?: number;

  /**
   * Calls back soon, in this turn of the event loop if possible: everything
   * written until then becomes one write to the link.
   * @default a few microtasks later, once nothing more is being written
   */
  readonly schedule?: (flush: () => void) => void;
  /** The time. @default `performance.now` and `setTimeout` */
  readonly clock?: Clock;
}

/** All options, each with a value. */
export type ResolvedOptions = Required<Omit<Http2Options, "schedule">> & {
  readonly schedule: Http2Options["schedule"] | undefined;
};

const DEFAULTS = {
  streamWindowBytes: 1 << 20,
  connectionWindowBytes: 4 << 20,
  maxFrameBytes: 1 << 18,
  maxConcurrentStreams: 1000,
  sendBufferBytes: 1 << 18,
  lastStreamId: MAX_UINT31,
  maxHeaderListBytes: 1 << 16,
  maxHeaderBlockBytes: 1 << 16,
  maxContinuations: 16,
  floodBurst: 1000,
  floodPerSecond: 1000,
  resetBurst: 10_000,
  resetsPerSecond: 1000,
  maxUnreadAnswers: 1000,
  settingsTimeoutMs: 30_000,
  lingerMs: 1000,
  keepaliveMs: 0,
  keepaliveTimeoutMs: 20_000,
};

/** The options that are sizes on the wire, with the least and the most they can be. */
const RANGES = {
  streamWindowBytes: [1, MAX_UINT31],
  connectionWindowBytes: [DEFAULT_WINDOW_BYTES, MAX_UINT31],
  maxFrameBytes: [MIN_MAX_FRAME_BYTES, MAX_MAX_FRAME_BYTES],
  maxConcurrentStreams: [0, 2 ** 32 - 1],
  lastStreamId: [1, MAX_UINT31],
  maxHeaderListBytes: [0, 2 ** 32 - 1],
} as const;

/**
 * Fills in what was left out.
 *
 * @throws {RangeError} If an option is out of its range.
 */
export function resolveOptions(options: Http2Options): ResolvedOptions {
  const resolved = { ...DEFAULTS, schedule: undefined, clock: systemClock };
  // An option that is there but undefined counts as left out.
  Object.assign(
    resolved,
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  );
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = resolved[name as keyof typeof RANGES];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`Cannot use ${name}: ${value} is not from ${least} to ${most}`);
    }
  }
  return resolved;
}
