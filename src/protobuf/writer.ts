/**
 * Writes the values of a message as bytes, in one pass: what has its length in
 * front is written first and moved if its length needs more than the one byte
 * kept for it.
 *
 * Source: protobuf encoding (protobuf.dev/programming-guides/encoding).
 */
import type { Halves } from "./int64.ts";
import { writeUtf8 } from "./utf8.ts";

/** Memory taken at once for many small messages. */
const SLAB_BYTES = 64 << 10;

/** Up to this many UTF-16 units a text surely needs one byte for its length. */
const SHORT = 0x7f / 3;

/** What is left of the last slab, unless a writer is at work in it. */
let slab: Uint8Array | undefined;
let slabOffset = 0;

const encoder = new TextEncoder();

/** Where the bits of floating-point numbers are turned over. */
const scratch = new DataView(new ArrayBuffer(8));

/** Memory of large messages, to be used again. */
const spare: Uint8Array[] = [];
const MAX_SPARE = 4;
const MAX_SPARE_BYTES = 2 << 20;

/**
 * Takes back the memory of a message that nobody will look at any more. A
 * small one makes room for the next if it was the last to be written. New
 * memory has to be cleared by the system, and costs the garbage collector,
 * which is called for the more often the more of it there was.
 */
export function takeBack(message: Uint8Array): void {
  const { buffer, byteOffset, length } = message;
  if (slab !== undefined && buffer === slab.buffer) {
    if (byteOffset + length === slabOffset) slabOffset = byteOffset;
  } else if (buffer.byteLength > SLAB_BYTES && buffer.byteLength <= MAX_SPARE_BYTES) {
    if (spare.length < MAX_SPARE) spare.push(new Uint8Array(buffer));
  }
}

/** Memory that has at least so many bytes, which may be anything. */
function take(size: number): Uint8Array {
  if (size <= SLAB_BYTES) return new Uint8Array(SLAB_BYTES);
  // Too small a one makes room for others.
  const used = size > MAX_SPARE_BYTES ? undefined : spare.pop();
  return used !== undefined && used.length >= size ? used : new Uint8Array(size);
}

/** Writes one message. It is of no use after {@linkcode finish}. */
export class Writer {
  #bytes: Uint8Array;
  #start: number;
  #offset: number;

  /** Begins a message. */
  constructor() {
    this.#bytes = slab ?? new Uint8Array(SLAB_BYTES);
    this.#start = this.#offset = slab === undefined ? 0 : slabOffset;
    // A value's own code may write another message meanwhile, which takes a slab of its own.
    slab = undefined;
  }

  /** The message. Small ones share their memory, as Node's Buffers do. */
  finish(): Uint8Array {
    this.#return(this.#offset);
    return this.#bytes.subarray(this.#start, this.#offset);
  }

  /** Begins something with its length in front. The mark is for {@linkcode end}. */
  begin(): number {
    this.#reserve(1);
    return this.#offset++ - this.#start;
  }

  /** Ends it: sets its length. */
  end(mark: number): void {
    this.#close(mark, 1);
  }

  /** Writes the low 32 bits of a number as an unsigned varint. */
  uint32(value: number): void {
    this.#reserve(5);
    this.#offset = this.#put(value >>> 0, this.#offset);
  }

  /** Writes an `int32`: ten bytes if it is below zero. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.varint({ low: value >>> 0, high: 0xffffffff });
  }

  /** Writes a `sint32`. */
  sint32(value: number): void {
    this.uint32(value << 1 ^ value >> 31);
  }

  /** Writes a varint of 64 bits. */
  varint({ low, high }: Halves): void {
    this.#reserve(10);
    const bytes = this.#bytes;
    let at = this.#offset;
    while (high > 0) {
      bytes[at++] = low & 0x7f | 0x80;
      low = (low >>> 7 | high << 25) >>> 0;
      high >>>= 7;
    }
    this.#offset = this.#put(low, at);
  }

