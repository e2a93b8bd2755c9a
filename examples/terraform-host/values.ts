/** Terraform's values in TypeScript, and how they travel. */
import { decode, encode, ExtData } from "@msgpack/msgpack";
import type { WireValue } from "./protocol.ts";
import { parseType, type Type } from "./types.ts";

/** Stands for a value that is known only after the change was applied. */
export const UNKNOWN: unique symbol = Symbol("known after apply");

/**
 * A value. Lists, sets and tuples are arrays; maps and objects are objects. A
 * number that JavaScript's cannot hold is a bigint or, with a fraction, its
 * digits.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | typeof UNKNOWN
  | Dynamic
  | readonly Value[]
  | ObjectValue;

/** The value of an object or a map. */
export type ObjectValue = { readonly [name: string]: Value };

/** A value where the schema leaves the type open: it brings its own. */
export class Dynamic {
  readonly type: Type;
  readonly value: Value;

  constructor(type: Type, value: Value) {
    this.type = type;
    this.value = value;
  }
}

/** Extension types that stand for something unknown: nothing but that, and with what is known of it. */
const UNKNOWN_EXTENSIONS = [0, 12];

/** Writes a value of a type. What an object lacks is null. */
export function encodeValue(type: Type, value: Value): WireValue {
  return { msgpack: encode(toWire(type, value), { useBigInt64: true, sortKeys: true }) };
}

/** Reads a value of a type. */
export function decodeValue(type: Type, wire: WireValue | null): Value {
  if (wire?.msgpack?.length) {
    return fromWire(type, decode(wire.msgpack, { useBigInt64: true }));
  }
  if (wire?.json?.length) return fromJson(type, wire.json);
  return null;
}

/** Reads a value from the JSON in which states are stored. */
export function fromJson(type: Type, json: Uint8Array): Value {
  return fromWire(type, JSON.parse(new TextDecoder().decode(json)));
}

/** Writes a value as JSON, the way states are stored. Numbers that others would round are strings. */
export function toJson(value: Value, indent?: number): string {
  return JSON.stringify(
    value,
    (_, part) => typeof part === "bigint" ? String(part) : part === UNKNOWN ? null : part,
    indent,
  );
}

function toWire(type: Type, value: Value): unknown {
  if (value === null) return null;
  if (value === UNKNOWN) return new ExtData(0, new Uint8Array(1));
  if (value instanceof Dynamic) {
    const json = new TextEncoder().encode(JSON.stringify(value.type));
    return [json, toWire(value.type, value.value)];
  }
  if (type === "number") return numberToWire(value);
  if (typeof type === "string") return value;
  const [kind, inner] = type;
  switch (kind) {
    case "list":
    case "set":
      return (value as Value[]).map((element) => toWire(inner, element));
    case "tuple":
      return (value as Value[]).map((element, i) => toWire(inner[i] ?? "dynamic", element));
    case "map":
      return mapObject(value as ObjectValue, (element) => toWire(inner, element));
    case "object":
      return mapObject(inner, (type, name) => toWire(type, (value as ObjectValue)[name] ?? null));
  }
}

function fromWire(type: Type, wire: unknown): Value {
  if (wire === null || wire === undefined) return null;
  if (wire instanceof ExtData) {
    if (UNKNOWN_EXTENSIONS.includes(wire.type)) return UNKNOWN;
    throw new TypeError(`Cannot read a value: it has the extension type ${wire.type}`);
  }
  if (type === "dynamic") return dynamicFromWire(wire);
  if (type === "number") return numberFromWire(wire);
  if (typeof type === "string") return wire as string | boolean;
  const [kind, inner] = type;
  switch (kind) {
    case "list":
    case "set":
      return (wire as unknown[]).map((element) => fromWire(inner, element));
    case "tuple":
      return (wire as unknown[]).map((element, i) => fromWire(inner[i] ?? "dynamic", element));
    case "map":
      return mapObject(wire as Record<string, unknown>, (element) => fromWire(inner, element));
    case "object":
      return mapObject(
        inner,
        (type, name) => fromWire(type, (wire as Record<string, unknown>)[name]),
      );
  }
}

/** MessagePack has the type as bytes before the value, JSON has both by name. */
function dynamicFromWire(wire: unknown): Dynamic {
  if (Array.isArray(wire)) {
    const type = parseType(wire[0]);
    return new Dynamic(type, fromWire(type, wire[1]));
  }
  const { type, value } = wire as { type: unknown; value: unknown };
  const parsed = parseType(new TextEncoder().encode(JSON.stringify(type)));
  return new Dynamic(parsed, fromWire(parsed, value));
}

/** Terraform counts in decimals: a fraction that binary cannot hold travels as its digits. */
function numberToWire(value: Value): unknown {
  if (typeof value === "bigint") {
    return BigInt.asIntN(64, value) === value ? value : String(value);
  }
  if (typeof value !== "number" || !Number.isFinite(value)) return value;
  if (Number.isSafeInteger(value)) {
    // Beyond 32 bits the library would send it as floating point.
    return value >= -(2 ** 31) && value < 2 ** 32 ? value : BigInt(value);
  }
  return value.toFixed(60).replace(/\.?0+$/, "") === String(value) ? value : String(value);
}

function numberFromWire(wire: unknown): Value {
  if (typeof wire === "bigint") {
    const number = Number(wire);
    return Number.isSafeInteger(number) ? number : wire;
  }
  return typeof wire === "string" ? readNumber(wire) : wire as number;
}

/** A number by its digits, in the form that holds it without loss. */
export function readNumber(digits: string): number | bigint | string {
  const number = Number(digits);
  if (Number.isSafeInteger(number) && /^-?\d+$/.test(digits)) return number;
  if (/^-?\d+$/.test(digits)) return BigInt(digits);
  const significant = digits.replace(/e.*$/i, "").replaceAll(/\D/g, "").replace(/^0+/, "");
  // Up to so many a double gives back as they were.
  return significant.length <= 15 && Number.isFinite(number) ? number : digits;
}

/** An object with the same names. */
export function mapObject<T, U>(
  object: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, change(value, name)]),
  );
}

/** Whether two values of a type are the same; the order in a set does not count. */
export function isEqual(type: Type, one: Value, other: Value): boolean {
  return one === other || canonical(type, one) === canonical(type, other);
}

function canonical(type: Type, value: Value): string {
  if (value === null || value === UNKNOWN) return String(value);
  if (value instanceof Dynamic) {
    return `${JSON.stringify(value.type)} ${canonical(value.type, value.value)}`;
  }
  if (typeof type === "string") return JSON.stringify(String(value));
  const [kind, inner] = type;
  switch (kind) {
    case "list":
    case "set": {
      const parts = (value as Value[]).map((element) => canonical(inner, element));
      return `[${kind === "set" ? parts.sort() : parts}]`;
    }
    case "tuple":
      return `[${
        (value as Value[]).map((element, i) => canonical(inner[i] ?? "dynamic", element))
      }]`;
    case "map":
      return canonicalObject(value as ObjectValue, () => inner);
    case "object":
      return canonicalObject(value as ObjectValue, (name) => inner[name] ?? "dynamic");
  }
}

function canonicalObject(object: ObjectValue, typeOf: (name: string) => Type): string {
  const parts = Object.entries(object).map(([name, value]) =>
    `${JSON.stringify(name)}:${canonical(typeOf(name), value)}`
  );
  return `{${parts.sort()}}`;
}

/** Whether there is something unknown in a value. */
export function hasUnknown(value: Value): boolean {
  if (value === UNKNOWN) return true;
  if (value instanceof Dynamic) return hasUnknown(value.value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
