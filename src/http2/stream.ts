/** One stream of a connection, as the layer above sees it. */
import type { Http2Error } from "./errors.ts";
import type { ReceivedHeaders } from "./headers.ts";
import type { HeaderTemplate } from "./hpack_encoder.ts";

/**
 * What the layer above is told of a stream, in the order of the wire. Nothing
 * is called after `reset`, after this side's own `reset()`, or once both
 * directions have ended.
 */
export interface StreamHandler {
  /** Client: the response headers, and whether they are all; `end()` follows at once then. */
  headers(headers: ReceivedHeaders, endStream: boolean): void;
  /**
   * Bytes of DATA: `bytes` from `start` up to `end`. The memory is nobody
   * else's, but a part kept of it keeps the whole chunk. They count against
   * the stream's window until {@linkcode Http2Stream.consume} gives them back.
   */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** The peer's trailers. `end()` follows at once. */
  trailers(headers: ReceivedHeaders): void;
  /** The peer has sent all it had to send. */
  end(): void;
  /**
   * The stream is over before both directions have ended, and not by this
   * side's `reset()`. After `end` it means that the peer wants no more of what
   * is still being sent, often with the code NO_ERROR.
   */
  reset(error: Http2Error): void;
  /** This side's last has been written to the link. */
  sentEnd?(): void;
  /** Less than `sendBufferBytes` waits again, after `write()` had answered `false`. */
  drain(): void;
}

/** Takes back bytes that were lent. */
export type Release = (bytes: Uint8Array) => void;

/**
 * A stream that is sent on. Headers, data and trailers keep their order; what
 * does not fit into the peer's windows waits here.
 *
 * On a stream that is over, or whose sending has ended, every call does
 * nothing.
 */
export interface Http2Stream {
  /** The id, or 0 as long as the stream waits for the peer to take more streams. */
  readonly id: number;
  /** Whether this side has sent, or queued, its last. */
  readonly isSendEnded: boolean;
  /** Whether the peer has sent its last. */
  readonly isReceiveEnded: boolean;
  /** Whether nothing more will happen on it. */
  readonly isClosed: boolean;
  /** How many bytes of DATA wait to be sent. */
  readonly queuedBytes: number;

  /**
   * Server: sends the response headers.
   *
   * @param template The fields that are sent often.
   * @param extra More fields: name, value, name, value; they leave no trace in the compression.
   * @param endStream Whether there is nothing else to send.
   * @throws {TypeError} If a name or value in `extra` cannot be sent.
   */
  sendHeaders(template: HeaderTemplate, extra?: readonly string[], endStream?: boolean): void;
  /**
   * Sends bytes. They are not copied unless they are few, so they must not
   * change afterwards.
   *
   * @returns Whether there is room for more; if not, `drain` will be told.
   */
  write(data: Uint8Array, endStream?: boolean): boolean;
  /**
   * Sends a short head and a body as if they were one, without putting them
   * together. The head is copied; it has at most 64 bytes.
   *
   * @param release Gets the body back once nobody needs it any more, perhaps
   * before this returns. It may also never be called.
   * @returns Whether there is room for more; if not, `drain` will be told.
   */
  writePair(
    head: Uint8Array,
    body: Uint8Array,
    endStream?: boolean,
    release?: Release,
  ): boolean;
  /**
   * Ends the sending, with trailers if any are given, after what is queued.
   *
   * @throws {TypeError} If a name or value in `extra` cannot be sent.
   */
  end(trailers?: HeaderTemplate, extra?: readonly string[]): void;
  /**
   * Server: once this side's end is sent and the peer's is not, resets the
   * stream with this code, so that the peer stops sending. Source: RFC 9113
   * section 8.1.
   */
  resetAfterEnd(code: number): void;
  /**
   * Gives back this many bytes that `data` has brought, so that the peer may
   * send as many more. A reader that does not call this stops its peer.
   *
   * @throws {RangeError} If they are more than came.
   */
  consume(bytes: number): void;
  /** Ends the stream at once, in both directions; what is queued is dropped. @default CANCEL */
  reset(code?: number): void;
}
