/**
 * Values of Terraform's language: plain TypeScript values, and how they travel.
 *
 * A string, a boolean and null are themselves; a list and a set are arrays, a
 * map and an object are objects. A number is a number; one that no double
 * holds is the text of its digits.
 */
import { decode, encode, ExtensionCodec } from "@msgpack/msgpack";
import type { Encoded } from "./protocol.ts";

/** Stands for a value that is only known once something has been applied. */
export class Unknown {}

/** The one value that is unknown. */
export const unknown: Unknown = new Unknown();

/** What a value can be. */
export type Value = null | boolean | number | string | Unknown | Value[] | Values;

/** The attributes of an object, or the elements of a map. */
export interface Values {
  [name: string]: Value;
}

const extensionCodec = new ExtensionCodec();
// Type 0 whatever its body, and 12 for one of which something is known, which may be ignored.
for (const type of [0, 12]) {
  extensionCodec.register({
    type,
    encode: (value) => type === 0 && value instanceof Unknown ? new Uint8Array([0]) : null,
    decode: () => unknown,
  });
}

/** Writes a value as the wire wants it. */
export function encodeValue(value: Value): Exclude<Encoded, null> {
  return { msgpack: encode(value, { extensionCodec }) };
}

/** Reads a value; nothing is null. */
export function decodeValue(encoded: Encoded): Value {
  if (encoded === null || encoded.msgpack.length === 0) return null;
  return decode(encoded.msgpack, { extensionCodec }) as Value;
}

/** Reads an object; null if it is null, as the state of a resource that does not exist. */
export function decodeObject(encoded: Encoded): Values | null {
  return decodeValue(encoded) as Values | null;
}

/** Whether two values are the same. Two unknown ones may differ, and so do. */
export function isSame(one: Value, other: Value): boolean {
  if (one instanceof Unknown || other instanceof Unknown) return false;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return one === other;
  }
  const names = Object.keys(one);
  return Array.isArray(one) === Array.isArray(other) &&
    names.length === Object.keys(other).length &&
    names.every((name) =>
      Object.hasOwn(other, name) && isSame((one as Values)[name]!, (other as Values)[name]!)
    );
}
