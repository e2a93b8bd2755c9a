/**
 * Corrects what protobuf.js 7 gets wrong when it writes descriptors: the
 * message behind a map field `counts` is called `Counts`, where protobuf wants
 * `CountsEntry`; and nothing says that a field is `optional`. Go's tools refuse
 * the one and take the other for a oneof.
 *
 * Source: protobuf `descriptor.proto`; protobuf.js `ext/descriptor`.
 */
import {
  bytesField,
  concatenate,
  type Field,
  readFields,
  textField,
  textOf,
} from "./descriptor_bytes.ts";

/** Field numbers in `descriptor.proto`. */
const FILE = { message: 4 };
const MESSAGE = { name: 1, field: 2, nested: 3, options: 7, oneof: 8 };
const FIELD = { name: 1, typeName: 6 };
const MAP_ENTRY = 7;
/** The field `proto3_optional`, set. */
const IS_OPTIONAL = Uint8Array.of(0x88, 0x01, 1);

/** A `FileDescriptorProto` as it should be. */
export function repairFile(file: Uint8Array): Uint8Array {
  return rewrite(
    file,
    ({ number, value }) =>
      number === FILE.message ? bytesField(number, repairMessage(value)) : undefined,
  );
}

function repairMessage(message: Uint8Array): Uint8Array {
  const fields = [...readFields(message)];
  const entries = entryNames(fields);
  const optional = optionalFields(fields);
  return rewrite(message, ({ number, value }) => {
    const inner = [...readFields(value)];
    if (number === MESSAGE.nested) {
      const entry = isMapEntry(inner) ? entries.get(textOf(inner, MESSAGE.name)) : undefined;
      // What is appended to a message replaces what it had.
      return bytesField(
        number,
        entry === undefined
          ? repairMessage(value)
          : concatenate([value, textField(MESSAGE.name, entry)]),
      );
    }
    if (number !== MESSAGE.field) return undefined;
    const name = textOf(inner, FIELD.name);
    const typeName = textOf(inner, FIELD.typeName);
    const entry = typeName === capitalized(name) ? entries.get(typeName) : undefined;
    return bytesField(
      number,
      concatenate([
        value,
        ...(entry === undefined ? [] : [textField(FIELD.typeName, entry)]),
        ...(optional.has(name) ? [IS_OPTIONAL] : []),
      ]),
    );
  });
}

/** The right names of the entries of map fields, by the names they have. */
function entryNames(message: readonly Field[]): Map<string, string> {
  const given = new Set(
    message.filter(({ number }) => number === MESSAGE.nested)
      .map(({ value }) => [...readFields(value)])
      .filter(isMapEntry)
      .map((entry) => textOf(entry, MESSAGE.name)),
  );
  const names = new Map<string, string>();
  for (const { number, value } of message) {
    if (number !== MESSAGE.field) continue;
    const name = textOf([...readFields(value)], FIELD.name);
    const old = capitalized(name);
    if (given.has(old)) {
      names.set(old, `${name.split("_").map(capitalized).join("")}Entry`);
    }
  }
  return names;
}

function isMapEntry(message: readonly Field[]): boolean {
  const options = message.find(({ number }) => number === MESSAGE.options)?.value;
  return options !== undefined &&
    [...readFields(options)].some(({ number, whole }) =>
      number === MAP_ENTRY && whole.at(-1) === 1
    );
}

/**
 * The `optional` fields: each has a oneof of its own, named for it. Such oneofs
 * must stand behind the real ones; where they do not, they stay as they are.
 */
function optionalFields(message: readonly Field[]): Set<string> {
  const namesOf = (kind: number) =>
    message.filter(({ number }) => number === kind)
      .map(({ value }) => textOf([...readFields(value)], FIELD.name));
  const fields = new Set(namesOf(MESSAGE.field));
  const oneofs = namesOf(MESSAGE.oneof);
  const isOwn = (oneof: string) => oneof.startsWith("_") && fields.has(oneof.slice(1));
  const real = oneofs.findLastIndex((oneof) => !isOwn(oneof));
  return new Set(oneofs.slice(real + 1).map((oneof) => oneof.slice(1)));
}

/** The message with some of its fields replaced. */
function rewrite(
  message: Uint8Array,
  replace: (field: Field) => Uint8Array | undefined,
): Uint8Array {
  return concatenate([...readFields(message)].map((field) => replace(field) ?? field.whole));
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
