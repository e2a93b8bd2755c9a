/** Message types: which fields a message has, by name and by number. */
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import type { Field } from "./field.ts";

/** A message as a program has it. */
export type Message = Record<string, unknown>;

/** Fields up to this number are found by index. */
const DENSE = 255;

/** The type of messages. It is made first and gets its fields later: types may contain each other. */
export class MessageType {
  /** The full name, without a leading dot. */
  readonly fullName: string;
  /** Makes a plain message of an object that stands for one, such as `{"@type": …}`. */
  unwrap: ((message: Message) => Message) | undefined;
  /** The fields by number, lowest first: the order in which they are written. */
  fields: readonly Field[] = [];
  /** Those that must be there. */
  required: readonly Field[] = [];
  #dense: (Field | undefined)[] = [];
  #sparse: Map<number, Field> = new Map();
  #template: Message = {};
  #collections: readonly Field[] = [];
  #bytes: readonly Field[] = [];

  /** Sets the name. */
  constructor(fullName: string) {
    this.fullName = fullName;
  }

  /**
   * Sets the fields, once.
   *
   * @throws {TypeError} If two of them have the same number.
   */
  define(fields: readonly Field[]): void {
    this.fields = [...fields].sort((one, other) => one.number - other.number);
    this.required = fields.filter(({ isRequired }) => isRequired);
    for (const field of this.fields) {
      const { number } = field;
      if (this.field(number) !== undefined) {
        throw new TypeError(`${this.fullName} has two fields with the number ${number}`);
      }
      if (number > DENSE) this.#sparse.set(number, field);
      else {
        while (this.#dense.length <= number) this.#dense.push(undefined);
        this.#dense[number] = field;
      }
    }
    // Lists, maps, the rest: the order in which protobuf.js has them.
    const rank = ({ keyKind, isRepeated }: Field) => isRepeated ? 0 : keyKind !== 0 ? 1 : 2;
    const plain = this.fields.filter(({ oneof }) => oneof === undefined)
      .sort((one, other) => rank(one) - rank(other));
    this.#collections = plain.filter((field) => rank(field) < 2);
    this.#bytes = plain.filter((field) => rank(field) === 2 && field.kind === 12);
    this.#template = Object.fromEntries(
      plain.map((field) => [field.name, field.kind === 12 ? undefined : field.absent()]),
    );
  }

  /** The field with a number. */
  field(number: number): Field | undefined {
    return number < this.#dense.length ? this.#dense[number] : this.#sparse.get(number);
  }

  /** A message in which nothing was set: every field outside of oneofs, with its default. */
  make(): Message {
    const message = this.empty();
    this.complete(message);
    return message;
  }

  /** Such a message, in which only bytes are missing yet: see {@linkcode complete}. */
  empty(): Message {
    // A copy of one object has its hidden class, and is made faster than field by field.
    const message = { ...this.#template };
    for (const field of this.#collections) message[field.name] = field.absent();
    return message;
  }

  /** Fills in bytes that were not sent: too dear to be made for fields that are. */
  complete(message: Message): void {
    for (const field of this.#bytes) {
      if (message[field.name] === undefined) message[field.name] = field.absent();
    }
  }

  /**
   * Writes a message.
   *
   * @throws {TypeError} If a value is of a type that the field cannot take.
   * @throws {RangeError} If messages are nested too deep, such as in a circle.
   */
  encode(message: unknown): Uint8Array {
    return encode(this, message);
  }

  /**
   * Reads a message. The bytes belong to it from then on: large values of
   * `bytes` fields are views of them.
   *
   * @throws {RangeError} If the bytes are no such message.
   */
  decode(bytes: Uint8Array): Message {
    return decode(this, bytes);
  }
}
