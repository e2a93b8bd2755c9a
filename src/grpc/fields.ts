/** Which header fields are the application's metadata, and which the protocol's own. */
import type { HeaderList } from "./status.ts";

/** Source: gRPC `doc/PROTOCOL-HTTP2.md`, "Reserved". */
const OWN = new Set([
  "te",
  "content-type",
  "content-length",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "grpc-message-type",
  "grpc-status",
  "grpc-message",
]);

/** Whether a name, in small letters, belongs to the protocol: nobody else sets or sees it. */
export function isOwnField(name: string): boolean {
  return OWN.has(name);
}

const NAME = /^[0-9a-z_.-]+$/;
const VALUE = /^[ -~]*$/;

/**
 * Adds a field of the application's to a list. Values of names that end in
 * `-bin` are base64. The protocol's own names are left out.
 *
 * @throws {TypeError} If name or value cannot be sent.
 */
export function addField(list: string[], name: string, value: string): void {
  const key = name.toLowerCase();
  if (!NAME.test(key)) {
    throw new TypeError(
      `Metadata ${JSON.stringify(name)}: its name is of no form that can be sent`,
    );
  }
  if (!VALUE.test(value)) {
    throw new TypeError(`Metadata ${JSON.stringify(name)}: its value is no printable ASCII`);
  }
  // What stands around a value is not part of it, in HTTP.
  if (!isOwnField(key)) list.push(key, value.trim());
}

/** Calls back with each field of the application's. */
export function forEachField(
  list: HeaderList,
  found: (name: string, value: string) => void,
): void {
  for (let at = 0; at + 1 < list.length; at += 2) {
    const name = list[at] as string;
    if (!OWN.has(name)) found(name, list[at + 1] as string);
  }
}
