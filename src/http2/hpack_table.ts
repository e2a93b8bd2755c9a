/** The tables of HPACK. Source: RFC 7541 sections 2.3 and 4, appendix A. */
import { breach, ErrorCode } from "./errors.ts";
import { type HeaderField, makeField } from "./header_field.ts";

const STATIC_FIELDS: readonly HeaderField[] =
  (":authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|" +
    ":status=204|:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|" +
    "accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|" +
    "allow|authorization|cache-control|content-disposition|content-encoding|content-language|" +
    "content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|" +
    "host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|" +
    "location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|" +
    "server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate")
    .split("|").map((entry) => {
      const [name = "", value = ""] = entry.split("=");
      return makeField(name, value);
    });

/** How many entries the static table has; the dynamic one counts on from there. */
export const STATIC_COUNT: number = STATIC_FIELDS.length;
/** The size of the dynamic table if SETTINGS say nothing else, in bytes. */
export const DEFAULT_TABLE_BYTES = 4096;

const staticByName = new Map<string, number>();
const staticByField = new Map<string, number>();
STATIC_FIELDS.forEach(({ name, value }, index) => {
  staticByField.set(fieldKey(name, value), index + 1);
  if (!staticByName.has(name)) staticByName.set(name, index + 1);
});

/** A name and a value as one key: neither can hold a NUL. */
export function fieldKey(name: string, value: string): string {
  return `${name}\0${value}`;
}

/** The first index of a name in the static table, or 0. */
export function staticNameIndex(name: string): number {
  return staticByName.get(name) ?? 0;
}

/** The index of a field in the static table, or 0. */
export function staticFieldIndex(key: string): number {
  return staticByField.get(key) ?? 0;
}

/** The static and the dynamic table as a decoder sees them. */
export class DecodingTable {
  /** Grows when the table changes: what the same bytes meant before may then be wrong. */
  changes = 0;
  /** Oldest first. Those before `#first` are gone. */
  readonly #fields: HeaderField[] = [];
  #first = 0;
  #bytes = 0;
  #maxBytes: number;
  readonly #limitBytes: number;

  /** Makes a table that the peer may not make larger than this. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#maxBytes = limitBytes;
  }

  /**
   * The field with an index.
   *
   * @throws {Http2Error} COMPRESSION_ERROR if there is none.
   */
  get(index: number): HeaderField {
    const field = index <= STATIC_COUNT
      ? STATIC_FIELDS[index - 1]
      : this.#recent(index - STATIC_COUNT);
    return field ?? breach(ErrorCode.compressionError, `header table has no index ${index}`);
  }

  #recent(age: number): HeaderField | undefined {
    const at = this.#fields.length - age;
    return at < this.#first ? undefined : this.#fields[at];
  }

  /** Adds a field; the oldest give way. One larger than the table empties it. */
  add(field: HeaderField): void {
    this.changes++;
    this.#makeRoom(field.bytes);
    if (field.bytes > this.#maxBytes) return;
    this.#fields.push(field);
    this.#bytes += field.bytes;
  }

  /**
   * Changes the size.
   *
   * @throws {Http2Error} COMPRESSION_ERROR if it is above the limit.
   */
  resize(maxBytes: number): void {
    if (maxBytes > this.#limitBytes) {
      breach(ErrorCode.compressionError, `header table of ${maxBytes} bytes`);
    }
    this.changes++;
    this.#maxBytes = maxBytes;
    this.#makeRoom(0);
  }

  #makeRoom(bytes: number): void {
    const fields = this.#fields;
    while (this.#first < fields.length && this.#bytes + bytes > this.#maxBytes) {
      this.#bytes -= fields[this.#first]!.bytes;
      this.#first++;
    }
    // Now and then, as it costs a copy of the rest.
    if (this.#first > 256) {
      fields.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
