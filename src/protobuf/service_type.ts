/**
 * Services, made from descriptors.
 *
 * Messages look as proto-loader makes them with the options `longs: String`,
 * `enums: String`, `defaults`, `oneofs`. What differs, differs because
 * protobuf.js has it wrong, or silently loses what a program meant:
 *
 * - keys of maps that are `bool` or have 64 bits are read and written right;
 * - of a oneof only the field that came last is there, and a message that
 *   comes in two parts is merged;
 * - a field of another wire type than declared is skipped, not misread;
 * - a string that ends behind its message, a group that ends with another
 *   number, and the field number 0 are refused;
 * - of enum values with the same number the first has the name, also where the
 *   descriptor is JSON;
 * - a name means what is near rather than what has it at the root;
 * - an entry of a map without a message has an empty one;
 * - fields of proto3 that have their default are not written, as protobuf wants;
 * - a default of bytes is text, even if it could be base64;
 * - a field `constructor` that is not set is not sent;
 * - bigints are taken for numbers, and what can be no number of 64 bits or no
 *   bytes is refused with a `TypeError`;
 * - `bytes` are plain `Uint8Array`s.
 *
 * proto2 with its defaults, required fields, groups and extensions works as
 * there. Services without descriptors, such as generated code, do not come here.
 */
import { type MethodJson, Scope, type ScopeJson } from "./descriptor.ts";
import { Linker } from "./linker.ts";
import type { MessageType } from "./message_type.ts";
import { takeBack } from "./writer.ts";

/** A method of a service, with what its messages are written and read by. */
export interface MethodType {
  /** The path of the call: `/package.Service/Method`. */
  readonly path: string;
  /** Whether the caller sends a stream. */
  readonly requestStream: boolean;
  /** Whether the caller gets a stream. */
  readonly responseStream: boolean;
  /** Writes a request. */
  requestSerialize(value: unknown): Uint8Array;
  /** Reads a request. */
  requestDeserialize(bytes: Uint8Array): unknown;
  /** Writes a response. */
  responseSerialize(value: unknown): Uint8Array;
  /** Reads a response. */
  responseDeserialize(bytes: Uint8Array): unknown;
  /**
   * Takes back what was written, once nobody needs it, for what is written
   * next. Only for who had it written; copies of the method do not have it.
   */
  readonly takeBack?: (bytes: Uint8Array) => void;
}

/** A service of a descriptor. */
export interface ServiceType {
  /** The full name: `package.Service`. */
  readonly name: string;
  /** The methods, in the order of the descriptor. */
  readonly methods: readonly MethodType[];
  /** The descriptor that it came from. */
  readonly root: Scope;
}

/**
 * Makes the service of that name.
 *
 * @param descriptor The JSON form of .proto files.
 * @throws {TypeError} If the descriptor does not hold the service, or not all that it needs.
 */
export function makeServiceType(descriptor: object, name: string): ServiceType {
  const root = new Scope(descriptor as ScopeJson);
  const services = [...root.all()].filter(({ kind }) => kind === "service");
  const scope = services.find(({ fullName }) => fullName === name);
  if (scope === undefined) {
    const known = services.map(({ fullName }) => fullName).join(", ");
    throw new TypeError(`the descriptor holds ${known || "no service"}`);
  }
  const linker = new Linker(root);
  const methods = Object.entries(scope.json.methods ?? {}).map(([method, json]) =>
    makeMethod(
      `/${name}/${method}`,
      json,
      linker.message(json.requestType, scope),
      linker.message(json.responseType, scope),
    )
  );
  return { name, methods, root };
}

function makeMethod(
  path: string,
  { requestStream = false, responseStream = false }: MethodJson,
  request: MessageType,
  response: MessageType,
): MethodType {
  const made: MethodType = {
    path,
    requestStream,
    responseStream,
    requestSerialize: (value) => request.encode(value),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (value) => response.encode(value),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
  // A copy may have a function in it that holds on to what it has written.
  return Object.defineProperty(made, "takeBack", { value: takeBack });
}
