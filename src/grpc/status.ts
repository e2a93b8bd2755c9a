/** The status that ends a call, and what HTTP/2 means where gRPC says nothing. */
import { STATUS_CODES } from "../errors.ts";
import { ErrorCode, errorCodeName, type Http2Error } from "../http2/errors.ts";

/** Header fields in their order: name, value, name, value. */
export type HeaderList = readonly string[];

/** How a call ended. */
export interface CallStatus {
  /** The status by number, see {@linkcode STATUS_CODES}. */
  readonly code: number;
  /** What the peer says about it, decoded. */
  readonly details: string;
  /** The trailers, with the fields of the protocol still among them. */
  readonly trailers: HeaderList;
  /** Whether the connection was lost, and perhaps the peer with it. */
  readonly isLost: boolean;
}

/** A status that this side has come to by itself. */
export function localStatus(code: number, details: string, isLost = false): CallStatus {
  return { code, details, trailers: [], isLost };
}

/**
 * The status that stands for an HTTP status where there is none of gRPC's.
 *
 * Source: gRPC `doc/http-grpc-status-mapping.md`.
 */
export function fromHttpStatus(status: number): CallStatus {
  return localStatus(HTTP_STATUS[status] ?? STATUS_CODES.UNKNOWN, `HTTP status ${status}`);
}

const HTTP_STATUS: Readonly<Record<number, number>> = {
  400: STATUS_CODES.INTERNAL,
  401: STATUS_CODES.UNAUTHENTICATED,
  403: STATUS_CODES.PERMISSION_DENIED,
  404: STATUS_CODES.UNIMPLEMENTED,
  429: STATUS_CODES.UNAVAILABLE,
  502: STATUS_CODES.UNAVAILABLE,
  503: STATUS_CODES.UNAVAILABLE,
  504: STATUS_CODES.UNAVAILABLE,
};

/** What a reset by the peer means. Source: gRPC `doc/PROTOCOL-HTTP2.md`, "Errors". */
const RESETS: Readonly<Record<number, number>> = {
  [ErrorCode.refusedStream]: STATUS_CODES.UNAVAILABLE,
  [ErrorCode.cancel]: STATUS_CODES.CANCELLED,
  [ErrorCode.enhanceYourCalm]: STATUS_CODES.RESOURCE_EXHAUSTED,
  [ErrorCode.inadequateSecurity]: STATUS_CODES.PERMISSION_DENIED,
};

/**
 * The status of a call whose stream ended before its status came.
 *
 * @param isConnectionOver Whether the connection takes no more calls, too.
 */
export function fromHttp2Error(error: Http2Error, isConnectionOver: boolean): CallStatus {
  switch (error.reason) {
    case "reset":
      return localStatus(
        RESETS[error.code] ?? STATUS_CODES.INTERNAL,
        `The peer reset the stream: ${errorCodeName(error.code)}`,
      );
    case "protocol":
    case "flood":
    case "handler":
      if (!isConnectionOver) return localStatus(STATUS_CODES.INTERNAL, error.message);
      return localStatus(STATUS_CODES.UNAVAILABLE, error.message, true);
    default:
      return localStatus(STATUS_CODES.UNAVAILABLE, error.message, true);
  }
}
