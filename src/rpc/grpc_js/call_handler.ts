/** Calls handlers in grpc-js's shape, on either engine. */
import type { sendUnaryData, ServiceError } from "@grpc/grpc-js";
import { RpcError, STATUS_CODES } from "../../errors.ts";
import type { Logger } from "../../logging/logger.ts";
import type { GrpcJsHandler } from "../grpc_js_handlers.ts";
import type { Grpc } from "./grpc.ts";
import { toMetadata } from "./metadata.ts";

/** A handler, and the call it is to serve. */
export interface HandlerRun {
  /** Serves the call. */
  readonly handler: GrpcJsHandler;
  /** What it gets. */
  readonly call: HandledCall;
  /** Takes the answer, where there is one. */
  readonly callback: sendUnaryData<unknown> | undefined;
  /** The path of the method. */
  readonly path: string;
  /** Told of errors that a handler did not mean to throw. */
  readonly logger: Logger;
  /** grpc-js. */
  readonly grpc: Grpc;
}

/** Any of grpc-js's server calls. */
export interface HandledCall {
  /** Whether the call is over. */
  readonly cancelled: boolean;
  /** An `error` ends a stream of responses. */
  emit(event: string, error: unknown): unknown;
}

/**
 * Calls a handler. What it throws, at once or by the promise that it returns,
 * ends the call; in grpc-js the one hides the error, the other ends the process.
 */
export function callHandler(run: HandlerRun): void {
  const { handler, call, callback } = run;
  const failed = (error: unknown) => {
    // Nobody hears of it any more, and often the end is what made it throw.
    if (call.cancelled) return;
    const status = thrownStatus(error, run);
    if (callback === undefined) call.emit("error", status);
    else callback(status);
  };
  try {
    const result = handler(call, callback);
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === "function") {
      (result as PromiseLike<unknown>).then(undefined, failed);
    }
  } catch (error) {
    failed(error);
  }
}

function thrownStatus(error: unknown, { grpc, path, logger }: HandlerRun): Partial<ServiceError> {
  if (error instanceof RpcError) {
    const details = error.message.toWellFormed();
    return { code: error.statusCode, details, metadata: toMetadata(grpc, error.metadata) };
  }
  const { code, message, stack } = (error ?? {}) as Partial<Error> & { readonly code?: unknown };
  if (Number.isInteger(code)) return error as Partial<ServiceError>;
  logger.error("a handler failed", { method: path, error: stack ?? String(error) });
  return { code: STATUS_CODES.UNKNOWN, details: String(message ?? error).toWellFormed() };
}
