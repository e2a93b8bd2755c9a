/**
 * The few pieces of ASN.1 DER that a certificate needs, written and read.
 *
 * Source: ITU-T X.690, sections 8 and 10.
 */

/** Tags of the types that a certificate holds. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

type Bytes = Uint8Array<ArrayBuffer>;

/** Writes one element: tag, length, contents. */
export function element(
  tag: number,
  ...contents: readonly Uint8Array[]
): Bytes {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const header = [tag, ...lengthBytes(length)];
  const bytes = new Uint8Array(header.length + length);
  bytes.set(header);
  let offset = header.length;
  for (const part of contents) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  return [0x80 | bytes.length, ...bytes];
}

/** Writes a sequence. */
export function sequence(...parts: readonly Uint8Array[]): Bytes {
  return element(TAG.sequence, ...parts);
}

/** Writes a non-negative integer, given as big-endian bytes. */
export function unsignedInteger(bytes: Uint8Array): Bytes {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  // A leading bit of 1 would read as a negative number.
  const pad = digits.length === 0 || (digits[0] ?? 0) >= 0x80;
  return element(
    TAG.integer,
    pad ? new Uint8Array(1) : new Uint8Array(0),
    digits,
  );
}

/** Writes an object identifier from its dotted form. */
export function objectIdentifier(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const digits = [arc % 128];
    for (
      let left = Math.floor(arc / 128);
      left > 0;
      left = Math.floor(left / 128)
    ) {
      digits.unshift(0x80 | (left % 128));
    }
    bytes.push(...digits);
  }
  return element(TAG.objectIdentifier, Uint8Array.from(bytes));
}

/** Writes a bit string of whole bytes less `unusedBits` at the end. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Bytes {
  return element(TAG.bitString, Uint8Array.of(unusedBits), bytes);
}

/** Writes a string in the PrintableString alphabet. */
export function printableString(text: string): Bytes {
  return element(TAG.printableString, ascii(text));
}

/** Writes a time, to the second: UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5). */
export function time(date: Date): Bytes {
  const digits = date.toISOString().replace(/[-T:]/g, "").slice(0, 14) + "Z";
  return date.getUTCFullYear() < 2050
    ? element(TAG.utcTime, ascii(digits.slice(2)))
    : element(TAG.generalizedTime, ascii(digits));
}

/** The bytes of a text in ASCII. */
export function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** One element as it was read. */
export interface DerElement {
  /** The tag byte. */
  readonly tag: number;
  /** What stands behind tag and length. */
  readonly contents: Uint8Array;
}

/**
 * Reads the elements that stand one after another in `bytes`.
 *
 * @throws {RangeError} If an element is cut off or its length is not in DER's form.
 */
export function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = bytes[offset] as number;
    let length = bytes[offset + 1];
    let start = offset + 2;
    if (length === undefined) {
      throw new RangeError(`DER element cut off at byte ${offset}`);
    }
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4) {
        throw new RangeError(`DER length of ${count} bytes at byte ${offset}`);
      }
      length = 0;
      for (let i = 0; i < count; i++) {
        length = length * 256 + (bytes[start++] ?? 0);
      }
    }
    if (start + length > bytes.length) {
      throw new RangeError(`DER element cut off at byte ${offset}`);
    }
    if (start - offset !== 1 + lengthBytes(length).length) {
      throw new RangeError(`DER length not in its shortest form at byte ${offset}`);
    }
    elements.push({ tag, contents: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  return elements;
}
