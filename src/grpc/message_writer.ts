/** Sends messages on a stream, each behind its length. */
import type { Http2Stream, Release } from "../http2/stream.ts";

/** Put together anew for each message: the stream copies it. */
const prefix = new Uint8Array(5);

/**
 * Sends a message, never compressed.
 *
 * @param release Gets the bytes back once nobody needs them, if that is known.
 * @returns Whether there is room for more; if not, the stream's `drain` is told.
 */
export function writeMessage(
  stream: Http2Stream,
  bytes: Uint8Array,
  isLast: boolean,
  release?: Release,
): boolean {
  const { length } = bytes;
  prefix[1] = length >>> 24;
  prefix[2] = length >>> 16;
  prefix[3] = length >>> 8;
  prefix[4] = length;
  return stream.writePair(prefix, bytes, isLast, release);
}
