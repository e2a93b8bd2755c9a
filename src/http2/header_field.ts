/** One header field, and what can be told of it by itself. */

/** The overhead of an entry in all size limits. Source: RFC 7541 section 4.1. */
const ENTRY_OVERHEAD_BYTES = 32;

/** The pseudo-header fields. */
export type PseudoName = "method" | "path" | "scheme" | "authority" | "status";

/** A field that was received. It is checked once, also if it is in a table and used again. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** Its size as RFC 7541 section 4.1 counts. */
  readonly bytes: number;
  /** Which pseudo-header field it is, if it is one. */
  readonly pseudo: PseudoName | undefined;
  /** Whether no message may have it. */
  readonly isMalformed: boolean;
}

const PSEUDO_NAMES: Readonly<Record<string, PseudoName>> = {
  ":method": "method",
  ":path": "path",
  ":scheme": "scheme",
  ":authority": "authority",
  ":status": "status",
};
const NOT_A_NAME = /[^!#$%&'*+\-.^_`|~0-9a-z]/;
const NOT_A_VALUE = /[\0\r\n]|[^\0-\xff]/;
/** Fields of a connection, which HTTP/2 does not have. Source: RFC 9113 section 8.2.2. */
const FORBIDDEN = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Makes a field and checks it. */
export function makeField(name: string, value: string): HeaderField {
  const pseudo = Object.hasOwn(PSEUDO_NAMES, name) ? PSEUDO_NAMES[name] : undefined;
  const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
  return { name, value, bytes, pseudo, isMalformed: isMalformed(name, value, pseudo) };
}

function isMalformed(name: string, value: string, pseudo: PseudoName | undefined): boolean {
  // Space at the ends of a value is let through, against RFC 9113 section
  // 8.2.1: grpc-go sends it in messages of errors.
  if (NOT_A_VALUE.test(value)) return true;
  if (pseudo === "status") return !/^[1-9]\d\d$/.test(value);
  if (pseudo === "path") return value === "";
  if (pseudo !== undefined) return false;
  if (name === "" || NOT_A_NAME.test(name) || FORBIDDEN.has(name)) return true;
  if (name === "content-length") return !/^\d{1,15}$/.test(value);
  return name === "te" && value !== "trailers";
}

/**
 * Checks a field that is to be sent.
 *
 * @throws {TypeError} If a peer would refuse it.
 */
export function checkField(name: string, value: string): void {
  if (
    isMalformed(name, value, Object.hasOwn(PSEUDO_NAMES, name) ? PSEUDO_NAMES[name] : undefined)
  ) {
    throw new TypeError(
      `Cannot send header field: ${JSON.stringify(name)}, ${JSON.stringify(value)}`,
    );
  }
}
