/**
 * Finds the .proto file behind a symbol, for reflection. Files are handled as
 * the bytes of a `FileDescriptorProto`; only the few fields that name things
 * are looked at.
 *
 * Source: protobuf `descriptor.proto`; protobuf encoding.
 */

import { concatenate, readFields, textField, textOf } from "./descriptor_bytes.ts";

/** Field numbers in `descriptor.proto`. */
const FILE = {
  name: 1,
  package: 2,
  dependency: 3,
  message: 4,
  enumType: 5,
  service: 6,
  extension: 7,
};
const MESSAGE = { name: 1, field: 2, nested: 3, enumType: 4, extension: 6 };
const FIELD = { extendee: 2, typeName: 6 };
const SERVICE = { method: 2 };
const METHOD = { name: 1, input: 2, output: 3 };

/** A file with what it defines and uses. */
interface IndexedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly symbols: Set<string>;
  /** What it refers to, and the scope in which the reference stands. */
  readonly references: { readonly scope: string; readonly name: string }[];
  /** The files that came with it: where its references are looked for. */
  readonly siblings: readonly IndexedFile[];
}

/** The files of all services of a server. */
export class FileIndex {
  readonly #files: IndexedFile[] = [];

  /** Adds the files of one service. The same name may come again with other contents. */
  add(files: readonly Uint8Array[]): void {
    const siblings: IndexedFile[] = [];
    for (const bytes of files) {
      const file = this.#index(bytes, siblings);
      siblings.push(file);
      this.#files.push(file);
    }
  }

  /** The file of that name and all that it needs, itself first. */
  byName(name: string): Uint8Array[] | undefined {
    return this.#closure(this.#files.find((file) => file.name === name));
  }

  /** The file that defines a message, enum, service or method, and all that it needs, itself first. */
  bySymbol(symbol: string): Uint8Array[] | undefined {
    return this.#closure(this.#files.find(({ symbols }) => symbols.has(symbol)));
  }

  /** Whether any file defines the symbol. */
  has(symbol: string): boolean {
    return this.#files.some(({ symbols }) => symbols.has(symbol));
  }

  #closure(start: IndexedFile | undefined): Uint8Array[] | undefined {
    if (start === undefined) return undefined;
    const seen = new Set([start]);
    for (const file of seen) for (const needed of dependenciesOf(file)) seen.add(needed);
    return [...seen].map(completed);
  }

  #index(bytes: Uint8Array, siblings: readonly IndexedFile[]): IndexedFile {
    const fields = [...readFields(bytes)];
    const givenName = textOf(fields, FILE.name);
    const names = new Set(this.#files.map(({ name }) => name));
    let name = givenName;
    for (let count = 2; names.has(name); count++) {
      name = givenName.replace(/(\.proto)?$/, `_${count}$1`);
    }
    const file: IndexedFile = { name, bytes, symbols: new Set(), references: [], siblings };
    const scope = textOf(fields, FILE.package);
    for (const { number, value } of fields) {
      if (number === FILE.message) indexMessage(file, scope, value);
      if (number === FILE.enumType) define(file, scope, value);
      if (number === FILE.service) indexService(file, scope, value);
      if (number === FILE.extension) indexField(file, scope, value);
    }
    return file;
  }
}

function define(file: IndexedFile, scope: string, definition: Uint8Array): string {
  const name = textOf([...readFields(definition)], MESSAGE.name);
  const full = scope === "" ? name : `${scope}.${name}`;
  file.symbols.add(full);
  return full;
}

function indexMessage(file: IndexedFile, scope: string, message: Uint8Array): void {
  const own = define(file, scope, message);
  for (const { number, value } of readFields(message)) {
    if (number === MESSAGE.nested) indexMessage(file, own, value);
    if (number === MESSAGE.enumType) define(file, own, value);
    if (number === MESSAGE.field || number === MESSAGE.extension) indexField(file, own, value);
  }
}

/** What a field refers to: the type of its values, and the message that it extends. */
function indexField(file: IndexedFile, scope: string, field: Uint8Array): void {
  const fields = [...readFields(field)];
  for (const number of [FIELD.typeName, FIELD.extendee]) {
    const name = textOf(fields, number);
    if (name !== "") file.references.push({ scope, name });
  }
}

function indexService(file: IndexedFile, scope: string, service: Uint8Array): void {
  const own = define(file, scope, service);
  for (const { number, value } of readFields(service)) {
    if (number !== SERVICE.method) continue;
    const method = [...readFields(value)];
    file.symbols.add(`${own}.${textOf(method, METHOD.name)}`);
    for (const type of [METHOD.input, METHOD.output]) {
      file.references.push({ scope: own, name: textOf(method, type) });
    }
  }
}

/** Neither we nor proto-loader say which files a file imports: found by what it refers to. */
function dependenciesOf(file: IndexedFile): Set<IndexedFile> {
  const needed = new Set<IndexedFile>();
  for (const { scope, name } of file.references) {
    const target = findFile(file, scope, name);
    if (target !== undefined && target !== file) needed.add(target);
  }
  return needed;
}

/** Looks a name up from the inside of a scope outwards, as protobuf does. */
function findFile(file: IndexedFile, scope: string, name: string): IndexedFile | undefined {
  const candidates = [file, ...file.siblings];
  const inside = name.startsWith(".") ? [] : scope.split(".");
  const bare = name.replace(/^\./, "");
  for (let depth = inside.length; depth >= 0; depth--) {
    const full = [...inside.slice(0, depth), bare].join(".");
    const found = candidates.find(({ symbols }) => symbols.has(full));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The bytes with name and imports set: what is appended to a message replaces or adds to it. */
function completed(file: IndexedFile): Uint8Array {
  return concatenate([
    file.bytes,
    textField(FILE.name, file.name),
    ...[...dependenciesOf(file)].map(({ name }) => textField(FILE.dependency, name)),
  ]);
}
