/** Metadata between the plain records of the public API and header fields. */
import { addField, forEachField } from "../../grpc/fields.ts";
import type { HeaderList } from "../../grpc/status.ts";
import { decodeRawBase64, encodeRawBase64 } from "../../wire/base64.ts";

/** Metadata as the public API has it. */
export type MetadataRecord = Readonly<Record<string, string>>;

const NONE: HeaderList = [];

/**
 * Makes header fields.
 *
 * @throws {TypeError} If a key or a value is not of the form gRPC allows.
 */
export function toFields(record: MetadataRecord | undefined): HeaderList {
  if (record === undefined) return NONE;
  const list: string[] = [];
  for (const key in record) {
    if (!Object.hasOwn(record, key)) continue;
    const value = record[key] as string;
    if (typeof value !== "string") {
      throw new TypeError(`Metadata ${JSON.stringify(key)}: its value is no text`);
    }
    addField(list, key, key.toLowerCase().endsWith("-bin") ? withoutPadding(key, value) : value);
  }
  return list;
}

/** Peers take base64 with and without padding; what is none would be noticed only there. */
function withoutPadding(key: string, value: string): string {
  const text = value.replace(/=+$/, "");
  try {
    return encodeRawBase64(decodeRawBase64(text));
  } catch (cause) {
    throw new TypeError(`Metadata ${JSON.stringify(key)}: ${(cause as Error).message}`, { cause });
  }
}

/** Reads header fields: repeated names joined by `, `, binary values as base64 without padding. */
export function fromFields(list: HeaderList): MetadataRecord {
  const record: Record<string, string> = {};
  forEachField(list, (name, value) => {
    const text = name.endsWith("-bin") ? unpadded(value) : value;
    record[name] = record[name] === undefined ? text : `${record[name]}, ${text}`;
  });
  return record;
}

/** Several binary values may stand in one field. */
function unpadded(value: string): string {
  return value.split(",").map((part) => part.trim().replace(/=+$/, "")).join(", ");
}
