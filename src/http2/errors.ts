/** What can go wrong on an HTTP/2 connection or stream. */

/** The error codes of HTTP/2. Source: RFC 9113 section 7. */
export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;

/**
 * What ended a stream or a connection:
 *
 * - `protocol`: the peer broke HTTP/2 or HPACK; the message says how
 * - `flood`: the peer went over one of the {@linkcode Http2Options} limits
 * - `reset`: the peer sent RST_STREAM
 * - `goaway`: the peer sent GOAWAY
 * - `link`: the byte stream ended or broke
 * - `settings-timeout`: the peer did not send or acknowledge SETTINGS in time
 * - `keepalive`: the peer did not answer a PING in time
 * - `ids`: this side has used up its stream ids
 * - `closed`: this side closed the connection
 * - `handler`: the layer above threw; the error is the `cause`
 */
export type Http2Reason =
  | "protocol"
  | "flood"
  | "reset"
  | "goaway"
  | "link"
  | "settings-timeout"
  | "keepalive"
  | "ids"
  | "closed"
  | "handler";

/** What an {@linkcode Http2Error} carries beside code, reason and message. */
export interface Http2ErrorDetails {
  /** The underlying error. */
  readonly cause?: unknown;
  /** Whether the peer has certainly not seen to the stream. @default {false} */
  readonly unprocessed?: boolean;
}

/** A stream or a connection ended otherwise than by its own messages. */
export class Http2Error extends Error {
  /** The code of HTTP/2, sent or received; any 32-bit number if received. See {@linkcode ErrorCode}. */
  readonly code: number;
  /** Who ended it, and why. */
  readonly reason: Http2Reason;
  /**
   * Whether the peer has certainly not seen to the stream, so that it can be
   * tried again elsewhere. Source: RFC 9113 section 8.7.
   */
  readonly unprocessed: boolean;

  /** Makes an error with a code of HTTP/2. */
  constructor(
    code: number,
    reason: Http2Reason,
    message: string,
    details: Http2ErrorDetails = {},
  ) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.name = "Http2Error";
    this.code = code;
    this.reason = reason;
    this.unprocessed = details.unprocessed ?? false;
  }
}

/**
 * Throws what a peer is told who broke the protocol: the connection ends with
 * GOAWAY and this code.
 */
export function breach(code: number, found: string): never {
  throw new Http2Error(code, "protocol", `Cannot go on with the HTTP/2 peer: ${found}`);
}

/** Throws what ends the connection of a peer that went over a limit. */
export function flood(found: string): never {
  throw new Http2Error(
    ErrorCode.enhanceYourCalm,
    "flood",
    `Cannot go on with the HTTP/2 peer: ${found}`,
  );
}

/** The name of a code as RFC 9113 has it, or its number. */
export function errorCodeName(code: number): string {
  const name = Object.entries(ErrorCode).find(([, value]) => value === code)?.[0];
  if (name === undefined) return `code ${code}`;
  if (name === "http11Required") return "HTTP_1_1_REQUIRED";
  return name.replace(/[A-Z]/g, "_$&").toUpperCase();
}
