/** A call as a handler of a contract serves it. */
import { RpcError, STATUS_CODES } from "../../errors.ts";
import type { ServedCall, ServerCall as WireCall } from "../../grpc/server_call.ts";
import type { HeaderList } from "../../grpc/status.ts";
import type { Logger } from "../../logging/logger.ts";
import type { MethodDefinition, ServerCall } from "../contract.ts";
import { Interrupt, interruptible, iteratorOf } from "../interrupt.ts";
import type { Handler } from "../registry.ts";
import type { RunningCall, RunningCalls } from "../running_calls.ts";
import { CallController, type Shutdown } from "../shutdown.ts";
import { MessageQueue } from "./message_queue.ts";
import { fromFields, type MetadataRecord, toFields } from "./metadata.ts";
import { releaseOf, serialize } from "./outgoing.ts";
import { statusOf } from "./thrown_status.ts";

/** What all calls of a server share. */
export interface HandlerContext {
  /** Fires when the server shuts down. */
  readonly shutdown: Shutdown;
  /** Told of errors that a handler did not mean to throw. */
  readonly logger: Logger;
  /** Every call, until its status is out or nobody waits for it. */
  readonly running: RunningCalls;
}

/** One call with its handler. */
export class HandlerCall implements ServerCall, ServedCall, RunningCall {
  place = -1;
  readonly #wire: WireCall;
  readonly #method: MethodDefinition;
  readonly #handler: Handler;
  readonly #context: HandlerContext;
  /** Fires when nothing that the handler still does can reach anybody. */
  #gone: Interrupt | undefined;
  #requests: MessageQueue | undefined;
  #request: Uint8Array | undefined;
  #controller: CallController | undefined;
  #metadata: MetadataRecord | undefined;
  #trailers: HeaderList = [];
  #over: RpcError | undefined;
  #onDrain: (() => void) | undefined;

  /** Takes a call. */
  constructor(
    wire: WireCall,
    method: MethodDefinition,
    handler: Handler,
    context: HandlerContext,
  ) {
    this.#wire = wire;
    this.#method = method;
    this.#handler = handler;
    this.#context = context;
    context.running.add(this);
    if (!method.requestStream) return;
    this.#requests = new MessageQueue({ hold: () => wire.hold(), release: () => wire.release() });
  }

  /**
   * A handler of a stream of requests is called at once: calls behind it in
   * the same bytes must find what it has done, a broker's stream above all.
   */
  begin(): void {
    if (this.#requests !== undefined) this.#run(this.#stream(this.#requests));
  }

  get path(): string {
    return this.#wire.path;
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
    const { deadlineMs } = this.#wire;
    return deadlineMs === Infinity ? undefined : new Date(deadlineMs);
  }

  get metadata(): MetadataRecord {
    return this.#metadata ??= fromFields(this.#wire.metadata);
  }

  sendHeaders(metadata: MetadataRecord): void {
    this.#wire.sendHeaders(toFields(metadata));
  }

  setTrailers(metadata: MetadataRecord): void {
    this.#trailers = toFields(metadata);
  }

  message(bytes: Uint8Array): void {
    if (this.#requests !== undefined) this.#requests.push(bytes);
    else if (this.#request === undefined) this.#request = bytes;
    else this.#wire.fault(STATUS_CODES.INTERNAL, "More than one request in this call");
  }

  requestsEnd(): void {
    if (this.#requests !== undefined) return this.#requests.end();
    const request = this.#request;
    if (request === undefined) {
      return this.#wire.fault(STATUS_CODES.INTERNAL, "No request in this call");
    }
    let message: unknown;
    try {
      message = this.#method.requestDeserialize(request);
    } catch (error) {
      return this.#wire.fault(STATUS_CODES.INTERNAL, unreadable(error));
    }
    this.#run(message);
  }

  over(code: number, details: string): void {
    const status = code === STATUS_CODES.DEADLINE_EXCEEDED ? "DEADLINE_EXCEEDED" : "CANCELLED";
    const reason = new RpcError(status, details);
    this.#over = reason;
    this.#context.running.remove(this);
    this.#requests?.fail(reason);
    this.#gone?.fire(reason);
    this.#controller?.abort(reason);
    this.#forget();
  }

  sent(): void {
    this.#context.running.remove(this);
  }

  drain(): void {
    this.#onDrain?.();
  }

  #run(input: unknown): void {
    try {
      const output = this.#handler(input, this);
      if (this.#method.responseStream || isPromise(output)) void this.#wait(output);
      else this.#answer(output); // Waiting for what is there would put it off.
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #wait(output: unknown): Promise<void> {
    try {
      if (!this.#method.responseStream) return this.#answer(await output);
      await this.#sendAll(output as AsyncIterable<unknown>);
      this.#end();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #answer(response: unknown): void {
    this.#send(response);
    this.#end();
  }

  #end(): void {
    this.#wire.finish(STATUS_CODES.OK, "", this.#trailers);
    this.#leave();
  }

  #refuse(error: unknown): void {
    if (this.#over === undefined) {
      const { code, details, trailers } = statusOf(error, this.path, this.#context.logger);
      this.#wire.finish(code, details, trailers);
    }
    this.#leave();
  }

  /** The handler is done. */
  #leave(): void {
    this.#requests?.abandon();
    this.#forget();
  }

  async #sendAll(responses: AsyncIterable<unknown>): Promise<void> {
    const gone = this.#gone = new Interrupt();
    if (this.#over !== undefined) gone.fire(this.#over);
    for await (const response of interruptible(iteratorOf(responses), gone)) {
      if (!this.#send(response)) {
        await gone.guard(new Promise<void>((resolve) => this.#onDrain = resolve));
      }
    }
  }

  async *#stream(queue: MessageQueue): AsyncGenerator<unknown, void, undefined> {
    while (true) {
      const { done, value } = await queue.next();
      if (done) return;
      let message: unknown;
      try {
        message = this.#method.requestDeserialize(value);
      } catch (error) {
        throw new RpcError("INTERNAL", unreadable(error), { cause: error });
      }
      yield message;
    }
  }

  #send(response: unknown): boolean {
    const method = this.#method;
    return this.#wire.send(serialize(method, "response", response), releaseOf(method));
  }

  #forget(): void {
    if (this.#controller === undefined) return;
    this.#context.shutdown.remove(this.#controller);
  }
}

/** Whether `await` would wait for it. */
function isPromise(output: unknown): boolean {
  return typeof (output as { readonly then?: unknown } | undefined | null)?.then === "function";
}

function unreadable(error: unknown): string {
  return `The request cannot be read: ${(error as Error).message}`;
}
