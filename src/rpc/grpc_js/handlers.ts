/** Turns the handlers of a contract into the four kinds of handler that grpc-js calls. */
import type {
  Metadata,
  sendUnaryData,
  ServerDuplexStream,
  ServiceError as GrpcError,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { RpcError, STATUS_CODES } from "../../errors.ts";
import type { Logger } from "../../logging/logger.ts";
import type { MethodDefinition, ServerCall } from "../contract.ts";
import type { Handler } from "../registry.ts";
import type { RunningCall, RunningCalls } from "../running_calls.ts";
import { CallController, type Shutdown } from "../shutdown.ts";
import type { Grpc } from "./grpc.ts";
import { drained, Interrupt, interruptible, iteratorOf } from "../interrupt.ts";
import { turns } from "../../runtime/wait.ts";
import { fromMetadata, type MetadataRecord, toMetadata } from "./metadata.ts";

/** What all calls of a server share. */
export interface HandlerContext {
  /** grpc-js. */
  readonly grpc: Grpc;
  /** Fires when the server shuts down. */
  readonly shutdown: Shutdown;
  /** Told of errors that a handler did not mean to throw. */
  readonly logger: Logger;
  /** Every call, until its handler is done and its status is out. */
  readonly running: RunningCalls;
}

/** Any of grpc-js's server calls: the widest of the four kinds, and the request of the others. */
type AnyCall = ServerDuplexStream<unknown, unknown> & { readonly request?: unknown };

/** Makes the grpc-js handler of a method. */
export function adaptHandler(
  method: MethodDefinition,
  handler: Handler,
  context: HandlerContext,
): UntypedHandleCall {
  const serve = method.responseStream ? serveStream : serveSingle;
  // grpc-js passes the second argument only where there is one response.
  const adapted = (call: AnyCall, callback?: sendUnaryData<unknown>) =>
    void serve(method, handler, new HandlerCall(call, context), callback);
  return adapted as UntypedHandleCall;
}

async function serveSingle(
  method: MethodDefinition,
  handler: Handler,
  call: HandlerCall,
  callback?: sendUnaryData<unknown>,
): Promise<void> {
  try {
    const response = await call.interrupt.guard(
      Promise.resolve(handler(call.input(method), call)),
    );
    callback?.(null, response, call.trailers());
  } catch (error) {
    callback?.(call.statusOf(error, method.path));
  } finally {
    call.finish();
  }
}

async function serveStream(
  method: MethodDefinition,
  handler: Handler,
  call: HandlerCall,
): Promise<void> {
  const stream = call.grpcCall;
  try {
    const responses = iteratorOf(
      handler(call.input(method), call) as AsyncIterable<unknown>,
    );
    for await (const message of interruptible(responses, call.interrupt)) {
      if (!stream.write(message)) await call.interrupt.guard(drained(stream));
    }
    stream.end(call.trailers());
  } catch (error) {
    stream.emit("error", call.statusOf(error, method.path));
  } finally {
    call.finish();
  }
}

/**
 * A peer on node:http2 that cancels ends its requests first, as if they were
 * complete (END_STREAM, then RST_STREAM). This many turns of the event loop
 * later the cancel is known; over TLS, Deno needs two.
 */
const TURNS_TO_CANCEL = 3;

class HandlerCall implements ServerCall, RunningCall {
  readonly grpcCall: AnyCall;
  readonly path: string;
  place = -1;
  /** Fires when the caller is gone: nothing the handler still does can reach anybody. */
  readonly interrupt = new Interrupt();
  readonly #context: HandlerContext;
  #controller: CallController | undefined;
  #metadata: MetadataRecord | undefined;
  #trailers: Metadata | undefined;
  #over: RpcError | undefined;
  /** Whether the handler is done. */
  #isFinished = false;
  /** Whether the status is out, or can no longer get out. */
  #isSent = false;

  constructor(call: AnyCall, context: HandlerContext) {
    this.grpcCall = call;
    this.#context = context;
    this.path = call.getPath();
    context.running.add(this);
    // grpc-js says so of every call once it is over, well or not.
    call.on("cancelled", () => {
      this.#isSent = true;
      if (this.#isFinished) return context.running.remove(this);
      const deadline = call.getDeadline();
      const isLate = Number(deadline) <= Date.now();
      this.#end(
        isLate
          ? new RpcError(
            "DEADLINE_EXCEEDED",
            "The deadline of the call has passed",
          )
          : new RpcError("CANCELLED", "The caller has cancelled the call"),
      );
    });
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new CallController();
      // It may be asked for only after it would have fired.
      if (this.#over !== undefined) this.#controller.abort(this.#over);
      else this.#context.shutdown.add(this.#controller);
    }
    return this.#controller.signal;
  }

  get deadline(): Date | undefined {
    const deadline = Number(this.grpcCall.getDeadline());
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get metadata(): MetadataRecord {
    return this.#metadata ??= fromMetadata(this.grpcCall.metadata);
  }

  sendHeaders(metadata: MetadataRecord): void {
    this.grpcCall.sendMetadata(toMetadata(this.#context.grpc, metadata));
  }

  setTrailers(metadata: MetadataRecord): void {
    this.#trailers = toMetadata(this.#context.grpc, metadata);
  }

  trailers(): Metadata | undefined {
    return this.#trailers;
  }

  /** The request, or the stream of requests, which ends when the caller is gone. */
  input(method: MethodDefinition): unknown {
    if (!method.requestStream) return this.grpcCall.request;
    // Leaving the loop early must not close the half that carries the answer.
    const requests = this.grpcCall.iterator({ destroyOnReturn: false });
    return interruptible({
      next: async () => {
        const result = await requests.next();
        if (result.done) await turns(TURNS_TO_CANCEL);
        return result;
      },
      return: () => requests.return?.() ?? Promise.resolve({ done: true, value: undefined }),
    }, this.interrupt);
  }

  /** The status that goes out for what a handler threw. grpc-js throws for halves of surrogate pairs. */
  statusOf(error: unknown, path: string): Partial<GrpcError> {
    if (error instanceof RpcError) {
      try {
        return {
          code: error.statusCode,
          details: error.message.toWellFormed(),
          metadata: toMetadata(this.#context.grpc, error.metadata),
        };
      } catch (invalid) {
        // Metadata that cannot be sent: it is the handler that failed.
        return this.statusOf(invalid, path);
      }
    }
    // Anything can be thrown, `undefined` too.
    const { code, details, message } = (error ?? {}) as Partial<GrpcError>;
    // An error of a grpc-js client that the handler used: its status goes on as it is.
    if (typeof code === "number" && typeof details === "string") {
      return { code, details: details.toWellFormed() };
    }
    this.#context.logger.error("a handler failed", {
      method: path,
      error: (error as Error)?.stack ?? String(error),
    });
    return { code: STATUS_CODES.UNKNOWN, details: String(message ?? error).toWellFormed() };
  }

  finish(): void {
    this.#isFinished = true;
    if (this.#isSent) this.#context.running.remove(this);
    if (this.#controller !== undefined) this.#context.shutdown.remove(this.#controller);
  }

  #end(reason: RpcError): void {
    this.#over = reason;
    this.interrupt.fire(reason);
    this.#controller?.abort(reason);
  }
}
