/**
 * Cuts the bytes of a link into frames, wherever they are split. DATA is
 * passed on as it comes; other frames are passed on whole.
 */
import { breach, ErrorCode, flood } from "./errors.ts";
import {
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  MIN_MAX_FRAME_BYTES,
  PREFACE,
  readUint31,
} from "./frames.ts";

/** Who is told of the frames. What it throws stops the reading. */
export interface FrameSink {
  /**
   * DATA begins.
   *
   * @param length What counts against the windows: everything behind the frame header.
   * @param bodyLength What `dataChunk` will bring.
   */
  dataStart(flags: number, id: number, length: number, bodyLength: number): void;
  /** Bytes of the DATA at hand. */
  dataChunk(bytes: Uint8Array, start: number, end: number): void;
  /** The DATA at hand has come, its padding as well. */
  dataEnd(): void;
  /** Any other frame, with its payload; the memory is used again afterwards. */
  frame(
    type: number,
    flags: number,
    id: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
}

/** What a reader needs to know. */
export interface FrameReaderOptions {
  /** Whether the peer has to send a client's preface. */
  readonly expectPreface: boolean;
  /** The frame size that was announced. */
  readonly maxFrameBytes: number;
  /** The size above which a frame other than DATA is not held. */
  readonly maxHeaderBlockBytes: number;
}

/** Reads the frames of one connection. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  readonly #maxHeldBytes: number;
  #prefaceRead: number;
  #seenSettings = false;
  /** The stream whose header block goes on, or 0. */
  #blockId = 0;
  #isStopped = false;
  /** The start of a frame that has not come whole. */
  #held = new Uint8Array(64);
  #heldBytes = 0;
  /** How many bytes the frame at hand needs before it can be used. */
  #needed = FRAME_HEADER_BYTES;
  #isInData = false;
  #bodyLeft = 0;
  #paddingLeft = 0;

  /** Makes a reader for the first byte of a connection. */
  constructor(sink: FrameSink, options: FrameReaderOptions) {
    this.#sink = sink;
    this.#maxFrameBytes = options.maxFrameBytes;
    this.#maxHeldBytes = Math.max(options.maxHeaderBlockBytes, MIN_MAX_FRAME_BYTES);
    this.#prefaceRead = options.expectPreface ? 0 : PREFACE.length;
  }

  /** Reads no more, also not what is left of a chunk at hand. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Reads what came.
   *
   * @throws {Http2Error} The breach of the protocol that ends the connection.
   */
  push(chunk: Uint8Array): void {
    let at = this.#readPreface(chunk);
    while (!this.#isStopped) {
      if (this.#isInData) {
        at = this.#readData(chunk, at);
        if (this.#isInData) return;
      } else if (this.#heldBytes > 0) {
        at = this.#fill(chunk, at);
        if (this.#heldBytes < this.#needed) return;
        if (this.#take(this.#held, 0, this.#heldBytes) > 0) this.#heldBytes = 0;
      } else {
        const used = this.#take(chunk, at, chunk.length);
        at += used;
        if (used > 0) continue;
        if (at === chunk.length) return;
        at = this.#fill(chunk, at);
        return;
      }
    }
  }

  #readPreface(chunk: Uint8Array): number {
    let at = 0;
    while (this.#prefaceRead < PREFACE.length && at < chunk.length) {
      if (chunk[at++] !== PREFACE[this.#prefaceRead++]) {
        breach(ErrorCode.protocolError, "no preface of HTTP/2");
      }
    }
    return at;
  }

  /** Adds to what is held, as far as it is needed. */
  #fill(chunk: Uint8Array, at: number): number {
    if (this.#needed > this.#held.length) {
      const held = new Uint8Array(this.#needed);
      held.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = held;
    }
    const end = Math.min(chunk.length, at + this.#needed - this.#heldBytes);
    this.#held.set(chunk.subarray(at, end), this.#heldBytes);
    this.#heldBytes += end - at;
    return end;
  }

  /**
   * Takes one frame, or the head of DATA.
   *
   * @returns The bytes used; 0 if `#needed` bytes are needed first.
   */
  #take(bytes: Uint8Array, at: number, end: number): number {
    this.#needed = FRAME_HEADER_BYTES;
    if (end - at < FRAME_HEADER_BYTES) return 0;
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const id = readUint31(bytes, at + 5);
    if (type === FrameType.data) return this.#takeData(flags, id, length, bytes, at, end);
    this.#checkHeader(length, type, id);
    if (length > this.#maxHeldBytes) flood(`frame of type ${type} with ${length} bytes`);
    const used = this.#needed = FRAME_HEADER_BYTES + length;
    if (end - at < used) return 0;
    this.#needed = FRAME_HEADER_BYTES;
    this.#follow(type, flags, id);
    this.#sink.frame(type, flags, id, bytes, at + FRAME_HEADER_BYTES, at + used);
    return used;
  }

  #takeData(
    flags: number,
    id: number,
    length: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): number {
    this.#checkHeader(length, FrameType.data, id);
    let used = FRAME_HEADER_BYTES;
    let padding = 0;
    let bodyLength = length;
    if ((flags & Flag.padded) !== 0) {
      if (length === 0) breach(ErrorCode.frameSizeError, "padded DATA without a pad length");
      used = this.#needed = FRAME_HEADER_BYTES + 1;
      if (end - at < used) return 0;
      padding = bytes[at + FRAME_HEADER_BYTES]!;
      if (padding >= length) breach(ErrorCode.protocolError, "DATA padded beyond its end");
      bodyLength -= 1 + padding;
    }
    this.#needed = FRAME_HEADER_BYTES;
    this.#isInData = true;
    this.#bodyLeft = bodyLength;
    this.#paddingLeft = padding;
    this.#sink.dataStart(flags, id, length, bodyLength);
    return used;
  }

  #readData(chunk: Uint8Array, at: number): number {
    const bodyEnd = Math.min(chunk.length, at + this.#bodyLeft);
    this.#bodyLeft -= bodyEnd - at;
    if (bodyEnd > at) this.#sink.dataChunk(chunk, at, bodyEnd);
    const padding = Math.min(chunk.length - bodyEnd, this.#paddingLeft);
    this.#paddingLeft -= padding;
    if (this.#bodyLeft === 0 && this.#paddingLeft === 0) {
      this.#isInData = false;
      this.#sink.dataEnd();
    }
    return bodyEnd + padding;
  }

  #checkHeader(length: number, type: number, id: number): void {
    if (length > this.#maxFrameBytes) {
      breach(ErrorCode.frameSizeError, `frame of type ${type} with ${length} bytes`);
    }
    if (!this.#seenSettings && type !== FrameType.settings) {
      breach(ErrorCode.protocolError, `frame of type ${type} before SETTINGS`);
    }
    if (this.#blockId === 0) {
      if (type === FrameType.continuation) {
        breach(ErrorCode.protocolError, "CONTINUATION without HEADERS");
      }
    } else if (type !== FrameType.continuation || id !== this.#blockId) {
      breach(ErrorCode.protocolError, `header block interrupted by a frame of type ${type}`);
    }
  }

  /** Keeps in mind what must come next. */
  #follow(type: number, flags: number, id: number): void {
    this.#seenSettings = true;
    if (type === FrameType.headers || type === FrameType.continuation) {
      this.#blockId = (flags & Flag.endHeaders) === 0 ? id : 0;
    }
  }
}
