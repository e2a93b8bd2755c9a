/** The numbers of HTTP/2's frames. Source: RFC 9113 sections 3.4, 4 and 6. */

/** The types of frames. */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** The flags of frames; which of them a frame has depends on its type. */
export const Flag = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** The settings. */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** The bytes in front of every frame's payload. */
export const FRAME_HEADER_BYTES = 9;
/** The frame size that everyone takes, and the least that may be announced. */
export const MIN_MAX_FRAME_BYTES = 16_384;
/** The largest frame size that may be announced. */
export const MAX_MAX_FRAME_BYTES = 16_777_215;
/** What a window is until something else is said. */
export const DEFAULT_WINDOW_BYTES = 65_535;
/** The largest window, and the largest stream id. */
export const MAX_UINT31 = 2 ** 31 - 1;
/** Bytes in a PING. */
export const PING_BYTES = 8;

/** What a client sends first. */
export const PREFACE: Uint8Array = Uint8Array.from(
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  (character) => character.charCodeAt(0),
);

/** Reads a number of 16 bits. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Reads a number of 32 bits. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return readUint31(bytes, at) + (bytes[at]! >> 7) * 2 ** 31;
}

/** Reads a number of 31 bits behind a bit that is ignored. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) |
    bytes[at + 3]!;
}
