/** Header blocks that come again and again are decoded and checked once. */
import { type BlockKind, interpretFields, type ReceivedHeaders } from "./headers.ts";
import type { HpackDecoder } from "./hpack_decoder.ts";

/** Longer blocks spell out values, which will hardly come again. */
const MAX_BLOCK_BYTES = 48;
const MAX_ENTRIES = 256;

/** Why a block gives no headers: its list is too large, or it is malformed. */
export type BadBlock = "too-large" | "malformed";

interface Entry {
  readonly bytes: Uint8Array;
  readonly kind: BlockKind;
  readonly headers: ReceivedHeaders | BadBlock;
}

/**
 * Decodes blocks, and remembers them for as long as the decoder's table stands
 * still: until then the same bytes mean the same.
 */
export class HeaderCache {
  readonly #decoder: HpackDecoder;
  readonly #entries = new Map<number, Entry>();
  #changes = 0;

  /** Makes an empty cache for a decoder that nobody else uses. */
  constructor(decoder: HpackDecoder) {
    this.#decoder = decoder;
  }

  /**
   * The headers that a block stands for.
   *
   * @throws {Http2Error} COMPRESSION_ERROR, or the fault of the block's bytes.
   */
  read(bytes: Uint8Array, start: number, end: number, kind: BlockKind): ReceivedHeaders | BadBlock {
    if (end - start > MAX_BLOCK_BYTES) return this.#decode(bytes, start, end, kind);
    if (this.#decoder.changes !== this.#changes) {
      this.#entries.clear();
      this.#changes = this.#decoder.changes;
    }
    let hash = (end - start) * 4 + kind.length;
    for (let at = start; at < end; at++) hash = (hash * 31 + bytes[at]!) | 0;
    const known = this.#entries.get(hash);
    if (known !== undefined && known.kind === kind && isSame(known.bytes, bytes, start, end)) {
      return known.headers;
    }
    const headers = this.#decode(bytes, start, end, kind);
    if (this.#decoder.changes === this.#changes && this.#entries.size < MAX_ENTRIES) {
      this.#entries.set(hash, { bytes: new Uint8Array(bytes.subarray(start, end)), kind, headers });
    }
    return headers;
  }

  #decode(bytes: Uint8Array, start: number, end: number, kind: BlockKind) {
    const fields = this.#decoder.decode(bytes, start, end);
    if (fields === undefined) return "too-large";
    return interpretFields(fields, kind) ?? "malformed";
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) {
    if (known[at] !== bytes[start + at]) return false;
  }
  return true;
}
