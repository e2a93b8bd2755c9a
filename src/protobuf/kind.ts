/**
 * The kinds of values that a field may have, by the numbers that protobuf's
 * own descriptors give them.
 *
 * Source: protobuf `descriptor.proto`, `FieldDescriptorProto.Type`.
 */

/** The number of a kind: 1 for `double` … 18 for `sint64`. */
export type Kind = number;

/** A message between a start tag and an end tag. */
export const GROUP: Kind = 10;
/** A message with its length in front. */
export const MESSAGE: Kind = 11;
/** A value of an enum. */
export const ENUM: Kind = 14;

/** The kinds by the names that .proto files use. */
export const SCALARS: ReadonlyMap<string, Kind> = new Map([
  ["double", 1],
  ["float", 2],
  ["int64", 3],
  ["uint64", 4],
  ["int32", 5],
  ["fixed64", 6],
  ["fixed32", 7],
  ["bool", 8],
  ["string", 9],
  ["bytes", 12],
  ["uint32", 13],
  ["sfixed32", 15],
  ["sfixed64", 16],
  ["sint32", 17],
  ["sint64", 18],
]);

/** Wire types: how the end of a value is found. */
export const WIRE = {
  varint: 0,
  fixed64: 1,
  lengthDelimited: 2,
  startGroup: 3,
  endGroup: 4,
  fixed32: 5,
} as const;

/** How values of a kind are written. Source: protobuf encoding, "Message Structure". */
export function wireTypeOf(kind: Kind): number {
  switch (kind) {
    case 1: // double
    case 6: // fixed64
    case 16: // sfixed64
      return WIRE.fixed64;
    case 2: // float
    case 7: // fixed32
    case 15: // sfixed32
      return WIRE.fixed32;
    case 9: // string
    case 12: // bytes
    case MESSAGE:
      return WIRE.lengthDelimited;
    case GROUP:
      return WIRE.startGroup;
    default:
      return WIRE.varint;
  }
}

/** Whether values of a kind may stand one behind the other without tags. */
export function isPackable(kind: Kind): boolean {
  const wireType = wireTypeOf(kind);
  return wireType !== WIRE.lengthDelimited && wireType !== WIRE.startGroup;
}

/** Whether a kind may be the key of a map: whole numbers, `bool` and `string`. */
export function isMapKey(kind: Kind): boolean {
  return kind === 9 || (kind > 2 && kind !== ENUM && isPackable(kind));
}

/** Whether values of a kind have 64 bits, which a JavaScript number cannot hold. */
export function isLong(kind: Kind): boolean {
  return kind === 3 || kind === 4 || kind === 6 || kind === 16 || kind === 18;
}

/** What a field has that was not sent. Bytes are made anew each time: they can be changed. */
export function defaultOf(kind: Kind): unknown {
  if (isLong(kind)) return "0";
  switch (kind) {
    case 8: // bool
      return false;
    case 9: // string
      return "";
    case GROUP:
    case MESSAGE:
      return null;
    case 12: // bytes
      return new Uint8Array(0);
    default:
      return 0;
  }
}
