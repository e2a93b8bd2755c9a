/** The status that goes out for what a handler threw. */
import { RpcError, STATUS_CODES } from "../../errors.ts";
import type { HeaderList } from "../../grpc/status.ts";
import type { Logger } from "../../logging/logger.ts";
import { toFields } from "./metadata.ts";

/** A status with the trailers that go with it. */
export interface ThrownStatus {
  /** The status by number. */
  readonly code: number;
  /** What it says. */
  readonly details: string;
  /** The metadata sent along. */
  readonly trailers: HeaderList;
}

/** Finds the status; what was not meant for the caller is logged as well. */
export function statusOf(error: unknown, path: string, logger: Logger): ThrownStatus {
  if (error instanceof RpcError) {
    try {
      const trailers = toFields(error.metadata);
      return { code: error.statusCode, details: error.message.toWellFormed(), trailers };
    } catch (invalid) {
      // Metadata that cannot be sent: it is the handler that failed.
      return statusOf(invalid, path, logger);
    }
  }
  // Anything can be thrown, `undefined` too.
  const { code, details, message } = (error ?? {}) as {
    readonly code?: unknown;
    readonly details?: unknown;
    readonly message?: unknown;
  };
  // An error of a grpc-js client that the handler used: its status goes on as it is.
  if (typeof code === "number" && typeof details === "string") {
    return { code, details: details.toWellFormed(), trailers: [] };
  }
  logger.error("a handler failed", {
    method: path,
    error: (error as Error)?.stack ?? String(error),
  });
  return {
    code: STATUS_CODES.UNKNOWN,
    details: String(message ?? error).toWellFormed(),
    trailers: [],
  };
}
