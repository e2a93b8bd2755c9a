/** Bytes to header fields. Source: RFC 7541 sections 5 and 6. */
import { breach, ErrorCode } from "./errors.ts";
import { type HeaderField, makeField } from "./header_field.ts";
import { DecodingTable, DEFAULT_TABLE_BYTES } from "./hpack_table.ts";
import { decodeHuffman } from "./huffman.ts";
import { latin1 } from "./latin1.ts";

/** An integer has at most so many bytes after its first: 2^28 is more than any limit here. */
const MAX_INTEGER_SHIFT = 21;

/** Decodes the header blocks of one direction of a connection, all of them and in order. */
export class HpackDecoder {
  readonly #table: DecodingTable;
  readonly #maxListBytes: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /**
   * @param maxListBytes The size of a list above which its fields are thrown away.
   * @param tableBytes The size of the table that the peer was promised.
   */
  constructor(maxListBytes: number, tableBytes: number = DEFAULT_TABLE_BYTES) {
    this.#maxListBytes = maxListBytes;
    this.#table = new DecodingTable(tableBytes);
  }

  /** Grows when the table changes: what the same bytes meant before may then be wrong. */
  get changes(): number {
    return this.#table.changes;
  }

  /**
   * Decodes a block.
   *
   * @returns The fields, or `undefined` if they are too many; the table is
   * kept right even then.
   * @throws {Http2Error} COMPRESSION_ERROR; nothing can be decoded after it.
   */
  decode(bytes: Uint8Array, start: number, end: number): HeaderField[] | undefined {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    const fields: HeaderField[] = [];
    let size = 0;
    let seenField = false;
    while (this.#at < end) {
      if ((bytes[this.#at]! & 0xe0) === 0x20) {
        if (seenField) breach(ErrorCode.compressionError, "table size update after a field");
        this.#table.resize(this.#integer(5));
        continue;
      }
      seenField = true;
      const field = this.#field();
      size += field.bytes;
      // A few bytes can stand for megabytes: what is too much is counted, not kept.
      if (size <= this.#maxListBytes) fields.push(field);
    }
    return size <= this.#maxListBytes ? fields : undefined;
  }

  #field(): HeaderField {
    const first = this.#bytes[this.#at]!;
    if (first & 0x80) return this.#table.get(this.#integer(7));
    const isIndexed = (first & 0x40) !== 0;
    const nameIndex = this.#integer(isIndexed ? 6 : 4);
    const name = nameIndex > 0 ? this.#table.get(nameIndex).name : this.#string();
    const field = makeField(name, this.#string());
    if (isIndexed) this.#table.add(field);
    return field;
  }

  /** An integer whose first bits are the last `bits` of the byte at hand. */
  #integer(bits: number): number {
    const mask = (1 << bits) - 1;
    let value = this.#bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0;; shift += 7) {
      if (this.#at >= this.#end) breach(ErrorCode.compressionError, "header block cut off");
      if (shift > MAX_INTEGER_SHIFT) breach(ErrorCode.compressionError, "integer too large");
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  #string(): string {
    if (this.#at >= this.#end) breach(ErrorCode.compressionError, "header block cut off");
    const isCoded = (this.#bytes[this.#at]! & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#end) breach(ErrorCode.compressionError, "header block cut off");
    return isCoded
      ? decodeHuffman(this.#bytes, start, this.#at)
      : latin1(this.#bytes, start, this.#at);
  }
}