  /** Writes a `sint64`. */
  sint64({ low, high }: Halves): void {
    const sign = high >> 31;
    this.varint({
      low: (low << 1 ^ sign) >>> 0,
      high: ((high << 1 | low >>> 31) ^ sign) >>> 0,
    });
  }

  /** Writes a `fixed32`, or an `sfixed32`. */
  fixed32(value: number): void {
    this.#reserve(4);
    const bytes = this.#bytes;
    bytes[this.#offset++] = value;
    bytes[this.#offset++] = value >>> 8;
    bytes[this.#offset++] = value >>> 16;
    bytes[this.#offset++] = value >>> 24;
  }

  /** Writes a `fixed64`, or an `sfixed64`. */
  fixed64({ low, high }: Halves): void {
    this.fixed32(low);
    this.fixed32(high);
  }

  /** Writes a `float`. */
  float(value: number): void {
    scratch.setFloat32(0, value);
    this.fixed32(scratch.getUint32(0));
  }

  /** Writes a `double`. */
  double(value: number): void {
    scratch.setFloat64(0, value);
    this.fixed32(scratch.getUint32(4));
    this.fixed32(scratch.getUint32(0));
  }

  /** Writes a `bool`. */
  bool(value: boolean): void {
    this.#reserve(1);
    this.#bytes[this.#offset++] = value ? 1 : 0;
  }

  /** Writes a `string`. */
  string(text: string): void {
    if (text.length <= SHORT) {
      this.#reserve(1 + text.length * 3);
      const from = this.#offset + 1;
      const end = writeUtf8(text, this.#bytes, from);
      this.#bytes[this.#offset] = end - from;
      this.#offset = end;
    } else {
      const width = varintBytes(text.length);
      this.#reserve(width + text.length);
      const mark = this.#offset - this.#start;
      this.#offset += width;
      for (let rest = text;;) {
        const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(this.#offset));
        this.#offset += written;
        if (read === rest.length) break;
        rest = rest.slice(read);
        this.#reserve(rest.length * 3);
      }
      this.#close(mark, width);
    }
  }

  /** Writes `bytes`. */
  bytes(value: ArrayLike<number>): void {
    this.#reserve(5 + value.length);
    this.#offset = this.#put(value.length, this.#offset);
    this.#bytes.set(value, this.#offset);
    this.#offset += value.length;
  }

  /** Writes a varint of 32 bits where there is room for it. Returns where it ends. */
  #put(value: number, at: number): number {
    const bytes = this.#bytes;
    while (value > 0x7f) {
      bytes[at++] = value & 0x7f | 0x80;
      value >>>= 7;
    }
    bytes[at++] = value;
    return at;
  }

  /** Sets a length for which a number of bytes was kept, or moves what it stands in front of. */
  #close(mark: number, width: number): void {
    const length = this.#offset - this.#start - mark - width;
    const more = varintBytes(length) - width;
    if (more > 0) {
      this.#reserve(more);
      const from = this.#start + mark + width;
      this.#bytes.copyWithin(from + more, from, this.#offset);
      this.#offset += more;
    }
    this.#put(length, this.#start + mark);
  }

  /** Leaves a slab, from an offset on, to those who write next. */
  #return(offset: number): void {
    if (this.#bytes.length !== SLAB_BYTES) return;
    slab = this.#bytes;
    slabOffset = offset;
  }

  #reserve(count: number): void {
    if (this.#offset + count > this.#bytes.length) this.#grow(count);
  }

  /** Moves what was written to memory with more room. */
  #grow(count: number): void {
    const used = this.#bytes.subarray(this.#start, this.#offset);
    this.#return(this.#start);
    // Twice what is there, so that a message is not moved too often; a single
    // large value gets what it needs and a little for what may come behind it.
    this.#bytes = take(Math.max(used.length * 2, used.length + count + 64));
    this.#bytes.set(used);
    this.#start = 0;
    this.#offset = used.length;
  }
}

function varintBytes(value: number): number {
  let count = 1;
  for (; value > 0x7f; value >>>= 7) count++;
  return count;
}
