/** Metadata between the plain records of the public API and grpc-js's class. */
import { Buffer } from "node:buffer";
import type { Metadata } from "@grpc/grpc-js";
import { decodeRawBase64, encodeRawBase64 } from "../../wire/base64.ts";
import type { Grpc } from "./grpc.ts";

/** Metadata as the public API has it. */
export type MetadataRecord = Readonly<Record<string, string>>;

/**
 * Makes grpc-js's metadata.
 *
 * @throws {TypeError} If a key or a value is not of the form gRPC allows.
 */
export function toMetadata(
  grpc: Grpc,
  record: MetadataRecord | undefined,
): Metadata {
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(record ?? {})) {
    try {
      metadata.set(key, key.toLowerCase().endsWith("-bin") ? fromBase64(value) : value);
    } catch (cause) {
      throw new TypeError(
        `Metadata ${JSON.stringify(key)}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }
  return metadata;
}

function fromBase64(text: string): Buffer {
  const bytes = decodeRawBase64(text.replace(/=+$/, ""));
  return Buffer.from(bytes.buffer);
}

/** Reads grpc-js's metadata: repeated keys joined by `, `, binary values as base64. */
export function fromMetadata(metadata: Metadata | undefined): MetadataRecord {
  const record: Record<string, string> = {};
  for (const key of Object.keys(metadata?.getMap() ?? {})) {
    record[key] = (metadata as Metadata).get(key)
      .map((value) => typeof value === "string" ? value : encodeRawBase64(value)).join(", ");
  }
  return record;
}
