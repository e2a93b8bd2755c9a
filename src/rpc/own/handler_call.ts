/** A call as a handler of a contract serves it. */
import { RpcError, STATUS_CODES } from "../../errors.ts";
import type { HeaderList } from "../../grpc/status.ts";
import type { Logger } from "../../logging/logger.ts";
import type { ServerCall } from "../contract.ts";
import { Interrupt, interruptible, iteratorOf } from "../interrupt.ts";
import type { Handler } from "../registry.ts";
import type { RunningCalls } from "../running_calls.ts";
import type { Shutdown } from "../shutdown.ts";
import { unwritable } from "./errors.ts";
import { MessageQueue } from "./message_queue.ts";
import { fromFields, type MetadataRecord, toFields } from "./metadata.ts";
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

/**
 * What carries a call: the wire, whose messages are bytes, or interceptors in
 * front of it, whose messages are objects.
 */
export interface CallCarrier<Message> {
  /** The path: `/package.Service/Method`. */
  readonly path: string;
  /** What the caller sent along. */
  readonly metadata: HeaderList;
  /** When the caller gives up, in milliseconds since the epoch; `Infinity` for never. */
  readonly deadlineMs: number;
  /** Sends leading metadata. */
  sendHeaders(metadata: HeaderList): void;
  /**
   * Sends a response.
   *
   * @returns Whether there is room for more; if not, `drain` will be told.
   */
  send(message: Message): boolean;
  /** Ends the call with a status, behind what was sent. */
  finish(code: number, details: string, trailers: HeaderList): void;
  /** Ends the call for a reason that its handler does not know yet: `over` tells it. */
  fault(code: number, details: string): void;
  /** Requests wait to be read: the caller should not send more. */
  hold(): void;
  /** The requests have been read. */
  release(): void;
}

/** A method, as far as serving it goes. */
export interface ServedMethod<Message> {
  /** Whether the caller sends a stream. */
  readonly requestStream: boolean;
  /** Whether the caller gets a stream. */
  readonly responseStream: boolean;
  /** Reads a request. */
  requestDeserialize(message: Message): unknown;
  /** Makes a message of a response. */
  responseSerialize(response: unknown): Message;
}

/** One call with its handler. */
export class HandlerCall<Message = Uint8Array> implements ServerCall {
  readonly #wire: CallCarrier<Message>;
  readonly #method: ServedMethod<Message>;
  readonly #handler: Handler;
  readonly #context: HandlerContext;
  /** Fires when nothing that the handler still does can reach anybody. */
  #gone: Interrupt | undefined;
  #requests: MessageQueue<Message> | undefined;
  #request: Message | undefined;
  #controller: AbortController | undefined;
  #metadata: MetadataRecord | undefined;
  #trailers: HeaderList = [];
  #over: RpcError | undefined;
  #onDrain: (() => void) | undefined;

  /** Takes a call. */
  constructor(
    wire: CallCarrier<Message>,
    method: ServedMethod<Message>,
    handler: Handler,
    context: HandlerContext,
  ) {
    this.#wire = wire;
    this.#method = method;
    this.#handler = handler;
    this.#context = context;
    context.running.add(this, wire.path);
    if (!method.requestStream) return;
    this.#requests = new MessageQueue({ hold: () => wire.hold(), release: () => wire.release() });
  }

  /**
   * A handler of a stream of requests is called at once: calls behind it in
   * the same bytes must find what it has done, a broker's stream above all.
   */
  begin(): void {
    if (this.#requests !== undefined) void this.#run(this.#stream(this.#requests));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
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

  /** A request. */
  message(message: Message): void {
    if (this.#requests !== undefined) this.#requests.push(message);
    else if (this.#request === undefined) this.#request = message;
    else this.#wire.fault(STATUS_CODES.INTERNAL, "More than one request in this call");
  }

  /** There are no more requests. */
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
    void this.#run(message);
  }

  /** Nobody waits for the answer any more. */
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

  /** The status is out, or will never be. */
  sent(): void {
    this.#context.running.remove(this);
  }

  /** There is room for more responses. */
  drain(): void {
    this.#onDrain?.();
  }

  async #run(input: unknown): Promise<void> {
    try {
      const output = this.#handler(input, this);
      if (this.#method.responseStream) await this.#sendAll(output as AsyncIterable<unknown>);
      else this.#wire.send(this.#write(await output));
      this.#wire.finish(STATUS_CODES.OK, "", this.#trailers);
    } catch (error) {
      if (this.#over === undefined) this.#refuse(error);
    } finally {
      this.#requests?.abandon();
      this.#forget();
    }
  }

  async #sendAll(responses: AsyncIterable<unknown>): Promise<void> {
    const gone = this.#gone = new Interrupt();
    if (this.#over !== undefined) gone.fire(this.#over);
    for await (const response of interruptible(iteratorOf(responses), gone)) {
      if (!this.#wire.send(this.#write(response))) {
        await gone.guard(new Promise<void>((resolve) => this.#onDrain = resolve));
      }
    }
  }

  async *#stream(queue: MessageQueue<Message>): AsyncGenerator<unknown, void, undefined> {
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

  #write(response: unknown): Message {
    try {
      return this.#method.responseSerialize(response);
    } catch (cause) {
      throw unwritable("response", cause);
    }
  }

  #refuse(error: unknown): void {
    const { code, details, trailers } = statusOf(error, this.#wire.path, this.#context.logger);
    this.#wire.finish(code, details, trailers);
  }

  #forget(): void {
    if (this.#controller === undefined) return;
    this.#context.shutdown.remove(this.#controller);
  }
}

function unreadable(error: unknown): string {
  return `The request cannot be read: ${(error as Error).message}`;
}
