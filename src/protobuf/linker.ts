/** Makes message types from descriptors. */
import {
  type Features,
  featuresOf,
  fieldFeatures,
  type FieldJson,
  type OptionsJson,
  type Scope,
} from "./descriptor.ts";
import { EnumType, Field, type FieldDeclaration } from "./field.ts";
import { formatInt64, formatUint64, splitInt64 } from "./int64.ts";
import { ENUM, GROUP, isLong, isMapKey, MESSAGE, SCALARS } from "./kind.ts";
import { type Message, MessageType } from "./message_type.ts";

/** Makes each type once, with all types that it needs. */
export class Linker {
  readonly #messages = new Map<Scope, MessageType>();
  readonly #enums = new Map<Scope, EnumType>();
  readonly #extensions: ReadonlyMap<Scope | undefined, Scope[]>;

  /** Makes types from the descriptor with this root. */
  constructor(root: Scope) {
    const extensions = new Map<Scope | undefined, Scope[]>();
    for (const scope of root.all()) {
      if (scope.kind !== "extension" || scope.json.extend === undefined) continue;
      const extended = scope.parent?.find(scope.json.extend, "message");
      const others = extensions.get(extended);
      if (others === undefined) extensions.set(extended, [scope]);
      else others.push(scope);
    }
    this.#extensions = extensions;
  }

  /**
   * The type of a message that a scope refers to.
   *
   * @throws {TypeError} If there is none, or it cannot be made.
   */
  message(name: string, scope: Scope): MessageType {
    const found = scope.find(name, "message");
    if (found === undefined) {
      throw new TypeError(`there is no message ${name}, which ${scope.fullName} needs`);
    }
    return this.#message(found);
  }

  #message(scope: Scope): MessageType {
    const known = this.#messages.get(scope);
    if (known !== undefined) return known;
    const type = new MessageType(scope.fullName);
    this.#messages.set(scope, type); // before its fields: they may lead back to it
    const features = featuresOf(scope);
    const oneofs = new Map(
      Object.entries(scope.json.oneofs ?? {})
        .flatMap(([oneof, { oneof: names }]) => names.map((name) => [name, oneof])),
    );
    const fields = Object.entries(scope.json.fields ?? {})
      .filter(([name]) => name !== "__proto__") // As protobuf.js does.
      .map(([name, json]) => this.#field(name, json, scope, features, oneofs.get(name)));
    for (const extension of this.#extensions.get(scope) ?? []) {
      const place = extension.parent ?? scope;
      // As protobuf.js names it.
      const name = `.${extension.fullName}`;
      const own = place.kind === "message" ? featuresOf(place) : featuresOf(extension);
      fields.push(this.#field(name, extension.json as FieldJson, place, own, undefined, true));
    }
    type.define(fields);
    if (scope.fullName === "google.protobuf.Any") type.unwrap = (any) => this.#wrap(any, scope);
    return type;
  }

  #field(
    name: string,
    json: FieldJson,
    scope: Scope,
    inherited: Features,
    oneof: string | undefined,
    isExtension = false,
  ): Field {
    const fullName = `${scope.fullName}.${name}`;
    const { id, type, keyType, options, rule } = json;
    if (!Number.isInteger(id) || id < 1 || id >= 2 ** 29) {
      throw new TypeError(`${fullName} has the number ${id}`);
    }
    const features = fieldFeatures(json, scope, inherited);
    const keyKind = keyType === undefined ? undefined : SCALARS.get(keyType);
    if (keyType !== undefined && (keyKind === undefined || !isMapKey(keyKind))) {
      throw new TypeError(`${fullName} is a map with keys of the type ${keyType}`);
    }
    const values = this.#values(type, features, scope, fullName);
    return new Field({
      ...values,
      name,
      fullName,
      number: id,
      isRepeated: rule === "repeated",
      isPacked: features.repeated_field_encoding === "PACKED",
      isRequired: features.field_presence === "LEGACY_REQUIRED",
      hasPresence: oneof !== undefined || isExtension || options?.["default"] !== undefined ||
        features.field_presence !== "IMPLICIT",
      oneof,
      keyKind,
      fallback: fallbackOf(options, values),
    });
  }

  /** The values of a field. */
  #values(
    name: string,
    features: Features,
    scope: Scope,
    fullName: string,
  ): Pick<FieldDeclaration, "kind" | "message" | "enumType"> {
    const scalar = SCALARS.get(name);
    if (scalar !== undefined) return { kind: scalar };
    const found = scope.find(name, "message", "enum");
    if (found === undefined) {
      throw new TypeError(`there is no message or enum ${name}, which ${fullName} needs`);
    }
    if (found.kind === "enum") return { kind: ENUM, enumType: this.#enum(found) };
    const isGroup = features.message_encoding === "DELIMITED";
    return { kind: isGroup ? GROUP : MESSAGE, message: this.#message(found) };
  }

  #enum(scope: Scope): EnumType {
    let type = this.#enums.get(scope);
    if (type === undefined) {
      type = new EnumType(Object.entries(scope.json.values ?? {}));
      this.#enums.set(scope, type);
    }
    return type;
  }

  /** Packs what a program gives as `{"@type": "…/package.Message", …}`. Source: protobuf.js `wrappers`. */
  #wrap(any: Message, scope: Scope): Message {
    const url = any["@type"];
    if (typeof url !== "string" || url === "") return any;
    const found = scope.find(url.slice(url.lastIndexOf("/") + 1), "message");
    if (found === undefined) return any;
    const value = this.#message(found).encode(any);
    const typeUrl = url.includes("/") ? url : `/${url}`;
    return { type_url: typeUrl, typeUrl, value };
  }
}

/** What a field has when it was not sent, if its options say so. */
function fallbackOf(
  options: OptionsJson | undefined,
  { kind, enumType }: Pick<FieldDeclaration, "kind" | "enumType">,
): unknown {
  const set = options?.["default"] ?? undefined;
  if (set === undefined) return undefined;
  if (enumType !== undefined) return enumType.nameOf(enumType.numberOf(set) ?? enumType.first);
  if (kind === 12) return new TextEncoder().encode(String(set)); // as text, as in .proto files
  if (!isLong(kind)) return set;
  const halves = { low: 0, high: 0 };
  const isUnsigned = kind === 4 || kind === 6; // uint64, fixed64
  splitInt64(set, isUnsigned, halves);
  return (isUnsigned ? formatUint64 : formatInt64)(halves.low, halves.high);
}
