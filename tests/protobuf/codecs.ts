/** The same methods by our codec and by proto-loader, to be compared. */
import { fromJSON } from "@grpc/proto-loader";
import { makeServiceType } from "../../src/protobuf/service_type.ts";

export type Fields = Record<string, unknown>;

/** Writes and reads one type of message. */
export interface Codec {
  encode(message: unknown): Uint8Array;
  decode(bytes: Uint8Array): Fields;
}

/** What the first method of a service takes, by our codec. */
export function ourCodec(descriptor: object, service: string): Codec {
  const [method] = makeServiceType(descriptor, service).methods;
  if (method === undefined) throw new Error(`${service} has no methods`);
  return {
    encode: (message) => method.requestSerialize(message),
    decode: (bytes) => method.requestDeserialize(bytes) as Fields,
  };
}

interface Definition {
  requestSerialize(message: unknown): Uint8Array;
  requestDeserialize(bytes: Uint8Array): unknown;
}

/** The same by proto-loader. */
export function theirCodec(descriptor: object, service: string): Codec {
  const definitions = fromJSON(descriptor as Parameters<typeof fromJSON>[0], {
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const [method] = Object.values(definitions[service] as unknown as Record<string, Definition>);
  if (method === undefined) throw new Error(`${service} has no methods`);
  return {
    encode: (message) => method.requestSerialize(message),
    decode: (bytes) => method.requestDeserialize(bytes) as Fields,
  };
}

/** A service with one method for messages of one type, which has these fields. */
export function describe(fields: object, more: object = {}, nested: object = {}): object {
  return {
    nested: {
      t: {
        nested: {
          S: { methods: { M: { requestType: "T", responseType: "T" } } },
          T: { fields, ...more },
          ...nested,
        },
      },
    },
  };
}

/** Both codecs for such a message. */
export function bothCodecs(...description: Parameters<typeof describe>): [Codec, Codec] {
  const descriptor = describe(...description);
  return [ourCodec(descriptor, "t.S"), theirCodec(descriptor, "t.S")];
}

/** Bytes as arrays: which subclass of `Uint8Array` they come as does not matter. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** Bytes as the protobuf documentation writes them. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** The bytes that such a text means. */
export function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.split(" ").filter(Boolean), (byte) => parseInt(byte, 16));
}
