/**
 * Reads messages as plain objects: every field that is in no oneof is there, with
 * its default if it was not sent.
 *
 * Source: protobuf encoding; protobuf.js `Type.toObject` with the options
 * `defaults`, `oneofs`, `longs: String` and `enums: String`.
 */
import type { Entry, EnumType, Field } from "./field.ts";
import { GROUP } from "./kind.ts";
import type { Message, MessageType } from "./message_type.ts";
import { checkDepth, Reader } from "./reader.ts";

/** Reads a message: see {@linkcode MessageType.decode}. */
export function decode(type: MessageType, bytes: Uint8Array): Message {
  const message = type.empty();
  decodeFields(type, new Reader(bytes), message, 0, 0);
  return message;
}

/** Reads fields up to the reader's end, or up to the end tag of a group. */
function decodeFields(
  type: MessageType,
  reader: Reader,
  message: Message,
  depth: number,
  endTag: number,
): void {
  checkDepth(depth);
  const missing = type.required.length > 0 ? new Set(type.required) : undefined;
  while (reader.offset < reader.end || endTag !== 0) {
    const tag = reader.tag();
    if (tag === endTag) break;
    const field = type.field(tag >>> 3);
    if (field === undefined) {
      reader.skip(tag, depth + 1);
    } else if (tag === field.tag) {
      decodeField(field, reader, message, depth);
      missing?.delete(field);
    } else if (tag === field.packedTag) {
      const outer = reader.narrow();
      decodePacked(field, reader, message[field.name] as unknown[]);
      reader.end = outer;
    } else {
      // Of another type than declared here: as little known as another number.
      reader.skip(tag, depth + 1);
    }
  }
  type.complete(message);
  if (missing !== undefined && missing.size > 0) {
    const [first] = missing;
    throw new RangeError(`Cannot read message: the required field ${first?.fullName} is missing`);
  }
}

/** Reads values up to the reader's end. Those that come by the thousand have a loop of their own. */
function decodePacked({ kind, enumType }: Field, reader: Reader, list: unknown[]): void {
  switch (kind) {
    case 1: // double
      while (reader.offset < reader.end) list.push(reader.double());
      return;
    case 2: // float
      while (reader.offset < reader.end) list.push(reader.float());
      return;
    case 5: // int32
      while (reader.offset < reader.end) list.push(reader.varint() | 0);
      return;
    default:
      while (reader.offset < reader.end) list.push(decodeScalar(kind, enumType, reader));
  }
}

function decodeField(field: Field, reader: Reader, message: Message, depth: number): void {
  const { name, oneof } = field;
  if (field.keyKind !== 0) {
    decodeEntry(field, reader, message[name] as Message, depth);
  } else if (field.isRepeated) {
    (message[name] as unknown[]).push(decodeValue(field, reader, undefined, depth));
  } else if (oneof === undefined) {
    message[name] = field.message === undefined
      ? decodeScalar(field.kind, field.enumType, reader)
      : decodeValue(field, reader, message[name], depth);
  } else {
    // Of a oneof the last field counts.
    const other = message[oneof];
    const isAgain = other === name;
    if (typeof other === "string" && !isAgain) delete message[other];
    message[name] = decodeValue(field, reader, isAgain ? message[name] : undefined, depth);
    message[oneof] = name;
  }
}

/** Reads a value. A message that comes again is merged with what came before. */
function decodeValue(field: Field, reader: Reader, before: unknown, depth: number): unknown {
  const { kind, message: type } = field;
  if (type === undefined) return decodeScalar(kind, field.enumType, reader);
  const message = before as Message | null | undefined ?? type.empty();
  if (kind === GROUP) {
    decodeFields(type, reader, message, depth + 1, field.tag + 1);
  } else {
    const outer = reader.narrow();
    decodeFields(type, reader, message, depth + 1, 0);
    reader.end = outer;
  }
  return message;
}

/** Reads an entry of a map: a message with the fields 1, the key, and 2, the value. */
function decodeEntry(field: Field, reader: Reader, map: Message, depth: number): void {
  const { entryKey, entryValue } = field.entry as Entry;
  const outer = reader.narrow();
  let key: unknown = entryKey.fallback;
  let value: unknown;
  while (reader.offset < reader.end) {
    const tag = reader.tag();
    if (tag === entryKey.tag) key = decodeScalar(field.keyKind, undefined, reader);
    else if (tag === entryValue.tag) value = decodeValue(entryValue, reader, value, depth);
    else reader.skip(tag, depth + 1);
  }
  reader.end = outer;
  setOwn(map, String(key), value ?? entryValue.message?.make() ?? entryValue.absent());
}

/** Sets a property even if its name is `__proto__`. */
function setOwn(map: Message, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(map, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    map[key] = value;
  }
}

function decodeScalar(kind: number, enumType: EnumType | undefined, reader: Reader): unknown {
  switch (kind) {
    case 1: // double
      return reader.double();
    case 2: // float
      return reader.float();
    case 3: // int64
      return reader.int64();
    case 4: // uint64
      return reader.uint64();
    case 5: // int32
      return reader.varint() | 0;
    case 6: // fixed64
      return reader.fixed64();
    case 7: // fixed32
      return reader.fixed32();
    case 8: // bool
      return reader.bool();
    case 9: // string
      return reader.string();
    case 12: // bytes
      return reader.bytes();
    case 13: // uint32
      return reader.varint();
    case 14: // enum
      return (enumType as EnumType).nameOf(reader.varint() | 0);
    case 15: // sfixed32
      return reader.fixed32() | 0;
    case 16: // sfixed64
      return reader.sfixed64();
    case 17: // sint32
      return reader.sint32();
    default: // sint64
      return reader.sint64();
  }
}
