/**
 * Writes messages from plain objects, as leniently as proto-loader: numbers may
 * be strings, enum values names or numbers, bytes base64 or any list of
 * numbers; what is `undefined` or `null` is left out, and so is a name that an
 * enum does not have.
 *
 * Source: protobuf encoding; protobuf.js `Type.fromObject` and `Type.encode`.
 */
import { decodeBase64 } from "./base64.ts";
import type { Entry, Field } from "./field.ts";
import { type Halves, splitInt64 } from "./int64.ts";
import { ENUM, GROUP, type Kind } from "./kind.ts";
import type { Message, MessageType } from "./message_type.ts";
import { checkDepth } from "./reader.ts";
import { Writer } from "./writer.ts";

/** Where integers of 64 bits are split. */
const halves: Halves = { low: 0, high: 0 };

/** Writes a message: see {@linkcode MessageType.encode}. */
export function encode(type: MessageType, message: unknown): Uint8Array {
  if (Array.isArray(message)) throw unfit(type.fullName, "an object", message);
  const writer = new Writer();
  encodeFields(type, writer, message, 0);
  return writer.finish();
}

function encodeFields(type: MessageType, writer: Writer, given: unknown, depth: number): void {
  if (type.fields.length === 0) return; // Anything will do, as with proto-loader.
  if (typeof given !== "object" || given === null) {
    throw unfit(type.fullName, "an object", given);
  }
  checkDepth(depth);
  const message = type.unwrap === undefined ? given as Message : type.unwrap(given as Message);
  for (const field of type.fields) {
    const { name } = field;
    const value = field.isOnEveryObject && !Object.hasOwn(message, name)
      ? undefined
      : message[name];
    if (value !== undefined && value !== null) encodeField(field, writer, value, depth);
    else if (field.isRequired) encodeValue(field, writer, field.absent(), depth);
  }
}

/** Writes a field that is set. */
function encodeField(field: Field, writer: Writer, value: unknown, depth: number): void {
  if (field.isRepeated) {
    if (value) encodeList(field, writer, value, depth);
  } else if (field.entry !== undefined) {
    if (value) encodeMap(field, field.entry, writer, value, depth);
  } else if (field.kind === ENUM && field.numberOf(value) === undefined) {
    // An unknown name.
  } else if (field.hasPresence || !field.isZero(value)) {
    encodeValue(field, writer, value, depth);
  }
}

function encodeList(field: Field, writer: Writer, list: unknown, depth: number): void {
  if (!Array.isArray(list)) throw unfit(field.fullName, "an array", list);
  if (!field.isPacked) {
    for (const value of list) encodeValue(field, writer, value, depth);
  } else if (list.length > 0) {
    writer.uint32(field.packedTag);
    const mark = writer.begin();
    for (const value of list) encodeScalar(field, field.kind, writer, value);
    writer.end(mark);
  }
}

function encodeMap(
  field: Field,
  { entryKey, entryValue }: Entry,
  writer: Writer,
  map: unknown,
  depth: number,
): void {
  if (typeof map !== "object") throw unfit(field.fullName, "an object", map);
  for (const key of Object.keys(map as object)) {
    const value = (map as Message)[key];
    if (field.kind === ENUM && field.numberOf(value) === undefined) continue; // An unknown name.
    writer.uint32(field.tag);
    const mark = writer.begin();
    writer.uint32(entryKey.tag);
    if (field.keyKind === 8) writer.bool(parseBool(field, key));
    else encodeScalar(field, field.keyKind, writer, key);
    encodeValue(entryValue, writer, value, depth);
    writer.end(mark);
  }
}

/** Keys of objects are text. */
function parseBool(field: Field, key: string): boolean {
  if (key === "true" || key === "1") return true;
  if (key === "false" || key === "0") return false;
  throw unfit(field.fullName, "keys that are true or false", key);
}

/** Writes a value with its tag. */
function encodeValue(field: Field, writer: Writer, value: unknown, depth: number): void {
  writer.uint32(field.tag);
  const { message: type } = field;
  if (type === undefined) {
    encodeScalar(field, field.kind, writer, value);
    return;
  }
  if (typeof value !== "object" || value === null) throw unfit(field.fullName, "an object", value);
  if (field.kind === GROUP) {
    encodeFields(type, writer, value, depth + 1);
    writer.uint32(field.tag + 1);
  } else {
    const mark = writer.begin();
    encodeFields(type, writer, value, depth + 1);
    writer.end(mark);
  }
}

function encodeScalar(field: Field, kind: Kind, writer: Writer, value: unknown): void {
  switch (kind) {
    case 1: // double
      return writer.double(Number(value));
    case 2: // float
      return writer.float(Number(value));
    case 3: // int64
      return writer.varint(split(field, value, false));
    case 4: // uint64
      return writer.varint(split(field, value, true));
    case 5: // int32
      return writer.int32(Number(value) | 0);
    case 6: // fixed64
      return writer.fixed64(split(field, value, true));
    case 7: // fixed32
    case 15: // sfixed32
      return writer.fixed32(Number(value) >>> 0);
    case 8: // bool
      return writer.bool(Boolean(value));
    case 9: // string
      return writer.string(String(value));
    case 12: // bytes
      return writer.bytes(toBytes(field, value));
    case 13: // uint32
      return writer.uint32(Number(value));
    case 14: // enum
      return writer.int32(field.numberOf(value) ?? field.numberOf(field.fallback) ?? 0);
    case 16: // sfixed64
      return writer.fixed64(split(field, value, false));
    case 17: // sint32
      return writer.sint32(Number(value));
    default: // sint64
      return writer.sint64(split(field, value, false));
  }
}

function split(field: Field, value: unknown, isUnsigned: boolean): Halves {
  if (splitInt64(value, isUnsigned, halves)) return halves;
  throw unfit(field.fullName, "an integer", value);
}

function toBytes(field: Field, value: unknown): ArrayLike<number> {
  if (typeof value === "string") {
    const bytes = decodeBase64(value);
    if (bytes !== undefined) return bytes;
  } else if (typeof (value as ArrayLike<number> | undefined)?.length === "number") {
    return value as ArrayLike<number>;
  }
  throw unfit(field.fullName, "bytes or base64", value);
}

/** Says what a field cannot take; of texts the beginning. */
function unfit(name: string, wanted: string, found: unknown): TypeError {
  const shown = typeof found === "string"
    ? JSON.stringify(found.length > 40 ? `${found.slice(0, 40)}…` : found)
    : Array.isArray(found)
    ? "an array"
    : typeof found === "object" && found !== null
    ? "an object"
    : String(found);
  return new TypeError(`Cannot write ${name}: expected ${wanted}, found ${shown}`);
}
