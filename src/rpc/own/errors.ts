/** What a status becomes for whoever made the call. */
import { RpcError, statusName } from "../../errors.ts";
import type { CallStatus } from "../../grpc/status.ts";
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
