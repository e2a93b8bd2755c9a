/**
 * Reads the values of a message from its bytes. Every length is checked against
 * the end of the message that it stands in.
 *
 * Source: protobuf encoding (protobuf.dev/programming-guides/encoding).
 */
import { formatInt64, formatUint64 } from "./int64.ts";
import { WIRE } from "./kind.ts";
import { copySmall } from "./small_copy.ts";

/** How deep messages may lie in each other, as everywhere in protobuf. */
export const MAX_DEPTH = 100;

/** Up to this many bytes a string is put together here; the decoder costs more to call. */
const SHORT = 20;

/** What is no UTF-8 becomes U+FFFD; a byte order mark is text like any other. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Where the bits of floating-point numbers are turned over. */
const scratch = new DataView(new ArrayBuffer(8));

/** Reads from bytes, from front to back. */
export class Reader {
  /** Where the next value begins. */
  offset = 0;
  /** Where the message ends that is being read. */
  end: number;
  /** The high half of the last varint or fixed64. */
  high = 0;
  readonly #bytes: Uint8Array;
  readonly #copyBelow: number;

  /**
   * Reads bytes, which belong to the reader from then on: parts of them may
   * live on in the values. See {@linkcode bytes}.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.end = bytes.length;
    this.#copyBelow = bytes.buffer.byteLength / 2;
  }

  /** Reads a field's number and wire type: `number << 3 | wireType`. */
  tag(): number {
    const low = this.varint();
    if (this.high !== 0 || low < 8) {
      throw new RangeError(`Cannot read message: no field has the number ${low >>> 3}`);
    }
    return low;
  }

  /** Reads a length and narrows the reader to it. Returns the end to set afterwards. */
  narrow(): number {
    const outer = this.end;
    const length = this.#length();
    const end = this.offset + length;
    if (end > outer) throw truncated();
    this.end = end;
    return outer;
  }

  /** Reads the low half of a varint; sets `high`. */
  varint(): number {
    if (this.offset < this.end) {
      const byte = this.#bytes[this.offset] as number;
      if (byte < 0x80) {
        this.offset++;
        this.high = 0;
        return byte;
      }
    }
    return this.#longVarint();
  }

  /** Reads an `int64` in its decimal form. */
  int64(): string {
    const low = this.varint();
    return formatInt64(low, this.high);
  }

  /** Reads a `uint64` in its decimal form. */
  uint64(): string {
    const low = this.varint();
    return formatUint64(low, this.high);
  }

  /** Reads a `sint64` in its decimal form. */
  sint64(): string {
    const low = this.varint();
    const sign = -(low & 1);
    return formatInt64(
      ((low >>> 1 | this.high << 31) ^ sign) >>> 0,
      (this.high >>> 1 ^ sign) >>> 0,
    );
  }

  /** Reads a `sint32`. */
  sint32(): number {
    const value = this.varint();
    return value >>> 1 ^ -(value & 1);
  }

  /** Reads a `bool`: any bit of the varint makes it true. */
  bool(): boolean {
    const low = this.varint();
    return (low | this.high) !== 0;
  }

  /** Reads a `fixed32`. */
  fixed32(): number {
    const end = this.#take(4);
    const bytes = this.#bytes;
    return ((bytes[end - 4] as number) | (bytes[end - 3] as number) << 8 |
      (bytes[end - 2] as number) << 16 | (bytes[end - 1] as number) << 24) >>> 0;
  }

  /** Reads a `fixed64` in its decimal form. */
  fixed64(): string {
    const low = this.fixed32();
    return formatUint64(low, this.fixed32());
  }

  /** Reads an `sfixed64` in its decimal form. */
  sfixed64(): string {
    const low = this.fixed32();
    return formatInt64(low, this.fixed32());
  }

  /** Reads a `float`. */
  float(): number {
    scratch.setUint32(0, this.fixed32());
    return scratch.getFloat32(0);
  }

  /** Reads a `double`. */
  double(): number {
    scratch.setUint32(4, this.fixed32());
    scratch.setUint32(0, this.fixed32());
    return scratch.getFloat64(0);
  }

  /** Reads a `string`. */
  string(): string {
    const length = this.#length();
    const end = this.#take(length);
    const bytes = this.#bytes;
    if (length <= SHORT) {
      const codes = new Array<number>(length);
      const from = end - length;
      let index = 0;
      for (; index < length; index++) {
        const code = bytes[from + index] as number;
        if (code >= 0x80) break;
        codes[index] = code;
      }
      if (index === length) return String.fromCharCode.apply(null, codes);
    }
    return decoder.decode(bytes.subarray(end - length, end));
  }

  /**
   * Reads `bytes`: a view of the reader's bytes if that is at least half of the
   * memory they lie in, a copy otherwise. So a large value costs no copying,
   * and a small one does not keep a whole receive buffer alive.
   */
  bytes(): Uint8Array {
    const length = this.#length();
    const end = this.#take(length);
    const { buffer, byteOffset } = this.#bytes;
    const view = new Uint8Array(buffer, byteOffset + end - length, length);
    return length >= this.#copyBelow && length > 0 ? view : copySmall(view);
  }

  /** Steps over the value of a field that is not known. */
  skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case WIRE.varint:
        this.varint();
        return;
      case WIRE.fixed64:
        this.#take(8);
        return;
      case WIRE.lengthDelimited:
        this.#take(this.#length());
        return;
      case WIRE.startGroup:
        checkDepth(depth);
        for (let inner = this.tag(); inner !== tag + 1; inner = this.tag()) {
          this.skip(inner, depth + 1);
        }
        return;
      case WIRE.fixed32:
        this.#take(4);
        return;
      case WIRE.endGroup:
        throw new RangeError(`Cannot read message: group ${tag >>> 3} ends that never began`);
      default:
        throw new RangeError(
          `Cannot read message: field ${tag >>> 3} has the wire type ${tag & 7}`,
        );
    }
  }

  /** Steps over a number of bytes. Returns their end. */
  #take(length: number): number {
    const end = this.offset + length;
    if (end > this.end) throw truncated();
    this.offset = end;
    return end;
  }

  #length(): number {
    const length = this.varint();
    if (this.high !== 0) throw truncated();
    return length;
  }

  /** Reads a varint of two bytes or more. */
  #longVarint(): number {
    const bytes = this.#bytes;
    const end = this.end;
    let at = this.offset;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw truncated();
      const byte = bytes[at++] as number;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.offset = at;
        this.high = 0;
        return low;
      }
    }
    return this.#longestVarint(low, at);
  }

  /** Reads a varint from its fifth byte on. */
  #longestVarint(first: number, from: number): number {
    const bytes = this.#bytes;
    const end = this.end;
    let at = from;
    if (at >= end) throw truncated();
    let byte = bytes[at++] as number;
    const low = (first | byte << 28) >>> 0;
    let high = byte >> 4 & 0x07;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (shift > 31) {
        throw new RangeError("Cannot read message: a number goes on for more than 10 bytes");
      }
      if (at >= end) throw truncated();
      byte = bytes[at++] as number;
      high |= (byte & 0x7f) << shift;
    }
    this.offset = at;
    this.high = high >>> 0;
    return low;
  }
}

/** Refuses to go deeper than {@linkcode MAX_DEPTH}. */
export function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new RangeError(`Cannot handle message: it is nested more than ${MAX_DEPTH} deep`);
  }
}

function truncated(): RangeError {
  return new RangeError("Cannot read message: it ends within a field");
}
