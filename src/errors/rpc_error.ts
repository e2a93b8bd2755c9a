/** The error of a call, and the statuses of gRPC. */
import { PluginError } from "./plugin_error.ts";

/**
 * The status codes of gRPC, by name.
 *
 * Source: gRPC `doc/statuscodes.md`.
 */
export const STATUS_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The name of a gRPC status. */
export type StatusName = keyof typeof STATUS_CODES;

/** What an {@linkcode RpcError} may carry beside status and message. */
export interface RpcErrorOptions {
  /** The underlying error; the plugin's exit where that ended the call. */
  readonly cause?: unknown;
  /** Trailing metadata: sent along by a handler, received by a caller. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A call ended with a status other than OK. A handler throws it to choose the
 * status; a caller gets it with the peer's message untouched.
 */
export class RpcError extends PluginError {
  /** The status by name. */
  readonly status: StatusName;
  /** The status by number. */
  readonly statusCode: number;
  /** Trailing metadata; values of keys ending in `-bin` are base64. */
  readonly metadata: Readonly<Record<string, string>>;

  /** Sets the status and the message that the peer gets or gave. */
  constructor(status: StatusName, message: string, options: RpcErrorOptions = {}) {
    super("rpc", message, "cause" in options ? { cause: options.cause } : {});
    this.name = "RpcError";
    this.status = status;
    this.statusCode = STATUS_CODES[status];
    this.metadata = options.metadata ?? {};
  }
}

/** The name of a status number; numbers that gRPC does not know are `UNKNOWN`. */
export function statusName(code: number): StatusName {
  for (const [name, value] of Object.entries(STATUS_CODES)) {
    if (value === code) return name as StatusName;
  }
  return "UNKNOWN";
}
