/** grpc-js's metadata on this module's engine, which knows header fields. */
import type { Metadata } from "@grpc/grpc-js";
import { addField, forEachField } from "../../grpc/fields.ts";
import type { HeaderList } from "../../grpc/status.ts";

/** A class of grpc-js's `Metadata`, whichever copy of the package the caller has. */
export interface MetadataClass {
  new (): Metadata;
  /** Makes metadata of header fields. */
  fromHttp2Headers(headers: Record<string, string | string[]>): Metadata;
}

/** Header fields as grpc-js's metadata, without those that are the protocol's. */
export function toGrpcMetadata(type: MetadataClass, list: HeaderList): Metadata {
  const headers: Record<string, string | string[]> = {};
  forEachField(list, (name, value) => {
    const known = headers[name];
    headers[name] = known === undefined ? value : [known, value].flat();
  });
  return type.fromHttp2Headers(headers);
}

/**
 * grpc-js's metadata as header fields.
 *
 * @throws {TypeError} If one cannot be sent.
 */
export function fromGrpcMetadata(metadata: Metadata): HeaderList {
  const list: string[] = [];
  for (const [name, values] of Object.entries(metadata.toHttp2Headers())) {
    for (const value of [values].flat()) addField(list, name, String(value));
  }
  return list;
}
