/** Header fields to bytes. Source: RFC 7541 sections 5 and 6. */
import { ByteWriter } from "./byte_writer.ts";
import { checkField } from "./header_field.ts";
import {
  DEFAULT_TABLE_BYTES,
  fieldKey,
  STATIC_COUNT,
  staticFieldIndex,
  staticNameIndex,
} from "./hpack_table.ts";

/** How many templates an encoder remembers as bytes. */
const MAX_KNOWN = 256;

/** A header list that is sent again and again: it is put into bytes once, as long as nothing changes. */
export class HeaderTemplate {
  /** The fields: name, value, name, value. */
  readonly list: readonly string[];

  /**
   * Checks the fields. Each character of a value stands for one byte.
   *
   * @throws {TypeError} If a name or value cannot be sent.
   */
  constructor(list: readonly string[]) {
    checkFields(list);
    this.list = [...list];
  }
}

/**
 * Checks fields that are to be sent: name, value, name, value.
 *
 * @throws {TypeError} If a field cannot be sent.
 */
export function checkFields(list: readonly string[]): void {
  if (list.length % 2 !== 0) throw new TypeError("Cannot send header fields: a name has no value");
  for (let at = 0; at < list.length; at += 2) checkField(list[at]!, list[at + 1]!);
}

/**
 * Encodes the header blocks of one direction of a connection.
 *
 * The fields of templates go into the table until it is full, and stay there:
 * a peer of gRPC's gets the same few again and again. The others leave no
 * trace. Nothing is Huffman-coded, as the peer is on the same machine.
 */
export class HpackEncoder {
  /** Field to the number of its insertion; the table has no others. */
  readonly #inserted = new Map<string, number>();
  readonly #known = new Map<HeaderTemplate, Uint8Array>();
  readonly #out = new ByteWriter(256);
  #tableBytes = 0;
  #maxTableBytes = DEFAULT_TABLE_BYTES;
  #mustResize = false;

  /** Obeys the peer's SETTINGS_HEADER_TABLE_SIZE; more than 4096 bytes are never used. */
  limitTable(bytes: number): void {
    const maxBytes = Math.min(bytes, DEFAULT_TABLE_BYTES);
    if (maxBytes === this.#maxTableBytes) return;
    this.#maxTableBytes = maxBytes;
    this.#inserted.clear(); // peers rarely do this, so it simply starts over
    this.#known.clear();
    this.#tableBytes = 0;
    this.#mustResize = true;
  }

  /**
   * The bytes of a template's fields, and of more fields after them, which
   * have been checked.
   *
   * @returns Bytes that are good until the next call.
   */
  encode(template: HeaderTemplate, extra?: readonly string[]): Uint8Array {
    const hasExtra = extra !== undefined && extra.length > 0;
    const block = this.#known.get(template) ?? this.#encodeTemplate(template);
    if (!hasExtra) return block;
    const out = this.#out;
    out.clear();
    out.bytes(block);
    for (let at = 0; at < extra.length; at += 2) literal(out, 0, extra[at]!, extra[at + 1]!);
    return out.written();
  }

  #encodeTemplate(template: HeaderTemplate): Uint8Array {
    const out = this.#out;
    out.clear();
    if (this.#mustResize) {
      this.#mustResize = false;
      integer(out, 0x20, 5, 0); // throws out all that is there
      integer(out, 0x20, 5, this.#maxTableBytes);
    }
    const insertedBefore = this.#inserted.size;
    const { list } = template;
    for (let at = 0; at < list.length; at += 2) this.#field(list[at]!, list[at + 1]!);
    const block = out.written().slice();
    if (this.#inserted.size !== insertedBefore) {
      this.#known.clear(); // an insertion moves every index
    } else if (block.length > 0 && (block[0]! & 0xe0) === 0x20) {
      // a table size update is said once
    } else {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(template, block);
    }
    return block;
  }

  #field(name: string, value: string): void {
    const key = fieldKey(name, value);
    const fixed = staticFieldIndex(key);
    if (fixed > 0) return integer(this.#out, 0x80, 7, fixed);
    const number = this.#inserted.get(key);
    if (number !== undefined) {
      return integer(this.#out, 0x80, 7, STATIC_COUNT + this.#inserted.size - number);
    }
    const bytes = name.length + value.length + 32;
    const fits = this.#tableBytes + bytes <= this.#maxTableBytes;
    literal(this.#out, fits ? 0x40 : 0, name, value);
    if (!fits) return;
    this.#tableBytes += bytes;
    this.#inserted.set(key, this.#inserted.size);
  }
}

/** A field that is spelled out: 0x40 puts it into the table, 0 does not. */
function literal(out: ByteWriter, kind: 0 | 0x40, name: string, value: string): void {
  const index = staticNameIndex(name);
  integer(out, kind, kind === 0 ? 4 : 6, index);
  if (index === 0) string(out, name);
  string(out, value);
}

function string(out: ByteWriter, text: string): void {
  integer(out, 0, 7, text.length);
  out.latin1(text);
}

/** An integer behind the bits of `first`, its own first `bits` in the same byte. */
function integer(out: ByteWriter, first: number, bits: number, value: number): void {
  const mask = (1 << bits) - 1;
  if (value < mask) return out.byte(first | value);
  out.byte(first | mask);
  let rest = value - mask;
  for (; rest > 127; rest >>>= 7) out.byte((rest & 127) | 128);
  out.byte(rest);
}
