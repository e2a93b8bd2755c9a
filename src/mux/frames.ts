/**
 * yamux's frames: a header of 12 bytes, big endian, and behind that of a data
 * frame its body.
 *
 *     version u8 | type u8 | flags u16 | stream id u32 | length u32
 *
 * Source: hashicorp/yamux v0.1.2 `spec.md`, `const.go`.
 */
import { Buffer } from "node:buffer";

/** The only version of the protocol. */
export const PROTOCOL_VERSION = 0;
/** The length of a header, in bytes. */
export const HEADER_BYTES = 12;
/** What each side may send on a new stream before the other has said anything, in bytes. */
export const INITIAL_WINDOW_BYTES = 256 * 1024;

/** The kinds of frames; what follows each is the meaning of the header's length. */
export const FRAME_TYPE = {
  /** The length of the body. */
  DATA: 0,
  /** How many bytes more the other side may send. */
  WINDOW_UPDATE: 1,
  /** A number, sent back in the answer. */
  PING: 2,
  /** Why: see {@linkcode GO_AWAY}. */
  GO_AWAY: 3,
} as const;

/** What a frame says beside its kind. */
export const FLAG = {
  /** A new stream, or a ping that wants an answer. */
  SYN: 1,
  /** A new stream is accepted, or this is the answer to a ping. */
  ACK: 2,
  /** The sender will send no more data on the stream. */
  FIN: 4,
  /** The stream is over at once. */
  RST: 8,
} as const;

/** Why a side goes away. */
export const GO_AWAY = { NORMAL: 0, PROTOCOL_ERROR: 1, INTERNAL_ERROR: 2 } as const;

/** A header's fields, as they were sent: {@linkcode FrameReader} does not judge. */
export interface FrameHeader {
  /** The version of the protocol. */
  readonly version: number;
  /** One of {@linkcode FRAME_TYPE}. */
  readonly type: number;
  /** A sum of {@linkcode FLAG}. */
  readonly flags: number;
  /** The stream, or 0 for the session. */
  readonly streamId: number;
  /** See {@linkcode FRAME_TYPE}. */
  readonly length: number;
}

/** Writes a header. */
export function encodeHeader(
  type: number,
  flags: number,
  streamId: number,
  length: number,
): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header[0] = PROTOCOL_VERSION;
  header[1] = type;
  header.writeUInt16BE(flags, 2);
  header.writeUInt32BE(streamId, 4);
  header.writeUInt32BE(length, 8);
  return header;
}

/** Reads the header at an offset. */
export function decodeHeader(bytes: Buffer, offset = 0): FrameHeader {
  return {
    version: bytes.readUInt8(offset),
    type: bytes.readUInt8(offset + 1),
    flags: bytes.readUInt16BE(offset + 2),
    streamId: bytes.readUInt32BE(offset + 4),
    length: bytes.readUInt32BE(offset + 8),
  };
}

/**
 * Cuts a byte stream into headers and pieces of bodies, wherever the chunks
 * it comes in were cut. A body is handed on as it arrives: a frame may be
 * larger than anyone wants to keep.
 */
export class FrameReader {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #bodyLeft = 0;

  /** How many bytes the body of the frame at hand still lacks. */
  get bodyLeft(): number {
    return this.#bodyLeft;
  }

  /** Whether a frame has begun and not ended. */
  get isMidFrame(): boolean {
    return this.#headerBytes > 0 || this.#bodyLeft > 0;
  }

  /**
   * Reads a chunk, and gives each header that ends in it, and each piece of a
   * body as a view of the chunk. Whoever stops in the middle cannot go on.
   */
  *read(chunk: Buffer): Generator<FrameHeader | Buffer, void, undefined> {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#bodyLeft > 0) {
        const piece = chunk.subarray(offset, offset + this.#bodyLeft);
        offset += piece.length;
        this.#bodyLeft -= piece.length;
        yield piece;
        continue;
      }
      const copied = chunk.copy(this.#header, this.#headerBytes, offset);
      offset += copied;
      this.#headerBytes += copied;
      if (this.#headerBytes < HEADER_BYTES) return;
      this.#headerBytes = 0;
      const header = decodeHeader(this.#header);
      if (header.type === FRAME_TYPE.DATA) this.#bodyLeft = header.length;
      yield header;
    }
  }
}
