/** A call whose requests or responses are streams. */
import { STATUS_CODES } from "../../errors.ts";
import type { CallHandler, ClientCall } from "../../grpc/client_call.ts";
import type { CallStatus, HeaderList } from "../../grpc/status.ts";
import type { Requests } from "../channel.ts";
import type { CallOptions, MethodDefinition } from "../contract.ts";
import { Interrupt, interruptible, iteratorOf } from "../interrupt.ts";
import { cancelled, serializeRequest } from "./errors.ts";
import { MessageQueue } from "./message_queue.ts";
import { fromFields } from "./metadata.ts";
import { type CallOwner, unreadable } from "./unary_call.ts";

/** What a stream needs of its channel besides. */
export interface StreamOwner extends CallOwner {
  /**
   * Begins the call.
   *
   * @throws {RpcError} If the channel is closed.
   */
  begin(method: MethodDefinition, options: CallOptions, stream: ResponseStream): ClientCall;
}

type Result = IteratorResult<unknown, void>;

const DONE: Result = { done: true, value: undefined };

/**
 * The responses of a call, as an async generator. The call starts when the
 * first is asked for; leaving early cancels it.
 */
export class ResponseStream implements AsyncGenerator<unknown, void, undefined>, CallHandler {
  readonly #owner: StreamOwner;
  readonly #method: MethodDefinition;
  readonly #requests: Requests;
  readonly #options: CallOptions;
  readonly #queue: MessageQueue;
  /** Fires when no more requests are wanted. */
  readonly #over = new Interrupt();
  #call: ClientCall | undefined;
  #isStarted = false;
  #isOver = false;
  #onAbort: (() => void) | undefined;
  #onDrain: (() => void) | undefined;
  #sending: Promise<void> = Promise.resolve();
  #fault: { readonly error: unknown } | undefined;

  /** Prepares a call. */
  constructor(
    owner: StreamOwner,
    method: MethodDefinition,
    requests: Requests,
    options: CallOptions,
  ) {
    this.#owner = owner;
    this.#method = method;
    this.#requests = requests;
    this.#options = options;
    this.#queue = new MessageQueue({
      hold: () => this.#call?.hold(),
      release: () => this.#call?.release(),
    });
  }

  async next(): Promise<Result> {
    if (!this.#isStarted) this.#start();
    const result = await this.#queue.next();
    if (result.done) {
      await this.#sending;
      return DONE;
    }
    try {
      return { done: false, value: this.#method.responseDeserialize(result.value) };
    } catch (cause) {
      await this.return();
      throw unreadable(cause);
    }
  }

  async return(_value?: unknown): Promise<Result> {
    this.#isStarted = true;
    this.#queue.abandon();
    this.#cancel();
    await this.#sending;
    return DONE;
  }

  async throw(error: unknown): Promise<Result> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Ends the call with an error of this side's. */
  fail(error: unknown): void {
    this.#fault ??= { error };
    this.#cancel();
  }

  headers(list: HeaderList): void {
    this.#tell(this.#options.onHeaders, list);
  }

  message(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  status(status: CallStatus): void {
    this.#isOver = true;
    const { signal, onTrailers } = this.#options;
    this.#owner.forget(this);
    if (this.#onAbort !== undefined) signal?.removeEventListener("abort", this.#onAbort);
    this.#over.fire(undefined);
    if (status.code === STATUS_CODES.OK) this.#tell(onTrailers, status.trailers);
    if (this.#fault !== undefined) this.#queue.fail(this.#fault.error);
    else if (status.code === STATUS_CODES.OK) this.#queue.end();
    else void this.#owner.explain(status, signal).then((error) => this.#queue.fail(error));
  }

  drain(): void {
    this.#onDrain?.();
  }

  #start(): void {
    this.#isStarted = true;
    const { signal } = this.#options;
    try {
      const call = this.#owner.begin(this.#method, this.#options, this);
      this.#call = call;
      if (signal !== undefined) {
        this.#onAbort = () => this.fail(cancelled(signal));
        signal.addEventListener("abort", this.#onAbort, { once: true });
      }
      this.#sending = this.#send(call).catch((error) => {
        if (!this.#over.fired) this.fail(error);
      });
    } catch (error) {
      this.#queue.fail(error);
    }
  }

  async #send(call: ClientCall): Promise<void> {
    if (Array.isArray(this.#requests) && this.#requests.length === 1) {
      return void call.send(this.#write(this.#requests[0]), true);
    }
    for await (const request of interruptible(iteratorOf(this.#requests), this.#over)) {
      if (!call.send(this.#write(request), false)) {
        await this.#over.guard(new Promise<void>((resolve) => this.#onDrain = resolve));
      }
    }
    call.endSending();
  }

  #write(request: unknown): Uint8Array {
    return serializeRequest(this.#method, request);
  }

  #cancel(): void {
    this.#over.fire(undefined);
    if (!this.#isOver) this.#call?.cancel(STATUS_CODES.CANCELLED, "cancelled");
  }

  #tell(told: CallOptions["onHeaders"], list: HeaderList): void {
    if (told === undefined) return;
    try {
      told(fromFields(list));
    } catch (error) {
      this.fail(error);
    }
  }
}
