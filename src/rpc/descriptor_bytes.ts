/** The few bits of protobuf encoding that reflection needs, on the bytes of descriptors. */

/** A field of a message. */
export interface Field {
  /** Its number. */
  readonly number: number;
  /** Its content. */
  readonly value: Uint8Array;
  /** The field as it stands in the message, tag and length included. */
  readonly whole: Uint8Array;
}

/** The fields of a message. Those that are numbers have an empty content. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  let offset = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[offset++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (offset < bytes.length) {
    const start = offset;
    const tag = varint();
    const wireType = tag & 7;
    let length = 0;
    if (wireType === 0) varint();
    else if (wireType === 1) offset += 8;
    else if (wireType === 5) offset += 4;
    else {
      length = varint();
      offset += length;
    }
    yield {
      number: tag >>> 3,
      value: bytes.subarray(offset - length, offset),
      whole: bytes.subarray(start, offset),
    };
  }
}

/** A field of text; the last counts, as in protobuf. */
export function textOf(fields: readonly Field[], number: number): string {
  return new TextDecoder().decode(fields.findLast((field) => field.number === number)?.value);
}

/** Writes a field of text. */
export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, new TextEncoder().encode(text));
}

/** Writes a field of bytes, or of a message. */
export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push(128 | (rest % 128));
  return concatenate([Uint8Array.of((number << 3) | 2, ...length, rest), bytes]);
}

/** Joins bytes. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
