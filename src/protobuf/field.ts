/** What a message type knows of its fields. */
import { defaultOf, ENUM, isLong, isPackable, type Kind, WIRE, wireTypeOf } from "./kind.ts";
import type { MessageType } from "./message_type.ts";

/** The values of an enum. */
export class EnumType {
  /** The names by number; of names with the same number the first. */
  readonly names: ReadonlyMap<number, string>;
  /** The numbers by name. */
  readonly numbers: ReadonlyMap<string, number>;
  /** The number of the value that stands first. */
  readonly first: number;

  /** Sets the values, in the order of the .proto file. */
  constructor(values: readonly (readonly [name: string, number: number])[]) {
    const names = new Map<number, string>();
    for (const [name, number] of values) if (!names.has(number)) names.set(number, name);
    this.names = names;
    this.numbers = new Map(values);
    this.first = values[0]?.[1] ?? 0;
  }

  /** The name of a number; the number itself if it has none. */
  nameOf(number: number): string | number {
    return this.names.get(number) ?? number;
  }

  /** The number that a program means; undefined if it is neither a number nor a name. */
  numberOf(value: unknown): number | undefined {
    return typeof value === "number" ? value | 0 : this.numbers.get(value as string);
  }
}

/** How a field is declared. */
export interface FieldDeclaration {
  /** Its name in messages. */
  readonly name: string;
  /** Its name with that of its message, for errors. */
  readonly fullName: string;
  /** Its number on the wire. */
  readonly number: number;
  /** The kind of its values. */
  readonly kind: Kind;
  /** Whether it is a list. */
  readonly isRepeated?: boolean;
  /** Whether a list is written packed, if its kind can be. */
  readonly isPacked?: boolean;
  /** Whether a message without it is refused (proto2). */
  readonly isRequired?: boolean;
  /** Whether it is written even if it has its default: all but the plain fields of proto3. */
  readonly hasPresence?: boolean;
  /** The oneof it belongs to; an `optional` field of proto3 has one of its own. */
  readonly oneof?: string | undefined;
  /** The kind of the keys, which makes it a map. */
  readonly keyKind?: Kind | undefined;
  /** The type of its values, if they are messages. */
  readonly message?: MessageType | undefined;
  /** The type of its values, if they are of an enum. */
  readonly enumType?: EnumType | undefined;
  /** What it has when it was not sent, if that is not what its kind has. */
  readonly fallback?: unknown;
}

/** An entry of a map is a message with two fields. */
export interface Entry {
  /** The field 1. */
  readonly entryKey: Field;
  /** The field 2. */
  readonly entryValue: Field;
}

/** A field, ready for use. */
export class Field {
  /** Its name in messages. */
  readonly name: string;
  /** Its name with that of its message. */
  readonly fullName: string;
  /** Its number on the wire. */
  readonly number: number;
  /** The kind of its values. */
  readonly kind: Kind;
  /** Whether it is a list. */
  readonly isRepeated: boolean;
  /** Whether it must be there. */
  readonly isRequired: boolean;
  /** Whether it is written even if it has its default. */
  readonly hasPresence: boolean;
  /** The oneof it belongs to. */
  readonly oneof: string | undefined;
  /** The kind of the keys of a map; 0 if it is none. */
  readonly keyKind: Kind;
  /** The type of its values, if they are messages. */
  readonly message: MessageType | undefined;
  /** The type of its values, if they are of an enum. */
  readonly enumType: EnumType | undefined;
  /** Whether every object has something of that name, such as `constructor`. */
  readonly isOnEveryObject: boolean;
  /** What stands in front of a value. */
  readonly tag: number;
  /** What stands in front of a packed list; 0 if it cannot be packed. */
  readonly packedTag: number;
  /** Whether a list is written packed. */
  readonly isPacked: boolean;
  /** The fields of an entry, if it is a map. */
  readonly entry: Entry | undefined;
  /** What a single value is when it was not sent. */
  readonly fallback: unknown;

  /** Completes a declaration. */
  constructor(declared: FieldDeclaration) {
    const { name, fullName, number, kind, keyKind, enumType } = declared;
    const tag = (wireType: number) => (number << 3 | wireType) >>> 0;
    this.name = name;
    this.fullName = fullName;
    this.number = number;
    this.kind = kind;
    this.isRepeated = declared.isRepeated ?? false;
    this.isRequired = declared.isRequired ?? false;
    this.hasPresence = declared.hasPresence ?? false;
    this.oneof = declared.oneof;
    this.keyKind = keyKind ?? 0;
    this.message = declared.message;
    this.enumType = enumType;
    this.isOnEveryObject = name in Object.prototype;
    this.tag = tag(keyKind === undefined ? wireTypeOf(kind) : WIRE.lengthDelimited);
    this.packedTag = this.isRepeated && isPackable(kind) ? tag(WIRE.lengthDelimited) : 0;
    this.isPacked = this.packedTag !== 0 && (declared.isPacked ?? true);
    this.fallback = declared.fallback !== undefined
      ? declared.fallback
      : enumType === undefined
      ? defaultOf(kind)
      : enumType.nameOf(enumType.first);
    this.entry = keyKind === undefined ? undefined : {
      entryKey: new Field({ name: "key", fullName: `${fullName}.key`, number: 1, kind: keyKind }),
      entryValue: new Field({
        name: "value",
        fullName: `${fullName}.value`,
        number: 2,
        kind,
        message: declared.message,
        enumType,
      }),
    };
  }

  /** What it has when it was not sent: lists, maps and bytes anew each time, as they can be changed. */
  absent(): unknown {
    if (this.isRepeated) return [];
    if (this.keyKind !== 0) return {};
    return this.kind === 12 ? new Uint8Array(this.fallback as Uint8Array) : this.fallback;
  }

  /** The number of an enum value as a program gives it; undefined if the enum has no such name. */
  numberOf(value: unknown): number | undefined {
    return this.enumType?.numberOf(value);
  }

  /** Whether a value, as a program gives it, is what the field has anyway when it is not sent. */
  isZero(value: unknown): boolean {
    switch (this.kind) {
      case 8: // bool
        return !value;
      case 9: // string
        return value === "";
      case 12: // bytes
        return (value as ArrayLike<number>).length === 0;
      case ENUM:
        return this.enumType?.first === 0 && this.numberOf(value) === 0;
      default:
        return value === 0 ? !Object.is(value, -0) : value === "0" && isLong(this.kind);
    }
  }
}
