/** Cuts the bytes of a stream into messages. Source: gRPC `doc/PROTOCOL-HTTP2.md`, "Length-Prefixed-Message". */
import { STATUS_CODES } from "../errors.ts";

/** Who is told of messages. */
export interface MessageSink {
  /** A message. Its memory may be part of a larger piece, and is nobody else's. */
  message(bytes: Uint8Array): void;
  /** The bytes are no messages, or too large a one; nothing comes after it. */
  fault(code: number, details: string): void;
}

/** Undoes the compression of a message, if it is not longer than so many bytes. */
export type Inflate = (bytes: Uint8Array, maxBytes: number) => Uint8Array;

/** How messages are read. */
export interface MessageLimits {
  /** The longest message that is taken, in bytes. */
  readonly maxReceiveBytes: number;
  /** Undoes gzip. */
  readonly gunzip: Inflate;
}

const PREFIX_BYTES = 5;
/** A length is only a claim: so much memory is set aside for it, more as the bytes come. */
const TRUSTED_BYTES = 16 * 1024 * 1024;
const EMPTY = new Uint8Array(0);

/** Reads one direction of one call. A message that lies in one piece is not copied. */
export class MessageReader {
  /** The peer's `grpc-encoding`. */
  encoding = "identity";
  readonly #sink: MessageSink;
  readonly #limits: MessageLimits;
  /** How much of a prefix has come: the flags, and the size of which the first bytes are shifted out. */
  #prefixed = 0;
  #flags = 0;
  #size = 0;
  #body: Uint8Array | undefined;
  #filled = 0;
  #isOver = false;

  /** Starts at the beginning of a message. */
  constructor(sink: MessageSink, limits: MessageLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Whether the bytes so far end within a message. */
  get isPartial(): boolean {
    return this.#prefixed > 0 || this.#body !== undefined;
  }

  /** Takes the bytes from `start` up to `end`. */
  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#isOver) {
      if (this.#body !== undefined) at = this.#fill(this.#body, bytes, at, end);
      else {
        const byte = bytes[at++] as number;
        if (this.#prefixed++ === 0) this.#flags = byte;
        else this.#size = (this.#size << 8 | byte) >>> 0;
        if (this.#prefixed === PREFIX_BYTES) at = this.#begin(bytes, at, end);
      }
    }
  }

  /** Has a prefix; takes the message too if it lies behind it. Returns where the rest begins. */
  #begin(bytes: Uint8Array, start: number, end: number): number {
    const size = this.#size;
    this.#prefixed = 0;
    if (this.#flags > 1) {
      this.#fail(STATUS_CODES.INTERNAL, `A message has the unknown flags ${this.#flags}`);
      return end;
    }
    if (size > this.#limits.maxReceiveBytes) {
      this.#fail(
        STATUS_CODES.RESOURCE_EXHAUSTED,
        `received message larger than max (${size} vs. ${this.#limits.maxReceiveBytes})`,
      );
      return end;
    }
    if (end - start >= size) {
      this.#deliver(size === 0 ? EMPTY : bytes.subarray(start, start + size));
      return start + size;
    }
    this.#filled = 0;
    this.#body = new Uint8Array(Math.min(size, TRUSTED_BYTES));
    return start;
  }

  #fill(body: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
    const rest = Math.min(end - at, this.#size - this.#filled);
    const room = this.#room(body, this.#filled + rest);
    room.set(
      at === 0 && rest === bytes.length ? bytes : bytes.subarray(at, at + rest),
      this.#filled,
    );
    this.#filled += rest;
    if (this.#filled === this.#size) {
      this.#body = undefined;
      this.#deliver(room);
    }
    return at + rest;
  }

  #room(body: Uint8Array, needed: number): Uint8Array {
    if (needed <= body.length) return body;
    const larger = new Uint8Array(Math.min(this.#size, Math.max(needed, 2 * body.length)));
    larger.set(body.subarray(0, this.#filled));
    this.#body = larger;
    return larger;
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#flags === 0) return this.#sink.message(bytes);
    if (this.encoding === "identity") {
      return this.#fail(
        STATUS_CODES.INTERNAL,
        "A message is compressed, though no encoding was named",
      );
    }
    if (this.encoding !== "gzip") {
      return this.#fail(
        STATUS_CODES.UNIMPLEMENTED,
        `Messages encoded as ${JSON.stringify(this.encoding)} cannot be read`,
      );
    }
    let message: Uint8Array;
    try {
      message = this.#limits.gunzip(bytes, this.#limits.maxReceiveBytes);
    } catch (error) {
      const isTooLong = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
      return this.#fail(
        isTooLong ? STATUS_CODES.RESOURCE_EXHAUSTED : STATUS_CODES.INTERNAL,
        `A compressed message cannot be read: ${(error as Error).message}`,
      );
    }
    this.#sink.message(message);
  }

  #fail(code: number, details: string): void {
    this.#isOver = true;
    this.#body = undefined;
    this.#prefixed = 0;
    this.#sink.fault(code, details);
  }
}
