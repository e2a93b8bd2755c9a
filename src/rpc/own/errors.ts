/** What a status becomes for whoever made the call. */
import { RpcError, statusName } from "../../errors.ts";
import type { CallStatus } from "../../grpc/status.ts";
import type { MethodDefinition } from "../contract.ts";
import { fromFields } from "./metadata.ts";

/** The error for a status other than OK. */
export function statusError({ code, details, trailers }: CallStatus): RpcError {
  return new RpcError(statusName(code), details, { metadata: fromFields(trailers) });
}

/** The error of a call whose connection was closed, or whose peer has gone. */
export function unavailable(reason: Error): RpcError {
  return new RpcError("UNAVAILABLE", reason.message, { cause: reason });
}

/** The error of a call that its signal has ended. */
export function cancelled(signal: AbortSignal): RpcError {
  return new RpcError("CANCELLED", "The call was cancelled by its signal", {
    cause: signal.reason,
  });
}

/**
 * Writes a request.
 *
 * @throws {RpcError} If it is none of its type.
 */
export function serializeRequest(method: MethodDefinition, request: unknown): Uint8Array {
  try {
    return method.requestSerialize(request);
  } catch (cause) {
    throw unwritable("request", cause);
  }
}

/** The error of a message that is none of its type; grpc-js says INTERNAL as well. */
export function unwritable(kind: "request" | "response", cause: unknown): RpcError {
  return new RpcError("INTERNAL", `The ${kind} cannot be written: ${(cause as Error).message}`, {
    cause,
  });
}
